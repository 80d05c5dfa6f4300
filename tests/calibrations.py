"""Calibrations that tests make."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from genconvit.verdict.calibration import Calibration

FIELDS: dict[str, Any] = {
    "format": "genconvit-calibration",
    "version": 1,
    "method": "temperature",
    "temperature": 3.0,
    "videos": 7,
    "fakes": 4,
    "reals": 3,
    "real_scores": (0.1, 0.2, 0.7),
    "before": {"log_loss": 0.5, "brier_score": 0.2, "calibration_error": 0.1},
    "library_version": "1",
    "created": "2020-01-01T00:00:00+00:00",
}


def calibration(**changes: Any) -> Calibration:
    """A calibration by a temperature of 3 from four fakes and three reals, unless the changes say otherwise."""
    return Calibration.model_validate(fields(changes))


def write_calibration(path: Path, **changes: Any) -> Path:
    """Write a calibration to a file, whether it is one that can be read or not."""
    path.write_text(json.dumps(fields(changes)), encoding="utf-8")
    return path


def fields(changes: dict[str, Any]) -> dict[str, Any]:
    """The fields of a file of version 1 with changes; ``videos=None`` leaves it out."""
    made = {**FIELDS, **changes}
    return {name: value for name, value in made.items() if (name, value) != ("videos", None)}
