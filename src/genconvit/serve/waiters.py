"""Requests that wait for the end of a job, or for its report."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress


class Waiters:
    """The requests that wait, by job; told from any thread."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._events: dict[str, set[tuple[asyncio.AbstractEventLoop, asyncio.Event]]] = {}

    async def wait(self, job_id: str, is_there: Callable[[], bool], seconds: float) -> None:
        """Wait until what is waited for is there, or so long.

        Args:
            job_id: id of the job.
            is_there: looks whether it is, called in another thread.
            seconds: seconds to wait at most.
        """
        entry = (asyncio.get_running_loop(), asyncio.Event())
        with self._turn:
            self._events.setdefault(job_id, set()).add(entry)
        try:
            if not await asyncio.to_thread(is_there):
                with suppress(TimeoutError, asyncio.TimeoutError):
                    await asyncio.wait_for(entry[1].wait(), seconds)
        finally:
            with self._turn:
                self._events[job_id].discard(entry)
                if not self._events[job_id]:
                    del self._events[job_id]

    def tell(self, job_id: str) -> None:
        """Say that what is waited for is there."""
        with self._turn:
            for loop, event in self._events.get(job_id, ()):
                loop.call_soon_threadsafe(event.set)
