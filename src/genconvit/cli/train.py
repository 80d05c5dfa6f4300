"""``genconvit train``: from a folder of face crops to weights that every other command takes."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from genconvit.cli.train_flags import TrainFlags, with_train_flags
from genconvit.core.text import printable

if TYPE_CHECKING:
    from genconvit.core.progress import ShowProgress
    from genconvit.train.fit import TrainResult
    from genconvit.train.loop import TrainStep
    from genconvit.train.state import HistoryRow

ResumeFlag = Annotated[
    bool, typer.Option("--resume", help="Go on with the training in --out, by its own config where no flag says other.")
]


@with_train_flags
def train(resume: ResumeFlag = False, *, training: TrainFlags) -> None:
    """Train a network on face crops.

    The defaults are the reference's training, so that `genconvit train --arch original --mode vae --data DIR` repeats
    it on the reference's folders. Ends with best.safetensors and final.safetensors in --out, which --weights takes.

    Several GPUs: torchrun --nproc-per-node N -m genconvit train ...

    Exit status: 0 when the training came to its end, 1 when it cannot go on or the crops cannot be read, 2 for a wrong
    option.
    """
    from genconvit.train.fit import fit
    from genconvit.train.state_files import has_state

    config = training.config(resume=resume)
    is_first = os.environ.get("RANK", "0") == "0"
    if resume and is_first and not has_state(Path(config.out)):
        typer.echo(f"note: no training lies in {printable(config.out)} yet; one begins", err=True)
    with _shown() as (tell, progress):
        result = fit(config, resume=resume, tell=tell, progress=progress)
    if is_first:
        _print(result, config.monitor)


@contextmanager
def _shown() -> Iterator[tuple[Callable[[TrainStep], None], ShowProgress]]:
    """A bar on stderr that grows with the steps, with the loss and the last validation beside it."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[beside]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("training", total=None, beside="", visible=False)
        valid = ""

        def tell(taken: TrainStep) -> None:
            nonlocal valid
            if taken.row is not None:
                valid = _measured(taken.row)
                if not console.is_terminal:
                    typer.echo(f"epoch {taken.epoch}: loss {taken.row.train_loss:.4f}, {valid}", err=True)
            shown = f"loss {taken.loss:.4f} {valid}"
            bar.update(
                task,
                description=f"epoch {taken.epoch}",
                completed=taken.step,
                total=taken.steps,
                beside=shown,
                visible=True,
            )

        def progress(items: Iterable[Any], count: int, description: str) -> Iterator[Any]:
            if not console.is_terminal:
                typer.echo(description, err=True)
            before = bar.add_task(description, total=count, beside="")
            for item in items:
                yield item
                bar.advance(before)
            bar.remove_task(before)

        yield tell, progress


def _measured(row: HistoryRow) -> str:
    area = "undefined" if row.roc_auc is None else f"{row.roc_auc:.4f}"
    beside = "" if row.roc_auc_unseen is None else f", of unseen fakes {row.roc_auc_unseen:.4f}"
    return f"valid: loss {row.valid_loss:.4f}, ROC AUC {area}{beside}"


def _print(result: TrainResult, monitor: str) -> None:
    for note in result.notes:
        typer.echo(f"note: {printable(note)}", err=True)
    if result.skipped:
        typer.echo(f"note: {result.skipped} times an image could not be read and was left out", err=True)
    how = "stopped early" if result.stopped_early else "trained"
    typer.echo(f"{how}: {result.steps} steps")
    if result.best is not None:
        typer.echo(f"best {monitor}: {result.best_value:.4f} after step {result.best_step}: {printable(result.best)}")
    typer.echo(f"last: {printable(result.final)}")
