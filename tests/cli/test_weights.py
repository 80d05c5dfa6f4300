from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors import SafetensorError

from genconvit import Detector
from genconvit.cli.weights import Stored
from genconvit.core.cut import SquareRule
from genconvit.results.provenance import WeightsFile
from genconvit.weights.library_file import STORED_PRECISIONS, FileHeader, write
from stubs import register_stubs, ship_grey
from weights.reference_files import ed_checkpoint, save

from .conftest import Run


@pytest.fixture(scope="module")
def ed_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save(ed_checkpoint(), tmp_path_factory.mktemp("reference") / "ed.pth")


def test_show_says_whose_file_it_is_and_how_much_of_it_is_used(run: Callable[..., Run], ed_file: Path) -> None:
    out = run("weights", "show", ed_file).out
    assert "network ed of the original GenConViT: 30,157,753 values take part" in out
    assert "SHA-256: " in out


def test_convert_writes_a_file_that_predict_takes(run: Callable[..., Run], ed_file: Path, tmp_path: Path) -> None:
    target = tmp_path / "ed.safetensors"
    ended = run("weights", "convert", "--weights", f"ed={ed_file}", "--output", target, "--precision", "bf16")
    assert ended.status == 0
    assert "MB, bf16)" in ended.out
    shown = run("weights", "show", target).out
    assert "for architecture original" in shown
    assert "made from: ed.pth" in shown
    with Detector("original", weights=target, device="cpu") as detector:
        assert detector.config.model == {}
        assert detector.model.config.mode == "ed"
        assert detector.weights.files[0].name == "ed.safetensors"


def test_convert_writes_a_file_of_the_librarys_own_in_another_precision(
    run: Callable[..., Run], tmp_path: Path
) -> None:
    header = FileHeader(
        library_version="0",
        architecture="v2",
        config={"mode": "v2"},
        trained=True,
        crop_rules={"mtcnn": SquareRule(side=0.83, shift_down=0.056)},
    )
    source, target = tmp_path / "best.safetensors", tmp_path / "small.safetensors"
    write(source, {"weight": torch.rand(10)}, header, "fp32")
    ended = run("weights", "convert", "--weights", source, "--output", target, "--precision", "fp16")
    assert ended.status == 0, ended.err
    assert "(1 tensors, 0 MB, fp16)" in ended.out
    shown = run("weights", "show", target).out
    assert "made from: best.safetensors" in shown
    assert "crops for mtcnn: 0.83 heights of its box, centre 0.056 below" in shown
    assert [each.value for each in Stored] == list(STORED_PRECISIONS)
    for flag in (["--size", "nano"], ["--variational"]):
        refused = run("weights", "convert", "--weights", source, "--output", tmp_path / "other.safetensors", *flag)
        assert (refused.status, "are for the original's files" in refused.err) == (2, True)


def test_convert_refuses_another_suffix(run: Callable[..., Run], ed_file: Path, tmp_path: Path) -> None:
    ended = run("weights", "convert", "--weights", f"ed={ed_file}", "--output", tmp_path / "ed.pth")
    assert ended.status == 2
    assert "must end in .safetensors" in ended.err


@pytest.mark.parametrize("folder", ["nowhere", "/proc"])
def test_convert_looks_at_the_output_before_it_loads(run: Callable[..., Run], tmp_path: Path, folder: str) -> None:
    ended = run("weights", "convert", "--weights", "ed=missing.pth", "--output", tmp_path / folder / "x.safetensors")
    assert ended.status == 2
    assert "cannot be written" in ended.err
    assert not (tmp_path / "nowhere").exists()


def test_convert_refuses_to_overwrite_what_it_reads(run: Callable[..., Run], tmp_path: Path) -> None:
    path = tmp_path / "ed.safetensors"
    path.write_bytes(b"weights")
    ended = run("weights", "convert", "--weights", f"ed={path}", "--output", path)
    assert (ended.status, path.read_bytes()) == (2, b"weights")
    assert "is also read" in ended.err


def test_convert_without_room_says_why(
    run: Callable[..., Run], ed_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise SafetensorError("I/O error: No space left on device")

    monkeypatch.setattr("genconvit.weights.library_file.save_file", fail)
    target = tmp_path / "ed.safetensors"
    ended = run("weights", "convert", "--weights", f"ed={ed_file}", "--output", target)
    assert ended.status == 1
    assert f"{target} cannot be written: I/O error: No space left on device" in ended.err
    assert list(tmp_path.iterdir()) == []


def test_what_a_file_says_cannot_steer_the_terminal(run: Callable[..., Run], tmp_path: Path) -> None:
    made_from = (WeightsFile(name="\x1b[31mred\u202e.pth", sha256="0"),)
    header = FileHeader(
        library_version="\x1b]0;title\x07", architecture="\x9b", config={"\x1b": 1}, trained=True, made_from=made_from
    )
    path = tmp_path / "\x1b[1mbold.safetensors"
    write(path, {"weight": torch.zeros(1)}, header, "fp32")
    ended = run("weights", "show", path)
    assert ended.status == 0
    assert not set(ended.out) & {"\x1b", "\x9b", "\x07", "\u202e"}
    assert len(ended.out.splitlines()) == 7
    assert "made from: \\x1b[31mred\\u202e.pth" in ended.out


class Payload:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return exec, ("open('executed', 'w').close()",)


@pytest.mark.parametrize("command", [("weights", "show"), ("predict", "clip.mp4", "--mode", "ed", "--weights")])
def test_a_pickle_with_code_in_it_is_refused_and_not_run(
    run: Callable[..., Run], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    torch.save({"state_dict": Payload()}, "evil.pth")
    ended = run(*command, "evil.pth")
    assert ended.status == 1
    assert "could run code" in ended.err
    assert "safetensors" in ended.err
    assert not Path("executed").exists()


def test_show_without_a_file_says_what_is_cached(
    run: Callable[..., Run], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    ended = run("weights", "show")
    assert ended.status == 0
    assert ended.out.count("not on this machine") == 2


def test_show_says_what_the_weights_are_that_ship(
    run: Callable[..., Run], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    register_stubs(monkeypatch)
    card = ship_grey(monkeypatch, tmp_path / "embedded", {"mtcnn": SquareRule(side=0.83, shift_down=0.056)})
    out = run("weights", "show", "embedded").out
    for line in (f"terms: {card.licence}", card.about, "crops for mtcnn: 0.83 heights of its box, centre 0.056 below"):
        assert line in out.splitlines()
    assert "terms: the authors' terms" in run("weights", "show").out
