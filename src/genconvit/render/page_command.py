"""The command that repeats an answer, composed from what a result says."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from genconvit.core.text import shell_word
from genconvit.registry import VIDEO_DECODERS
from genconvit.results.provenance import Provenance
from genconvit.results.result import VideoResult
from genconvit.video.sampling import evenly_spaced


@dataclass(frozen=True)
class Command:
    """A command that repeats an answer.

    Attributes:
        text: command for a shell.
        notes: sentences on what it cannot say, and what must be put in place first.
    """

    text: str
    notes: tuple[str, ...] = ()


def command_of(result: VideoResult) -> Command:
    """Compose a command from a result; what the result does not record is left to the defaults, and noted."""
    source = f"./{result.source}" if result.source.startswith("-") else result.source
    words = ["genconvit", "predict", source, *_model(result.provenance), *_frames(result.provenance)]
    words += [*_verdict(result), *_machine(result.provenance)]
    return Command(" ".join(map(shell_word, words)), tuple(_notes(result)))


def _model(provenance: Provenance) -> Iterator[str]:
    weights = provenance.weights
    names = list(dict.fromkeys(file.repository or file.name for file in weights.files))
    if weights.origin == "embedded" and not weights.exported:
        yield from ("--weights", "embedded")
        return
    if not weights.exported:
        yield from ("--arch", provenance.architecture)
        for name, value in provenance.config.items():
            if value is not None:
                yield from ("--set", f"{name}={value if isinstance(value, str) else json.dumps(value)}")
    if weights.origin in ("published", "random"):
        yield from ("--weights", weights.origin)
    elif len(names) == 1:
        yield from ("--weights", names[0])
    else:
        for branch, name in zip(("ed", "vae"), names, strict=False):
            yield from ("--weights", f"{branch}={name}")


def _frames(provenance: Provenance) -> Iterator[str]:
    chosen = _choice(provenance.frame_indices, provenance.frame_count or 0)
    if chosen is not None:
        yield from ("--frames", chosen)


def _choice(indices: Sequence[int], count: int) -> str | None:
    """The value of ``--frames`` that gives these frames of so many; None where none is known to."""
    if not indices:
        return None
    if list(indices) == evenly_spaced(count, len(indices)):
        return "all" if len(indices) == count else str(len(indices))
    return None


def _verdict(result: VideoResult) -> Iterator[str]:
    if result.person is not None and result.score_rule is not None:
        yield from ("--person", result.person, "--score-rule", result.score_rule)
    decision, is_embedded = result.decision, result.provenance.weights.origin == "embedded"
    if decision is None:
        if is_embedded:
            yield from ("--calibration", "none", "--inconclusive", "none")
        return
    if decision.threshold_from != "default":
        yield from ("--threshold", f"{decision.threshold!r}")
    if decision.calibration is not None and not is_embedded:
        yield from ("--calibration", decision.calibration.name)
    if decision.calibration is None and is_embedded:
        yield from ("--calibration", "none")
    if decision.inconclusive is not None:
        yield from ("--inconclusive", ",".join(f"{value!r}" for value in decision.inconclusive))
    elif is_embedded:
        yield from ("--inconclusive", "none")


def _machine(provenance: Provenance) -> Iterator[str]:
    yield from ("--device", provenance.device, "--precision", provenance.precision, "--runtime", provenance.runtime)
    if provenance.quantisation is not None:
        yield from ("--int8-max-change", f"{provenance.quantisation.max_change_allowed!r}")
    if provenance.compiled:
        yield "--compile"
    yield from ("--face-detector", provenance.face_detector.name)
    if provenance.face_detector.model is not None:
        yield from ("--face-model", provenance.face_detector.model)
    if provenance.decoder in VIDEO_DECODERS.names():
        yield from ("--decoder", str(provenance.decoder))


def _notes(result: VideoResult) -> Iterator[str]:
    provenance, calibration = result.provenance, result.decision and result.decision.calibration
    if provenance.frame_indices and _choice(provenance.frame_indices, provenance.frame_count or 0) is None:
        yield "The frames were chosen in a way that the result does not name; their numbers stand above."
    named = [(file.name, file.sha256) for file in provenance.weights.files if file.repository is None]
    named = [] if provenance.weights.origin == "embedded" and not provenance.weights.exported else named
    if provenance.face_detector.model and provenance.face_detector.model_sha256:
        named.append((provenance.face_detector.model, provenance.face_detector.model_sha256))
    if calibration and provenance.weights.origin != "embedded":
        named.append((calibration.name, calibration.sha256))
    for name, sha256 in named:
        yield f"{name} stands for the file with the SHA-256 {sha256}."
    yield (
        "Options that a result does not record are left at their defaults: the margin, the most faces, square pixels, "
        "the batch size."
    )
