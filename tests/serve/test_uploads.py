from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path

import pytest

from genconvit.serve.files import DataFolder, Upload
from genconvit.serve.problems import Problem
from genconvit.serve.uploads import Form, FormLimits, read_form, read_small

KIND = "multipart/form-data; boundary=xyz"
LIMITS = FormLimits(most_bytes=2 << 20, seconds=60, silence_seconds=60)


def part(name: str, value: bytes, *, file: str | None = None, more: str = "") -> bytes:
    shown = "" if file is None else f'; filename="{file}"'
    return f'--xyz\r\nContent-Disposition: form-data; name="{name}"{shown}\r\n{more}\r\n'.encode() + value + b"\r\n"


async def pieces(given: Sequence[bytes]) -> AsyncIterator[bytes]:
    for piece in given:
        yield piece


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[DataFolder]:
    with DataFolder(tmp_path) as made:
        yield made


def read(
    folder: DataFolder,
    *given: bytes,
    kind: str | None = KIND,
    length: str | None = None,
    limits: FormLimits = LIMITS,
    stream: AsyncIterator[bytes] | None = None,
) -> Form:
    def begin(name: str) -> Upload:
        return folder.upload("id", name, limits.most_bytes)

    return asyncio.run(read_form(stream or pieces(given), kind, length, begin, limits))


def nothing_is_left(folder: DataFolder) -> bool:
    return not list((folder.database.parent / "uploads").iterdir())


END = b"--xyz--\r\n"


@pytest.mark.parametrize("size", [1, 7, 64, 100_000])
def test_a_form_is_the_same_however_its_pieces_are_cut(folder: DataFolder, size: int) -> None:
    content = bytes(range(256)) * 4 + b"\r\n--xy\r\n--\r\n-"
    body = part("options", b"{}") + part("file", content, file="a.mp4") + END
    form = read(folder, *(body[at : at + size] for at in range(0, len(body), size)))
    assert (form.fields, form.file_name) == ({"options": "{}"}, "a.mp4")
    assert form.upload is not None
    form.upload.finish()
    assert form.upload.path.read_bytes() == content


@pytest.mark.parametrize(
    ("body", "status", "match"),
    [
        (part("file", b"a", file="a.mp4"), 400, "ended before its last part"),
        (b"", 400, "ended before its last part"),
        (b"nonsense", 400, "cannot be read|ended before"),
        (part("file", b"a", file="a") + part("file", b"b", file="b") + END, 422, "'file' comes twice"),
        (part("path", b"a") + part("path", b"b") + END, 422, "'path' comes twice"),
        (part("other", b"a") + END, 422, "there is no part 'other'; the parts are file, path, options, webhook"),
        (part("path", b"\xff") + END, 422, "no UTF-8"),
        (part("options", b"a" * 70_000) + END, 413, "longer than 65536 bytes"),
        (part("file", b"a", file="a", more="X: y\r\n" * 20) + END, 400, "cannot be read"),
        (part("file", b"a", file="a" * 5000) + END, 400, "cannot be read"),
        (part("file", b"a" * (2 << 20) + b"b", file="a.mp4") + END, 413, "larger than 2 MiB"),
        (part("file", b"a", file="a") + END + b"x" * (4 << 20), 413, "larger than 2 MiB"),
    ],
)
def test_a_bad_form_is_refused_and_leaves_nothing(folder: DataFolder, body: bytes, status: int, match: str) -> None:
    with pytest.raises(Problem, match=match) as caught:
        read(folder, *(body[at : at + 65536] for at in range(0, len(body), 65536)))
    assert caught.value.status == status
    assert nothing_is_left(folder)


@pytest.mark.parametrize("kind", [None, "", "application/json", "multipart/form-data", "text/plain; boundary=xyz"])
def test_what_is_no_form_is_refused(folder: DataFolder, kind: str | None) -> None:
    with pytest.raises(Problem, match="is sent as multipart/form-data"):
        read(folder, END, kind=kind)


@pytest.mark.parametrize("length", [str(2 << 30), "-1", "many"])
def test_a_length_that_is_too_large_is_refused_before_anything_is_read(folder: DataFolder, length: str) -> None:
    asked = []

    async def body() -> AsyncIterator[bytes]:
        asked.append(length)
        yield END

    with pytest.raises(Problem, match="larger than 2 MiB"):
        read(folder, length=length, stream=body())
    assert asked == []


@pytest.mark.parametrize("limits", [(60.0, 0.05), (0.05, 60.0)])
def test_a_slow_sender_is_refused(folder: DataFolder, limits: tuple[float, float]) -> None:
    async def slow() -> AsyncIterator[bytes]:
        yield part("file", b"a", file="a.mp4")[:-2]
        await asyncio.sleep(3600)

    with pytest.raises(Problem, match="silent for") as caught:
        read(folder, stream=slow(), limits=FormLimits(1 << 20, *limits))
    assert caught.value.status == 408
    assert nothing_is_left(folder)


def test_a_client_that_goes_away_leaves_nothing(folder: DataFolder) -> None:
    async def lost() -> AsyncIterator[bytes]:
        yield part("file", b"a", file="a.mp4")[:-2]
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        read(folder, stream=lost())
    assert nothing_is_left(folder)


def test_a_disk_that_takes_no_file_is_told() -> None:
    def begin(name: str) -> Upload:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), name)

    body = pieces([part("file", b"a", file="a.mp4") + END])
    with pytest.raises(Problem, match="No space left on device") as caught:
        asyncio.run(read_form(body, KIND, None, begin, LIMITS))
    assert (caught.value.status, caught.value.code) == (507, "limit")


@pytest.mark.parametrize(("size", "seconds", "status"), [(70_000, 60.0, 413), (3, 0.05, 408)])
def test_a_small_body_has_limits_too(size: int, seconds: float, status: int) -> None:
    async def body() -> AsyncIterator[bytes]:
        yield b"a" * size
        await asyncio.sleep(3600)

    assert asyncio.run(read_small(pieces([b"a", b"b"]), LIMITS)) == b"ab"
    with pytest.raises(Problem) as caught:
        asyncio.run(read_small(body(), FormLimits(1 << 30, seconds, seconds)))
    assert caught.value.status == status
