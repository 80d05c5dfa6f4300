"""Messages between this process and a worker: JSON objects, each behind its length, over a socket.

Neither side trusts a length or a form: a message is at most ``MAX_MESSAGE_BYTES`` long, and JSON makes plain values
only, so that a worker which a hostile file has taken over cannot run anything in the process that reads its messages.
"""

from __future__ import annotations

import json
import socket
import struct
import time
from typing import Any, NoReturn

MAX_MESSAGE_BYTES = 1 << 17

Message = dict[str, Any]

_LENGTH = struct.Struct(">I")
_PIECE_BYTES = 1 << 16


class MessageError(Exception):
    """The other side sent what is no message, or a message that is not allowed."""


class Channel:
    """One side of a connection; used by one thread at a time.

    Args:
        connection: a stream socket; the channel closes it.
    """

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._received = bytearray()

    def send(self, message: Message, seconds: float | None = None) -> None:
        """Send a message.

        Args:
            message: JSON values.
            seconds: seconds that the other side may take to make room; None is forever.

        Raises:
            EOFError: the other side is gone.
            TimeoutError: it does not read.
            MessageError: the message is too long.
        """
        content = json.dumps(message, allow_nan=False, separators=(",", ":")).encode("ascii")
        if len(content) > MAX_MESSAGE_BYTES:
            raise MessageError(f"a message of {len(content)} bytes; at most {MAX_MESSAGE_BYTES} are sent")
        self._connection.settimeout(seconds)
        try:
            self._connection.sendall(_LENGTH.pack(len(content)) + content)
        except ConnectionError as error:
            raise EOFError from error

    def receive(self, seconds: float | None = None) -> Message:
        """Wait for the next message.

        What has arrived of a message stays when waiting ends early, so that a later call goes on there.

        Args:
            seconds: seconds to wait; None is forever, and 0 takes only what is there.

        Raises:
            EOFError: the other side is gone.
            TimeoutError: no message has come.
            MessageError: what came is no message.
        """
        deadline = None if seconds is None else time.monotonic() + seconds
        while (content := self._take()) is None:
            left = None if deadline is None else max(0.0, deadline - time.monotonic())
            self._connection.settimeout(left)
            try:
                piece = self._connection.recv(_PIECE_BYTES)
            except BlockingIOError as error:
                raise TimeoutError from error
            except TimeoutError:  # this process may have been stopped meanwhile: look once more without waiting
                continue
            except ConnectionError as error:
                raise EOFError from error
            if not piece:
                raise EOFError
            self._received += piece
        return _parsed(content)

    def close(self) -> None:
        """Close the connection; more than once is fine."""
        self._connection.close()

    def _take(self) -> bytes | None:
        if len(self._received) < _LENGTH.size:
            return None
        (length,) = _LENGTH.unpack_from(self._received)
        if length > MAX_MESSAGE_BYTES:
            raise MessageError(f"a message of {length} bytes was announced; at most {MAX_MESSAGE_BYTES} are read")
        end = _LENGTH.size + length
        if len(self._received) < end:
            return None
        content = bytes(self._received[_LENGTH.size : end])
        del self._received[:end]
        return content


def _parsed(content: bytes) -> Message:
    try:
        message = json.loads(content, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise MessageError("what came is no JSON") from error
    if not isinstance(message, dict) or not isinstance(message.get("kind"), str):
        raise MessageError("what came is no object with a kind")
    return message


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)
