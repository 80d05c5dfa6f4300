"""A whole training: from a config to weights that ``Detector`` loads."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from pydantic import JsonValue

from genconvit.core.config import FrozenConfig
from genconvit.core.errors import ConfigError, TrainingError, WeightsError
from genconvit.core.progress import ShowProgress, no_progress
from genconvit.core.version import __version__
from genconvit.crops.record import CropRecord, Point
from genconvit.results.provenance import WeightsInfo
from genconvit.train.config import TrainConfig
from genconvit.train.data import FindLandmarks, read_data
from genconvit.train.held_out import comparison
from genconvit.train.history import CURVES, HISTORY, Loggers, write_curves, write_history
from genconvit.train.landmarks import FILE as LANDMARKS
from genconvit.train.landmarks import landmarks_of
from genconvit.train.loop import Loop, TrainStep
from genconvit.train.parts import TrainingParts, make_parts
from genconvit.train.processes import Accelerator, accelerator_for, from_the_first, own_chance
from genconvit.train.start import first_model, model_again
from genconvit.train.state import HistoryRow, TrainState
from genconvit.train.state_files import has_state, read_state, read_state_tensors, save_state, write_text
from genconvit.train.tensors import all_tensors, put_back
from genconvit.weights.convert import save_model
from genconvit.weights.load import LoadedModel

CONFIG, BEST, FINAL, PREVIEW = "config.json", "best.safetensors", "final.safetensors", "examples.png"


class TrainResult(FrozenConfig):
    """Outcome of a training."""

    final: str
    """The weights after the last step."""

    best: str | None
    """The weights of the best validation; None where none had a value of what was monitored."""

    best_value: float | None
    """Value of what was monitored, in the best validation."""

    best_step: int
    """Number of steps that had been taken at the best validation."""

    steps: int
    """Number of steps that were taken in all."""

    stopped_early: bool
    """True where the validations ended it, not the config's epochs or steps."""

    history: tuple[HistoryRow, ...]
    """One row for each validation."""

    skipped: int
    """Number of times that an image could not be read."""

    notes: tuple[str, ...] = ()
    """Notes that a reader must know, such as curves that could not be drawn."""


def fit(
    config: TrainConfig,
    *,
    resume: bool = False,
    tell: Callable[[TrainStep], None] = lambda _: None,
    progress: ShowProgress = no_progress,
) -> TrainResult:
    """Train a model, and keep everything in the config's folder.

    Started by ``torchrun`` or ``accelerate launch``, several processes share the work; only the first one writes.

    Args:
        config: config of the training.
        resume: go on from the state that a training with an equal config has left in the folder. Where there is none
            yet, it begins.
        tell: function called in the first process after each step.
        progress: display, in the first process, of how far the work before the first step is.

    Raises:
        ConfigError: an option does not fit the others, the data or this machine, or a package is not installed.
        DatasetError: the folder of crops cannot be used, or lacks a class or a split.
        WeightsError: the first weights cannot be had.
        TrainingError: the training cannot go on; what was saved before is still good.
    """
    accelerator = accelerator_for(config)
    folder = Path(config.out)
    going_on = has_state(folder)
    if going_on and not resume:
        raise ConfigError(
            f"{config.out!r} holds a training already; go on with resume=True (--resume), or choose another folder "
            "with out=... (--out)"
        )
    accelerator.wait_for_everyone()
    with own_chance(accelerator.device):
        if going_on:
            state, parts = _resumed(config, accelerator, folder, progress)
        else:
            state, parts = _resume_or_start(config, accelerator, folder, progress)
        return _run(state, parts, folder, tell)


def _resume_or_start(
    config: TrainConfig, accelerator: Accelerator, folder: Path, progress: ShowProgress
) -> tuple[TrainState, TrainingParts]:
    start = first_model(config)
    data = read_data(config, start.model, _landmarks(accelerator, folder, config, progress))
    state = TrainState(
        library_version=__version__,
        config=config,
        architecture_config=start.model.config.model_dump(mode="json"),
        made_from=start.made_from,
        crop_rules=config.crop_rules or start.crop_rules,
        fingerprint=data.fingerprint,
        processes=accelerator.num_processes,
    )
    parts = make_parts(config, accelerator, start.model, data)
    if accelerator.is_main_process:
        with _writing(folder):
            folder.mkdir(parents=True, exist_ok=True)
            write_text(folder / CONFIG, config.model_dump_json(indent=1))
            data.write_preview(folder / PREVIEW)
    return state, parts


def _resumed(
    config: TrainConfig, accelerator: Accelerator, folder: Path, progress: ShowProgress
) -> tuple[TrainState, TrainingParts]:
    state = read_state(folder)
    _refuse_other_training(config, state, accelerator.num_processes)
    model = model_again(config, state.architecture_config)
    find = _landmarks(accelerator, folder, config, progress)
    data = read_data(config, model, lambda lacking, now: find(lacking, now) if now == state.fingerprint else {})
    if data.fingerprint != state.fingerprint:
        raise ConfigError(
            f"the crops in {config.data!r} are not those that the training in {config.out!r} began with (SHA-256 "
            f"{data.fingerprint[:12]}... instead of {state.fingerprint[:12]}...); give the same ones, or begin "
            f"another training with init={str(folder / BEST)!r} and another folder (--out)"
        )
    parts = make_parts(config, accelerator, model, data)
    tensors = read_state_tensors(folder, state)
    put_back(tensors, parts.model, parts.optimiser, parts.average, where=str(folder / "state" / state.tensors))
    return state.model_copy(update={"config": config}), parts


def _landmarks(accelerator: Accelerator, folder: Path, config: TrainConfig, progress: ShowProgress) -> FindLandmarks:
    """Make a function that finds landmarks in the first process, keeps them in the folder, and lets the others know."""

    def find(records: Sequence[CropRecord], fingerprint: str) -> dict[str, tuple[Point, ...]]:
        def find_or_read() -> dict[str, tuple[Point, ...]]:
            folder.mkdir(parents=True, exist_ok=True)
            kept, device = folder / LANDMARKS, accelerator.device
            return landmarks_of(Path(config.data), records, kept, fingerprint, device=device, progress=progress)

        with _writing(folder):
            return from_the_first(accelerator, find_or_read)

    return find


def _refuse_other_training(config: TrainConfig, state: TrainState, processes: int) -> None:
    was, now = state.config.identity_fields(), config.identity_fields()
    changed = [f"{name}={now[name]!r} instead of {was[name]!r}" for name in now if now[name] != was[name]]
    if changed:
        raise ConfigError(
            f"the training in {config.out!r} began with another config: {', '.join(changed)}; resume it with its own "
            f"({CONFIG} lies there), or begin another in another folder (--out)"
        )
    if state.processes != processes:
        raise ConfigError(
            f"the training in {config.out!r} began with {state.processes} processes, which shared out the data; got "
            f"{processes}: resume it with as many"
        )


def _run(state: TrainState, parts: TrainingParts, folder: Path, tell: Callable[[TrainStep], None]) -> TrainResult:
    if not parts.accelerator.is_main_process:
        ended = Loop(parts, state, save=_ignore, keep=_ignore, tell=_ignore).run()
        parts.accelerator.wait_for_everyone()
        return _result(ended, parts, folder, ())

    def save(now: TrainState) -> None:
        save_state(folder, now, all_tensors(parts.model, parts.optimiser, parts.average))
        with _writing(folder):
            write_history(folder / HISTORY, now.history)

    def keep(now: TrainState) -> None:
        _write_weights(folder / BEST, now, parts)

    with Loggers(folder, parts.config, state.step) as loggers:

        def say(taken: TrainStep) -> None:
            loggers.tell(_values(taken), taken.step)
            tell(taken)

        ended = Loop(parts, state, save=save, keep=keep, tell=say).run()
    _write_weights(folder / FINAL, ended, parts)
    with _writing(folder):
        notes = (*parts.notes, *write_curves(folder / CURVES, ended.history))
    parts.accelerator.wait_for_everyone()
    return _result(ended, parts, folder, notes)


def _write_weights(path: Path, state: TrainState, parts: TrainingParts) -> None:
    info = WeightsInfo(origin="file", trained=True, files=state.made_from, crop_rules=state.crop_rules)
    training: dict[str, JsonValue] = {
        "config": state.config.model_dump(mode="json", exclude={"data", "out"}),
        "step": state.step,
        "measured": [row.model_dump(mode="json") for row in state.history[-1:]],
        "data_sha256": state.fingerprint,
    }
    with _writing(path.parent):
        loaded = LoadedModel(parts.kept, info)
        save_model(loaded, parts.config.architecture, path, precision="fp32", training=training)


def _result(state: TrainState, parts: TrainingParts, folder: Path, notes: tuple[str, ...]) -> TrainResult:
    worse = [comparison(row, parts.config.hold_out) for row in state.history if row.step == state.best.step]
    return TrainResult(
        final=str(folder / FINAL),
        best=None if state.best.value is None else str(folder / BEST),
        best_value=state.best.value,
        best_step=state.best.step,
        steps=state.step,
        stopped_early=state.step < parts.steps,
        history=state.history,
        skipped=sum(row.skipped for row in state.history),
        notes=(*notes, *filter(None, worse)),
    )


def _values(taken: TrainStep) -> dict[str, float | None]:
    values: dict[str, float | None] = {"train/loss": taken.loss, "train/learning_rate": taken.learning_rate}
    values.update({f"train/{name}": value for name, value in taken.parts.items()})
    if taken.row is not None:
        values.update({f"valid/{name}": getattr(taken.row, name) for name in ("accuracy", "roc_auc", "roc_auc_unseen")})
        values["valid/loss"] = taken.row.valid_loss
    return values


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    """End a training whose files cannot be written, and say so."""
    try:
        yield
    except (OSError, WeightsError) as error:
        raise TrainingError(
            f"{folder} cannot be written: {error}; make room or choose another folder (--out), then go on with "
            "resume=True (--resume) from the last state, which is still good"
        ) from error


def _ignore(_: object) -> None:
    """Only the first process writes."""
