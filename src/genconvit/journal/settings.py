"""Everything that decides on a result beside its source, in a form that two runs can be compared by."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from pydantic import JsonValue

from genconvit.core.files import sha256_of_file
from genconvit.core.text import printable
from genconvit.results.decision import Decision
from genconvit.results.provenance import Provenance
from genconvit.settings import DetectorConfig
from genconvit.verdict.decision_rule import DEFAULT_DECISION

Settings = Mapping[str, JsonValue]
"""Values by name, nested as they come."""

IN_PROVENANCE = frozenset(
    {
        "architecture",
        "model",
        "weights",
        "device",
        "precision",
        "runtime",
        "compile",
        "cuda_graphs",
        "face_detector",
        "face_model",
        "int8_crops",
        "int8_max_change",
    }
)
"""Options of a config whose outcome the provenance says: files by their content, ``auto`` by its choice."""

IN_DECISION = frozenset({"threshold", "calibration", "inconclusive"})
"""Options of a config whose outcome the decision says."""

WITHOUT_EFFECT = frozenset({"isolate", "workers", "time_limit_seconds", "memory_limit_mb"})
"""Options of a config that change no score: they decide over what is given up, and how fast it goes."""

_OF_A_SOURCE = {"decoder", "isolated", "frame_count", "duration_seconds", "frame_indices", "source_sha256"}
_LONGEST_VALUE = 80


def deciding_settings(
    config: DetectorConfig, provenance: Provenance, decision: Decision | None, batch_size: int
) -> dict[str, JsonValue]:
    """The settings of a detector that decide on its results.

    Args:
        config: config of the detector.
        provenance: origin of its parts.
        decision: rule by which scores become labels; None for the default one.
        batch_size: number of faces that go through the networks at once, which decides over last bits.

    Raises:
        OSError: the trust list cannot be read.
    """
    elsewhere = IN_PROVENANCE | IN_DECISION | WITHOUT_EFFECT | {"frames", "batch_size", "trust_list"}
    origin = provenance.model_dump(mode="json", exclude=_OF_A_SOURCE)
    origin["face_detector"].pop("reason")
    choice = config.frame_choice  # --frames 15 and frames=15 are the same
    return {
        **origin,
        "frames": f"{choice.kind} {choice.value:g}",
        "options": config.model_dump(mode="json", exclude=set(elsewhere)),
        "trust_list": config.trust_list and sha256_of_file(config.trust_list),
        "decision": (decision or DEFAULT_DECISION).model_dump(mode="json"),
        "batch_size": batch_size,
    }


def changes(before: Settings, now: Settings) -> list[str]:
    """Each setting that is another one now, with its old and its new value, by its dotted name; none is as null.

    Examples:
        >>> changes({"options": {"frames": 15}}, {"options": {"frames": 30}})
        ['options.frames 15 -> 30']
    """
    old, new = dict(_flat(before)), dict(_flat(now))
    return [
        f"{name} {_shown(old.get(name))} -> {_shown(new.get(name))}"
        for name in dict.fromkeys([*old, *new])
        if old.get(name) != new.get(name)
    ]


def _flat(settings: JsonValue | Settings, name: str = "") -> Iterator[tuple[str, JsonValue]]:
    if isinstance(settings, Mapping) and (settings or not name):
        for key, value in settings.items():
            yield from _flat(value, f"{name}.{key}" if name else key)
    elif isinstance(settings, list) and any(isinstance(each, dict) for each in settings):
        for number, each in enumerate(settings):
            yield from _flat(each, f"{name}.{number}")
    else:
        yield name, settings  # type: ignore[misc] # a mapping without anything in it


def _shown(value: JsonValue) -> str:
    text = printable(json.dumps(value))
    return text if len(text) <= _LONGEST_VALUE else text[: _LONGEST_VALUE - 3] + "..."
