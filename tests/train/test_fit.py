from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from genconvit.core.errors import ConfigError, DatasetError, TrainingError
from genconvit.registry import ARCHITECTURES
from genconvit.train.fit import fit
from genconvit.train.state import TrainState
from genconvit.weights.checkpoint import read_tensors
from genconvit.weights.library_file import header_of
from genconvit.weights.load import load_model

from .runs import broken_off_and_resumed, furthest, trained
from .small import Small, make_crops, small_config

pytestmark = pytest.mark.usefixtures("small", "no_curves")


@pytest.fixture(scope="module")
def crops(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_crops(tmp_path_factory.mktemp("crops"))


def test_a_training_learns_and_leaves_weights_that_say_how_they_were_made(crops: Path, tmp_path: Path) -> None:
    result = trained(crops, tmp_path / "out", epochs=12, learning_rate=0.03)
    assert result.best == str(tmp_path / "out" / "best.safetensors")
    assert result.best_value == 1
    assert result.history[-1].valid_loss < result.history[0].valid_loss
    loaded = load_model("small", Small, {}, result.final)
    assert loaded.info.trained
    with (tmp_path / "out" / "history.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [int(row["epoch"]) for row in rows] == list(range(1, 13))
    assert (tmp_path / "out" / "examples.png").exists()
    assert TrainState.model_validate_json((tmp_path / "out" / "state" / "state.json").read_text()).finished


def test_a_validation_leaves_no_trace_in_the_training(crops: Path, tmp_path: Path) -> None:
    result = trained(crops, tmp_path / "out")
    assert int(load_file(result.final)["encoder.1.num_batches_tracked"]) == result.steps == 6
    rare = trained(crops, tmp_path / "rare", validate_every=2)
    assert len(rare.history) == 1
    assert furthest(result.final, rare.final) == 0


def test_the_header_holds_config_measures_and_fingerprint(crops: Path, tmp_path: Path) -> None:
    result = trained(crops, tmp_path / "out", epochs=1)
    header = header_of(read_tensors(Path(result.final)).metadata, Path(result.final))
    assert header is not None
    assert header.training is not None
    assert header.training["config"]["batch_size"] == 4  # type: ignore[index, call-overload]
    assert header.training["measured"] == [result.history[0].model_dump(mode="json")]
    assert len(str(header.training["data_sha256"])) == 64
    assert str(crops) not in header.model_dump_json()


def test_the_same_seed_ends_alike_and_another_does_not(crops: Path, tmp_path: Path) -> None:
    torch.manual_seed(5)
    before = torch.get_rng_state()
    one = trained(crops, tmp_path / "one")
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(99)
    assert furthest(one.final, trained(crops, tmp_path / "two").final) == 0
    assert furthest(one.final, trained(crops, tmp_path / "three", seed=1).final) > 0


@pytest.mark.parametrize("step", [1, 3, 4])
def test_a_run_that_is_broken_off_ends_as_one_that_is_not(crops: Path, tmp_path: Path, step: int) -> None:
    options: dict[str, Any] = {
        "ema": 0.9,
        "balance": True,
        "clip_norm": 1.0,
        "accumulation": 2,
        "batch_size": 2,
        "freeze": ("encoder",),
        "unfreeze_epoch": 1,
        "schedule": "plateau",
        "optimiser": "adamw",
    }
    whole = trained(crops, tmp_path / "whole", **options)
    resumed = broken_off_and_resumed(crops, tmp_path / "resumed", step, **options)
    assert whole.steps == resumed.steps == 6
    assert furthest(whole.final, resumed.final) < 1e-6
    assert [row.model_copy(update={"seconds": 0}) for row in whole.history] == [
        row.model_copy(update={"seconds": 0}) for row in resumed.history
    ]


def test_workers_change_nothing(crops: Path, tmp_path: Path) -> None:
    alone, helped = (trained(crops, tmp_path / str(count), workers=count) for count in (0, 2))
    assert furthest(alone.final, helped.final) == 0


def test_steps_end_a_run_in_the_middle_of_an_epoch(crops: Path, tmp_path: Path) -> None:
    result = trained(crops, tmp_path / "out", steps=4)
    assert result.steps == 4
    assert [(row.epoch, row.step) for row in result.history] == [(1, 3), (2, 4)]


def test_a_run_that_gets_no_better_stops(crops: Path, tmp_path: Path) -> None:
    options: dict[str, Any] = {"epochs": 9, "learning_rate": 1e-12, "weight_decay": 0, "patience": 2, "ema": 0.5}
    result = trained(crops, tmp_path / "out", **options)
    assert result.stopped_early
    assert len(result.history) < 9
    assert fit(small_config(crops, tmp_path / "out", **options), resume=True).steps == result.steps


def test_frozen_parameters_stay_and_others_do_not(crops: Path, tmp_path: Path) -> None:
    first = trained(crops, tmp_path / "first", steps=1, freeze=("encoder",))
    last = load_file(trained(crops, tmp_path / "last", freeze=("encoder",)).final)
    for name, tensor in load_file(first.final).items():
        assert torch.equal(tensor, last[name]) == name.startswith("encoder"), name


def test_an_image_that_cannot_be_read_is_skipped_and_counted(tmp_path: Path) -> None:
    crops = make_crops(tmp_path / "crops")
    (crops / "train" / "fake" / "fake0_train.png").write_bytes(b"no image")
    result = trained(crops, tmp_path / "out", batch_size=1)
    assert result.skipped == 2
    assert result.steps == 24


def test_no_readable_image_is_an_error(tmp_path: Path) -> None:
    crops = make_crops(tmp_path / "crops")
    for path in (crops / "train").rglob("*.png"):
        path.write_bytes(b"no image")
    with pytest.raises(DatasetError, match="none of the crops can be read"):
        trained(crops, tmp_path / "out")


def test_images_that_go_away_while_training_are_an_error(
    crops: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("genconvit.train.feed.Keyed.__getitem__", lambda *_: [])
    with pytest.raises(TrainingError, match=r"not one image of epoch 1 could be read \(12 were tried\)"):
        trained(crops, tmp_path / "out")


@pytest.mark.parametrize("split", ["train", "valid"])
def test_an_empty_class_is_an_error_before_anything_runs(tmp_path: Path, split: str) -> None:
    crops = make_crops(tmp_path / "crops")
    for path in (crops / split / "real").iterdir():
        path.unlink()
    with pytest.raises(DatasetError, match=split):
        trained(crops, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_loss_that_is_not_finite_is_an_error_and_what_was_saved_stays(crops: Path, tmp_path: Path) -> None:
    config = small_config(crops, tmp_path / "out", learning_rate=1e30, checkpoint_steps=1, schedule="step")
    with pytest.raises(TrainingError, match=r"not finite in step \d, epoch 1: classification .*lower learning_rate"):
        fit(config)
    saved = TrainState.model_validate_json((tmp_path / "out" / "state" / "state.json").read_text())
    tensors = load_file(tmp_path / "out" / "state" / saved.tensors)
    assert all(tensor.isfinite().all() for tensor in tensors.values())


def test_a_folder_that_holds_a_training_is_not_written_over(crops: Path, tmp_path: Path) -> None:
    trained(crops, tmp_path / "out", steps=1)
    with pytest.raises(ConfigError, match="holds a training already; go on with resume=True"):
        trained(crops, tmp_path / "out", steps=1)


def test_another_config_does_not_resume_a_training(crops: Path, tmp_path: Path) -> None:
    trained(crops, tmp_path / "out", steps=1)
    with pytest.raises(ConfigError, match=r"another config: learning_rate=0\.5 instead of 0\.01"):
        fit(small_config(crops, tmp_path / "out", steps=1, learning_rate=0.5), resume=True)
    assert fit(small_config(crops, tmp_path / "out", steps=1, workers=1), resume=True).steps == 1


def test_other_crops_do_not_resume_a_training(tmp_path: Path) -> None:
    crops = make_crops(tmp_path / "crops")
    trained(crops, tmp_path / "out", steps=1)
    (crops / "train" / "real" / "real0_train.png").unlink()
    with pytest.raises(ConfigError, match=r"not those that the training in .* began with"):
        fit(small_config(crops, tmp_path / "out", steps=1), resume=True)


def test_bf16_trains_and_leaves_whole_weights(crops: Path, tmp_path: Path) -> None:
    result = trained(crops, tmp_path / "out", precision="bf16", steps=2)
    assert {tensor.dtype for tensor in load_file(result.final).values()} == {torch.float32, torch.int64}


def test_tensorboard_gets_what_is_measured(crops: Path, tmp_path: Path) -> None:
    trained(crops, tmp_path / "out", steps=1, tensorboard=True)
    (events,) = (tmp_path / "out" / "tensorboard").iterdir()
    written = events.read_bytes()
    assert all(name in written for name in (b"train/loss", b"train/reconstruction_vae", b"valid/roc_auc"))


def test_wandb_is_asked_for_by_name_or_not_at_all(crops: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="pip install wandb"):
        trained(crops, tmp_path / "out", steps=1, wandb="project")


def test_self_blended_fakes_need_no_fakes_and_are_the_same_in_every_validation(tmp_path: Path) -> None:
    crops = make_crops(tmp_path / "crops")
    for path in crops.rglob("fake/*.png"):
        path.unlink()
    options: dict[str, Any] = {"self_blended": True, "learning_rate": 1e-12, "weight_decay": 0}
    result = trained(crops, tmp_path / "out", **options)
    assert result.steps == 4
    assert [row.roc_auc is not None or row.accuracy == 0.5 for row in result.history] == [True, True]
    assert any("reals without landmarks" in note for note in result.notes)


def test_the_real_network_takes_a_step_and_is_resumed(tmp_path: Path) -> None:
    crops = make_crops(tmp_path / "crops", count=1, valid=1)
    options: dict[str, Any] = {
        "architecture": "v2",
        "model": {"size": "nano", "image_size": 64},
        "freeze": ("branches",),
        "unfreeze_epoch": 1,
        "kl_weight": 1e-6,
    }
    result = broken_off_and_resumed(crops, tmp_path / "out", 1, **options)
    assert result.steps == 2
    info = load_model("v2", ARCHITECTURES.load("v2"), {}, result.final).info
    assert info.trained


def test_states_are_not_written_in_shards(crops: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from accelerate import Accelerator, DistributedType

    monkeypatch.setattr(Accelerator, "distributed_type", property(lambda _: DistributedType.FSDP))
    with pytest.raises(ConfigError, match=r"accelerate was configured for FSDP.*; use DDP"):
        trained(crops, tmp_path / "out")
    assert not (tmp_path / "out").exists()
