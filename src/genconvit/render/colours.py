"""Colours of people, which colour-blind readers can tell apart and which stand out from frames."""

from __future__ import annotations

from genconvit.plots.style import COLOURS

PEOPLE = COLOURS[:6]
"""Colours of people in turn; a seventh person has the first one's again, and a number of its own."""


def colour_of(person: int) -> str:
    """Colour of a person, as ``#rrggbb``.

    Args:
        person: number of the person's track, counted from 0.
    """
    return PEOPLE[person % len(PEOPLE)]
