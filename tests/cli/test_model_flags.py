"""Flags of an architecture's own: one for each field of its config, a plugin's too."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal

import pytest
from torch import Tensor

from genconvit import Architecture, ArchitectureConfig, ModelOutput, register_architecture
from genconvit.registry import ARCHITECTURES

from .conftest import FakeDetector, Run

PLUGIN = Path(__file__).resolve().parents[1] / "plugin" / "src"


class TwinConfig(ArchitectureConfig):
    mode: Literal["twin"] = "twin"

    fusion_dim: int | None = None
    """Width of the [bold] fusion; None follows ``mode``."""

    attention: float = 0.5
    sharing: bool = True
    shape: tuple[int, int] = (1, 2)
    name: str = "twin"

    strict: int = 1
    """Number whose name is that of a flag of predict's."""

    config: str = "twin"
    face: bool = False


class Twin(Architecture):
    config_class = TwinConfig

    def __init__(self, config: TwinConfig) -> None:
        super().__init__(config)

    def forward(self, faces: Tensor) -> ModelOutput:
        return ModelOutput({"twin": faces.mean((2, 3))[:, :2]})


@pytest.fixture(autouse=True)
def twin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("COLUMNS", "250")
    register_architecture("twin", Twin)
    yield
    ARCHITECTURES.unregister("twin")


@pytest.fixture
def model(run: Callable[..., Run], fake: FakeDetector) -> Callable[..., dict[str, Any]]:
    """Function that gives the model's options that ``predict`` makes of flags."""

    def call(*arguments: object) -> dict[str, Any]:
        ended = run("predict", "clip.mp4", *arguments)
        assert ended.status == 0, ended.err
        return fake.configs[-1].model

    return call


def test_a_plugins_fields_are_flags(model: Callable[..., dict[str, Any]]) -> None:
    given = ("--fusion-dim", "64", "--no-sharing", "--shape", "[3, 4]", "--name=--odd", "--attention", "0.25")
    expected = {"fusion_dim": 64, "sharing": False, "shape": [3, 4], "name": "--odd", "attention": 0.25}
    assert model("--arch", "twin", *given) == expected
    assert model(*given, "--arch=twin") == expected
    assert model("--arch", "twin", "--sharing", "--mode", "twin", "--fusion-dim", "null") == {
        "mode": "twin",
        "sharing": True,
        "fusion_dim": None,
    }
    assert model("--arch", "v2", "--mode", "ed") == {"mode": "ed"}, "nothing is left of earlier calls"
    assert model("--arch", "twin") == {}


def test_any_way_to_name_the_architecture_will_do(model: Callable[..., dict[str, Any]], tmp_path: Path) -> None:
    file = tmp_path / "config.json"
    file.write_text('{"architecture": "twin", "model": {"fusion_dim": 3, "sharing": false}}')
    assert model("--config", file, "--fusion-dim", "4", "--attention", "1.5") == {
        "fusion_dim": 4,
        "sharing": False,
        "attention": 1.5,
    }
    assert model("--set", "architecture=twin", "--fusion-dim", "4") == {"fusion_dim": 4}
    assert model("--latent", "mean") == {"latent": "mean"}
    assert model("--weights", "embedded", "--size", "nano", "--fusion-dim", "128") == {
        "size": "nano",
        "fusion_dim": 128,
    }


def test_the_built_ins_have_a_flag_for_every_field(run: Callable[..., Run]) -> None:
    for name in ("original", "v2", "timm"):
        shown = run("predict", "--help", "--arch", name).out
        fields = ARCHITECTURES.load(name).config_class.model_fields
        assert [f for f in fields if f"--{f.replace('_', '-')} " not in shown] == []


@pytest.mark.parametrize("command", ["predict", "evaluate", "robustness", "bench", "train"])
def test_help_shows_the_flags_of_the_architecture_that_is_named(run: Callable[..., Run], command: str) -> None:
    plain = run(command, "--help").out
    assert "--fusion-dim" not in plain
    assert "--mode" in plain
    shown = run(command, "--arch", "twin", "--help").out
    (line,) = [line for line in shown.splitlines() if "--fusion-dim" in line]
    assert "Width of the [bold] fusion; None follows mode." in line
    assert "--no-sharing" in shown
    assert "--size nano" not in shown.split("Examples:")[0]
    assert "V2: cross-attention" not in shown
    assert shown.index("Model ─" if command != "bench" else "--arch") < shown.index("--fusion-dim")


def test_a_comparison_has_the_flags_of_its_variants(run: Callable[..., Run], tmp_path: Path) -> None:
    assert "--fusion-dim" in run("compare", "--variant", "twin:name=x", "--variant", "v2", "--help").out
    ended = run("compare", tmp_path, "--no-plots", "--fusion-dim", "64", "--variant", "v2", "--variant", "original")
    assert ended.status == 2
    assert "unknown option 'fusion_dim'" in ended.err
    ended = run("compare", tmp_path, "--no-plots", "--fusion-dmi", "64")
    assert ended.status == 2
    assert "(did you mean '--fusion-dim'?); the flags of architecture 'original' or 'v2' are" in ended.err


def test_help_without_an_architecture_loads_no_network_library() -> None:
    code = """
import sys
from genconvit.cli import main
for words in (["predict", "--help"], ["train", "--help"], ["compare", "--help"]):
    sys.argv = ["genconvit", *words]
    try:
        main()
    except SystemExit as ended:
        assert not ended.code
print("loaded:", *sorted({"torch", "timm", "genconvit.models.base"} & sys.modules.keys()))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=900)
    assert done.stdout.splitlines()[-1].strip() == "loaded:", done.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--fusion-dmi", "3"), "No such option: --fusion-dmi (did you mean '--fusion-dim'?); the flags of"),
        (("--fusion-dmi=3",), "architecture 'twin' are --mode, --fusion-dim, --attention, --sharing, --shape, --name"),
        (("--fraems", "3"), "(did you mean '--frames'?)"),
        (("--fusion-dim",), "requires an argument"),
        (("--fusion-dim", "[" * 100_000), "--fusion-dim: its value is nested too deeply"),
        (("--fusion-dim", "3", "--set", "fusion_dim=4"), "both as --set fusion_dim=4 and as --fusion-dim"),
        (("--no-sharing", "--set", "sharing=true"), "both as --set sharing=true and as --no-sharing"),
        (
            ("--size", "nano"),
            "--size does not apply to architecture 'twin', which has no size (it has mode, fusion_dim",
        ),
        (("--no-residual",), "--no-residual does not apply to architecture 'twin'"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_wrong_flag_is_one_message(
    run: Callable[..., Run], fake: FakeDetector, arguments: tuple[str, ...], message: str
) -> None:
    ended = run("predict", "clip.mp4", "--arch", "twin", *arguments)
    assert ended.status == 2
    assert message in " ".join(ended.err.replace("│", " ").split())
    assert "Traceback" not in ended.err
    assert fake.configs == []


def test_a_flag_of_the_command_keeps_its_meaning(model: Callable[..., dict[str, Any]], run: Callable[..., Run]) -> None:
    assert model("--arch", "twin", "--no-strict", "--fusion-dim", "3", "--set", "strict=5") == {
        "fusion_dim": 3,
        "strict": 5,
    }
    assert "'5' is no name" not in run("predict", "--arch", "twin", "--config", "nowhere.json").err
    assert "--face/--no-face" not in run("evaluate", "--arch", "twin", "--help").out


def test_words_behind_two_dashes_are_sources(run: Callable[..., Run], fake: FakeDetector) -> None:
    assert run("predict", "--arch", "twin", "--fusion-dim", "3", "--", "--fusion-dim").status == 0
    assert fake.configs[-1].model == {"fusion_dim": 3}


def test_a_detectors_option_as_a_field_is_refused(run: Callable[..., Run], fake: FakeDetector) -> None:
    class Own(TwinConfig):
        frames: int = 3

    class Odd(Twin):
        config_class = Own

    register_architecture("odd", Odd)
    try:
        ended = run("predict", "clip.mp4", "--arch", "odd", "--fusion-dim", "3")
    finally:
        ARCHITECTURES.unregister("odd")
    assert ended.status != 0
    assert "has fields that are the detector's own: frames" in ended.err
    assert fake.configs == []


def test_a_training_has_them_too(run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    configs: list[Any] = []

    def fit(config: Any, **_: object) -> None:
        configs.append(config)
        raise KeyboardInterrupt

    monkeypatch.setattr("genconvit.train.fit.fit", fit)
    train = ("train", "--data", tmp_path, "--out", tmp_path)
    run(*train, "--arch", "twin", "--fusion-dim", "64", "--no-sharing", "--set", "name=x")
    run(*train, "--arch", "v2", "--size", "nano", "--no-attention", "--latent-seed", "3", "--image-size", "64")
    assert configs[0].model == {"fusion_dim": 64, "sharing": False, "name": "x"}
    assert configs[1].model == {"size": "nano", "attention": False, "latent_seed": 3}
    assert configs[1].image_size == 64, "the training's own flag"
    twice = run(*train, "--arch", "twin", "--fusion-dim", "64", "--set", "fusion_dim=3")
    assert twice.status == 2
    assert "fusion_dim is given both as --set and as a flag of its own" in twice.err
    (tmp_path / "config.json").write_text(json.dumps(configs[0].model_dump(mode="json")))
    run("train", "--resume", "--out", tmp_path, "--fusion-dim", "65")
    assert configs[2].model == {"fusion_dim": 65, "sharing": False, "name": "x"}
    assert len(configs) == 3


def test_a_shell_completes_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(PLUGIN)
    for words, found in (("--arch v2 --fus", ["--fusion-dim"]), ("--fus", []), ("--arch nowhere --fram", ["--frames"])):
        full = f"genconvit predict {words}"
        environment = {"_GENCONVIT_COMPLETE": "complete_bash", "COMP_WORDS": full, "COMP_CWORD": str(full.count(" "))}
        code = "import os, sys; sys.argv = ['genconvit']; from genconvit.cli import main; main()"
        done = subprocess.run(
            [sys.executable, "-c", f"import os; os.environ.update({environment!r}); {code}"],
            capture_output=True,
            text=True,
            timeout=900,
        )
        assert done.stdout.split() == found, done.stderr


def test_the_example_plugins_fields_are_flags(
    run: Callable[..., Run], fake: FakeDetector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(PLUGIN)
    register_architecture("siamese", importlib.import_module("genconvit_plugin_example").Siamese)
    try:
        ended = run("predict", "clip.mp4", "--arch", "siamese", "--fusion-dim", "64", "--branch", '{"image_size": 64}')
        assert "--branch" in run("predict", "--arch", "siamese", "--help").out
        wrong = run("predict", "clip.mp4", "--arch", "siamese", "--fusion-dmi", "64")
    finally:
        ARCHITECTURES.unregister("siamese")
        del sys.modules["genconvit_plugin_example"]
    assert ended.status == 0, ended.err
    assert fake.configs[0].model == {"fusion_dim": 64, "branch": {"image_size": 64}}
    assert wrong.status == 2
    assert "did you mean '--fusion-dim'?" in wrong.err
