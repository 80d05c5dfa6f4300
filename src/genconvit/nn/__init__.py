"""The building blocks of the architectures, each built from a frozen config."""
