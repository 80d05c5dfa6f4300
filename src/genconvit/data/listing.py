"""A data set by its name: which split, and whether there is anything to score."""

from __future__ import annotations

from pathlib import Path

from genconvit.core.config import did_you_mean
from genconvit.core.errors import ConfigError, DatasetError
from genconvit.core.left_out import LeftOut
from genconvit.data.base import Listing
from genconvit.data.tree import is_unicode
from genconvit.registry import DATASETS
from genconvit.video.names import source_name


def list_dataset(name: str, root: str | Path, split: str | None = None) -> Listing:
    """List what a data set holds, with at least one source to score.

    Args:
        name: a registered data set, for example ``faceforensics``.
        root: folder or file of the data set.
        split: one of its splits; None for its default.

    Raises:
        PluginError: no data set has that name, or its loader cannot be imported.
        ConfigError: the data set has no such split.
        DatasetError: the path does not hold this data set, or nothing in it can be scored.
    """
    listing = check_dataset(name, root, split)
    if not listing.sources:
        raise DatasetError(nothing_to_score(listing, root))
    return listing


def check_dataset(name: str, root: str | Path, split: str | None = None) -> Listing:
    """List what a data set holds, even where nothing of it can be scored; it is ``list_dataset`` in other respects."""
    cls = DATASETS.load(name)
    chosen = cls.splits[0] if split is None else split
    if chosen not in cls.splits:
        raise ConfigError(
            f"data set {name!r} has no split {chosen!r}{did_you_mean(chosen, cls.splits)}; "
            f"allowed are {', '.join(cls.splits)}"
        )
    if not is_unicode(str(root)):
        raise DatasetError(f"{source_name(root)!r}: a part of the path is not UTF-8; rename it")
    listing: Listing = cls().listing(Path(root), chosen)
    return listing


def nothing_to_score(listing: Listing, root: str | Path) -> str:
    """The message for a listing without sources: what was looked for, and what became of it."""
    return (
        f"nothing to score in {str(root)!r} as {listing.dataset}, split {listing.split}: "
        f"{_counted(listing.missing, 'missing')}, {_counted(listing.skipped, 'skipped')}. "
        f"Looked for: {DATASETS.load(listing.dataset).summary}. Check the path, or try another --split"
    )


def _counted(left_out: tuple[LeftOut, ...], what: str) -> str:
    first = f" (the first, {left_out[0].name!r}: {left_out[0].reason})" if left_out else ""
    return f"{len(left_out)} {what}{first}"
