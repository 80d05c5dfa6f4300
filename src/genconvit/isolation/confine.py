"""Confinement of a worker process by itself: it ends with its parent, keeps quiet, limits its memory, opens nothing."""

from __future__ import annotations

import os
import re
import sys
import threading
from pathlib import Path

OUT_OF_MEMORY = 77
"""The exit status of a worker that has none left; nothing but an exit can be relied on then."""

_USED = re.compile(r"^VmData:\s*(\d+) kB$", re.MULTILINE)


def end_with_parent() -> None:
    """End this process when the other end of its standard input is closed, whatever it is doing then.

    The parent writes nothing there. On Linux the kernel sends a signal, which ends even code that never lets another
    thread run. Afterwards the standard input is empty.
    """
    lifeline = os.dup(0)
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.close(nothing)
    if sys.platform == "linux":
        import fcntl

        fcntl.fcntl(lifeline, fcntl.F_SETOWN, os.getpid())
        fcntl.fcntl(lifeline, fcntl.F_SETFL, fcntl.fcntl(lifeline, fcntl.F_GETFL) | os.O_ASYNC)
    threading.Thread(target=_wait_for_end, args=(lifeline,), daemon=True).start()


def silence() -> None:
    """Let nothing that libraries print be seen; the standard output has been silent from the start."""
    os.dup2(1, 2)


def limit_memory(beyond_now_mb: int) -> None:
    """Limit this process's private memory to what it has now and so many MiB more, and let it leave no core file.

    Memory is counted when it is asked for. Linux alone counts it (since 4.7), so nothing is limited elsewhere.
    """
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    status = Path("/proc/self/status")
    used = _USED.search(status.read_text(encoding="ascii", errors="replace")) if status.exists() else None
    if used:
        limit = (int(used[1]) << 10) + (beyond_now_mb << 20)
        hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
        limit = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
        resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))


def open_nothing_more() -> None:
    """Let this process open no file and no connection from now on; what is open stays usable.

    A descriptor's number is the lowest that is free, and from here on none below the limit is.
    """
    import resource

    lowest = os.dup(0)
    os.close(lowest)
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest, lowest))


def _wait_for_end(lifeline: int) -> None:
    os.read(lifeline, 1)
    os._exit(0)
