"""A file that its decoder takes badly ends as one that cannot be read, in time, and harms no other."""

from __future__ import annotations

import signal
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import hostile
from genconvit.errors import SourceError
from genconvit.types import Frame
from genconvit.video.base import VideoDecoder
from genconvit.video.decord import DecordDecoder
from isolation.conftest import MakeReader
from processes import needs_proc
from signals import heeded
from support import grey_frames, make_video, packets, remux

MEMORY = "it needs more memory than the limit of 64 MB"
HANG = "its decoder did not answer within the time limit of 0.5 s"
BROKEN = "its decoder's process sent what is not allowed"

REASONS: dict[type[VideoDecoder], str] = {
    hostile.Crashes: "its decoder crashed (SIGSEGV)",
    hostile.Exits: "its decoder ended its process (exit status 3)",
    hostile.Sleeps: HANG,
    hostile.Spins: HANG,
    hostile.HoldsTheInterpreter: HANG,
    hostile.RaisesMemoryError: MEMORY,
    hostile.RunsOutOfMemoryInside: MEMORY,
    hostile.RaisesKeyError: "its decoder failed (KeyError: 'moov\\x1b[31m\\ntrailing lines')",
    hostile.RaisesSystemExit: "its decoder failed (SystemExit: enough)",
    hostile.SendsGarbage: BROKEN,
    hostile.ClosesTheConnection: "its decoder closed the connection to this process",
}


def reason(reader: Any, path: Path) -> str:
    with pytest.raises(SourceError) as failed, reader.start(path) as reading:
        for _ in reading:
            pass
    assert failed.value.source == str(path)
    return failed.value.reason


def count(reader: Any, path: Path) -> int:
    with reader.start(path) as reading:
        return sum(isinstance(event, Frame) for event in reading)


@pytest.mark.parametrize("decoder", REASONS, ids=lambda cls: cls.__name__)
def test_a_bad_file_has_a_plain_reason_in_time_and_the_next_one_is_read(
    make_reader: MakeReader, good: Path, bad: Path, decoder: type[VideoDecoder]
) -> None:
    reader = make_reader(decoder(), time_limit_seconds=0.5, memory_limit_mb=64)
    assert count(reader, good) == 4
    start = time.monotonic()
    assert reason(reader, bad) == REASONS[decoder]
    assert time.monotonic() - start < 3
    assert count(reader, good) == 4


@needs_proc
def test_a_decoder_that_allocates_without_end_meets_the_limit(make_reader: MakeReader, good: Path, bad: Path) -> None:
    reader = make_reader(hostile.Allocates(), memory_limit_mb=64)
    assert reason(reader, bad) == MEMORY
    assert count(reader, good) == 4


def decord() -> VideoDecoder:
    pytest.importorskip("decord")
    return DecordDecoder()


def growing(folder: Path, side: int) -> Path:
    """Ten frames of 64 x 48 pixels, but the fifth has so many by so many."""
    small = make_video(folder / "small.mov", grey_frames(10), codec="png", pix_fmt="rgb24")
    picture = np.zeros((side, side, 3), np.uint8)
    large = make_video(folder / "large.mov", [picture], codec="png", pix_fmt="rgb24")
    return remux(small, folder / "grows.mov", replace={5: packets(large)[0]})


@needs_proc
def test_a_frame_that_grows_behind_small_ones_meets_the_limit(tmp_path: Path, make_reader: MakeReader) -> None:
    assert reason(make_reader(decord(), memory_limit_mb=64), growing(tmp_path, 4000)) == MEMORY


@needs_proc
@pytest.mark.slow
def test_a_frame_of_a_quarter_gigapixel_meets_the_limit(tmp_path: Path, make_reader: MakeReader) -> None:
    reader = make_reader(decord(), memory_limit_mb=512)
    path = growing(tmp_path, 16_000)
    start = time.monotonic()
    assert reason(reader, path) == "it needs more memory than the limit of 512 MB"
    assert time.monotonic() - start < 5


def test_a_picture_that_fits_no_slot_is_refused(make_reader: MakeReader, good: Path) -> None:
    reader = make_reader(hostile.Oversized())
    assert reason(reader, good) == "a frame of 9000 x 10000 pixels; at most 80 megapixels are read"


def test_frames_out_of_order_are_refused(make_reader: MakeReader, good: Path) -> None:
    assert reason(make_reader(hostile.Backwards()), good) == BROKEN


def test_a_decoder_may_hang_behind_its_first_frames(make_reader: MakeReader, good: Path) -> None:
    start = time.monotonic()
    assert reason(make_reader(hostile.Stuck(), frames="all", time_limit_seconds=0.5), good) == HANG
    assert time.monotonic() - start < 3


def test_time_runs_while_nobody_waits(make_reader: MakeReader, good: Path, bad: Path) -> None:
    reader = make_reader(hostile.Sleeps(), time_limit_seconds=1.0)
    assert count(reader, good) == 4
    with reader.start(bad) as reading:
        time.sleep(1.2)
        start = time.monotonic()
        with pytest.raises(SourceError, match="time limit of 1 s"):
            next(iter(reading))
        assert time.monotonic() - start < 0.3


def test_delivered_frames_buy_time(make_reader: MakeReader, good: Path) -> None:
    start = time.monotonic()
    assert count(make_reader(hostile.Slow(), frames="all", time_limit_seconds=1.5), good) == 40
    assert time.monotonic() - start > 1.5


def test_a_slow_consumer_costs_a_file_nothing(make_reader: MakeReader, good: Path) -> None:
    with make_reader(hostile.Slow(), frames=10, time_limit_seconds=1.0).start(good) as reading:
        for _ in reading:
            time.sleep(0.2)


def test_what_decoders_print_is_not_seen(
    make_reader: MakeReader, good: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert count(make_reader(hostile.Prints()), good) == 4
    assert capfd.readouterr() == ("", "")


def test_an_interrupt_while_waiting_leaves_the_reader_usable(make_reader: MakeReader, good: Path, bad: Path) -> None:
    reader = make_reader(hostile.Sleeps())
    interrupt = threading.Timer(1, signal.pthread_kill, (threading.main_thread().ident, signal.SIGINT))
    reading = reader.start(bad)
    with heeded():
        interrupt.start()
        with pytest.raises(KeyboardInterrupt), reading:
            next(iter(reading))
        interrupt.join()
    assert count(reader, good) == 4


def test_another_thread_may_end_a_reading_that_hangs(make_reader: MakeReader, good: Path, bad: Path) -> None:
    reader = make_reader(hostile.Sleeps())
    reading = reader.start(bad)
    closing = threading.Timer(0.7, reading.close)
    closing.start()
    assert list(reading) == []
    closing.join()
    assert count(reader, good) == 4


def test_a_reading_that_hangs_is_closed_at_once(make_reader: MakeReader, good: Path, bad: Path) -> None:
    reader = make_reader(hostile.Sleeps())
    assert count(reader, good) == 4
    reading = reader.start(bad)
    start = time.monotonic()
    reading.close()
    assert time.monotonic() - start < 1.5
    assert count(reader, good) == 4


def test_a_reading_that_ends_early_keeps_its_worker(make_reader: MakeReader, good: Path) -> None:
    reader = make_reader(hostile.Tells())
    told = []
    for _ in range(3):
        with reader.start(good) as reading:
            told.append(next(iter(reading)))
    with reader.start(good) as reading:
        events = list(reading)
    assert told == events[:1] * 3
    assert len(events) == 5
