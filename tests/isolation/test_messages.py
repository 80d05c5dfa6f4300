"""Messages between processes, well-formed and not."""

from __future__ import annotations

import json
import os
import socket
import struct
import threading
import time
from collections.abc import Iterator

import numpy as np
import pytest

from genconvit.core.errors import SOURCE_ERRORS, ConfigError, PluginError
from genconvit.core.types import Frame
from genconvit.isolation.incoming import Incoming
from genconvit.isolation.memory import SLOT_PIXELS, SharedFrames, create_memory
from genconvit.isolation.messages import MAX_MESSAGE_BYTES, Channel, Message, MessageError
from genconvit.video.readers import FRAMES_AHEAD
from processes import LONG_SECONDS

OPENED: Message = {"kind": "opened", "decoder": "d", "frame_count": 9, "chosen_count": 4, "notes": ["n"]}
FRAME: Message = {"kind": "frame", "index": 2, "pts_seconds": 0.5, "slot": 1, "height": 4, "width": 6}


@pytest.fixture
def pair() -> Iterator[tuple[Channel, socket.socket]]:
    ours, theirs = socket.socketpair()
    channel = Channel(ours)
    with theirs:
        yield channel, theirs
    channel.close()


@pytest.fixture
def frames() -> Iterator[SharedFrames]:
    descriptor = create_memory()
    yield SharedFrames(descriptor)
    os.close(descriptor)


@pytest.fixture
def incoming(frames: SharedFrames) -> Incoming:
    return Incoming("a.mp4", 2, frames.view)


def framed(content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + content


def test_messages_arrive_in_order_whatever_the_pieces(pair: tuple[Channel, socket.socket]) -> None:
    channel, other = pair
    sent = framed(b'{"kind":"a","text":"\\udcff"}') + framed(b'{"kind":"b"}')
    threading.Thread(target=lambda: [other.send(sent[at : at + 1]) for at in range(len(sent))]).start()
    assert [channel.receive(5), channel.receive(5)] == [{"kind": "a", "text": "\udcff"}, {"kind": "b"}]


def test_what_has_arrived_of_a_message_is_kept(pair: tuple[Channel, socket.socket]) -> None:
    channel, other = pair
    sent = framed(b'{"kind":"a"}')
    other.send(sent[:7])
    for seconds in (0, 0.05):
        with pytest.raises(TimeoutError):
            channel.receive(seconds)
    other.send(sent[7:])
    assert channel.receive(0) == {"kind": "a"}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe",
        b"[1]",
        b"{}",
        b'{"kind":1}',
        b'{"kind":"a","x":NaN}',
        b'{"kind":"a"',
        b"[" * 100_000,
        b'{"kind":"a","x":' + b"9" * 100_000 + b"x}",
    ],
)
def test_what_is_no_message_is_refused(pair: tuple[Channel, socket.socket], content: bytes) -> None:
    channel, other = pair
    other.sendall(framed(content))
    with pytest.raises(MessageError):
        channel.receive(5)


def test_a_long_message_is_refused_before_it_arrives(pair: tuple[Channel, socket.socket]) -> None:
    channel, other = pair
    other.send(struct.pack(">I", MAX_MESSAGE_BYTES + 1))
    with pytest.raises(MessageError, match=f"a message of {MAX_MESSAGE_BYTES + 1} bytes was announced"):
        channel.receive(5)
    with pytest.raises(MessageError, match="at most"):
        channel.send({"kind": "x" * MAX_MESSAGE_BYTES})


def test_an_end_in_the_middle_is_an_end(pair: tuple[Channel, socket.socket]) -> None:
    channel, other = pair
    other.send(b"\0\0\0")
    other.close()
    with pytest.raises(EOFError):
        channel.receive(5)
    with pytest.raises(EOFError):
        channel.send({"kind": "a"})


def test_sending_to_one_that_does_not_read_ends(pair: tuple[Channel, socket.socket]) -> None:
    channel, _ = pair
    start = time.monotonic()

    def send_for_ever() -> None:
        while True:
            channel.send({"kind": "x" * 100_000}, 0.1)

    with pytest.raises(TimeoutError):
        send_for_ever()
    assert time.monotonic() - start < LONG_SECONDS


def test_events_are_checked_and_made(incoming: Incoming) -> None:
    opened, frame = incoming.event(OPENED), incoming.event(FRAME)
    assert opened is not None
    assert (opened.decoder, opened.frame_count, opened.chosen_count, opened.notes) == ("d", 9, 4, ("n",))  # type: ignore[union-attr]
    assert isinstance(frame, Frame)
    assert (frame.index, frame.pts_seconds, frame.image.shape) == (2, 0.5, (4, 6, 3))
    assert incoming.event({"kind": "end"}) is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"decoder": None},
        {"decoder": "d" * 3000},
        {"frame_count": 0},
        {"frame_count": 1 << 40},
        {"frame_count": 3},
        {"frame_count": True},
        {"frame_count": "9"},
        {"chosen_count": 0},
        {"chosen_count": 4.0},
        {"notes": "n"},
        {"notes": [1]},
        {"notes": ["n"] * 100},
        {"duration_seconds": "1"},
        {"duration_seconds": -1.0},
        {"duration_seconds": float("nan")},
    ],
    ids=str,
)
def test_an_opening_that_cannot_be_is_refused(incoming: Incoming, wrong: Message) -> None:
    with pytest.raises(MessageError):
        incoming.event({**OPENED, **wrong})


@pytest.mark.parametrize(
    "wrong",
    [
        {"index": -1},
        {"index": 9},
        {"index": None},
        {"pts_seconds": "0"},
        {"pts_seconds": True},
        {"pts_seconds": float("inf")},
        {"slot": FRAMES_AHEAD},
        {"slot": -1},
        {"height": 0},
        {"width": -5},
        {"height": SLOT_PIXELS, "width": 2},
        {"height": 1 << 70},
    ],
    ids=str,
)
def test_a_frame_that_cannot_be_is_refused(incoming: Incoming, wrong: Message) -> None:
    incoming.event(OPENED)
    with pytest.raises(MessageError):
        incoming.event({**FRAME, **wrong})


def test_events_out_of_place_are_refused(incoming: Incoming) -> None:
    with pytest.raises(MessageError, match="not announced"):
        incoming.event(FRAME)
    incoming.event(OPENED)
    incoming.event(FRAME)
    with pytest.raises(MessageError, match="no whole number"):
        incoming.event(FRAME)
    for index in (3, 4):
        incoming.event({**FRAME, "index": index})
    with pytest.raises(MessageError, match="not announced"):
        incoming.event({**FRAME, "index": 5})
    incoming.event(OPENED)
    with pytest.raises(MessageError, match="opened more often"):
        incoming.event(OPENED)
    with pytest.raises(MessageError, match="of kind 'run'"):
        incoming.event({"kind": "run"})


@pytest.mark.parametrize(("kind", "error"), [*SOURCE_ERRORS.items(), ("config", ConfigError), ("plugin", PluginError)])
def test_errors_keep_their_type(incoming: Incoming, kind: str, error: type[Exception]) -> None:
    with pytest.raises(error, match=r"bad \\udcff") as raised:
        incoming.event({"kind": "failed", "error": kind, "reason": "bad \udcff"})
    assert type(raised.value) is error


@pytest.mark.parametrize("error", ["SystemExit", "source", None, []])
def test_no_other_error_can_be_raised(incoming: Incoming, error: object) -> None:
    with pytest.raises(MessageError, match="an error of kind"):
        incoming.event({"kind": "failed", "error": error, "reason": "r"})


def test_shared_memory_holds_one_image_a_slot() -> None:
    descriptor = create_memory()
    writer, reader = SharedFrames(descriptor, writable=True), SharedFrames(descriptor)
    os.close(descriptor)
    for slot in range(FRAMES_AHEAD):
        writer.view(slot, 10, 20)[:] = slot + 1
    views = [reader.view(slot, 10, 20) for slot in range(FRAMES_AHEAD)]
    assert [np.unique(view).tolist() for view in views] == [[1], [2], [3]]
    assert reader.view(0, 8000, 10_000).shape == (8000, 10_000, 3)


def test_shared_memory_cannot_shrink_below_a_view() -> None:
    if not hasattr(os, "memfd_create"):
        pytest.skip("needs memory files")
    descriptor = create_memory()
    for size in (0, 1 << 40):
        with pytest.raises(PermissionError):
            os.ftruncate(descriptor, size)
    os.close(descriptor)


def test_shared_memory_works_without_memory_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "memfd_create", raising=False)
    descriptor = create_memory()
    SharedFrames(descriptor, writable=True).view(2, 4, 4)[:] = 7
    assert SharedFrames(descriptor).view(2, 4, 4).mean() == 7
    assert os.fstat(descriptor).st_nlink == 0
    os.close(descriptor)


def test_a_large_picture_does_not_keep_its_memory() -> None:
    descriptor = create_memory()
    frames = SharedFrames(descriptor, writable=True)
    frames.view(1, 5000, 5000)[:] = 1
    full = os.fstat(descriptor).st_blocks
    frames.trim()
    assert os.fstat(descriptor).st_blocks < full / 2
    assert frames.view(1, 100, 100).min() == 1
    os.close(descriptor)


def test_json_is_what_travels(pair: tuple[Channel, socket.socket]) -> None:
    channel, other = pair
    channel.send({"kind": "a", "value": 0.1})
    assert json.loads(other.recv(1000)[4:]) == {"kind": "a", "value": 0.1}
