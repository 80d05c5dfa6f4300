from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from genconvit.cli.flags import MODEL_FLAGS
from genconvit.cli.train_flags import FLAGS, TrainFlags
from genconvit.crops.folder import read_crops
from genconvit.crops.manifest import write_manifest
from genconvit.nn.backbone import BackboneConfig
from genconvit.registry import ARCHITECTURES
from genconvit.train.augment import AugmentConfig
from genconvit.train.config import TrainConfig
from train.small import Small, make_crops

from .conftest import Run

QUICK = ("--arch", "small", "--init", "random", "--device", "cpu", "--workers", "0", "--no-tensorboard")


@pytest.fixture
def crops(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    monkeypatch.setitem(ARCHITECTURES._registered, "small", Small)
    monkeypatch.setattr("genconvit.train.fit.write_curves", lambda *_: ())
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield make_crops(tmp_path / "crops")
    torch.set_num_threads(threads)


def config_of(**given: object) -> TrainConfig:
    return TrainFlags(dict.fromkeys(FLAGS) | given, {}).config()


def test_every_field_is_a_flag() -> None:
    assert {*FLAGS, "model"} == TrainConfig.model_fields.keys()


def test_the_help_tells_the_true_defaults() -> None:
    for name, (_, _, shown) in FLAGS.items():
        default = TrainConfig.model_fields[name].default
        if shown.replace(".", "").isdecimal():
            assert float(shown) == default, name
        elif default is None or name in ("augment", "blend", "crop_rules", "data", "freeze", "hold_out", "pair_mix"):
            assert not shown.isdecimal(), name
        elif not isinstance(default, (bool, float)):
            assert shown == str(default), name


def test_a_training_runs_from_the_command_line_and_is_resumed(
    run: Callable[..., Run], crops: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    ended = run("train", "--data", crops, "--out", out, *QUICK, "--steps", "2", "--batch-size", "4")
    assert ended.status == 0, ended.err
    assert f"last: {out / 'final.safetensors'}" in ended.out
    assert "epoch 1: loss" in ended.err
    again = run("train", "--data", crops, "--out", out, *QUICK, "--steps", "2")
    assert again.status == 2
    assert "holds a training already; go on with" in again.err
    resumed = run("train", "--out", out, "--resume")
    assert resumed.status == 0, resumed.err
    assert resumed.out == ended.out
    mistyped = run("train", "--out", tmp_path / "uot", "--resume")
    assert mistyped.status == 2
    assert f"no training lies in {str(tmp_path / 'uot')!r}, so there is none to resume" in mistyped.err
    assert not (tmp_path / "uot").exists()
    other = run("train", "--out", out, "--resume", "--steps", "5")
    assert other.status == 2
    assert "steps=5 instead of 2" in other.err


def test_flags_go_before_the_file_and_the_models_own_fields_are_set(tmp_path: Path) -> None:
    file = tmp_path / "config.json"
    file.write_text(json.dumps({"data": "crops", "epochs": 3, "seed": 7, "model": {"size": "tiny", "latent": "mean"}}))
    config = TrainFlags({"epochs": "5", "augment": "robust"}, {"size": "large"}, file).config()
    assert (config.data, config.epochs, config.seed) == ("crops", 5, 7)
    assert config.model == {"size": "large", "latent": "mean"}
    assert config.augment == AugmentConfig.preset("robust")


def test_values_are_read_as_what_they_are() -> None:
    config = config_of(data="d", freeze=["branches", "head"], init=["ed=a.pth", "vae=b.pth"], ema="0.9", balance=True)
    assert config.freeze == ("branches", "head")
    assert config.init == {"ed": "a.pth", "vae": "b.pth"}
    assert (config.ema, config.balance) == (0.9, True)


def test_backbones_begin_with_files_that_init_names(run: Callable[..., Run], crops: Path, tmp_path: Path) -> None:
    torch.manual_seed(0)
    first = BackboneConfig(name="test_resnet", num_classes=9).build().net.state_dict()
    save_file(first, tmp_path / "lite.safetensors")
    model = ("--arch", "timm", "--set", "backbone=test_resnet", "--set", "image_size=64", "--image-size", "32")
    begin = ("--init", f"backbone={tmp_path / 'lite.safetensors'}", "--learning-rate", "1e-9", "--steps", "1")
    quick = ("--device", "cpu", "--workers", "0", "--no-tensorboard", "--batch-size", "4")
    out = tmp_path / "out"
    ended = run("train", "--data", crops, "--out", out, *model, *begin, *quick)
    assert ended.status == 0, ended.err
    kept = load_file(out / "final.safetensors")
    torch.testing.assert_close(kept["backbone.net.conv1.0.weight"], first["conv1.0.weight"], rtol=0, atol=1e-6)
    resumed = run("train", "--out", out, "--resume")
    assert resumed.status == 0, resumed.err
    wrong = run("train", "--data", crops, "--out", tmp_path / "other", *model, *quick, "--init", "ed.backbone=x")
    assert wrong.status == 1
    assert "init ed.backbone='x' names no backbone of this model" in wrong.err


def test_held_out_values_are_told_beside_the_others(run: Callable[..., Run], crops: Path, tmp_path: Path) -> None:
    records = [
        record.model_copy(update={"groups": {"method": "a" if "0_" in record.crop else "b"}})
        if record.label == "FAKE"
        else record
        for record in read_crops(crops).records
    ]
    write_manifest(crops, records)
    train = ("train", "--data", crops, *QUICK, "--steps", "1", "--batch-size", "4")
    ended = run(*train, "--out", tmp_path / "out", "--hold-out", "method=a")
    assert ended.status == 0, ended.err
    assert re.search(r"valid: loss \S+, ROC AUC \S+, of unseen fakes [01]\.\d{4}", ended.err)
    assert "held out, method=a: crops of the training split, which are never shown: 1" in ended.err
    other = run(*train, "--out", tmp_path / "other", "--hold-out", "method=c")
    assert (other.status, other.out) == (2, "")
    assert "those of 'method' are: a, b" in other.err


def test_a_group_is_held_out_with_several_values() -> None:
    config = config_of(data="d", hold_out=["method=a", "kind=x=y", "method=b"])
    assert config.hold_out == {"method": ("a", "b"), "kind": ("x=y",)}
    assert TrainConfig(data="d", hold_out={"method": "a"}).hold_out == {"method": ("a",)}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "nothing to train on; give --data DIR"),
        (("--data", "d", "--epochs", "x"), "epochs='x'"),
        (("--data", "d", "--ema", "1"), "ema='1'"),
        (("--data", "d", "--hold-out", "method"), "--hold-out takes GROUP=VALUE, got 'method'"),
        (("--data", "d", "--hold-out", "a=b", "--self-blended"), "hold_out={'a': ('b',)} holds out nothing"),
        (("--data", "d", "--pairs", "--self-blended"), "pairs=True and self_blended_share=0 have nothing to do"),
        (("--data", "d", "--self-blended-share", "1"), "self_blended_share='1'"),
        (("--data", "d", "--augment", "wild"), "there is no augmentation 'wild'"),
        (("--data", "d", "--mode", "ed", "--set", "mode=vae"), "mode is given both"),
        (("--data", "d", "--unfreeze-epoch", "2"), "unfreeze_epoch=2 has nothing to unfreeze"),
        (("--data", "d", "--config", "absent.json"), "--config 'absent.json' cannot be read"),
    ],
)
def test_a_wrong_option_is_one_message(run: Callable[..., Run], arguments: tuple[str, ...], message: str) -> None:
    ended = run("train", *arguments)
    assert (ended.status, ended.out) == (2, "")
    assert message in ended.err


def test_models_flags_are_fields_of_the_architectures() -> None:
    assert MODEL_FLAGS.keys() <= ARCHITECTURES.load("v2").config_class.model_fields.keys()
