"""Style of every picture: its size and type, colours that colour-blind readers can tell apart, and saving."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from genconvit.core.errors import ConfigError
from genconvit.core.files import written_whole
from genconvit.core.optional import require
from genconvit.core.text import printable

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
"""Colours of one series after another: Okabe and Ito's palette, the strongest contrasts first."""

GREY = "#595959"
"""Colour of what is beside the point: references, limits, notes."""

SUFFIXES = (".png", ".svg", ".pdf")

_RC: dict[Any, Any] = {
    "font.size": 9,
    "axes.titlesize": 10,
    "axes.titleweight": "bold",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#e4e4e4",
    "grid.linewidth": 0.7,
    "axes.axisbelow": True,
    "legend.frameon": False,
    "svg.hashsalt": "genconvit",
}
_DPI = 150


def check_picture(path: Path) -> None:
    """Make sure, before the work begins, that a picture can be drawn and that its path names a format.

    Raises:
        ConfigError: matplotlib is not installed, or the suffix is none of ``SUFFIXES``.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise ConfigError(f"a picture's name ends in {', '.join(SUFFIXES)}; got {str(path)!r}: rename it")
    require("matplotlib", package="matplotlib", extra="plots", purpose="a plot")


def new_figure(
    count: int = 1, *, columns: int = 3, width: float = 4.2, height: float = 3.2, title: str = "", note: str = ""
) -> tuple[Figure, list[Axes]]:
    """A figure and its panels, row by row, drawn without a window and without matplotlib's global state.

    Args:
        count: number of panels.
        columns: most panels beside each other.
        width: width of a panel in inches.
        height: height of a panel in inches.
        title: title above all of them.
        note: a line below the title, for what a reader must not overlook, such as untrained weights.

    Raises:
        ConfigError: matplotlib is not installed.
    """
    require("matplotlib", package="matplotlib", extra="plots", purpose="a plot")
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    lines = [shown(line) for line in (title, note) if line]
    columns = min(count, columns)
    rows = math.ceil(count / columns)
    with rc_context(_RC):
        figure = Figure(figsize=(width * columns, height * rows + 0.3 * len(lines)), dpi=_DPI, layout="constrained")
        panels = list(figure.subplots(rows, columns, squeeze=False).flat)
    for unused in panels[count:]:
        unused.set_axis_off()
    if lines:
        figure.suptitle("\n".join(lines), fontsize=11)
    return figure, panels[:count]


def shown(text: str) -> str:
    r"""A text from outside, fit for a picture: no control characters, and no formula where it has dollar signs.

    Examples:
        >>> shown("clip_$1$.mp4")
        'clip_\\$1\\$.mp4'
    """
    return printable(text).replace("$", r"\$")


def save(figure: Figure, path: Path) -> None:
    """Write a figure as PNG, SVG or PDF, as the suffix says, whole or not at all.

    Its bytes depend on what it shows, not on when it was drawn.

    Args:
        figure: figure from ``new_figure``.
        path: path to save to; what is there is replaced. The caller makes sure that it is no input.

    Raises:
        ConfigError: the suffix is another, or the file cannot be written.
    """
    check_picture(path)
    from matplotlib import rc_context

    form = path.suffix.lower().removeprefix(".")
    undated: dict[str, Any] = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}
    try:
        with rc_context(_RC), written_whole(path) as partial:
            figure.savefig(partial, format=form, metadata=undated.get(form))
    except OSError as error:
        raise ConfigError(f"{str(path)!r} cannot be written: {error.strerror}; choose another path") from error
