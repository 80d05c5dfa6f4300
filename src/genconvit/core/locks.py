"""Locks on open files, which end with the process that holds them."""

from __future__ import annotations

from enum import Enum


class Lock(Enum):
    """Kinds of locks: any number may share one, or one alone holds it."""

    SHARED = "shared"
    EXCLUSIVE = "exclusive"


def locked(descriptor: int, lock: Lock, *, wait: bool = True, without_locks: bool = True) -> bool:
    """Lock an open file; false where another opening of it stands in the way.

    Args:
        descriptor: descriptor of the file.
        lock: kind of the lock.
        wait: wait until nothing stands in the way.
        without_locks: answer on a file system or a platform that has no locks.
    """
    try:
        import fcntl
    except ImportError:  # Windows
        return without_locks
    kind = fcntl.LOCK_SH if lock is Lock.SHARED else fcntl.LOCK_EX
    try:
        fcntl.flock(descriptor, kind if wait else kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks
        return without_locks
    return True
