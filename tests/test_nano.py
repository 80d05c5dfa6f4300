"""The recipe of the small V2, and what its card says of it."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from genconvit import Detector
from genconvit.crops.folder import read_crops
from genconvit.files import sha256_of_file
from genconvit.train.config import TrainConfig
from genconvit.weights.checkpoint import read_tensors
from genconvit.weights.embedded import embedded_path
from genconvit.weights.library_file import header_of
from support import shared

ROOT = Path(__file__).resolve().parents[1]
RECIPE = ROOT / "recipes" / "nano"
CARD = ROOT / "docs" / "nano.md"


def script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"nano_{name}", RECIPE / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_the_shipped_weights_were_trained_by_the_committed_recipe() -> None:
    path = embedded_path("v2_nano")
    header = header_of(read_tensors(path).metadata, path)
    assert header is not None
    assert header.training is not None
    committed = TrainConfig.model_validate({"data": "crops", **json.loads((RECIPE / "train.json").read_text())})
    assert header.training["config"] == committed.model_dump(mode="json", exclude={"data", "out"})


def test_the_card_shows_what_was_measured_of_the_shipped_weights() -> None:
    figures = script("measure").Figures.model_validate_json((RECIPE / "measured.json").read_text())
    assert figures.weights_sha256 == sha256_of_file(embedded_path("v2_nano"))
    assert figures.tables() in CARD.read_text(encoding="utf-8")


@pytest.mark.slow
def test_the_figures_can_be_measured_again(tmp_path: Path) -> None:
    faces, videos = shared("faces", "dfdc"), shared("videos")
    portraits = shared("faces", "portraits")
    crops = tmp_path / "crops"
    listed = script("build").write_list(portraits, tmp_path / "all.csv")
    lines = (tmp_path / "all.csv").read_text().splitlines()
    tested = [line for line in lines if line.endswith((",split", ",test"))]
    (tmp_path / "test.csv").write_text("\n".join(tested))
    assert (listed, len(tested)) == (833, 121)
    command = [sys.executable, "-m", "genconvit", "extract", "csv", "test.csv", "--out", "crops", "--size", "128"]
    done = subprocess.run([*command, "--face-detector", "mtcnn"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    measure = script("measure")
    stated = measure.Figures.model_validate_json((RECIPE / "measured.json").read_text())
    with Detector("v2", **measure.OPTIONS) as detector:
        found = measure.measure(detector, crops, faces, videos)
    assert [each.of for each in found.rankings] == [each.of for each in stated.rankings]
    for one, other in zip(found.rankings, stated.rankings, strict=True):
        assert (one.reals, one.fakes) == (other.reals, other.fakes)
        assert (one.roc_auc, one.low, one.high) == pytest.approx((other.roc_auc, other.low, other.high), abs=0.01)
    for clip, before in zip(found.clips, stated.clips, strict=True):
        assert (clip.name, clip.faces) == (before.name, before.faces)
        assert clip.fake_probability == pytest.approx(before.fake_probability, abs=0.01)


def test_equal_crops_are_counted_once() -> None:
    folder = read_crops(shared("faces", "dfdc"))
    distinct = script("measure").distinct_crops(folder.root, folder.records)
    labels = [record.label for record in distinct]
    assert (len(folder.records), labels.count("REAL"), labels.count("FAKE")) == (90, 20, 19)


@pytest.mark.slow
def test_the_recipe_runs_from_portraits_to_a_file_that_a_detector_takes(tmp_path: Path) -> None:
    portraits = shared("faces", "portraits")
    listed = json.loads((portraits / "manifest.json").read_text())
    few = [each for split in ("train", "valid", "test") for each in listed if each["split"] == split][::60]
    for each in few:
        each["file"] = str(portraits / each["file"])
    (tmp_path / "manifest.json").write_text(json.dumps(few))
    command = [sys.executable, str(RECIPE / "build.py"), str(tmp_path), "--work", str(tmp_path / "work")]
    changes = ["--set", "steps=2", "--set", "workers=0"]
    done = subprocess.run([*command, *changes], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    made = tmp_path / "work" / "v2_nano.safetensors"
    assert made.stat().st_size <= 20_000_000
    with Detector("v2", weights=made, device="cpu", face_detector="mtcnn") as detector:
        assert (detector.weights.origin, detector.model.input_size) == ("file", 128)
