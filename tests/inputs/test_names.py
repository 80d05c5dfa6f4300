from __future__ import annotations

import io
import os
import threading

import pytest

from genconvit.inputs.names import LONGEST_NAME, read_names
from genconvit.video.given import GivenSource


def test_names_end_with_a_line_or_with_a_null_byte() -> None:
    assert list(read_names(io.BytesIO(b"a b.mp4\n\nc\r\nd"))) == ["a b.mp4", "c\r", "d"]
    assert list(read_names(io.BytesIO(b"a\nb\0\0c\xff\0"), null=True)) == ["a\nb", os.fsdecode(b"c\xff")]
    assert list(read_names(io.BytesIO(b""))) == []


@pytest.mark.parametrize("length", [LONGEST_NAME + 1, 5 * LONGEST_NAME])
def test_an_endless_name_is_answered_and_not_held(length: int) -> None:
    found = list(read_names(io.BytesIO(b"a\n" + b"x" * length + b"\nb\n")))
    assert (found[0], found[2]) == ("a", "b")
    assert isinstance(found[1], GivenSource)
    assert found[1].error is not None
    assert len(found[1].name) < 300
    assert f"longer than {LONGEST_NAME} bytes" in found[1].error.reason


def test_a_name_is_there_before_the_next_is_written() -> None:
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as stream, os.fdopen(writing, "wb", buffering=0) as other:
        names = read_names(stream)
        other.write(b"a.mp4\nb.")
        found: list[object] = []
        thread = threading.Thread(target=lambda: found.append(next(names)))
        thread.start()
        thread.join(20)
        assert found == ["a.mp4"]
        other.write(b"mp4\n")
        assert next(names) == "b.mp4"
