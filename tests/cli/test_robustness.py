from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from genconvit.evaluation.robustness import RobustnessReport
from stubs import grey_clip, register_stubs, trained_grey

from .conftest import Run

STUBS = ("--arch", "grey", "--face-detector", "whole_frame", "--frames", "2", "--no-isolate", "--resamples", "0")


@pytest.fixture
def weights(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    register_stubs(monkeypatch)
    path = tmp_path / "grey.safetensors"
    trained_grey(path)
    return path


@pytest.fixture
def clips(tmp_path: Path) -> Path:
    for name, brightness in (("fake/a", 200), ("fake/b", 180), ("real/a", 50), ("real/b", 70)):
        grey_clip(tmp_path / "clips" / f"{name}.mp4", brightness)
    return tmp_path / "clips"


def test_a_folder_of_labelled_videos_gives_an_auc_and_a_picture(
    run: Callable[..., Run], weights: Path, clips: Path, tmp_path: Path
) -> None:
    plot, out = clips / "plot.png", tmp_path / "out.json"
    ended = run("robustness", clips, *STUBS, "--weights", weights, "--degrade", "jpeg", "--plot", plot, "--output", out)
    assert (ended.status, ended.out) == (0, "")
    measured = RobustnessReport.model_validate_json(out.read_text())
    assert [step.roc_auc.value for step in measured.steps] == [1.0] * 6
    assert {step.degradation for step in measured.steps} == {"none", "jpeg"}
    with Image.open(plot) as image:
        assert image.format == "PNG"
    assert "wrote" in ended.err


@pytest.mark.parametrize("form", ["table", "markdown", "csv", "json"])
def test_every_format_marks_untrained_weights(run: Callable[..., Run], weights: Path, clips: Path, form: str) -> None:
    del weights
    ended = run("robustness", clips, *STUBS, "--weights", "random", "--degrade", "brightness", "--format", form)
    assert ended.status == 0
    assert "untrained" in ended.out
    if form == "csv":
        rows = list(csv.DictReader(io.StringIO(ended.out)))
        assert [row["strength"] for row in rows] == ["", "0.25", "0.5", "0.75", "1.5", "2"]
        assert {row["weights"] for row in rows} == {"untrained: no verdict"}
    elif form == "json":
        assert json.loads(ended.out)["trained"] is False


def test_a_broken_video_is_named_and_ends_with_status_3(run: Callable[..., Run], weights: Path, tmp_path: Path) -> None:
    grey_clip(tmp_path / "clips" / "a.mp4", 100)
    (tmp_path / "clips" / "b\x1b[31m.mp4").write_bytes(b"no video")
    ended = run("robustness", tmp_path / "clips", *STUBS, "--weights", weights, "--degrade", "jpeg")
    assert ended.status == 3
    assert "1 videos with a face, 1 left out" in ended.out
    assert "b\\x1b[31m.mp4: unreadable (" in ended.out
    assert "\x1b" not in ended.out
    assert "there are no rows with a known truth" in ended.out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--degrade", "fog"), "there is no degradation 'fog'; give one or more of jpeg"),
        (("--plot", "plot.gif"), "a picture's name ends in .png, .svg, .pdf; got 'plot.gif'"),
        (("--plot", "nowhere/plot.png"), "--plot 'nowhere/plot.png' cannot be written"),
        (("--split", "test"), "--split 'test' needs a data set"),
    ],
)
def test_a_wrong_option_is_one_message_before_any_work(
    run: Callable[..., Run], tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    clip = grey_clip(tmp_path / "a.mp4", 100)
    ended = run("robustness", clip, "--weights", "random", *arguments)
    assert (ended.status, ended.out) == (2, "")
    assert message in ended.err


def test_a_frame_of_a_folder_is_not_overwritten(run: Callable[..., Run], tmp_path: Path) -> None:
    Image.new("RGB", (48, 48)).save(tmp_path / "1.png")
    ended = run("robustness", tmp_path, "--weights", "random", "--plot", tmp_path / "1.png")
    assert ended.status == 2
    assert "is also read" in ended.err


def test_a_picture_without_matplotlib_says_what_to_install(
    run: Callable[..., Run], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip = grey_clip(tmp_path / "a.mp4", 100)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    ended = run("robustness", clip, "--weights", "random", "--plot", tmp_path / "a.png")
    assert ended.status == 2
    assert "pip install 'genconvit[plots]'" in ended.err
