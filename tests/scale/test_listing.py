from __future__ import annotations

import os
from pathlib import Path

import pytest

from genconvit.core.addresses import address_name
from genconvit.core.errors import ConfigError, SourceAccessError
from genconvit.scale.listing import key_of, keys_in, write_listing, write_pending
from genconvit.scale.parts import Parts, write_part
from genconvit.scale.tasks import Task, tasks_of
from genconvit.video.given import GivenSource, RemoteState
from genconvit.video.names import Source
from part_rows import rows

pytest.importorskip("pyarrow", reason="the extra parquet is not installed")


def tasks_in(file: Path) -> list[Task]:
    import pyarrow.parquet as parquet

    return tasks_of(parquet.read_table(file).to_pydict())


def test_a_changed_file_has_another_key(tmp_path: Path) -> None:
    video = tmp_path / "a.mp4"
    video.write_bytes(b"one")
    first = key_of(str(video), "stat")
    assert key_of(str(video), "stat") == first
    assert key_of(os.path.relpath(video), "stat") == first
    video.write_bytes(b"other")
    assert key_of(str(video), "stat") != first


def test_every_kind_of_source_comes_back(tmp_path: Path) -> None:
    strange = os.fsdecode(b"clip\xff.mp4")
    given = GivenSource("https://host/v?id=1", address_name("https://host/v?id=1"), {"label": "FAKE", "n": 3})
    assert write_listing([strange, given], tmp_path / "list.parquet", "stat") == 2
    first, second = tasks_in(tmp_path / "list.parquet")
    assert (first.path, first.name, first.manifest) == (strange, "clip\\xff.mp4", None)
    assert (second.path, second.name, second.manifest) == (given.path, given.name, {"label": "FAKE", "n": 3})


def test_frames_in_memory_are_refused(tmp_path: Path) -> None:
    import numpy as np

    with pytest.raises(ConfigError, match="is a path, got array uint8"):
        write_listing([np.zeros((1, 4, 4, 3), np.uint8)], tmp_path / "list.parquet", "stat")


def test_pending_is_what_has_no_result_each_once(tmp_path: Path) -> None:
    listing = tmp_path / "list.parquet"
    write_listing(["a", "b", "a", "c"], listing, "stat")
    keys = keys_in(listing).tolist()
    write_part(rows(keys[1]), folder=str(tmp_path))
    assert write_pending(listing, Parts(tmp_path), tmp_path / "pending.parquet") == 2
    assert [task.path for task in tasks_in(tmp_path / "pending.parquet")] == ["a", "c"]


def test_an_object_elsewhere_has_the_key_of_its_state_or_the_last_one_where_nobody_tells(tmp_path: Path) -> None:
    listing = tmp_path / "list.parquet"

    def key(tag: str | None, signature: str = "1", name: str = "a") -> int:
        state = None if tag is None else RemoteState(tag, None, None)
        address = f"https://host/{name}?X-Amz-Signature={signature}"
        write_listing(["z.mp4", GivenSource(address, "", state=state), "https://host/b"], listing, "stat")
        (_, first, _) = keys_in(listing).tolist()
        return int(first)

    one = key('"1"')
    assert key('"1"', "2") == one
    assert key(None, "3") == one
    other = key('"2"')
    assert other != one
    assert key(None) == key(None) == other
    assert len({one, other, key('"1"', name="c"), key(None, name="d")}) == 4
    assert "Signature" not in tasks_in(listing)[1].name


def test_rows_of_a_manifest_share_no_result(tmp_path: Path) -> None:
    listing = tmp_path / "list.parquet"
    broken = [GivenSource("", f"row {n}", error=SourceAccessError(f"row {n}", "it has no path")) for n in (1, 2)]
    given: list[Source] = [
        *broken,
        GivenSource("a.mp4", "a.mp4", {"id": 1}),
        GivenSource("a.mp4", "a.mp4", {"id": 2}),
        "a.mp4",
    ]
    write_listing([*given, *given], listing, "stat")
    assert len(set(keys_in(listing).tolist())) == 5
    assert write_pending(listing, Parts(tmp_path), tmp_path / "pending.parquet") == 5
    tasks = tasks_in(tmp_path / "pending.parquet")
    assert [(task.name, task.manifest, task.error) for task in tasks[:3]] == [
        ("row 1", None, "it has no path"),
        ("row 2", None, "it has no path"),
        ("a.mp4", {"id": 1}, None),
    ]
