from __future__ import annotations

import sys
from pathlib import Path

import pytest
import torch

from genconvit import Detector
from genconvit.core import device as module
from genconvit.core import processor
from genconvit.core.device import Device, Precision, device_beside, resolve_device, resolve_precision
from genconvit.core.errors import ConfigError


def test_auto_takes_what_is_there() -> None:
    wanted = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    assert resolve_device("auto").type == wanted
    assert resolve_device("cpu") == "cpu"


def test_a_device_by_name_is_pytorchs_own_to_pytorch() -> None:
    for name in ("cpu", "cuda:1", "mps", "cuda"):
        device, wanted = Device(name), torch.device(name)
        assert (device.type, device.index, str(device)) == (wanted.type, wanted.index, str(wanted))
        assert Device(wanted) == device
    assert torch.zeros(1, device=Device("cpu")).to(Device("cpu")).device == torch.device("cpu")


@pytest.mark.parametrize("driver", ["nvidia0", "nvidiactl", "kfd", "dxg"])
def test_pytorch_is_asked_for_a_gpu_where_there_is_a_driver(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, driver: str
) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(module, "_DEV", tmp_path)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert resolve_device("auto") == "cpu"
    tmp_path.joinpath(driver).touch()
    assert resolve_device("auto") == "cuda"


@pytest.mark.parametrize("name", ["gpu", "cuda:x", "", "cpu cpu", "xpu:x", "xpu:1\n"])
def test_a_name_that_is_no_device_is_an_error(name: str) -> None:
    with pytest.raises(ConfigError, match="is no device; use 'auto'"):
        resolve_device(name)


@pytest.mark.parametrize("name", ["cuda:99", "cpu:7", "meta"])
def test_a_device_that_is_not_there_is_never_replaced(name: str) -> None:
    with pytest.raises(ConfigError, match="not available here"):
        resolve_device(name)


@pytest.mark.parametrize(("name", "index"), [("xpu", None), ("xpu:1", 1)])
def test_an_intel_gpu_has_the_networks_alone(name: str, index: int | None) -> None:
    device = resolve_device(name)
    assert (device, device.type, device.index) == (name, "xpu", index)
    assert resolve_precision("auto", device) == "fp32"
    assert device_beside(device) == "cpu"
    assert device_beside(Device("cuda:1")) == "cuda:1"


@pytest.mark.parametrize("choice", ["fp32", "bf16"])
def test_a_precision_that_was_asked_for_is_taken(choice: Precision) -> None:
    assert resolve_precision(choice, torch.device("cpu")) == choice


@pytest.mark.parametrize(
    ("flags", "precision"),
    [
        ("fpu avx512f amx_bf16 amx_tile", "bf16"),
        ("avx2 avx512f avx512_bf16", "bf16"),
        ("avx2 avx512f avx512_vnni", "fp32"),
        ("", "fp32"),
    ],
)
def test_auto_reads_what_linux_says_of_the_cpu(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, flags: str, precision: str
) -> None:
    said = tmp_path / "cpuinfo"
    said.write_text(f"processor\t: 0\nbugs\t\t: amx_bf16\nflags\t\t: {flags}\n")
    monkeypatch.setattr(processor, "_CPU_INFO", said)
    assert resolve_precision("auto", Device("cpu")) == precision


@pytest.mark.parametrize(
    ("has", "precision"),
    [({"amx_bf16": True}, "bf16"), ({"avx512_bf16": True}, "bf16"), ({"avx512_f": True, "avx2": True}, "fp32")],
    ids=["AMX", "AVX512-BF16", "AVX-512 alone"],
)
def test_auto_asks_pytorch_where_the_system_says_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, has: dict[str, bool], precision: str
) -> None:
    monkeypatch.setattr(processor, "_CPU_INFO", tmp_path / "none")
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: has, raising=False)
    assert resolve_precision("auto", torch.device("cpu")) == precision


def test_auto_asks_an_older_torch_in_its_own_way(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(processor, "_CPU_INFO", tmp_path / "none")
    monkeypatch.delattr(torch.cpu, "get_capabilities", raising=False)
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: False)
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: True)
    assert resolve_precision("auto", torch.device("cpu")) == "bf16"


def test_auto_leaves_mps_in_fp32() -> None:
    assert resolve_precision("auto", torch.device("mps")) == "fp32"


def test_the_result_says_which_precision_auto_took(detector: Detector, portrait_clip: Path) -> None:
    taken = resolve_precision("auto", torch.device("cpu"))
    assert detector.config.precision == "auto"
    assert detector.predict(portrait_clip).provenance.precision == taken


def test_the_processor_is_named_even_where_the_system_lists_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    said = tmp_path / "cpuinfo"
    said.write_text("processor\t: 0\nmodel name\t: Some: CPU\nmodel name\t: another\n")
    monkeypatch.setattr(processor, "_CPU_INFO", said)
    assert processor.processor_name() == "Some: CPU"
    said.unlink()
    assert processor.processor_name()
