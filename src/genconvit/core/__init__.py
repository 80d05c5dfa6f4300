"""Modules that every room of the package uses."""
