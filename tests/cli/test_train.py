from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch

from genconvit.cli.train_flags import FLAGS, MODEL_FLAGS, TrainFlags
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
        elif default is None or name in ("augment", "blend", "data", "freeze"):
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


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "nothing to train on; give --data DIR"),
        (("--data", "d", "--epochs", "x"), "epochs='x'"),
        (("--data", "d", "--ema", "1"), "ema='1'"),
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
