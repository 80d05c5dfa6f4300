"""HTTP/1.1 with patience that ends: a request's head has to arrive in time, and an answer has to be taken."""

from __future__ import annotations

import asyncio
from typing import ClassVar

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol


class PatientProtocol(H11Protocol):
    """Closes a connection whose request does not arrive, or whose answer is not taken.

    While an application reads a body, the limits are the application's.
    """

    patience_seconds: ClassVar[float] = 20.0
    """Seconds that the head of a request may take, and the rest of one that was answered already."""

    answer_seconds: ClassVar[float] = 60.0
    """Seconds for which a client may take nothing of what waits to be sent."""

    _given_up: asyncio.TimerHandle | None = None
    _not_taken: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as in the base
        """Begin to wait for a request."""
        super().connection_made(transport)
        self._watch()

    def data_received(self, data: bytes) -> None:
        """Take what arrived."""
        super().data_received(data)
        self._watch()

    def on_response_complete(self) -> None:
        """Begin to wait for what comes after an answer."""
        super().on_response_complete()
        self._watch()

    def pause_writing(self) -> None:
        """Begin to wait for the client to take what was sent."""
        super().pause_writing()
        self._await_taking()

    def resume_writing(self) -> None:
        """Go on with the answer."""
        super().resume_writing()
        self._forget_taking()

    def timeout_keep_alive_handler(self) -> None:
        """Close an idle connection, whose last answer may not be taken yet."""
        super().timeout_keep_alive_handler()
        self._await_taking()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no longer."""
        super().connection_lost(exc)
        self._forget()
        self._forget_taking()

    def _watch(self) -> None:
        """Count the time while no application is at a request; it does not begin anew with each byte."""
        at_work = self.cycle is not None and not self.cycle.response_complete
        idle = self.cycle is not None and self.conn.their_state is h11.IDLE and not self.conn.trailing_data[0]
        if at_work or idle:  # an idle connection has a timer of the base
            self._forget()
        elif self._given_up is None:
            self._given_up = self.loop.call_later(self.patience_seconds, self._give_up)

    def _give_up(self) -> None:
        if not self.transport.is_closing():
            self.transport.abort()

    def _await_taking(self) -> None:
        if self._not_taken is None:
            left = self.transport.get_write_buffer_size()
            self._not_taken = self.loop.call_later(self.answer_seconds, self._look_at_taking, left)

    def _look_at_taking(self, before: int) -> None:
        self._not_taken = None
        if self.transport.get_write_buffer_size() >= before:
            self.transport.abort()
        else:
            self._await_taking()

    def _forget_taking(self) -> None:
        if self._not_taken is not None:
            self._not_taken.cancel()
            self._not_taken = None

    def _forget(self) -> None:
        if self._given_up is not None:
            self._given_up.cancel()
            self._given_up = None
