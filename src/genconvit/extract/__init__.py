"""Extraction of a folder of face crops from labelled videos, split so that no face is in two parts."""
