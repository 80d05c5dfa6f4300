from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from genconvit import DetectorConfig

from .conftest import FakeDetector, Run


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--set", 'model={"mode": "ed"}'), "give its fields directly, for example --set latent=mean"),
        (("--set", "frames=2", "--frames", "3"), "frames is given both as --set frames=2 and as --frames"),
        (("--set", "weights=a", "--weights", "b"), "weights is given both as --set weights=a and as --weights"),
        (("--set", "architecture=v2", "--arch", "v2"), "both as --set architecture=v2 and as --arch"),
        (("--set", "attention=true", "--arch", "v2", "--no-attention"), "and as --no-attention"),
        (("--set", "latent=mean", "--set", "latent=sample"), "--set latent is given twice, as mean and as sample"),
        (("--set", "arch=v2"), "give --set architecture=v2 or --arch"),
        (("--set", "architecture=5"), "architecture=5 is no name"),
        (("--set", "=5"), "--set takes NAME=VALUE, got '=5'"),
        (("--weights", "ed=a", "--weights", "ed=b"), "--weights gives ed twice, as 'a' and as 'b'"),
        (("--set", "x=" + "[" * 100_000), "--set x: its value is nested too deeply"),
        (("--set", "max_faces=" + "9" * 5000), "--set max_faces: its value is a number with too many digits"),
        (("--set", "latent=" + "[" * 500 + "]" * 500), "latent"),
        (("--no-attention",), "--no-attention does not apply to architecture 'original', which has no attention"),
        (("--set", "attention=false"), "unknown option 'attention'"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_an_option_is_never_dropped_silently(
    run: Callable[..., Run], fake: FakeDetector, arguments: tuple[str, ...], message: str
) -> None:
    ended = run("predict", "clip.mp4", *arguments)
    assert ended.status == 2
    assert message in ended.err
    assert "Traceback" not in ended.err
    assert len(ended.err) < 3000
    assert fake.configs == []


@pytest.fixture
def built(run: Callable[..., Run], fake: FakeDetector, tmp_path: Path) -> Callable[..., DetectorConfig]:
    """The config that the command builds from a config file and flags."""

    def call(file: dict[str, Any], *arguments: str) -> DetectorConfig:
        path = tmp_path / "detector.json"
        path.write_text(json.dumps(file), encoding="utf-8")
        ended = run("predict", "clip.mp4", "--config", path, *arguments)
        assert ended.status == 0, ended.err
        return fake.configs[-1]

    return call


def test_null_resets_what_the_file_says(built: Callable[..., DetectorConfig]) -> None:
    assert built({"max_faces": 1}).max_faces == 1
    assert built({"max_faces": 1}, "--set", "max_faces=null").max_faces is None
    assert built({"weights": "random"}, "--set", "weights=null").weights is None


def test_flags_and_file_meet_in_one_flat_set(built: Callable[..., DetectorConfig]) -> None:
    file = {"architecture": "v2", "model": {"size": "large", "mode": "ed"}, "frames": 4}
    config = built(file, "--mode", "vae", "--set", "batch_size=2", "--set", "attention=false")
    expected = DetectorConfig.from_options("v2", size="large", mode="vae", frames=4, batch_size=2, attention=False)
    assert config == expected


def test_a_detectors_option_inside_model_is_refused(
    run: Callable[..., Run], fake: FakeDetector, tmp_path: Path
) -> None:
    path = tmp_path / "detector.json"
    path.write_text('{"model": {"frames": 3}}', encoding="utf-8")
    ended = run("predict", "clip.mp4", "--config", path)
    assert ended.status == 2
    assert "frames" in ended.err
    assert "not its model's" in ended.err
    assert fake.configs == []
