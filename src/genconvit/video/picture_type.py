"""Random access by the picture type in a packet; containers mark key frames wrongly now and then.

Each function reads what its codec's standard puts at the head of a coded picture: ISO 11172-2 (MPEG-1), 13818-2
(MPEG-2) and 14496-2 (MPEG-4), H.263, H.264, H.265, RFC 6386 (VP8), and the bitstream specifications of VP9 and AV1. For
Flash's H.263 and Microsoft's MPEG-4, which have none, it is what their encoders write.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import Enum

_NALS = 64
"""Most units of a packet that are looked at before its picture is found."""


class RandomAccess(Enum):
    """Frames that can be decoded when decoding begins at a packet."""

    CLOSED = "every frame from here on"
    OPEN = "every frame from here on that is not shown before this one"


RandomAccessOf = Callable[[bytes], RandomAccess | None]
"""Function from a packet to what can be decoded from it on; None where decoding cannot begin there."""


def start_reader(codec: str, extradata: bytes | None) -> RandomAccessOf | None:
    """Choose what tells whether decoding can begin at a packet of a codec; None where its packets do not show that.

    Args:
        codec: FFmpeg's name of the codec.
        extradata: the codec's own header, which the container keeps.
    """
    if codec in _NAL_STARTS:
        start, place, least = _NAL_STARTS[codec]
        header = extradata or b""
        length = (header[place] & 3) + 1 if len(header) >= least and header[0] == 1 else 0
        return lambda packet: start(_nals(packet, length))
    return _STARTS.get(codec)


def _nals(packet: bytes, length: int) -> Iterator[bytes]:
    """The heads of a packet's units, which begin with their length, or behind start codes where that has no bytes."""
    place = 0
    for _ in range(_NALS):
        if length:
            size = int.from_bytes(packet[place : place + length], "big")
            begin, place = place + length, place + length + size
        else:
            place = begin = packet.find(b"\0\0\1", place) + 3
            if begin < 3:
                return
        if begin >= len(packet):
            return
        yield packet[begin : begin + 32]


def _h264(nals: Iterator[bytes]) -> RandomAccess | None:
    recovers = False
    for nal in nals:
        kind = nal[0] & 31
        if kind == 5:
            return RandomAccess.CLOSED
        if 1 <= kind <= 4:
            return RandomAccess.OPEN if recovers else None
        if kind == 6:
            recovers = recovers or _recovers_at_once(nal)
    return None


def _recovers_at_once(sei: bytes) -> bool:
    """Tell whether the first message of an SEI unit is a recovery point that is no frames away."""
    place = 1
    while place + 1 < len(sei):
        kind, size = sei[place], sei[place + 1]
        if kind == 6:
            return place + 2 < len(sei) and bool(sei[place + 2] & 0x80)
        if 255 in (kind, size):
            return False
        place += 2 + size
    return False


def _hevc(nals: Iterator[bytes]) -> RandomAccess | None:
    for nal in nals:
        kind = nal[0] >> 1 & 63
        if kind in (19, 20):
            return RandomAccess.CLOSED
        if 16 <= kind <= 21:
            return RandomAccess.OPEN
        if kind < 32:
            return None
    return None


def _mpeg(packet: bytes, picture: int, group: int, is_intra: Callable[[int, int], bool]) -> RandomAccess | None:
    """The start of a codec whose pictures, and groups of them, begin with these start codes."""
    begin = packet.find(bytes((0, 0, 1, picture)))
    head = packet[begin + 4 : begin + 6]
    if begin < 0 or len(head) < 2 or not is_intra(*head):
        return None
    opened = packet.rfind(bytes((0, 0, 1, group)), 0, begin)
    closed = opened >= 0 and _bit(packet, 8 * (opened + 4) + (25 if group == 0xB8 else 18))
    return RandomAccess.CLOSED if closed else RandomAccess.OPEN


def _mpeg12(packet: bytes) -> RandomAccess | None:
    return _mpeg(packet, 0x00, 0xB8, lambda _, second: second >> 3 & 7 == 1)


def _mpeg4(packet: bytes) -> RandomAccess | None:
    return _mpeg(packet, 0xB6, 0xB3, lambda first, _: first >> 6 == 0)


def _flv1(packet: bytes) -> RandomAccess | None:
    if len(packet) < 10:
        return None
    size = _bits(packet, 30, 3)
    return _closed(_bits(packet, 33 + {0: 16, 1: 32}.get(size, 0), 2) == 0)


def _h263(packet: bytes) -> RandomAccess | None:
    if len(packet) < 9 or _bits(packet, 0, 22) != 0x20:
        return None
    if _bits(packet, 35, 3) != 7:
        return _closed(not _bit(packet, 38))
    return _closed(_bits(packet, 59 if _bits(packet, 38, 3) == 1 else 41, 3) == 0)


def _vp9(packet: bytes) -> RandomAccess | None:
    shift = 5 if packet[0] & 0x30 == 0x30 else 4
    return _closed(packet[0] >> 6 == 2 and not _bit(packet, shift) and not _bit(packet, shift + 1))


def _av1(packet: bytes) -> RandomAccess | None:
    place = 0
    for _ in range(_NALS):
        if place >= len(packet):
            return None
        head = packet[place]
        place += 2 if head & 4 else 1
        size, shift = 0, 0
        while head & 2 and place < len(packet) and shift < 56:
            size |= (packet[place] & 127) << shift
            place, shift = place + 1, shift + 7
            if packet[place - 1] < 128:
                break
        if head >> 3 & 15 in (3, 6):
            return _closed(packet[place : place + 1] != b"" and packet[place] >> 4 == 0b0001)
        place = place + size if head & 2 else len(packet)
    return None


def _closed(is_key: bool) -> RandomAccess | None:
    return RandomAccess.CLOSED if is_key else None


def _bit(packet: bytes, place: int) -> bool:
    return bool(_bits(packet, place, 1))


def _bits(packet: bytes, place: int, count: int) -> int:
    """Bits of a packet as a number, those behind its end zero."""
    part = packet[place // 8 : place // 8 + 4].ljust(4, b"\0")
    return int.from_bytes(part, "big") >> (32 - place % 8 - count) & ((1 << count) - 1)


_NAL_STARTS: dict[str, tuple[Callable[[Iterator[bytes]], RandomAccess | None], int, int]] = {
    "h264": (_h264, 4, 7),
    "hevc": (_hevc, 21, 23),
}
"""Readers of the units, with the place of the size of their lengths in the codec's header, and that header's least
bytes."""

_STARTS: dict[str, RandomAccessOf] = {
    "mpeg1video": _mpeg12,
    "mpeg2video": _mpeg12,
    "mpeg4": _mpeg4,
    "flv1": _flv1,
    "h263": _h263,
    "h263p": _h263,
    "msmpeg4v2": lambda packet: _closed(packet[0] >> 6 == 0),
    "msmpeg4v3": lambda packet: _closed(packet[0] >> 6 == 0),
    "wmv1": lambda packet: _closed(packet[0] >> 6 == 0),
    "wmv2": lambda packet: _closed(packet[0] >> 7 == 0),
    "vp8": lambda packet: _closed(not packet[0] & 1),
    "vp9": _vp9,
    "av1": _av1,
}
