from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from genconvit.core.files import PARTIAL, sha256_of_file, written_whole


def test_a_file_is_hashed_whole(tmp_path: Path) -> None:
    content = bytes(range(256)) * 12_000
    (tmp_path / "a").write_bytes(content)
    assert sha256_of_file(tmp_path / "a") == hashlib.sha256(content).hexdigest()
    with pytest.raises(OSError, match="missing"):
        sha256_of_file(tmp_path / "missing")


@pytest.mark.parametrize("durable", [False, True])
def test_a_file_takes_its_place_when_it_is_whole(tmp_path: Path, durable: bool) -> None:
    path = tmp_path / "a.txt"
    path.write_text("before")
    with written_whole(path, durable=durable) as partial:
        partial.write_text("after")
        assert PARTIAL.fullmatch(partial.name)
        assert (partial.parent, path.read_text()) == (tmp_path, "before")
    assert [(each.name, each.read_text()) for each in tmp_path.iterdir()] == [("a.txt", "after")]


def test_a_file_that_fails_leaves_what_was_there_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("before")
    with pytest.raises(TypeError), written_whole(path) as partial:
        partial.write_bytes("half and no bytes")  # type: ignore[arg-type]
    with pytest.raises(FileNotFoundError), written_whole(tmp_path / "nowhere" / "a.txt") as partial:
        partial.write_text("never")
    assert [(each.name, each.read_text()) for each in tmp_path.iterdir()] == [("a.txt", "before")]


@pytest.mark.skipif(os.name == "nt", reason="needs the permissions of POSIX")
def test_whoever_may_read_other_files_may_read_this_one(tmp_path: Path) -> None:
    with written_whole(tmp_path / "a.safetensors") as partial:
        save_file({"a": torch.zeros(1)}, partial)  # which lets its owner alone read it
    (tmp_path / "usual").touch()
    assert (tmp_path / "a.safetensors").stat().st_mode == (tmp_path / "usual").stat().st_mode


def test_a_long_name_is_no_obstacle(tmp_path: Path) -> None:
    path = tmp_path / ("a" * 255)
    with written_whole(path) as partial:
        partial.write_text("whole")
    assert path.read_text() == "whole"
