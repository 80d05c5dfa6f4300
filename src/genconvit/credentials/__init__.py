"""Content Credentials (C2PA): read from a file in a process without network, and compared with a trust list."""
