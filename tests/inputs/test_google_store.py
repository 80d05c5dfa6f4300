"""Files of Google Cloud Storage, as a server on this machine plays it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from genconvit.inputs.object_store import ObjectStores

from .conftest import Remote
from .gcs_server import Bucket, gcs
from .test_fetch import CONTENT, content, reason


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[Bucket]:
    """A bucket, and a store that asks its server and has no credentials."""
    pytest.importorskip("gcsfs", reason="the extra remote is not installed")
    with gcs() as made:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", made.url)
        monkeypatch.setenv("NO_GCE_CHECK", "true")
        yield made


def test_an_object_is_fetched_once_and_again_when_it_changes(bucket: Bucket, remote: Remote) -> None:
    bucket.objects["a/b c.mp4"] = [CONTENT]
    files = remote(most_bytes=len(CONTENT))
    source = files.fetch("gs://clips/a/b c.mp4", {"id": 1})
    assert content(source) == CONTENT
    assert (source.name, source.manifest) == ("gs://clips/a/b%20c.mp4", {"id": 1})
    assert source.remote is not None
    assert (source.remote.etag, source.remote.size) == ("tag1", len(CONTENT))
    written = Path(source.path).stat().st_ino
    assert Path(files.fetch("gs://clips/a/b c.mp4").path).stat().st_ino == written
    state = files.state("gs://clips/a/b c.mp4")
    assert state is not None
    assert (state.etag, state.size) == ("tag1", len(CONTENT))
    bucket.objects["a/b c.mp4"].append(CONTENT[1:])
    assert content(files.fetch("gs://clips/a/b c.mp4")) == CONTENT[1:]


def test_an_object_that_changes_while_it_is_read_is_of_one_version(
    bucket: Bucket, remote: Remote, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = os.urandom(30_000), os.urandom(30_000)
    bucket.objects["a.mp4"], bucket.changes["a.mp4"] = [old], new
    monkeypatch.setattr("genconvit.inputs.object_store._BLOCK", 10_000)
    source = remote().fetch("gs://clips/a.mp4")
    assert content(source) == new
    assert source.remote is not None
    assert source.remote.etag == "tag2"


def test_what_is_not_there_or_refused_says_so(bucket: Bucket, remote: Remote) -> None:
    bucket.objects["long.mp4"] = [CONTENT]
    files = remote(most_bytes=10, retries=0)
    assert reason(files.fetch("gs://clips/none.mp4")) == "not found"
    assert reason(files.fetch("gs://other/none.mp4")) == "not found"
    assert reason(files.fetch("gs://clips/long.mp4")) == "longer than the 10 bytes that are fetched of one file"
    bucket.status = 403
    assert reason(files.fetch("gs://clips/long.mp4")) == "access refused"
    assert files.state("gs://clips/long.mp4") is None


def test_a_store_opens_once(bucket: Bucket, remote: Remote) -> None:
    bucket.objects["a.mp4"] = [CONTENT]
    stores = ObjectStores(remote()._options)
    assert stores._store("gs") is stores._store("gs")
