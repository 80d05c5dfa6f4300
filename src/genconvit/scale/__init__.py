"""Runs over many machines, on Ray Data."""

from genconvit.scale.dataset import score
from genconvit.scale.options import ScaleOptions

__all__ = ["ScaleOptions", "score"]
