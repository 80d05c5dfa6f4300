"""Several variants of the detector on the same faces of the same videos."""
