"""Sources are read in worker processes where they should be."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from genconvit import Detector
from genconvit.core.errors import ConfigError
from genconvit.isolation.limits import IsolationLimits
from genconvit.isolation.reader import IsolatedReader
from genconvit.isolation.reader_choice import Readers
from genconvit.video.base import VideoDecoder
from genconvit.video.pyav import PyAVDecoder
from genconvit.video.readers import ThreadReader
from genconvit.video.sampling import FrameChoice


def readers(decoder: VideoDecoder | None = None, *, isolate: bool | None = None, workers: int | None = None) -> Readers:
    choice = FrameChoice("spaced", 2)
    return Readers([decoder or PyAVDecoder()], choice, IsolationLimits(), isolate=isolate, workers=workers)


@pytest.fixture
def made() -> Iterator[Readers]:
    made = readers()
    yield made
    made.close()


def local_decoder() -> VideoDecoder:
    class Local(PyAVDecoder):
        """Another process cannot import it."""

    return Local()


def test_a_single_file_is_read_in_this_process_and_a_folder_in_another(made: Readers, tmp_path: Path) -> None:
    assert isinstance(made.for_one("a.mp4"), ThreadReader)
    assert isinstance(made.for_one(np.zeros((1, 8, 8, 3), np.uint8)), ThreadReader)
    assert isinstance(made.for_one(tmp_path), IsolatedReader)


def test_several_sources_are_read_in_another_process_and_so_is_an_unknown_number(made: Readers) -> None:
    assert isinstance(made.for_many(["a.mp4", "b.mp4"]), IsolatedReader)
    assert isinstance(made.for_many(iter(["a.mp4"])), IsolatedReader)
    assert isinstance(made.for_many(["a.mp4"]), ThreadReader)
    assert made.note is None


@pytest.mark.parametrize("isolate", [True, False])
def test_what_was_asked_for_holds_for_everything(isolate: bool, tmp_path: Path) -> None:
    made = readers(isolate=isolate)
    for reader in (made.for_one("a.mp4"), made.for_one(tmp_path), made.for_many(["a.mp4", "b.mp4"])):
        assert isinstance(reader, IsolatedReader if isolate else ThreadReader)
    made.close()


def test_the_number_of_workers_may_be_given() -> None:
    made = readers(workers=3)
    assert made.for_many(["a.mp4", "b.mp4"]).at_once == 3
    made.close()


@pytest.mark.parametrize(("cores", "expected"), [(1, 2), (4, 2), (7, 3), (1000, 16)])
def test_there_is_a_worker_for_two_of_the_cores_that_are_there(
    monkeypatch: pytest.MonkeyPatch, cores: int, expected: int
) -> None:
    monkeypatch.setattr("genconvit.isolation.reader_choice.usable_cores", lambda: cores)
    made = readers()
    assert made.for_many(["a.mp4", "b.mp4"]).at_once == expected
    made.close()


def test_without_isolation_it_is_an_error_where_it_was_asked_for_and_a_note_elsewhere() -> None:
    with pytest.raises(ConfigError, match=r"isolate=True \(--isolate\) cannot be had: video decoder .*Local"):
        readers(local_decoder(), isolate=True)
    made = readers(local_decoder())
    assert isinstance(made.for_many(["a.mp4", "b.mp4"]), ThreadReader)
    assert made.note is not None
    assert made.note.startswith("not isolated: video decoder")
    assert readers(local_decoder(), isolate=False).note is None


def test_a_result_says_whether_it_was_isolated(detector: Detector, portrait_clip: Path) -> None:
    assert not detector.predict(portrait_clip).provenance.isolated
    one, other = detector.predict_many([portrait_clip, np.zeros((1, 64, 64, 3), np.uint8)])
    assert one.provenance.isolated
    assert not other.provenance.isolated
    assert one.provenance.frame_count == 24


def test_a_duration_is_the_same_with_isolation_and_is_unknown_of_frames_without_times(
    detector: Detector, portrait_clip: Path
) -> None:
    alone = detector.predict(portrait_clip)
    one, other = detector.predict_many([portrait_clip, np.zeros((2, 64, 64, 3), np.uint8)])
    assert one.provenance.isolated
    assert one.provenance.duration_seconds == alone.provenance.duration_seconds == pytest.approx(2.0)
    assert other.provenance.duration_seconds is None
