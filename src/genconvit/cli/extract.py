"""``genconvit extract``: from a data set to a folder of face crops."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from genconvit.cli.detector_flags import FLAGS, DetectorFlags, with_detector_flags
from genconvit.cli.options import parse_extra
from genconvit.cli.output import console_for
from genconvit.cli.progress import progress_bar
from genconvit.core.errors import ConfigError, SourceError
from genconvit.core.text import printable

if TYPE_CHECKING:
    from genconvit.data.base import Listing
    from genconvit.extract.options import ExtractOptions
    from genconvit.extract.summary import ExtractSummary

SHOWN = 10
"""Number of the unreadable videos that are printed."""

_FINDING = ("frames", "device", "face_detector", "face_model", "decoder", "isolate", "workers")
_LIMITS = ("time_limit_seconds", "memory_limit_mb")

Name = Annotated[str, typer.Argument(metavar="DATASET", help="A data set; `genconvit datasets list` shows them.")]
RootArgument = Annotated[Path, typer.Argument(metavar="PATH", help="Its folder, or its CSV file.")]
Out = Annotated[Path, typer.Option(help="Where the crops go; made where it is not there.", metavar="DIR")]
Part = Annotated[
    str | None, typer.Option("--split", help="One of the data set's splits.", metavar="NAME", show_default="all")
]
Size = Annotated[
    int | None,
    typer.Option(help="The side of the crops in pixels.", metavar="N", show_default="224, or the architecture's"),
]
Arch = Annotated[
    str | None,
    typer.Option(
        "--arch",
        help="Cut faces as this architecture sees them: its size, its surroundings, turned or not.",
        metavar="NAME",
        show_default="the canonical face box",
    ),
]
CropsLike = Annotated[
    str | None,
    typer.Option(
        help="Cut faces as they were for these weights, which are to be trained further: FILE or embedded.",
        metavar="FILE|embedded",
        show_default="as the face detector's rule says",
    ),
]
Fractions = Annotated[
    str, typer.Option(help="For train, valid and test, of the videos without a split of their own.", metavar="A,B,C")
]
Seed = Annotated[int, typer.Option(help="Of the splits.", metavar="N")]
Form = Annotated[Literal["png", "jpeg"], typer.Option("--format", help="Of the crops; jpeg has quality 95.")]
Retry = Annotated[bool, typer.Option("--retry", help="Try again what had no face or could not be read.")]


@partial(with_detector_flags, without=FLAGS.keys() - {*_FINDING, *_LIMITS})
def extract(
    dataset: Name,
    path: RootArgument,
    out: Out,
    detector: DetectorFlags,
    split: Part = None,
    arch: Arch = None,
    size: Size = None,
    crops_like: CropsLike = None,
    fractions: Fractions = "0.8,0.1,0.1",
    seed: Seed = 0,
    form: Form = "png",
    retry: Retry = False,
) -> None:
    """Cut the faces out of labelled videos, for training.

    They go into {train,valid,test}/{fake,real}/ below --out, with manifest.csv and manifest.parquet. A second run does
    only what is missing. Videos that share a person or a source video go into one split.

    Exit status: 0 when every video was read (no face is an answer), 3 when one was unreadable, 2 for a wrong option, 1
    for other errors.
    """
    from genconvit.extract.extraction import extract as run
    from genconvit.weights.crop_rules import crop_rules_of

    rules = crop_rules_of(crops_like) if crops_like else {}
    crop = _crop(arch) | ({} if size is None else {"size": size})
    options = _options(**crop, crop_rules=rules, fractions=fractions, seed=seed, image_format=form, retry=retry)
    _refuse_extra(detector)
    config = detector.config()
    listing = _listing(dataset, path, split, out)
    summary = run(listing, config, out, options, progress_bar)
    _report(summary)
    for file in summary.manifests:
        typer.echo(f"wrote {printable(file)}", err=True)
    if summary.unreadable:
        sys.exit(SourceError.exit_status)


def _crop(architecture: str | None) -> dict[str, object]:
    """The fields of the crop that an architecture sees; none where none is named."""
    from genconvit.core.input_spec import CropSpec
    from genconvit.weights.load import input_spec_of

    if architecture is None:
        return {}
    return input_spec_of(architecture, {}).model_dump(include=set(CropSpec.model_fields))


def _options(*, fractions: str, **others: object) -> ExtractOptions:
    from pydantic import ValidationError

    from genconvit.core.config import validation_message
    from genconvit.extract.options import ExtractOptions

    try:
        return ExtractOptions.model_validate({"fractions": fractions.split(","), **others})
    except ValidationError as error:
        raise ConfigError(validation_message(error)) from error


def _refuse_extra(detector: DetectorFlags) -> None:
    """``--set`` is for what decides on crops alone; a whole config may name other things."""
    from genconvit.compare.variants import SHARED_OPTIONS

    for name in parse_extra(detector.extra):
        if name not in SHARED_OPTIONS:
            raise ConfigError(
                f"--set {name} has no part in finding faces; allowed are {', '.join(sorted(SHARED_OPTIONS))}"
            )


def _listing(name: str, path: Path, split: str | None, out: Path) -> Listing:
    from genconvit.data.listing import list_dataset
    from genconvit.registry import DATASETS

    if split is None and "all" in DATASETS.load(name).splits:
        split = "all"
    if path.is_dir() and out.resolve().is_relative_to(path.resolve()):
        raise ConfigError(
            f"--out {str(out)!r} lies in the data set {str(path)!r}, of which its crops would be a part; choose "
            "another folder"
        )
    return list_dataset(name, path, split)


def _report(summary: ExtractSummary) -> None:
    from rich.table import Table

    table = Table("split", "fake crops", "of videos", "real crops", "of videos")
    for fake, real in zip(summary.parts[::2], summary.parts[1::2], strict=True):
        table.add_row(fake.split, *map(str, (fake.crops, fake.videos, real.crops, real.videos)))
    console_for(sys.stdout).print(table)
    moved = f", {summary.moved} of them now in another split" if summary.moved else ""
    lines = [f"done now: {summary.done} videos; done before: {summary.kept}{moved}"]
    lines += [f"without a label, left out: {summary.unlabelled}"] if summary.unlabelled else []
    lines += [f"without a face: {len(summary.no_face)}"] if summary.no_face else []
    lines += [f"unreadable: {len(summary.unreadable)}"] if summary.unreadable else []
    lines += [f"  {each.name}: {each.reason}" for each in summary.unreadable[:SHOWN]]
    rest = len(summary.unreadable) - SHOWN
    lines += [f"  and {rest} more; extract.jsonl names them"] if rest > 0 else []
    for line in (*lines, *(f"note: {note}" for note in summary.notes)):
        typer.echo(printable(line))
