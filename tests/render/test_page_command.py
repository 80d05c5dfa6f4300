"""The command of a page repeats the answer."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from genconvit import Detector, VideoResult
from genconvit.render.page_command import command_of
from genconvit.results.decision import CalibrationInfo, Decision
from genconvit.results.provenance import FaceDetectorInfo, WeightsFile, WeightsInfo
from render.made import face, made_result
from scored import result


def words_of(found: VideoResult) -> list[str]:
    return shlex.split(command_of(found).text)


def flag(words: list[str], name: str) -> list[str]:
    return [words[place + 1] for place, word in enumerate(words) if word == name]


def with_provenance(found: VideoResult, **fields: Any) -> VideoResult:
    return found.model_copy(update={"provenance": found.provenance.model_copy(update=fields)})


def test_it_gives_the_same_numbers(portrait_clip: Path, tmp_path: Path) -> None:
    options: dict[str, Any] = {"device": "cpu", "face_detector": "mtcnn", "frames": 3, "score_rule": "top2"}
    with Detector(weights="embedded", **options) as detector:
        found = detector.predict(portrait_clip)
    _, *words = words_of(found)
    out = tmp_path / "again.json"
    done = subprocess.run(
        [sys.executable, "-m", "genconvit", *words, "--output", str(out)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    (again,) = json.loads(out.read_text())
    assert VideoResult.model_validate({**again, "provenance": {**again["provenance"], "isolated": False}}) == found


def test_weights_are_named_as_they_were_given() -> None:
    found = result("a.mp4", 0.75)
    assert flag(words_of(found), "--weights") == ["published"]
    assert flag(words_of(found), "--arch") == ["original"]
    assert flag(words_of(found), "--set") == ["mode=ed"]
    file = WeightsFile(name="a b.safetensors", sha256="1" * 64)
    named = with_provenance(found, weights=WeightsInfo(origin="file", trained=True, files=(file,)))
    assert flag(words_of(named), "--weights") == ["a b.safetensors"]
    assert f"a b.safetensors stands for the file with the SHA-256 {'1' * 64}." in command_of(named).notes
    hub = file.model_copy(update={"repository": "someone/model", "revision": "c"})
    of_hub = with_provenance(found, weights=WeightsInfo(origin="file", trained=True, files=(hub,)))
    assert flag(words_of(of_hub), "--weights") == ["someone/model"]
    two = WeightsInfo(origin="file", trained=True, files=(file, file.model_copy(update={"name": "b"})))
    assert flag(words_of(with_provenance(found, weights=two)), "--weights") == ["ed=a b.safetensors", "vae=b"]
    embedded = WeightsInfo(origin="embedded", trained=True, files=(file,))
    words = words_of(with_provenance(found, weights=embedded))
    assert flag(words, "--weights") == ["embedded"]
    assert flag(words, "--calibration") == flag(words, "--inconclusive") == ["none"]


@pytest.mark.parametrize(
    ("searched", "frames"),
    [([0, 13, 26, 39], ["4"]), (range(40), ["all"]), ([0], ["1"]), ([0, 5, 10], []), ([], [])],
)
def test_frames_are_chosen_as_they_were(searched: Any, frames: list[str]) -> None:
    found = made_result([], searched, status="no_face", label=None, fake_probability=None, published_score=None)
    assert flag(words_of(found), "--frames") == frames
    assert any("does not name" in note for note in command_of(found).notes) == (list(searched) == [0, 5, 10])


def test_the_decision_is_the_same() -> None:
    calibration = CalibrationInfo(name="c.json", sha256="2" * 64, method="sigmoid")
    decision = Decision(threshold=0.3, threshold_from="given", inconclusive=(0.25, 1 / 3), calibration=calibration)
    found = made_result([face(0)], [0], decision=decision, calibrated_probability=0.9)
    words = words_of(found)
    assert flag(words, "--threshold") == ["0.3"]
    assert flag(words, "--inconclusive") == [f"0.25,{1 / 3!r}"]
    assert flag(words, "--calibration") == ["c.json"]
    assert f"c.json stands for the file with the SHA-256 {'2' * 64}." in command_of(found).notes


def test_the_face_detector_and_the_machine_are_the_same() -> None:
    detector = FaceDetectorInfo(name="insightface", reason="", model="scrfd.onnx", model_sha256="3" * 64, licence="")
    found = with_provenance(
        result("-a.mp4", 0.75),
        face_detector=detector,
        device="cuda:0",
        precision="bf16",
        compiled=True,
        decoder="folder",
    )
    words = words_of(found)
    assert words[:3] == ["genconvit", "predict", "./-a.mp4"]
    assert (flag(words, "--face-detector"), flag(words, "--face-model")) == (["insightface"], ["scrfd.onnx"])
    assert (flag(words, "--device"), flag(words, "--precision")) == (["cuda:0"], ["bf16"])
    assert "--compile" in words
    assert "--decoder" not in words


def test_no_name_ends_a_word() -> None:
    hostile = "a'; rm -rf ~; $(x) `y` \"\n\u202e.mp4"
    text = command_of(result(hostile, 0.75)).text
    assert text.isprintable()
    shown = subprocess.run(["bash", "-c", f"printf '%s\\0' {text}"], capture_output=True, env={"LC_ALL": "C.UTF-8"})  # noqa: S607
    assert shown.stdout.decode().split("\0")[2] == hostile
