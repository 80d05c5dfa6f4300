"""``genconvit predict``: score videos, images and folders."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from genconvit.cli.output import Format, opened, write_results
from genconvit.errors import ConfigError

if TYPE_CHECKING:
    from genconvit.detector import DetectorConfig
    from genconvit.result import VideoResult

EXIT_UNREADABLE = 3

_NETWORK_PATH = re.compile(r"(ed|vae)=(.+)", re.DOTALL)


def _name(text: str, default: str) -> Any:  # noqa: ANN401 - typer's own type is private
    return typer.Option(help=text, metavar="NAME", show_default=default)


def predict(
    paths: Annotated[list[str], typer.Argument(help="Files, folders or globs. A folder of frames is one source.")],
    arch: Annotated[str | None, _name("original, v2, or a plugin's.", "original")] = None,
    mode: Annotated[str | None, _name("ed, vae, genconvit; with --arch v2 also v2.", "genconvit, or v2")] = None,
    attention: Annotated[
        bool | None, typer.Option("--attention/--no-attention", help="V2: cross-attention between the branches.")
    ] = None,
    residual: Annotated[
        bool | None, typer.Option("--residual/--no-residual", help="V2: residuals around its new layers.")
    ] = None,
    size: Annotated[str | None, _name("tiny or large.", "tiny")] = None,
    weights: Annotated[
        list[str] | None, _name("published, random, FILE, a hub id; or twice: ed=FILE, vae=FILE.", "published")
    ] = None,
    frames: Annotated[
        int | None, typer.Option(help="Evenly spaced frames to look at; -1: all.", metavar="N", show_default="15")
    ] = None,
    device: Annotated[str | None, _name("auto, cpu, cuda, cuda:N or mps.", "auto")] = None,
    precision: Annotated[str | None, _name("fp32 or bf16.", "fp32")] = None,
    face_detector: Annotated[str | None, _name("auto, insightface, mtcnn, or a plugin's.", "auto")] = None,
    face_model: Annotated[
        str | None,
        typer.Option(
            help="For insightface: an ONNX file, a folder, or a pack on disk such as buffalo_l. Its pretrained packs "
            "are for non-commercial research only.",
            metavar="FILE",
        ),
    ] = None,
    decoder: Annotated[str | None, _name("auto, decord, pyav, or a plugin's.", "auto")] = None,
    extra: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="Any other option, such as latent=mean or max_faces=5."),
    ] = None,
    config: Annotated[
        Path | None, typer.Option(help="A detector's config as JSON; flags override it.", metavar="FILE")
    ] = None,
    format: Annotated[Format, typer.Option(help="How results are written.")] = Format.table,  # noqa: A002 - the flag
    output: Annotated[
        Path | None, typer.Option(help="Where results are written instead of stdout.", metavar="FILE")
    ] = None,
) -> None:
    """Score videos, images and folders of frames.

    Exit status: 0 when every source was answered (no face is an answer), 3 when one was unreadable, 2 for a wrong
    option, 1 when the weights cannot be had.
    """
    from genconvit.detector import Detector
    from genconvit.video.sources import expand_paths

    given = {
        "architecture": arch,
        "mode": mode,
        "attention": attention,
        "residual": residual,
        "size": size,
        "weights": parse_weights(weights),
        "frames": frames,
        "device": device,
        "precision": precision,
        "face_detector": face_detector,
        "face_model": face_model,
        "decoder": decoder,
        **_parse_extra(extra),
    }
    detector_config = _detector_config(config, {name: value for name, value in given.items() if value is not None})
    sources = expand_paths(paths)
    statuses: set[str] = set()
    with opened(output) as stream, Detector(detector_config) as detector:
        results = _with_progress(detector.predict_many(sources), len(sources))
        write_results(_noting_status(results, statuses), format, stream)
    if "unreadable" in statuses:
        sys.exit(EXIT_UNREADABLE)


def parse_weights(values: list[str] | None) -> str | dict[str, str] | None:
    """What ``--weights`` means: one value as it is, or ``ed=FILE`` and ``vae=FILE`` as a mapping.

    Examples:
        >>> parse_weights(["ed=a.pth", "vae=b.pth"])
        {'ed': 'a.pth', 'vae': 'b.pth'}
    """
    if not values:
        return None
    matches = [_NETWORK_PATH.fullmatch(value) for value in values]
    named = {match[1]: match[2] for match in matches if match}
    if len(named) == len(values):
        return named
    if len(values) == 1:
        return values[0]
    raise ConfigError(
        f"--weights was given {len(values)} times, as {', '.join(map(repr, values))}; give it once, or once as ed=FILE "
        "and once as vae=FILE"
    )


def _parse_extra(values: list[str] | None) -> dict[str, Any]:
    """``NAME=VALUE`` each, the value as JSON where it is JSON and as text elsewhere."""
    extra = {}
    for item in values or []:
        name, equals, value = item.partition("=")
        if not equals:
            raise ConfigError(f"--set takes NAME=VALUE, got {item!r}; for example --set latent=mean")
        try:
            extra[name] = json.loads(value)
        except json.JSONDecodeError:
            extra[name] = value
    return extra


def _detector_config(file: Path | None, given: dict[str, Any]) -> DetectorConfig:
    from genconvit.detector import DetectorConfig
    from genconvit.registry import ARCHITECTURES

    base = _read_config(file) if file else {}
    architecture = given.pop("architecture", base.pop("architecture", "original"))
    fields = ARCHITECTURES.load(architecture).config_class.model_fields
    for name in ("attention", "residual"):
        if name in given and name not in fields:
            flag = f"--{'' if given[name] else 'no-'}{name}"
            raise ConfigError(
                f"{flag} does not apply to architecture {architecture!r}, which has no {name} to switch (it has "
                f"{', '.join(fields)}); leave the flag out, or use --arch v2"
            )
    model = {**base.pop("model", {}), **{name: given.pop(name) for name in fields if name in given}}
    return DetectorConfig.from_options(architecture, **{**base, **given, "model": model})


def _read_config(file: Path) -> dict[str, Any]:
    from pydantic import ValidationError

    from genconvit.config import validation_message
    from genconvit.detector import DetectorConfig

    try:
        config = DetectorConfig.model_validate_json(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"--config {str(file)!r} cannot be read: {error.strerror}; give a JSON file") from error
    except (ValidationError, UnicodeDecodeError) as error:
        reason = validation_message(error) if isinstance(error, ValidationError) else str(error)
        raise ConfigError(f"--config {str(file)!r}: {reason}") from error
    return config.model_dump(exclude_unset=True)


def _noting_status(results: Iterable[VideoResult], statuses: set[str]) -> Iterator[VideoResult]:
    for result in results:
        statuses.add(result.status)
        yield result


def _with_progress(results: Iterable[VideoResult], count: int) -> Iterator[VideoResult]:
    """Show how far it is on stderr, where that is a terminal."""
    from rich.console import Console
    from rich.progress import MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}"), MofNCompleteColumn(), TimeElapsedColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        yield from bar.track(results, total=count, description="scoring")
