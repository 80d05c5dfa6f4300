"""Inputs of a run: names, folders, patterns, manifests and files elsewhere, each taken as it is needed."""
