"""Remains of a process in its fork: threads, worker processes, and the threads that libraries compute with."""

from __future__ import annotations

import os
import sys

from genconvit.core.errors import GenConViTError


class Owner:
    """The process that something was made in.

    Attributes:
        pid: id of the process.
    """

    def __init__(self) -> None:
        self.pid = os.getpid()

    @property
    def is_here(self) -> bool:
        """True where this process is the one, not a copy of it that a fork made."""
        return os.getpid() == self.pid

    def refuse_fork(self, what: str) -> None:
        """Make sure that something is used where it was made; elsewhere it would wait for threads that are not there.

        Args:
            what: subject of the message: the object that is used.

        Raises:
            GenConViTError: this process is a copy that a fork made.
        """
        if not self.is_here:
            raise GenConViTError(
                f"{what} was made before a fork, in process {self.pid}, whose threads and workers this process "
                f"({os.getpid()}) does not have; make it in the child, or start processes with 'spawn', as "
                "multiprocessing.get_context('spawn') does"
            )


_FIRST: list[Owner] = []
"""Process, this one or the one that it is a copy of, that first used a network."""


def compute_without_lost_threads() -> str | None:
    """Let PyTorch compute in one thread where this process is a copy of one that used networks; say so in a note.

    The copy lacks the threads that the other one computed with, and PyTorch would wait for them for ever. Where the
    other one did not import it, there are none.
    """
    if not _FIRST:
        _FIRST.append(Owner())
    torch = sys.modules.get("torch")
    if _FIRST[0].is_here or torch is None:
        return None
    torch.set_num_threads(1)
    return f"made after a fork of process {_FIRST[0].pid}, which had used networks: computed in one thread"
