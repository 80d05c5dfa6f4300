"""Several variants of the detector on the same faces of the same videos."""

DEFAULT_VARIANTS = ("original", "v2", "v2:no-attention", "v2:no-residual")
