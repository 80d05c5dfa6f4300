"""A file of the library's own in another precision."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor

from genconvit.core.cut import SquareRule
from genconvit.core.errors import WeightsError
from genconvit.core.files import sha256_of_file
from genconvit.weights.checkpoint import read_tensors
from genconvit.weights.convert import convert_own
from genconvit.weights.library_file import STORED_PRECISIONS, FileHeader, StoredPrecision, header_of, write

HEADER = FileHeader(
    library_version="0",
    architecture="v2",
    config={"mode": "v2"},
    trained=True,
    training={"step": 3, "config": {}},
    crop_rules={"mtcnn": SquareRule(side=0.83, shift_down=0.056)},
)


def own_file(folder: Path, weight: Tensor) -> Path:
    path = folder / "best.safetensors"
    write(path, {"weight": weight, "count": torch.tensor(70000)}, HEADER, "fp32")
    return path


@pytest.mark.parametrize(("precision", "error"), [("fp32", 0.0), ("bf16", 2**-8), ("fp16", 2**-11)])
def test_values_are_as_exact_as_the_precision_allows(tmp_path: Path, precision: StoredPrecision, error: float) -> None:
    weight = 1 + torch.rand(1000, generator=torch.Generator().manual_seed(0))
    source, target = own_file(tmp_path, weight), tmp_path / "out.safetensors"
    written = convert_own(source, target, precision=precision)
    stored = read_tensors(target)
    assert float(((stored.tensors["weight"].float() - weight) / weight).abs().max()) <= error
    assert stored.tensors["count"] == 70000
    assert (written.tensors, written.bytes) == (2, target.stat().st_size)


def test_half_as_many_bits_are_half_as_many_bytes(tmp_path: Path) -> None:
    source = own_file(tmp_path, torch.ones(100_000))
    sizes = {
        precision: convert_own(source, tmp_path / f"{precision}.safetensors", precision=precision).bytes
        for precision in STORED_PRECISIONS
    }
    assert sizes["bf16"] == sizes["fp16"] < 0.51 * sizes["fp32"]


def test_the_header_stays_and_names_the_source(tmp_path: Path) -> None:
    source, target = own_file(tmp_path, torch.ones(1)), tmp_path / "out.safetensors"
    convert_own(source, target, precision="fp16")
    header = header_of(read_tensors(target).metadata, target)
    assert header is not None
    assert header.model_copy(update={"made_from": ()}) == HEADER
    assert [(each.name, each.sha256) for each in header.made_from] == [("best.safetensors", sha256_of_file(source))]


def test_a_value_that_fp16_cannot_hold_is_an_error_and_nothing_is_written(tmp_path: Path) -> None:
    source, target = own_file(tmp_path, torch.tensor([1.0, 70000.0])), tmp_path / "out.safetensors"
    with pytest.raises(WeightsError, match=r"'weight' holds 7e\+04, which fp16 cannot; store bf16 or fp32"):
        convert_own(source, target, precision="fp16")
    assert not target.exists()


def test_a_file_of_the_originals_needs_to_say_whose_it_is(ed_file: Path, tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"no file of the library's own; if it is one of the original's, say whose"):
        convert_own(ed_file, tmp_path / "out.safetensors", precision="fp16")
