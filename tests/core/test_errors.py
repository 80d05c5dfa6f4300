"""Errors tell a program a code that stays, a hint, and the status that the program ends with."""

from __future__ import annotations

import pickle
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from genconvit.core.errors import SOURCE_ERRORS, GenConViTError, SourceError
from genconvit.video.readers import ThreadReader
from genconvit.video.sampling import parse_frames
from support import make_audio

PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"


def classes(base: type[GenConViTError] = GenConViTError) -> Iterator[type[GenConViTError]]:
    for cls in base.__subclasses__():
        if cls.__module__ == "genconvit.core.errors":
            yield cls
            yield from classes(cls)


def test_each_class_has_a_code_and_a_hint_of_its_own() -> None:
    found = list(classes())
    assert len(found) == len({cls.code for cls in found}) == len({cls.hint for cls in found}) == 13
    assert all(re.fullmatch("[a-z]+", cls.code) for cls in found)
    assert all(cls.hint and not cls.hint.endswith(".") for cls in found)


def test_the_page_lists_every_error_with_its_code_and_status() -> None:
    rows = re.findall(r"^\| `(\w+)` \| `(\w+)` \| (\d) \|", PAGE.read_text(), flags=re.MULTILINE)
    assert sorted(rows) == sorted((cls.__name__, cls.code, str(cls.exit_status)) for cls in classes())


@pytest.mark.parametrize("cls", SOURCE_ERRORS.values())
def test_an_error_of_a_source_goes_to_another_process_as_it_is(cls: type[SourceError]) -> None:
    again = pickle.loads(pickle.dumps(cls("a.mp4", "it is bad")))  # noqa: S301 - its own
    assert (type(again), again.source, again.reason, str(again)) == (cls, "a.mp4", "it is bad", "a.mp4: it is bad")


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("none.mp4", None, "inaccessible"),
        ("empty.mp4", b"", "unreadable"),
        ("noise.mp4", bytes(range(256)) * 40, "unreadable"),
        ("noise.png", b"\x89PNG\r\n\x1a\n" + b"0" * 99, "unreadable"),
    ],
)
def test_a_source_that_cannot_be_read_says_which_kind_that_is(
    tmp_path: Path, name: str, content: bytes | None, code: str
) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    assert code_of(path) == code


def test_sound_alone_and_an_array_of_text_are_not_supported(tmp_path: Path) -> None:
    assert code_of(make_audio(tmp_path / "sound.m4a")) == "unsupported"
    assert code_of(np.array(["a", "b"])) == "unsupported"


def code_of(source: Path | np.ndarray) -> str:
    from genconvit.video.pyav import PyAVDecoder

    with pytest.raises(SourceError) as raised:
        for _ in ThreadReader([PyAVDecoder()], parse_frames("all")).start(source):
            pass
    return raised.value.code
