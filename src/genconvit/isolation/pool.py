"""Worker processes that are used in turn: started when they are needed, replaced when they are worn out."""

from __future__ import annotations

import weakref
from collections import deque
from collections.abc import Callable
from queue import SimpleQueue

from genconvit.core.errors import GenConViTError
from genconvit.core.fork import Owner
from genconvit.isolation.process import WorkerProcess

_MOST_SERVED = 100
"""Number of sources that a worker reads: what a library leaks, and what a hostile file leaves, does not stay for
ever."""


class WorkerPool:
    """A limited number of worker processes; safe to call from several threads.

    They are the process's that made the pool: a copy of it that a fork made gets none, and ends none.

    Workers that were never given back, and those of a pool that nobody closes, end when this process does, or when the
    pool is collected.

    Args:
        start: starts a worker.
        size: number of workers that there may be.
    """

    def __init__(self, start: Callable[[], WorkerProcess], size: int) -> None:
        self._start = start
        self._places: SimpleQueue[None] = SimpleQueue()  # its put may be called from a finalizer at any moment
        for _ in range(size):
            self._places.put(None)
        self._idle: deque[WorkerProcess] = deque()
        self._all: set[WorkerProcess] = set()
        self._closed = False
        self._owner = Owner()
        self._finalizer = weakref.finalize(self, _close_all, self._all, self._owner)

    def take(self) -> WorkerProcess:
        """An idle worker; waits while there is none.

        Raises:
            ConfigError: the system starts no process.
            GenConViTError: the pool is closed, or was made before a fork.
        """
        self._owner.refuse_fork("a reader with worker processes")
        self._places.get()
        try:
            return self._idle_worker() or self._new_worker()
        except BaseException:
            self._places.put(None)
            raise

    def give_back(self, worker: WorkerProcess) -> None:
        """Let others use a worker that was taken; one that is not idle is ended."""
        if not self._owner.is_here:
            return
        try:
            if worker.idle and worker.served < _MOST_SERVED and not self._closed:
                self._idle.append(worker)
            else:
                self._end(worker)
        finally:
            self._places.put(None)

    def close(self) -> None:
        """End all workers, at work or not; more than once is fine."""
        if not self._owner.is_here:
            return
        self._closed = True
        while self._idle:
            self._end(self._idle.pop())
        for worker in tuple(self._all):  # whoever uses it gives it back
            worker.kill()

    def _idle_worker(self) -> WorkerProcess | None:
        while self._idle:
            worker = self._idle.pop()
            if worker.is_alive:
                return worker
            self._end(worker)
        return None

    def _new_worker(self) -> WorkerProcess:
        if self._closed:
            raise GenConViTError("the reader is closed; make another one")
        worker = self._start()
        self._all.add(worker)
        return worker

    def _end(self, worker: WorkerProcess) -> None:
        self._all.discard(worker)
        worker.close()


def _close_all(workers: set[WorkerProcess], owner: Owner) -> None:
    if owner.is_here:
        while workers:
            workers.pop().close()
