from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from calibrations import write_calibration
from genconvit import Detector, DetectorConfig
from genconvit.assemble import assemble_rule
from genconvit.verdict.decide_again import decide_again
from stubs import grey_clip, grey_config, register_stubs, trained_grey

RULES: list[dict[str, Any]] = [
    {},
    {"threshold": 0.9},
    {"inconclusive": (0.4, 0.99)},
    {"calibration": "fitted.json"},
    {"calibration": "fitted.json", "threshold": 0.8},
]


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("before", RULES)
@pytest.mark.parametrize("brightness", [150, 0])
def test_a_result_is_that_of_a_detector_with_the_rule(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: dict[str, Any], rule: dict[str, Any], brightness: int
) -> None:
    monkeypatch.chdir(tmp_path)
    register_stubs(monkeypatch)
    write_calibration(tmp_path / "fitted.json", temperature=2.0)
    weights = trained_grey(tmp_path / "grey.safetensors")
    clip = grey_clip(tmp_path / "a.mp4", brightness)
    configs: list[DetectorConfig] = [grey_config(weights, **options) for options in (before, rule)]
    results = []
    for config in configs:
        with Detector(config) as detector:
            results.append(detector.predict(clip))
    first, second = map(assemble_rule, configs)
    assert decide_again(results[0], first, second) == results[1]
