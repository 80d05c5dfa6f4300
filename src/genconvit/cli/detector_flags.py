"""Flags that make a detector's config, given to every command that builds one."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from inspect import Parameter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from genconvit.cli import flags
from genconvit.cli.model_flags import ModelOptions, model_options
from genconvit.cli.options import detector_config, detector_options, parse_weights, weights_files
from genconvit.cli.signature import give_parameters, optional_parameters, own_parameters

if TYPE_CHECKING:
    from genconvit.settings import DetectorConfig

FLAGS: dict[str, tuple[str, Any]] = {
    "architecture": ("--arch", flags.ArchFlag),
    "mode": ("--mode", flags.MODEL_FLAGS["mode"]),
    "attention": ("--attention/--no-attention", flags.MODEL_FLAGS["attention"]),
    "residual": ("--residual/--no-residual", flags.MODEL_FLAGS["residual"]),
    "size": ("--size", flags.MODEL_FLAGS["size"]),
    "weights": ("--weights", flags.WeightsFlag),
    "frames": ("--frames", flags.FramesFlag),
    "square_pixels": ("--square-pixels/--no-square-pixels", flags.SquarePixelsFlag),
    "person": ("--person", flags.PersonFlag),
    "score_rule": ("--score-rule", flags.RuleFlag),
    "calibration": ("--calibration", flags.CalibrationFlag),
    "threshold": ("--threshold", flags.DecisionFlag),
    "inconclusive": ("--inconclusive", flags.InconclusiveFlag),
    "device": ("--device", flags.DeviceFlag),
    "precision": ("--precision", flags.PrecisionFlag),
    "int8_crops": ("--int8-crops", flags.Int8CropsFlag),
    "int8_max_change": ("--int8-max-change", flags.Int8MaxChangeFlag),
    "runtime": ("--runtime", flags.RuntimeFlag),
    "compile": ("--compile/--no-compile", flags.CompileFlag),
    "batch_size": ("--batch-size", flags.BatchFlag),
    "face_detector": ("--face-detector", flags.FaceDetectorFlag),
    "face_model": ("--face-model", flags.FaceModelFlag),
    "decoder": ("--decoder", flags.DecoderFlag),
    "isolate": ("--isolate/--no-isolate", flags.IsolateFlag),
    "workers": ("--workers", flags.WorkersFlag),
    "time_limit_seconds": ("--time-limit", flags.TimeLimitFlag),
    "memory_limit_mb": ("--memory-limit", flags.MemoryLimitFlag),
    "credentials": ("--credentials/--no-credentials", flags.CredentialsFlag),
    "trust_list": ("--trust-list", flags.TrustListFlag),
}
"""For each option of a detector, its flag as it is typed, and the type that typer reads it by."""

CREDENTIALS = ("credentials", "trust_list")
"""Options of commands that give results one by one."""

_EXTRA, _CONFIG, _CONTEXT = "extra", "config", "context"


@dataclass(frozen=True)
class DetectorFlags:
    """The flags as they were given; None where one was not."""

    given: dict[str, Any]
    extra: list[str] | None = None
    file: Path | None = None
    model: ModelOptions = field(default_factory=dict)

    def config(self) -> DetectorConfig:
        """The config that the flags and ``--config`` make.

        Raises:
            ConfigError: an option is unknown, given twice, or has a value that is not allowed.
            PluginError: the architecture is unknown or broken.
        """
        return detector_config(self.file, self._typed(), self.extra)

    def options(self) -> dict[str, Any]:
        """One flat set of options from the flags, for a command that builds several configs from it.

        Raises:
            ConfigError: an option is given twice, or the file of ``--config`` is none.
        """
        return detector_options(self.file, self._typed(), self.extra)

    def _typed(self) -> dict[str, tuple[str, Any]]:
        values = {**self.given, "weights": parse_weights(self.given.get("weights"))}
        given = {name: value for name, value in values.items() if value is not None}
        return {**{name: (_as_typed(FLAGS[name][0], value), value) for name, value in given.items()}, **self.model}

    @property
    def names_weights(self) -> bool:
        """True where weights were asked for, by their flag or in a config."""
        return bool(self.given.get("weights")) or self.file is not None

    def words(self) -> list[str]:
        """The words of a command line that gives these flags again."""
        words = []
        for name, value in self.given.items():
            flag = FLAGS[name][0]
            if isinstance(value, bool):
                words.append(_as_typed(flag, value))
            elif value is not None:
                words += [
                    word for each in (value if isinstance(value, list) else [value]) for word in (flag, str(each))
                ]
        for name, (_, value) in self.model.items():
            words += ["--set", f"{name}={value if isinstance(value, str) else json.dumps(value)}"]
        words += [word for each in self.extra or () for word in ("--set", each)]
        return [*words, "--config", str(self.file)] if self.file else words

    def inputs(self, config: DetectorConfig) -> list[str | Path]:
        """The files that a config is read from or names, which no output may replace."""
        from genconvit.verdict.decision_rule import NONE

        calibration = None if config.calibration == NONE else config.calibration
        named = [each for each in (self.file, config.face_model, calibration, config.trust_list) if each]
        return [*named, *weights_files(config.weights)]


def with_detector_flags(command: Callable[..., None], without: Collection[str] = ()) -> Callable[..., None]:
    """A command that has the detector's flags beside its own, and gets them as one argument ``detector``.

    Args:
        command: a function with a parameter ``detector: DetectorFlags``.
        without: options that the command does not take, or takes in a form of its own.
    """
    shared: dict[str, Any] = {name: kind for name, (_, kind) in FLAGS.items() if name not in without}
    others: dict[str, Any] = {
        name: kind for name, kind in ((_EXTRA, flags.ExtraFlag), (_CONFIG, flags.ConfigFlag)) if name not in without
    }

    @functools.wraps(command)
    def run(**arguments: Any) -> None:  # noqa: ANN401 - whatever typer parsed
        model = model_options(arguments.pop(_CONTEXT))
        given = {name: arguments.pop(_parameter(name)) for name in shared}
        extra, file = (arguments.pop(name, None) for name in (_EXTRA, _CONFIG))
        command(**arguments, detector=DetectorFlags(given, extra, file, model))

    added = {**{_parameter(name): kind for name, kind in shared.items()}, **others}
    parameters = own_parameters(command, without="detector")
    place = next((number for number, each in enumerate(parameters) if each.name == "format"), len(parameters))
    parameters[place:place] = optional_parameters(added)
    give_parameters(run, [Parameter(_CONTEXT, Parameter.KEYWORD_ONLY, annotation=typer.Context), *parameters])
    return run


def _parameter(option: str) -> str:
    """Name of the parameter that typer makes a flag's name of."""
    return {"architecture": "arch", "time_limit_seconds": "time_limit", "memory_limit_mb": "memory_limit"}.get(
        option, option
    )


def _as_typed(flag: str, value: object) -> str:
    yes, _, no = flag.partition("/")
    return no if no and value is False else yes
