"""A training is shown pairs, mixtures, what is held out and other sizes; from its config to its weights."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from genconvit import Detector
from genconvit.core.errors import ConfigError
from genconvit.crops.folder import read_crops
from genconvit.crops.manifest import write_manifest
from genconvit.nn.backbone import BackboneConfig
from genconvit.train.augment import AugmentConfig
from genconvit.train.fit import fit
from genconvit.train.loop import TrainStep
from genconvit.train.state import TrainState
from genconvit.weights.checkpoint import read_tensors
from genconvit.weights.library_file import header_of

from .runs import BrokenOffError, broken_off_and_resumed, furthest, trained
from .small import make_crops, small_config

pytestmark = pytest.mark.usefixtures("small", "no_curves")


@pytest.fixture(scope="module")
def crops(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_crops(tmp_path_factory.mktemp("crops"))


def with_manifest(root: Path, *, methods: bool = True) -> Path:
    """Crops of which every fake has an original and a method; fakes of ``two`` look like reals."""
    folder = make_crops(root)
    records = []
    for record in read_crops(folder).records:
        number = record.video.removeprefix("fake").removeprefix("real")
        method = "two" if int(number[0]) % 2 else "one"
        groups = {"original": f"real{number}", **({"method": method} if methods else {})}
        if record.label == "FAKE" and method == "two":
            original = folder / record.crop.replace("fake", "real")
            (folder / record.crop).write_bytes(original.read_bytes())
        records.append(record.model_copy(update={"groups": groups if record.label == "FAKE" else {}}))
    write_manifest(folder, records)
    return folder


@pytest.mark.parametrize("options", [{"pairs": True}, {"pairs": True, "self_blended_share": 0.4}])
def test_a_training_on_pairs_is_resumed_exactly_and_workers_change_nothing(
    tmp_path: Path, options: dict[str, Any]
) -> None:
    crops = with_manifest(tmp_path / "crops")
    options = {**options, "augment": AugmentConfig(window=(0.5, 1.0)), "batch_size": 2}
    whole = trained(crops, tmp_path / "whole", **options)
    assert whole.steps == 6
    resumed = broken_off_and_resumed(crops, tmp_path / "resumed", 4, **options)
    assert furthest(whole.final, resumed.final) == 0
    assert furthest(whole.final, trained(crops, tmp_path / "helped", workers=2, **options).final) == 0
    assert furthest(whole.final, trained(crops, tmp_path / "single", batch_size=2).final) > 0


def test_held_out_fakes_are_measured_beside_and_decide_nothing(tmp_path: Path) -> None:
    crops = with_manifest(tmp_path / "crops")
    options: dict[str, Any] = {"epochs": 12, "learning_rate": 0.03, "hold_out": {"method": "two"}, "tensorboard": True}
    result = trained(crops, tmp_path / "out", **options)
    best = next(row for row in result.history if row.step == result.best_step)
    assert result.best_value == best.roc_auc == 1
    assert best.roc_auc_unseen is not None
    assert best.roc_auc_unseen < 0.9
    assert result.notes[-1] == (
        "fakes that the training never saw (method=two) are told from reals less well than those that it saw: "
        f"ROC AUC {best.roc_auc_unseen:.4f} against 1.0000, over the valid split after step {best.step}"
    )
    with (tmp_path / "out" / "history.csv").open() as file:
        assert [row["roc_auc_unseen"] for row in csv.DictReader(file)] == [
            str(row.roc_auc_unseen) for row in result.history
        ]
    (events,) = (tmp_path / "out" / "tensorboard").iterdir()
    assert b"valid/roc_auc_unseen" in events.read_bytes()


def test_what_is_held_out_is_never_read_in_training(tmp_path: Path) -> None:
    crops = with_manifest(tmp_path / "crops")
    for number in (1, 3, 5):
        (crops / "train" / "fake" / f"fake{number}_train.png").write_bytes(b"no image")
    assert trained(crops, tmp_path / "all").skipped == 6
    assert trained(crops, tmp_path / "held", hold_out={"method": "two"}).skipped == 0
    assert trained(crops, tmp_path / "pairs", hold_out={"method": "two"}, pairs=True).skipped == 0


def test_a_state_of_before_there_was_holding_out_is_resumed(crops: Path, tmp_path: Path) -> None:
    whole = trained(crops, tmp_path / "whole")
    config = small_config(crops, tmp_path / "old", checkpoint_steps=1)

    def stop(taken: TrainStep) -> None:
        if taken.step == 4:
            raise BrokenOffError

    with pytest.raises(BrokenOffError):
        fit(config, tell=stop)
    path = tmp_path / "old" / "state" / "state.json"
    state = json.loads(path.read_text())
    assert [row.pop("roc_auc_unseen") for row in state["history"]] == [None]
    assert state["config"].pop("hold_out") == {}
    path.write_text(json.dumps(state))
    resumed = fit(config, resume=True)
    assert furthest(whole.final, resumed.final) == 0
    assert [row.roc_auc_unseen for row in resumed.history] == [None, None]


def test_landmarks_are_found_before_the_first_step_and_read_when_it_is_resumed(
    crops: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    searched: list[int] = []

    def found(images: list[Any], _detector: object) -> list[tuple[tuple[float, float], ...]]:
        searched.append(len(images))
        return [((2.0, 2.0), (6.0, 2.0), (4.0, 4.0), (2.0, 6.0), (6.0, 6.0)) for _ in images]

    monkeypatch.setattr("genconvit.train.landmarks.find_landmarks", found)
    options: dict[str, Any] = {"self_blended_share": 0.5}
    result = broken_off_and_resumed(crops, tmp_path / "out", 4, **options)
    assert searched == [6]
    assert "reals without landmarks in the manifest: 6; the face detector mtcnn found those of 6" in result.notes
    assert len(json.loads((tmp_path / "out" / "landmarks.json").read_text())["found"]) == 6
    monkeypatch.setattr("genconvit.train.landmarks.find_landmarks", lambda images, _: [() for _ in images])
    bare = trained(crops, tmp_path / "bare", **options)
    assert any("ellipse" in note for note in bare.notes)
    plain = TrainState.model_validate_json((tmp_path / "out" / "state" / "state.json").read_text())
    other = TrainState.model_validate_json((tmp_path / "bare" / "state" / "state.json").read_text())
    assert plain.fingerprint == other.fingerprint
    assert furthest(result.final, bare.final) > 0


def test_other_crops_leave_the_landmarks_of_a_training_as_they_are(tmp_path: Path) -> None:
    crops = make_crops(tmp_path / "crops")
    options: dict[str, Any] = {"self_blended_share": 0.5, "steps": 1}
    trained(crops, tmp_path / "out", **options)
    kept = (tmp_path / "out" / "landmarks.json").read_bytes()
    other = make_crops(tmp_path / "other", count=7)
    with pytest.raises(ConfigError, match="not those that the training in"):
        fit(small_config(other, tmp_path / "out", **options), resume=True)
    assert (tmp_path / "out" / "landmarks.json").read_bytes() == kept


def test_a_backbone_alone_is_trained_from_a_file_and_resumed_and_a_detector_takes_it(tmp_path: Path) -> None:
    crops = make_crops(tmp_path / "crops")
    first = BackboneConfig(name="test_resnet", num_classes=1000).build().net.state_dict()
    save_file(first, tmp_path / "first.safetensors")
    options: dict[str, Any] = {
        "architecture": "timm",
        "model": {"backbone": "test_resnet", "image_size": 64, "dropout": 0.2},
        "init": {"backbone": str(tmp_path / "first.safetensors")},
        "image_size": 32,
        "ema": 0.5,
        "optimiser": "adamw",
    }
    whole = trained(crops, tmp_path / "whole", **options)
    resumed = broken_off_and_resumed(crops, tmp_path / "resumed", 4, **options)
    assert furthest(whole.final, resumed.final) < 1e-6
    with Detector("timm", weights=resumed.final, device="cpu") as detector:
        scores = detector.score_faces(torch.zeros(2, 64, 64, 3, dtype=torch.uint8))
    assert len(scores) == 2
    header = header_of(read_tensors(Path(resumed.final)).metadata, Path(resumed.final))
    assert header is not None
    assert [file.name for file in header.made_from] == ["first.safetensors"]
    state = load_file(resumed.final)
    assert all(tensor.is_contiguous() for tensor in state.values())
    kernels = [name for name, tensor in state.items() if tensor.ndim == 4]
    moved = [float((state[name] - first[name.removeprefix("backbone.net.")]).abs().max()) for name in kernels]
    assert 0 < max(moved) < 0.1
