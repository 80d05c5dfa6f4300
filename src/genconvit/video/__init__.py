"""Frames from a file: decoders, images and folders, and the choice of frames."""
