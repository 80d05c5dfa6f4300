"""A service around one detector: jobs over HTTP, a page to drop videos on, and a client."""
