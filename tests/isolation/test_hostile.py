"""A file that its decoder takes badly ends as one that cannot be read, in time, and harms no other."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import hostile
from genconvit.core.errors import SourceError
from genconvit.core.types import Frame
from genconvit.isolation import reader as module
from genconvit.isolation.limits import IsolationLimits, Stopwatch
from genconvit.video.base import VideoDecoder
from genconvit.video.decord import DecordDecoder
from isolation.conftest import MakeReader
from processes import needs_proc, wait_until
from signals import heeded
from support import grey_frames, make_video, packets, remux

MEMORY = "it needs more memory than the limit of 64 MB"
HANG = "its decoder did not answer within the time limit of 0.5 s"
SOON_SECONDS = 100
"""Less than a decoder takes that is waited for, by the default time limit or for as long as it sleeps."""
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
    hostile.RaisesItsOwnKind: "it is encrypted",
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


def when_waited_for(reading: Any, act: Callable[[], object]) -> threading.Thread:
    """Do something in another thread as soon as this one waits for the reading's next event."""

    def run() -> None:
        while reading._turn.acquire(blocking=False):
            reading._turn.release()
            time.sleep(0.01)
        act()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def count(reader: Any, path: Path) -> int:
    with reader.start(path) as reading:
        return sum(isinstance(event, Frame) for event in reading)


@pytest.mark.parametrize("decoder", REASONS, ids=lambda cls: cls.__name__)
def test_a_bad_file_has_a_plain_reason_in_time_and_the_next_one_is_read(
    make_reader: MakeReader, good: Path, bad: Path, decoder: type[VideoDecoder], monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = make_reader(decoder(), memory_limit_mb=64)
    assert count(reader, good) == 4
    start = time.monotonic()
    with monkeypatch.context() as patched:
        if REASONS[decoder] == HANG:  # the good files have time, however loaded the machine
            patched.setattr(reader, "_limits", IsolationLimits(time_limit_seconds=0.5, memory_limit_mb=64))
        assert reason(reader, bad) == REASONS[decoder]
    assert time.monotonic() - start < SOON_SECONDS
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
    assert time.monotonic() - start < SOON_SECONDS


def test_a_picture_that_fits_no_slot_is_refused(make_reader: MakeReader, good: Path) -> None:
    reader = make_reader(hostile.Oversized())
    assert reason(reader, good) == "a frame of 9000 x 10000 pixels; at most 80 megapixels are read"


def test_frames_out_of_order_are_refused(make_reader: MakeReader, good: Path) -> None:
    assert reason(make_reader(hostile.Backwards()), good) == BROKEN


def test_a_decoder_may_hang_behind_its_first_frames(make_reader: MakeReader, good: Path) -> None:
    start = time.monotonic()
    assert reason(make_reader(hostile.Stuck(), frames="all", time_limit_seconds=0.5), good) == HANG
    assert time.monotonic() - start < SOON_SECONDS


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock by which readers count the time of files."""
    made = Clock()
    monkeypatch.setattr(module, "Stopwatch", partial(Stopwatch, clock=made))
    return made


def test_time_runs_while_nobody_waits(make_reader: MakeReader, good: Path, bad: Path, clock: Clock) -> None:
    reader = make_reader(hostile.Sleeps())
    assert count(reader, good) == 4
    with reader.start(bad) as reading:
        clock.now += 120
        start = time.monotonic()
        with pytest.raises(SourceError, match="time limit of 120 s"):
            next(iter(reading))
        assert time.monotonic() - start < SOON_SECONDS


def test_delivered_frames_buy_time(make_reader: MakeReader, good: Path, clock: Clock) -> None:
    with make_reader(hostile.Slow(), frames="all").start(good) as reading:
        for _ in reading:
            clock.now += 7  # 280 s in all, and 105 s for each 15 frames
    assert clock.now == 7 * 41


def test_a_slow_consumer_costs_a_file_nothing(make_reader: MakeReader, good: Path, clock: Clock) -> None:
    with make_reader(hostile.WaitsBehindTwoFrames(), frames=10).start(good) as reading:
        events = iter(reading)
        next(events)
        assert wait_until(lambda: hostile.is_ahead(good))
        for _ in range(2):
            clock.now += 100
            next(events)
        hostile.let_go_on(good)
        assert len(list(events)) == 8


def test_what_decoders_print_is_not_seen(
    make_reader: MakeReader, good: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert count(make_reader(hostile.Prints()), good) == 4
    assert capfd.readouterr() == ("", "")


@pytest.mark.alone
def test_an_interrupt_while_waiting_leaves_the_reader_usable(make_reader: MakeReader, good: Path, bad: Path) -> None:
    reader = make_reader(hostile.Sleeps())
    reading = reader.start(bad)
    interrupt = when_waited_for(reading, lambda: signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT))
    with heeded(), pytest.raises(KeyboardInterrupt), reading:
        next(iter(reading))
    interrupt.join()
    assert count(reader, good) == 4


def test_another_thread_may_end_a_reading_that_hangs(make_reader: MakeReader, good: Path, bad: Path) -> None:
    reader = make_reader(hostile.Sleeps())
    reading = reader.start(bad)
    closing = when_waited_for(reading, reading.close)
    assert list(reading) == []
    closing.join()
    assert count(reader, good) == 4


def test_a_reading_that_hangs_is_closed_at_once(make_reader: MakeReader, good: Path, bad: Path) -> None:
    reader = make_reader(hostile.Sleeps())
    assert count(reader, good) == 4
    reading = reader.start(bad)
    start = time.monotonic()
    reading.close()
    assert time.monotonic() - start < SOON_SECONDS
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
