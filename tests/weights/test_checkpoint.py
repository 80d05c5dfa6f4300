from __future__ import annotations

import pickle
import struct
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from genconvit.core.errors import WeightsError
from genconvit.weights.checkpoint import read_tensors

STATE = {"fc.weight": torch.arange(6, dtype=torch.float32).reshape(2, 3), "steps": torch.tensor(7)}


class _Touch:
    """Creates a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Callable[[str, str], object], tuple[str, str]]:
        return open, (str(self.path), "w")


def _same(tensors: dict[str, Tensor]) -> bool:
    return tensors.keys() == STATE.keys() and all(torch.equal(tensors[name], STATE[name]) for name in STATE)


def _refusal(path: Path) -> str:
    with pytest.raises(WeightsError) as caught:
        read_tensors(path)
    message = str(caught.value)
    assert message.startswith(str(path))
    return message


def test_safetensors_with_metadata(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    save_file(STATE, path, metadata={"architecture": "original"})
    checkpoint = read_tensors(path)
    assert _same(checkpoint.tensors)
    assert checkpoint.metadata == {"architecture": "original"}
    assert checkpoint.path == path


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize(
    "content",
    [
        STATE,
        OrderedDict(STATE),
        {"state_dict": STATE, "epoch": 3, "optimizer": {"lr": 1e-4, "state": {}}, "min_loss": 0.5},
        {f"module.{name}": value for name, value in STATE.items()},
        {"state_dict": {f"module.{name}": value for name, value in STATE.items()}},
        {name: torch.nn.Parameter(value, requires_grad=False) for name, value in STATE.items()},
    ],
    ids=["bare", "ordered", "training", "data-parallel", "data-parallel training", "parameters"],
)
def test_torch_files(tmp_path: Path, content: dict[str, object], zipped: bool) -> None:
    path = tmp_path / "a.pth"
    torch.save(content, path, _use_new_zipfile_serialization=zipped)
    checkpoint = read_tensors(path)
    assert _same(checkpoint.tensors)
    assert {type(value) for value in checkpoint.tensors.values()} == {Tensor}
    assert checkpoint.metadata == {}


def test_a_prefix_that_not_all_names_share_stays(tmp_path: Path) -> None:
    torch.save({"module.a": torch.ones(1), "b": torch.ones(1)}, tmp_path / "a.pth")
    assert list(read_tensors(tmp_path / "a.pth").tensors) == ["module.a", "b"]


def test_the_content_decides_and_not_the_suffix(tmp_path: Path) -> None:
    torch.save(STATE, tmp_path / "torch.safetensors")
    save_file(STATE, tmp_path / "safe.pth")
    assert _same(read_tensors(tmp_path / "torch.safetensors").tensors)
    assert _same(read_tensors(tmp_path / "safe.pth").tensors)


def test_a_header_whose_length_begins_like_a_pickle(tmp_path: Path) -> None:
    header = b'{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}'.ljust(0x280)
    (tmp_path / "a.safetensors").write_bytes(struct.pack("<Q", len(header)) + header + b"\5")
    assert read_tensors(tmp_path / "a.safetensors").tensors["a"].item() == 5


def test_expanded_and_transposed_tensors_are_fine(tmp_path: Path) -> None:
    state = {"expanded": torch.ones(1).expand(4, 4), "transposed": torch.arange(6).reshape(2, 3).T}
    torch.save(state, tmp_path / "a.pth")
    tensors = read_tensors(tmp_path / "a.pth").tensors
    assert all(torch.equal(tensors[name], state[name]) for name in state)
    assert tensors["expanded"].stride() == (0, 0)


@pytest.mark.parametrize("name", ["a.safetensors", "a.pth"])
def test_a_large_file_is_mapped_and_not_copied(tmp_path: Path, name: str) -> None:
    def resident_megabytes() -> float:
        return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 1e6

    state = {"a": torch.zeros(25_000_000)}
    path = tmp_path / name
    if path.suffix == ".pth":
        torch.save(state, path)
    else:
        save_file(state, path)
    del state
    before = resident_megabytes()
    tensor = read_tensors(path).tensors["a"]
    assert resident_megabytes() - before < 20
    assert tensor.sum() == 0
    assert resident_megabytes() - before > 80


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("nested", [True, False])
def test_code_in_a_file_is_not_run(tmp_path: Path, zipped: bool, nested: bool) -> None:
    victim = tmp_path / "victim"
    content: dict[str, object] = {"a": torch.ones(1), "b": _Touch(victim)}
    path = tmp_path / "a.pth"
    torch.save(
        {"state_dict": STATE, "extra": content} if nested else content, path, _use_new_zipfile_serialization=zipped
    )
    message = _refusal(path)
    assert not victim.exists()
    assert "holds Python objects, which could run code: it asks for " in message
    assert "io.open" in message
    assert "Nothing of it was run" in message
    assert 'torch.save({k: v for k, v in checkpoint["state_dict"].items()}' in message


@pytest.mark.parametrize("protocol", [0, 1, 2, 3, 4, 5])
def test_code_in_a_bare_pickle_is_not_run(tmp_path: Path, protocol: int) -> None:
    victim = tmp_path / "victim"
    path = tmp_path / "a.bin"
    path.write_bytes(pickle.dumps({"a": _Touch(victim)}, protocol=protocol))
    _refusal(path)
    assert not victim.exists()


def test_a_whole_module_is_refused_by_its_name(tmp_path: Path) -> None:
    torch.save(torch.nn.Linear(2, 2), tmp_path / "a.pth")
    assert "it asks for torch.nn.modules.linear.Linear. Nothing" in _refusal(tmp_path / "a.pth")


def test_a_torchscript_archive_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.pt", "w") as archive:
        archive.writestr("a/constants.pkl", pickle.dumps((), protocol=2))
        archive.writestr("a/data.pkl", pickle.dumps((), protocol=2))
        archive.writestr("a/version", "3\n")
    assert "it is a TorchScript archive" in _refusal(tmp_path / "a.pt")


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ({}, "holds no tensors"),
        ({"state_dict": {}}, "holds no tensors"),
        ({"state_dict": 3}, "holds a value of type int where a state dict belongs"),
        ([torch.ones(1)], "holds a value of type list where a state dict belongs"),
        (torch.ones(1), "holds a value of type Tensor where a state dict belongs"),
        ({"a": torch.ones(1), "epoch": 3}, "holds 'epoch' of type int among its weights"),
        ({"state_dict": {"a": torch.ones(1), "b": [1]}}, "holds 'b' of type list among its weights"),
        ({1: torch.ones(1)}, "holds 1 of type Tensor among its weights"),
        ({"a": torch.eye(2).to_sparse()}, "holds 'a', a tensor that is sparse_coo;"),
        ({"a": torch.ones(1, dtype=torch.complex64)}, "holds 'a', a tensor that is complex64;"),
        ({"a": torch.ones(1, device="meta")}, r"holds 'a', a tensor that is without data \(meta\);"),
    ],
)
def test_other_contents_are_refused(tmp_path: Path, content: object, text: str) -> None:
    torch.save(content, tmp_path / "a.pth")
    with pytest.raises(WeightsError, match=text):
        read_tensors(tmp_path / "a.pth")


@pytest.mark.filterwarnings("ignore")
def test_a_quantised_tensor_is_refused(tmp_path: Path) -> None:
    torch.save({"a": torch.quantize_per_tensor(torch.ones(2), 1.0, 0, torch.qint8)}, tmp_path / "a.pth")
    assert "holds 'a', a tensor that is qint8;" in _refusal(tmp_path / "a.pth")


def test_a_complex_safetensors_tensor_is_refused(tmp_path: Path) -> None:
    save_file({"a": torch.ones(2, dtype=torch.complex64)}, tmp_path / "a.safetensors")
    assert "a tensor that is complex64" in _refusal(tmp_path / "a.safetensors")


@pytest.mark.parametrize("zipped", [True, False])
def test_a_torch_file_cut_anywhere_is_refused(tmp_path: Path, zipped: bool) -> None:
    torch.save(STATE, tmp_path / "whole.pth", _use_new_zipfile_serialization=zipped)
    content = (tmp_path / "whole.pth").read_bytes()
    path = tmp_path / "cut.pth"
    for length in range(0, len(content) - 1, max(1, len(content) // 40)):
        path.write_bytes(content[:length])
        _refusal(path)


def test_a_safetensors_file_cut_anywhere_is_refused(tmp_path: Path) -> None:
    save_file(STATE, tmp_path / "whole.safetensors")
    content = (tmp_path / "whole.safetensors").read_bytes()
    path = tmp_path / "cut.safetensors"
    for length in range(len(content)):
        path.write_bytes(content[:length])
        _refusal(path)


@pytest.mark.parametrize(
    "content",
    [
        struct.pack("<Q", 2**60) + b"{}",
        struct.pack("<Q", 2**64 - 1) + b"{}",
        struct.pack("<Q", 99_000_000) + b"{}",
        struct.pack("<Q", 20) + b"{" * 20,
        struct.pack("<Q", 54) + b'{"a":{"dtype":"U8","shape":[9],"data_offsets":[0,9]}}  ',
        b"\x80\2" + b"\xff" * 40,
        b"PK\3\4" + b"\0" * 40,
    ],
)
def test_damaged_files_are_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.safetensors").write_bytes(content)
    _refusal(tmp_path / "a.safetensors")


def test_a_legacy_file_that_claims_a_huge_tensor_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.pth"
    torch.save({"a": torch.zeros(0x01020304 // 4096)}, path, _use_new_zipfile_serialization=False)
    content = path.read_bytes()
    count = struct.pack("<H", 0x01020304 // 4096)
    assert count in content
    path.write_bytes(content.replace(b"M" + count, b"J\xff\xff\xff\x7f"))
    _refusal(path)


def test_what_is_not_a_checkpoint(tmp_path: Path) -> None:
    (tmp_path / "text.pth").write_text("this is text\n")
    assert "is not a checkpoint: it begins with b'this is t'" in _refusal(tmp_path / "text.pth")
    (tmp_path / "empty.pth").touch()
    assert "is empty" in _refusal(tmp_path / "empty.pth")
    assert "is a folder; give the path of a .safetensors file" in _refusal(tmp_path)
    assert "does not exist; give the path of a .safetensors file" in _refusal(tmp_path / "no.pth")
    assert "is not a file" in _refusal(Path("/dev/null"))
    with zipfile.ZipFile(tmp_path / "a.pth", "w") as archive:
        archive.writestr("notes.txt", "x")
    assert "is damaged, cut short or not a checkpoint" in _refusal(tmp_path / "a.pth")
