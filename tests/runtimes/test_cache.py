from __future__ import annotations

import importlib
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image

from genconvit import Detector
from genconvit.core.errors import ConfigError, WeightsError
from genconvit.registry import ARCHITECTURES
from genconvit.runtimes import cache
from genconvit.runtimes.cache import cache_folder, exported_once
from genconvit.runtimes.export import Written
from genconvit.runtimes.exported import check_device
from genconvit.runtimes.int8_options import Int8Options

from .conftest import OPTIONS


@pytest.fixture
def exports(onnx_path: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[Path]:
    """Paths that exports wrote to; an export writes a file that is there already."""
    written: list[Path] = []

    def copied(_: object, name: str, output: Path, **options: object) -> Written:
        assert (name, options["file_format"]) == ("timm", "onnx")
        shutil.copy(onnx_path, output)
        written.append(output)
        return Written((output,), 0.0)

    monkeypatch.setattr(cache, "export_model", copied)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return written


def opened(**options: Any) -> Detector:
    wanted = {"weights": "random", "runtime": "onnxruntime", **OPTIONS, **options}
    return Detector("timm", device="cpu", face_detector="mtcnn", **wanted)


def test_weights_are_exported_once(exports: list[Path]) -> None:
    for _ in range(2):
        with opened() as detector:
            assert detector.weights.origin == "random"
            assert not detector.weights.exported
            assert detector._open().parts.scorer.notes == ()
    assert len(exports) == 1
    assert exports[0].parent == cache_folder()


def test_another_config_is_another_file(exports: list[Path]) -> None:
    with opened(), opened(dropout=0.5):
        pass
    assert len(set(exports)) == 2


def test_int8_by_other_crops_is_another_file(exports: list[Path], tmp_path: Path) -> None:
    for colour in range(2):
        for number in range(8):
            Image.new("RGB", (8, 8), (colour, number, 0)).save(tmp_path / f"{number}.png")
        for bound in (0.1, 0.2):
            with (
                opened(),
                exported_once(
                    "timm",
                    ARCHITECTURES.load("timm"),
                    OPTIONS,
                    "random",
                    "onnxruntime",
                    Int8Options(str(tmp_path), bound),
                ),
            ):
                pass
    assert len(exports) == len(set(exports)) == 5


@pytest.mark.parametrize("package", ["torch", "onnxruntime"])
def test_another_version_is_another_file(exports: list[Path], monkeypatch: pytest.MonkeyPatch, package: str) -> None:
    version = cache._version
    with opened():
        monkeypatch.setattr(cache, "_version", lambda name: "other" if name == package else version(name))
    with opened():
        assert len(set(exports)) == 2


def test_another_line_of_code_is_another_file(exports: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    with opened():
        monkeypatch.setattr(cache, "_code_of", lambda _: "other")
    with opened():
        assert len(set(exports)) == 2


def test_the_code_of_a_class_is_that_of_its_file_and_the_librarys(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = tmp_path / "own_network.py"
    module.write_text("class Own: pass")
    monkeypatch.syspath_prepend(tmp_path)
    own = importlib.import_module("own_network").Own
    before = cache._code_of(own)
    assert cache._code_of(own) == before != cache._code_of(ARCHITECTURES.load("timm"))
    module.write_text("class Own: other = 1")
    assert cache._code_of(own) != before
    monkeypatch.delattr(sys.modules["own_network"], "__file__")
    assert cache._code_of(own) != cache._code_of(own)


def test_a_damaged_file_is_made_again(exports: list[Path]) -> None:
    with opened():
        exports[0].write_bytes(b"damaged")
    with opened():
        assert len(exports) == 2


def test_a_cache_that_cannot_be_written_is_no_failure(exports: list[Path]) -> None:
    cache_folder().parent.mkdir(parents=True)
    cache_folder().write_text("a file in the folder's place")
    with opened() as detector:
        (note,) = detector._open().parts.scorer.notes
    assert note.startswith(f"the exported network is not kept: {cache_folder()} cannot be written (")
    assert not exports[0].exists()


def test_no_place_at_all_is_an_error(exports: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> Written:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(cache, "export_model", full)
    with pytest.raises(WeightsError, match="cannot be written: No space left on device; make room, set TMPDIR, or use"):
        opened()
    assert exports == []


def test_a_precision_of_pytorchs_is_refused_before_anything_is_exported(exports: list[Path]) -> None:
    with pytest.raises(ConfigError, match="runtime 'onnxruntime' computes in fp32 or int8, got precision 'bf16'"):
        opened(precision="bf16")
    assert exports == []


def test_what_cannot_run_is_refused_before_anything_is_exported(exports: list[Path]) -> None:
    with pytest.raises(
        ConfigError, match=r"compile and cuda_graphs are for runtime 'torch', got runtime 'onnxruntime'"
    ):
        opened(compile=True)
    pytest.importorskip("openvino", reason="the extra openvino is not installed")
    with pytest.raises(
        ConfigError, match="runtime 'openvino' runs on the cpu and on Intel GPUs, got cuda; use device='cpu'"
    ):
        check_device("openvino", torch.device("cuda"))
    assert exports == []


def test_exported_files_are_kept_in_the_cache_of_the_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_folder() == tmp_path / ".cache" / "genconvit" / "exported"


def test_the_runtime_gets_pytorchs_number_of_threads(onnx_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import onnxruntime

    seen: list[int] = []
    session = onnxruntime.InferenceSession

    def recorded(path: str, options: Any, **others: Any) -> Any:
        seen.append(options.intra_op_num_threads)
        return session(path, options, **others)

    monkeypatch.setattr(onnxruntime, "InferenceSession", recorded)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 3)
    with Detector(weights=onnx_path, device="cpu", face_detector="mtcnn"):
        assert seen == [3] * 4  # MTCNN's three networks, and this one


def test_a_file_in_a_temporary_place_is_gone_after_the_block(exports: list[Path]) -> None:
    cls = ARCHITECTURES.load("timm")
    with exported_once("timm", cls, OPTIONS, "random", "onnxruntime") as (file, note):
        assert note is None
        assert file.path == exports[0]
    assert file.path.exists()
    shutil.rmtree(cache_folder())
    cache_folder().write_text("")
    with exported_once("timm", cls, OPTIONS, "random", "onnxruntime") as (file, note):
        assert note is not None
        assert file.path.exists()
    assert not file.path.exists()
