"""What a command leaves out, and why."""

from __future__ import annotations

from genconvit.core.config import FrozenConfig


class LeftOut(FrozenConfig):
    """Something that has no part in what is scored, measured or cut out."""

    name: str
    """What it is called: a path, or a source's name in its data set."""

    reason: str
    """Why, in a few words."""
