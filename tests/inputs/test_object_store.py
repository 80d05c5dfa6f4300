"""Files of an object store: S3 as moto plays it, and any that fsspec opens."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from genconvit.inputs.object_store import ObjectStores

from .conftest import Remote
from .test_fetch import CONTENT, content, reason

KEYS = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_DEFAULT_REGION": "us-east-1"}


@pytest.fixture(scope="module")
def bucket() -> Iterator[Any]:
    """A bucket of an S3 server on this machine, by boto's client."""
    server = pytest.importorskip("moto.server")
    botocore = pytest.importorskip("botocore.session")
    pytest.importorskip("s3fs")
    running = server.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    running.start()
    host, port = running.get_host_and_port()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {**KEYS, "AWS_ENDPOINT_URL": f"http://{host}:{port}"}.items():
            patch.setenv(name, value)
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        client = botocore.get_session().create_client("s3")
        client.create_bucket(Bucket="clips")
        yield client
    running.stop()


@pytest.mark.slow
def test_an_object_is_fetched_once_and_again_when_it_changes(bucket: Any, remote: Remote) -> None:
    bucket.put_object(Bucket="clips", Key="a/b c.mp4", Body=CONTENT)
    files = remote(most_bytes=len(CONTENT))
    source = files.fetch("s3://clips/a/b c.mp4", {"id": 1})
    assert content(source) == CONTENT
    assert (source.name, source.manifest) == ("s3://clips/a/b%20c.mp4", {"id": 1})
    assert source.remote is not None
    assert source.remote.etag == bucket.head_object(Bucket="clips", Key="a/b c.mp4")["ETag"]
    written = Path(source.path).stat().st_ino
    assert Path(files.fetch("s3://clips/a/b c.mp4").path).stat().st_ino == written
    bucket.put_object(Bucket="clips", Key="a/b c.mp4", Body=CONTENT[1:])
    other = files.fetch("s3://clips/a/b c.mp4")
    assert content(other) == CONTENT[1:]
    assert other.remote is not None
    assert other.remote.etag != source.remote.etag


@pytest.mark.slow
def test_what_is_not_there_or_too_long_says_so(bucket: Any, remote: Remote) -> None:
    bucket.put_object(Bucket="clips", Key="long.mp4", Body=CONTENT)
    files = remote(most_bytes=10, retries=1)
    assert reason(files.fetch("s3://clips/none.mp4")) == "not found"
    assert reason(files.fetch("s3://no-such-bucket/a.mp4")) == "not found"
    assert reason(files.fetch("s3://clips/long.mp4")) == "longer than the 10 bytes that are fetched of one file"


@pytest.mark.slow
def test_an_object_that_changes_while_it_is_read_is_read_anew(
    bucket: Any, remote: Remote, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = os.urandom(30_000), os.urandom(30_000)
    bucket.put_object(Bucket="clips", Key="a.mp4", Body=old)
    monkeypatch.setattr("genconvit.inputs.object_store._BLOCK", 10_000)
    opened = ObjectStores._store

    class Changing:
        """A store whose object changes after its first part was read."""

        def __init__(self, store: Any) -> None:
            self._store = store
            self.reads = 0

        def open(self, *arguments: Any, **options: Any) -> Any:
            file = self._store.open(*arguments, **options)
            read = file.read

            def changing(length: int) -> bytes:
                self.reads += 1
                if self.reads == 2:
                    bucket.put_object(Bucket="clips", Key="a.mp4", Body=new)
                part: bytes = read(length)
                return part

            file.read = changing
            return file

    store = Changing(opened(ObjectStores(remote()._options), "s3"))
    monkeypatch.setattr(ObjectStores, "_store", lambda *_: store)
    source = remote().fetch("s3://clips/a.mp4")
    assert content(source) == new
    assert store.reads > 4


@pytest.mark.slow
def test_a_store_that_nobody_runs_is_a_reason(bucket: Any, remote: Remote, monkeypatch: pytest.MonkeyPatch) -> None:
    assert bucket is not None
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    found = reason(remote(retries=1).fetch("s3://clips/a.mp4"))
    assert found.startswith("not fetched in 2 attempts: the object store fails (")
    assert "secret" not in found


def test_without_its_package_a_store_is_a_reason(remote: Remote, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "gcsfs", None)
    assert "reading gs:// needs gcsfs" in reason(remote().fetch("gs://clips/a.mp4"))
