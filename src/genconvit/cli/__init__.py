"""The command line. Each command's file imports the library inside its function, so that help answers at once."""

from genconvit.cli.app import main

__all__ = ["main"]
