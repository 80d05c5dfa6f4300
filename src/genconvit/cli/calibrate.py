"""``genconvit calibrate``: learn from labelled results what a score is worth."""

from __future__ import annotations

import json
import sys
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from genconvit.cli.destination import opened, refuse_inputs
from genconvit.cli.evaluation_flags import LabelsFlag, ResultsFlag
from genconvit.cli.output import console_for
from genconvit.cli.result_files import expand_files, read_sets
from genconvit.core.errors import ConfigError
from genconvit.core.text import printable

if TYPE_CHECKING:
    from genconvit.verdict.calibration import Calibration


class Method(str, Enum):
    """Ways in which scores become probabilities."""

    temperature = "temperature"
    sigmoid = "sigmoid"
    isotonic = "isotonic"


MoreFiles = Annotated[
    list[str] | None, typer.Argument(help="More files of results.", metavar="FILE", show_default=False)
]
MethodFlag = Annotated[
    Method,
    typer.Option(
        help="temperature and sigmoid keep the order of scores, sigmoid moves one half as well; isotonic fits better "
        "where there are 1000 videos."
    ),
]
BalanceFlag = Annotated[
    bool,
    typer.Option("--balance", help="Let reals and fakes weigh alike, however many of each there are."),
]
SeedFlag = Annotated[
    int, typer.Option(help="Of the folds in which the result is measured.", min=0, max=2**32 - 1, metavar="N")
]
CalibrationOutput = Annotated[
    Path, typer.Option("--output", "-o", help="Where the calibration is written, as JSON.", metavar="FILE")
]


def calibrate(
    output: CalibrationOutput,
    files: MoreFiles = None,
    results: ResultsFlag = None,
    labels: LabelsFlag = None,
    method: MethodFlag = Method.temperature,
    balance: BalanceFlag = False,
    seed: SeedFlag = 0,
) -> None:
    """Fit a calibration, for genconvit predict --calibration, on results whose truth is known.

    Take results of the very weights and options that it is for, on videos like those to come and on none that the
    weights were trained on. Videos without a score or a label are left out.

    Exit status: 0 when the calibration was written, 1 when a file cannot be read or the videos do not do, 2 for a wrong
    option.
    """
    from genconvit.core.files import sha256_of_file
    from genconvit.evaluation.calibrate import Fitting, fit_calibration
    from genconvit.verdict.calibration import ResultsFile
    from genconvit.video.names import source_name

    given = expand_files([*(results or []), *(files or [])])
    if not given:
        raise ConfigError("there is nothing to fit on; give --results FILE, for example what genconvit evaluate wrote")
    refuse_inputs("--output", output, [*given, *filter(None, (labels,))])
    if output.suffix.lower() not in ("", ".json"):
        raise ConfigError(f"--output {str(output)!r}: a calibration is written as JSON; give a path that ends in .json")
    sets = read_sets(given, labels)
    sources = [ResultsFile(name=source_name(file.name), sha256=sha256_of_file(file)) for file in given]
    fitted = fit_calibration(sets, Fitting(method=method.value, balance=balance, seed=seed), results=sources)
    with opened(output, keep_partial=False) as stream:
        stream.write(json.dumps(fitted.model_dump(mode="json"), indent=2) + "\n")
    _print(fitted)
    for note in [*(f"{each.name}: {note}" for each in sets for note in each.notes), *fitted.warnings]:
        typer.echo(f"note: {printable(note)}")
    typer.echo(f"wrote {printable(str(output))}", err=True)


def _print(fitted: Calibration) -> None:
    from rich.table import Table

    from genconvit.metrics.measures import MEASURES
    from genconvit.verdict.calibration import Reliability

    console = console_for(sys.stdout)
    table = Table()
    for name in ("measure", "before", "after"):
        table.add_column(name, justify="left" if name == "measure" else "right")
    before, after = (each.model_dump() if each else {} for each in (fitted.before, fitted.after))
    for name in Reliability.model_fields:
        cells = [f"{found[name]:.4f}" if found else "not known" for found in (before, after)]
        table.add_row(MEASURES[name].title, *cells)
    console.print(table)
    left_out = f"; left out, without a score or a label: {fitted.left_out}" if fitted.left_out else ""
    typer.echo(f"{fitted.fitted_numbers} from {fitted.origin}, {fitted.fakes} of them fake{left_out}")
    why = fitted.why_no_after or "each video by a calibration that was fitted on the other folds"
    typer.echo(f"after: {why}")
