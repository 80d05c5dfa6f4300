"""Programs in the place of the one that reads credentials, taken over by a hostile file."""

from __future__ import annotations

import ctypes
import os
import socket
import time
from collections.abc import Callable, Sequence
from typing import Any

from genconvit.isolation.confine import open_nothing_more
from genconvit.isolation.messages import Channel
from genconvit.isolation.program import run

VALID: dict[str, Any] = {"state": "valid", "signer_trust": "unchecked"}


def crashes(channel: Channel) -> None:
    del channel
    ctypes.string_at(0)


def exits(channel: Channel) -> None:
    del channel
    os._exit(3)


def sleeps(channel: Channel) -> None:
    del channel
    time.sleep(600)


def runs_out_of_memory(channel: Channel) -> None:
    del channel
    raise MemoryError


def aborts_without_memory(channel: Channel) -> None:
    """Ends as Rust does where it gets no memory."""
    del channel
    os.write(2, b"memory allocation of 100000468 bytes failed\nstack backtrace:\n  0: main\n")
    os.abort()


def sends_no_json(channel: Channel) -> None:
    channel._connection.sendall(b"\0\0\0\5hello")


def sends_another_kind(channel: Channel) -> None:
    channel.send({"kind": "frame"})


def sends_an_error_of_the_machine(channel: Channel) -> None:
    channel.send({"kind": "failed", "error": "config", "reason": "stop everything"})


def sends_another_state(channel: Channel) -> None:
    channel.send({"kind": "read", "found": {**VALID, "state": "splendid"}})


def sends_another_field(channel: Channel) -> None:
    channel.send({"kind": "read", "found": {**VALID, "label": "REAL"}})


def sends_a_trust_list(channel: Channel) -> None:
    channel.send({"kind": "read", "found": {**VALID, "trust_list": None}})


def sends_trust_without_a_list(channel: Channel) -> None:
    channel.send({"kind": "read", "found": {**VALID, "signer_trust": "trusted"}})


def sends_long_texts(channel: Channel) -> None:
    channel.send({"kind": "read", "found": {**VALID, "manifests": [{"title": "x" * 1000}]}})


def sends_too_many(channel: Channel) -> None:
    channel.send({"kind": "read", "found": {**VALID, "manifests": [{"title": "x"}] * 100}})


def tries_to_open(channel: Channel) -> None:
    """Opens a file and a connection after it was told to open nothing more, and says what became of it."""
    open_nothing_more()
    became = []
    attempts: Sequence[Callable[[], object]] = (
        lambda: os.open(__file__, os.O_RDONLY),
        socket.socket,
        socket.socketpair,
        os.pipe,
    )
    for attempt in attempts:
        try:
            attempt()
            became.append("opened")
        except OSError as error:
            became.append(type(error).__name__)
    channel.send({"kind": "failed", "error": "unreadable", "reason": ", ".join(became)})


def main_of(act: Callable[[Channel], None]) -> Callable[[], None]:
    """A program that is ready, and then acts."""

    def serve(channel: Channel, descriptors: Sequence[int]) -> None:
        del descriptors
        channel.receive()
        channel.send({"kind": "ready"})
        act(channel)

    return lambda: run(serve)


def main() -> None:
    """Act as the environment says."""
    main_of(globals()[os.environ["HOSTILE_CREDENTIALS"]])()
