"""The recipe of the small V2, and what its card says of it."""

from __future__ import annotations

import csv
import importlib
import json
import subprocess
import sys
import zipfile
from pathlib import Path
from types import ModuleType

import pytest
import timm
import torch
from PIL import Image
from safetensors.torch import save_file

from genconvit import Detector
from genconvit.core.files import sha256_of_file
from genconvit.crops.folder import read_crops
from genconvit.settings import DetectorConfig
from genconvit.train.config import TrainConfig
from genconvit.weights.checkpoint import read_tensors
from genconvit.weights.embedded import embedded_path
from genconvit.weights.library_file import FileHeader, header_of
from support import shared
from train.faces_on_disk import drawn_face

ROOT = Path(__file__).resolve().parents[1]
RECIPE = ROOT / "recipes" / "nano"
CARD = ROOT / "docs" / "nano.md"


@pytest.fixture(autouse=True)
def _recipe_is_importable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT))


def script(name: str) -> ModuleType:
    return importlib.import_module(f"recipes.nano.{name}")


def shipped_header() -> FileHeader:
    path = embedded_path("v2_nano")
    header = header_of(read_tensors(path).metadata, path)
    assert header is not None
    return header


def test_the_shipped_weights_were_trained_by_the_committed_recipe() -> None:
    header = shipped_header()
    assert header.training is not None
    config = header.training["config"]
    assert isinstance(config, dict)
    used, committed = (
        TrainConfig.model_validate({"data": "crops", **each})
        for each in (config, json.loads((RECIPE / "v2.json").read_text()))
    )
    assert used.identity_fields() == committed.identity_fields()
    assert header.crop_rules == committed.crop_rules
    assert {"backbone.safetensors", "start.safetensors"} <= {file.name for file in header.made_from}


def test_the_card_shows_what_was_measured_of_the_shipped_weights() -> None:
    figures = script("figures").Figures.model_validate_json((RECIPE / "measured.json").read_text())
    assert figures.weights_sha256 == sha256_of_file(embedded_path("v2_nano"))
    assert figures.tables() in CARD.read_text(encoding="utf-8")


def test_the_card_shows_the_ladder_of_the_shipped_weights() -> None:
    ladder = script("ladder").Ladder.model_validate_json((RECIPE / "ladder.json").read_text())
    assert ladder.weights_sha256 == sha256_of_file(embedded_path("v2_nano"))
    assert ladder.table() in CARD.read_text(encoding="utf-8")
    assert {step.degradation for step in ladder.steps} == {"none", "jpeg", "h264", "rescale", "blur"}


def test_the_card_shows_what_the_parts_of_the_shipped_weights_bring() -> None:
    ablation = script("ablation")
    found = ablation.Ablation.model_validate_json((RECIPE / "ablation.json").read_text())
    assert found.weights_sha256 == sha256_of_file(embedded_path("v2_nano"))
    assert found.table() in CARD.read_text(encoding="utf-8")
    assert [(each.variant, each.seed) for each in found.results] == [
        (variant, seed) for seed in ablation.SEEDS for variant in ablation.VARIANTS
    ]


@pytest.mark.slow
def test_the_figures_can_be_measured_again(tmp_path: Path) -> None:
    pack, videos, portraits = shared("faces", "dfdc_pairs"), shared("videos"), shared("faces", "portraits")
    measure = script("measure")
    stated = script("figures").Figures.model_validate_json((RECIPE / "measured.json").read_text())
    assert script("crops").unpack(pack, tmp_path, ["test"]) == 1876
    config = DetectorConfig.from_options("v2", weights="embedded", **measure.OPTIONS)
    found = measure.measure(config, tmp_path, videos, portraits)
    assert [each.of for each in found.rankings] == [each.of for each in stated.rankings]
    for one, other in zip(found.rankings, stated.rankings, strict=True):
        assert (one.reals, one.fakes) == (other.reals, other.fakes)
        assert (one.roc_auc, one.low, one.high) == pytest.approx((other.roc_auc, other.low, other.high), abs=0.01)
    for name, value in found.mistakes:
        assert value == pytest.approx(getattr(stated.mistakes, name), abs=0.02)
    for clip, before in zip(found.clips, stated.clips, strict=True):
        assert (clip.name, clip.faces) == (before.name, before.faces)
        assert clip.fake_probability == pytest.approx(before.fake_probability, abs=0.01)


def packed(pack: Path, pairs: int = 4) -> Path:
    """A pack of drawn faces: in each split so many pairs of a real and a fake, and one of a part that is left out."""
    pack.mkdir()
    rows: list[tuple[object, ...]] = []
    for split, part in (("train", 7), ("train", 38), ("valid", 39), ("test", 0)):
        with zipfile.ZipFile(pack / f"{split}.zip", "a") as archive:
            for number in range(pairs):
                for label in ("REAL", "FAKE"):
                    video = f"{label.lower()}{part}{number}"
                    picture = pack / "face.jpg"
                    Image.fromarray(drawn_face(len(rows), 224)).save(picture)
                    crop = f"{split}/{label.lower()}/{video}.jpg"
                    archive.write(picture, crop)
                    rows.append((crop, label, video, f"real{part}{number}", part, split, 100))
    with (pack / "manifest.csv").open("w", newline="") as file:
        columns = ("crop", "label", "video", "original", "part", "split", "face_width")
        csv.writer(file).writerows([columns, *rows])
    return pack


def test_a_pack_becomes_crops_with_their_originals_without_the_part_that_is_left_out(tmp_path: Path) -> None:
    crops = script("crops")
    pack = packed(tmp_path / "pack")
    assert crops.unpack(pack, tmp_path / "crops") == 24
    records = read_crops(tmp_path / "crops").records
    assert {record.groups["part"] for record in records} == {"7", "39", "0"}
    fake = next(record for record in records if record.video == "fake71")
    assert fake.groups == {"original": "real71", "part": "7", "face_width": "100"}
    assert crops.unpack(pack, tmp_path / "again", ["test"]) == 8


def test_first_weights_get_timms_names_by_their_order(tmp_path: Path) -> None:
    first = script("first_weights")
    net = timm.create_model(first.NAME)
    given = {f"{number:03d}": tensor for number, tensor in enumerate(net.state_dict().values())}
    torch.save(given, tmp_path / "given.pth")
    first.write_first_weights(tmp_path / "given.pth", tmp_path / "named.safetensors")
    net.load_state_dict(read_tensors(tmp_path / "named.safetensors").tensors)
    torch.save(dict(list(given.items())[:-1]), tmp_path / "short.pth")
    with pytest.raises(SystemExit, match="does not hold the tensors of tf_efficientnet_lite0"):
        first.write_first_weights(tmp_path / "short.pth", tmp_path / "never.safetensors")


@pytest.mark.slow
def test_the_recipe_runs_from_a_pack_to_a_file_that_a_detector_takes(tmp_path: Path) -> None:
    net = timm.create_model(script("first_weights").NAME, num_classes=2)
    save_file(net.state_dict(), tmp_path / "start.safetensors")
    pack = packed(tmp_path / "pack", pairs=10)
    command = [sys.executable, "-m", "recipes.nano.build", str(pack), "--start", str(tmp_path / "start.safetensors")]
    changes = ["--set", "steps=2", "--set", "workers=0", "--set", "v2.batch-size=2"]
    done = subprocess.run(
        [*command, "--work", str(tmp_path / "work"), *changes], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    made = tmp_path / "work" / "v2.safetensors"
    with Detector("v2", weights=made, device="cpu", face_detector="mtcnn") as detector:
        assert (detector.weights.origin, detector.model.input_size) == ("file", 128)
        assert detector.weights.crop_rules["mtcnn"].side == 0.83
    crops = tmp_path / "work" / "crops"
    ladder = script("ladder")
    config = DetectorConfig.from_options("v2", weights=made, **script("measure").OPTIONS)
    climbed = ladder.measure(config, crops, tmp_path)
    assert [step.degradation for step in climbed.steps[:3]] == ["none", "jpeg", "jpeg"]
    assert all(step.roc_auc.low is not None for step in climbed.steps)
    ablation = script("ablation")
    with Detector(config) as detector:
        found = ablation.ablate(detector, crops, 4, ablation.Plan(steps=2, batch_size=4))
    assert [each.variant for each in found.results] == [*ablation.VARIANTS, *ablation.VARIANTS]
    assert all(each.gain == 0 for each in found.results if each.variant == ablation.REFERENCE)
