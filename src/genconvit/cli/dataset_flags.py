"""The flags that name labelled videos, and the listing that they mean."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from genconvit.cli.left_out import left_out_note, say_left_out
from genconvit.core.errors import ConfigError, DatasetError

if TYPE_CHECKING:
    from genconvit.data.base import Listing

DatasetFlag = Annotated[
    str | None,
    typer.Option(
        "--dataset",
        help="How PATH is laid out: dfdc, faceforensics, celeb-df, timit, folder (real/ and fake/), csv, a plugin's.",
        metavar="NAME",
        show_default="folder where PATH has real/ and fake/, else videos without labels",
    ),
]
SplitFlag = Annotated[
    str | None,
    typer.Option(
        help="Which part of it: all, train, val, test, or reference (the reference's test list).",
        metavar="NAME",
        show_default="the data set's own",
    ),
]


def listing_of(paths: list[str], dataset: str | None, split: str | None, *, need_labels: bool = False) -> Listing:
    """The videos that paths mean: those of a data set, with labels; or any, without.

    Raises:
        ConfigError: there is no path, or a data set and several.
        DatasetError: the path does not hold the data set, or no label is known although some are needed.
    """
    from genconvit.data.listing import list_dataset

    if not paths:
        raise ConfigError("nothing to score; give a PATH: videos, or with --dataset NAME a data set's folder or file")
    if dataset is None and len(paths) == 1 and all(Path(paths[0], name).is_dir() for name in ("real", "fake")):
        dataset = "folder"
    if dataset is None:
        if need_labels:
            raise ConfigError(f"{paths[0]!r} has no folders real and fake; give --dataset NAME, or labels as a CSV")
        if split is not None:
            raise ConfigError(f"--split {split!r} needs a data set; give --dataset NAME as well")
        return _unlabelled(paths)
    if len(paths) > 1:
        raise ConfigError(f"--dataset {dataset!r} takes one PATH, got {len(paths)}: {', '.join(paths[:3])}, ...")
    listing = list_dataset(dataset, Path(paths[0]), split)
    if need_labels and all(source.label is None for source in listing.sources):
        raise DatasetError(f"{paths[0]!r} holds {len(listing.sources)} videos and no label; give each one FAKE or REAL")
    return listing


def _unlabelled(paths: list[str]) -> Listing:
    from genconvit.data.base import LabelledSource, Listing
    from genconvit.inputs.expand import expand_paths
    from genconvit.video.names import source_name

    found = expand_paths(paths)
    say_left_out(found.left_out)
    return Listing(
        dataset="unlabelled",
        split="all",
        sources=tuple(LabelledSource(path=path, name=source_name(path), label=None) for path in found.sources),
        skipped=found.left_out,
        notes=(left_out_note(found.left_out),) if found.left_out else (),
    )
