"""Every frame is reached once, in the file's order, where clocks jump back; B-frames are no jump."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from genconvit.core.errors import SourceError
from genconvit.core.types import Frame
from genconvit.video.base import VideoDecoder
from genconvit.video.order import Packet, shown_order
from genconvit.video.picture_type import RandomAccess
from genconvit.video.pyav import PyAVDecoder
from genconvit.video.reading import SourceOpened, read_source
from genconvit.video.sampling import parse_frames
from support import grey_frames, index_of, make_video, remux, shared

NOTE = "its clock jumps back once; its frames were taken in the file's order"
JOINED: Mapping[str, dict[str, Any]] = {
    "h264.ts": {"options": {"x264-params": "bframes=3:b-adapt=0"}},
    "hevc.ts": {"codec": "libx265", "options": {"x265-params": "log-level=none:bframes=3"}},
    "mpeg2.ts": {"codec": "mpeg2video", "options": {"bf": "2", "b": "3000000"}},
    "mpeg2.mpg": {"codec": "mpeg2video", "options": {"bf": "2", "b": "3000000"}},
    "mpeg4.ts": {"codec": "mpeg4", "options": {"bf": "2", "b": "3000000"}},
    "h264.mkv": {"options": {"x264-params": "bframes=3:b-adapt=0"}},
    "vp9.webm": {"codec": "libvpx-vp9"},
}


def read(path: Path, frames: int | str = "all") -> tuple[SourceOpened, list[Frame]]:
    opened, *rest = read_source(path, [PyAVDecoder()], parse_frames(frames))
    assert isinstance(opened, SourceOpened)
    return opened, [frame for frame in rest if isinstance(frame, Frame)]


def assert_every_frame(path: Path, count: int, *notes: str) -> None:
    """All frames come in order, on a clock that goes on, and so do those of a few."""
    opened, frames = read(path)
    assert (opened.frame_count, opened.notes) == (count, notes)
    assert [index_of(frame.image) for frame in frames] == [number % 50 for number in range(count)]
    times = [frame.pts_seconds or 0.0 for frame in frames]
    assert times[0] == 0.0
    assert all(0 < later - earlier < 2.5 for earlier, later in pairwise(times))
    for chosen in (15, 4, "keyframes"):
        frames = read(path, chosen)[1]
        assert len(frames) == chosen or chosen == "keyframes"
        assert [index_of(frame.image) for frame in frames] == [frame.index % 50 for frame in frames]


def joined(path: Path, **options: Any) -> Path:
    """A file of a hundred frames, written as two that were joined."""
    halves = [make_video(path.with_stem(half), grey_frames(50), gop=25, **options) for half in ("first", "second")]
    path.write_bytes(b"".join(half.read_bytes() for half in halves))
    return path


def joined_flv(path: Path, shift_ms: int, **options: Any) -> Path:
    """Two FLV files joined; the second one's clock is so far from where the first one's has come."""
    first, second = (make_video(path.with_stem(half), grey_frames(50), gop=25, **options) for half in "ab")
    content, place, begin = second.read_bytes(), 13, None
    whole = bytearray(first.read_bytes())
    while place + 15 < len(content):
        size = 11 + int.from_bytes(content[place + 1 : place + 4], "big") + 4
        tag = bytearray(content[place : place + size])
        if tag[0] == 9:
            time = int.from_bytes(tag[4:7], "big") + 50 * 40 + shift_ms
            begin = time if begin is None else begin
            tag[4:7], tag[7] = (time & 0xFFFFFF).to_bytes(3, "big"), 0
            whole += tag
        place += size
    path.write_bytes(whole)
    return path


@pytest.mark.parametrize("name", JOINED)
def test_recordings_that_were_joined(tmp_path: Path, name: str) -> None:
    assert_every_frame(joined(tmp_path / name, **JOINED[name]), 100, NOTE)


@pytest.mark.parametrize("options", [{"codec": "flv1"}, {}], ids=["flv1", "h264"])
@pytest.mark.parametrize("shift_ms", [-57, -1000, -2000])
def test_a_clock_that_goes_back_where_an_flv_goes_on(tmp_path: Path, shift_ms: int, options: dict[str, Any]) -> None:
    assert_every_frame(joined_flv(tmp_path / "a.flv", shift_ms, **options), 100, NOTE)


def test_a_clock_that_wraps_at_33_bits_goes_on(tmp_path: Path) -> None:
    begin = (1 << 33) // 90_000 - 75
    path = make_video(tmp_path / "a.ts", grey_frames(100), rate=1, gop=25, ticks=lambda number: begin + number)
    assert_every_frame(path, 100)


def test_what_a_joined_recording_lacks_is_left_out(tmp_path: Path) -> None:
    first = make_video(tmp_path / "first.ts", grey_frames(50), gop=25)
    whole = make_video(tmp_path / "whole.mp4", grey_frames(50), gop=25)
    second = remux(whole, tmp_path / "second.ts", first=10)
    path = tmp_path / "joined.ts"
    path.write_bytes(first.read_bytes() + second.read_bytes())
    opened, frames = read(path)
    numbers = [index_of(frame.image) for frame in frames]
    assert opened.notes == (NOTE, "15 frames need others that the file does not hold; the rest was taken")
    assert numbers == [*range(50), *range(25, 50)]


@pytest.mark.parametrize("decoder_name", ["decord", "torchcodec"])
def test_decoders_that_go_by_time_are_not_given_such_files(
    tmp_path: Path, decoder_name: str, request: pytest.FixtureRequest
) -> None:
    decoder: VideoDecoder = request.getfixturevalue(decoder_name)
    path = joined_flv(tmp_path / "a.flv", -1000, codec="flv1")
    with pytest.raises(SourceError, match=rf"{decoder_name} would misplace its frames, whose times jump back"):
        decoder.open(path)


def order_of(
    times: Sequence[int],
    keys: Sequence[int] = (0,),
    *,
    start: RandomAccess = RandomAccess.CLOSED,
    reorders: bool = True,
) -> tuple[list[int], int, int]:
    """The packets' numbers in the order shown, the jumps, and how many are left out."""
    packets = [
        Packet(time, start if number in keys else None, is_shown=True, is_damaged=False)
        for number, time in enumerate(times)
    ]
    order = shown_order(packets, times, reorders=reorders)
    assert list(order.pts) == sorted(order.pts)
    return list(order.numbers), order.jumps, order.left_out


def test_frames_that_are_decoded_early_are_no_jump() -> None:
    assert order_of([0, 4, 2, 1, 3, 8, 6, 5, 7], [0]) == ([0, 3, 2, 4, 1, 7, 6, 8, 5], 0, 0)


def test_an_open_group_in_the_middle_is_no_jump() -> None:
    assert order_of([0, 1, 2, 5, 3, 4, 6], [0, 3], start=RandomAccess.OPEN) == ([0, 1, 2, 4, 5, 3, 6], 0, 0)


def test_an_open_group_at_the_beginning_lacks_what_is_shown_before() -> None:
    assert order_of([2, 0, 1, 3], [0], start=RandomAccess.OPEN) == ([0, 3], 0, 2)
    assert order_of([2, 0, 1, 3], [0]) == ([1, 2, 0, 3], 0, 0)


def test_a_key_frame_in_the_past_is_a_jump_however_small() -> None:
    assert order_of([0, 10, 20, 19, 29], [0, 3]) == ([0, 1, 2, 3, 4], 1, 0)


def test_equal_times_are_none() -> None:
    assert order_of([0, 10, 10, 20], range(4)) == ([0, 1, 2, 3], 0, 0)


def test_a_jump_between_key_frames_is_found_where_it_is_far() -> None:
    times = [*range(100, 160), *range(60)]
    assert order_of(times) == (list(range(120)), 1, 0)


def test_without_reordering_every_step_back_is_a_jump() -> None:
    assert order_of([0, 10, 20, 15, 25], reorders=False) == ([0, 1, 2, 3, 4], 1, 0)


def test_a_single_time_far_ahead_moves_one_frame_at_most() -> None:
    times = [*range(20), 10**9, *range(21, 60)]
    numbers, jumps, _ = order_of(times, range(0, 60, 10))
    assert sorted(numbers) == list(range(60))
    assert jumps == 1
    assert [number for number in numbers if number != 20] == [number for number in range(60) if number != 20]


def test_a_jump_where_something_is_missing_waits_for_a_key_frame() -> None:
    packets = [
        Packet(time, RandomAccess.CLOSED if number in (0, 6) else None, is_shown=True, is_damaged=number == 2)
        for number, time in enumerate([50, 51, 52, 0, 1, 2, 3, 4])
    ]
    order = shown_order(packets, [packet.pts or 0 for packet in packets], reorders=False)
    assert (list(order.numbers), order.left_out) == ([0, 1, 2, 6, 7], 3)
    assert list(order.pts) == [50, 51, 52, 53, 54]


def test_the_shared_file() -> None:
    opened, frames = read(shared("odd_files", "joined_clock_back.ts"))
    assert (opened.frame_count, len(frames), opened.notes) == (200, 200, (NOTE,))
