"""Faces of frames: detectors, the square rule, and cropping."""
