"""Records of what a command leaves out, and why."""

from __future__ import annotations

from genconvit.core.config import FrozenConfig


class LeftOut(FrozenConfig):
    """Something that has no part in what is scored, measured or cut out."""

    name: str
    """Name: a path, or a source's name in its data set."""

    reason: str
    """Reason, in a few words."""
