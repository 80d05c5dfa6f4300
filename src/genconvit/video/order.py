"""The order in which frames are shown, told from their packets' times, where clocks may jump back within a file.

Packets come in the order of decoding, and their frames are shown in the order of time. What is decoded before its turn
stays within two bounds that every codec keeps: a key frame is shown behind all that was decoded before it, and a frame
is at most ``_DEPTH`` frames early. A packet that breaks a bound is therefore on another clock, and a part of the file
begins with it.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median_low
from typing import NamedTuple

from genconvit.video.picture_type import RandomAccess

_DEPTH = 16
"""The most frames that H.264 and HEVC let a decoder hold back; older codecs hold back one."""


class Packet(NamedTuple):
    """Facts that the index keeps of a packet.

    Attributes:
        pts: presentation time of its frame in units of the stream's clock, or None.
        start: random access, which says what can be decoded from it on; None where decoding cannot begin there.
        is_shown: not marked as one to be decoded alone.
        is_damaged: the file lacks something here.
    """

    pts: int | None
    start: RandomAccess | None
    is_shown: bool
    is_damaged: bool


@dataclass(frozen=True)
class ShownOrder:
    """Frames in the order in which they are shown.

    Attributes:
        numbers: the number of each frame's packet in the file.
        pts: each frame's time on one clock, which goes on where the file's jumps back; never decreasing.
        jumps: number of times that the file's clock jumps back.
        left_out: number of frames that need ones that the file does not hold.
    """

    numbers: Sequence[int]
    pts: Sequence[int]
    jumps: int
    left_out: int


def shown_order(packets: Sequence[Packet], times: Sequence[int], *, reorders: bool) -> ShownOrder:
    """Order frames by time within each part of a file that has one clock.

    Frames that need ones from before the file's beginning, or from before a place where something is missing and the
    clock jumps, are left out: those before the first packet that decoding can begin with, and those that are decoded
    behind it but shown before it.

    Args:
        packets: packets of a stream.
        times: times of the packets.
        reorders: true where the codec can show frames in another order than it decodes them.
    """
    numbers: list[int] = []
    pts: list[int] = []
    parts = _parts(packets, times, _DEPTH if reorders else 0)
    for begin, end in parts:
        usable = _usable(packets, times, begin, end, is_first=not begin)
        shown = sorted((number for number in usable if packets[number].is_shown), key=times.__getitem__)
        if shown:
            shift = pts[-1] + _step(pts) - times[shown[0]] if pts and begin else 0
            numbers += shown
            pts += [times[number] + shift for number in shown]
    left_out = sum(packet.is_shown for packet in packets) - len(numbers)
    return ShownOrder(numbers, pts, len(parts) - 1, left_out)


def first_start(packets: Sequence[Packet]) -> int:
    """The number of the packet that decoding begins with: the first that it can begin with, or the first at all."""
    return next((number for number, packet in enumerate(packets) if packet.start), 0)


def _parts(packets: Sequence[Packet], times: Sequence[int], depth: int) -> list[tuple[int, int]]:
    """The parts of a file that have one clock, as first packet and the one behind the last."""
    begins = [0]
    held: list[int] = []
    latest = shown = None
    for number, time in enumerate(times):
        is_early = latest is not None and packets[number].start is not None and time < latest
        if is_early or (shown is not None and time < shown):
            begins.append(number)
            held, latest, shown = [], None, None
        heapq.heappush(held, time)
        if len(held) > depth:
            shown = heapq.heappop(held)
        latest = time if latest is None else max(latest, time)
    return list(pairwise([*begins, len(times)]))


def _usable(packets: Sequence[Packet], times: Sequence[int], begin: int, end: int, *, is_first: bool) -> Sequence[int]:
    """The packets of a part whose frames can be decoded."""
    lacks = is_first or any(packet.is_damaged for packet in packets[max(begin - 2, 0) : begin + 1])
    start = next((number for number in range(begin, end) if packets[number].start), None)
    if start is None:
        return range(begin, end) if is_first or not lacks else ()
    if start > begin and not lacks:
        return range(begin, end)
    least = times[start] if packets[start].start is RandomAccess.OPEN else None
    return [number for number in range(start, end) if least is None or times[number] >= least]


def _step(pts: Sequence[int]) -> int:
    """The time from one frame to the next, at least 1."""
    return max(1, median_low([later - earlier for earlier, later in pairwise(pts[-25:])] or [1]))
