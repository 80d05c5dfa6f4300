"""A lock on a run's files, which ends with the process that holds it, however that ends."""

from __future__ import annotations

import contextlib
import json
import os
import socket
from datetime import datetime
from pathlib import Path

from genconvit.core.closeable import Closeable
from genconvit.core.errors import ConfigError
from genconvit.core.locks import Lock, locked
from genconvit.journal.lines import LineFile


class RunLock(Closeable):
    """The lock of one run, in a file that names its process.

    The lock is the system's (``flock``), which Windows and some file systems have not. It ends with the process; what
    the file says is for people alone.

    Args:
        path: path of the file, which stays.
        what: name of what is locked, for the message.

    Raises:
        ConfigError: another run holds it; names its process and machine.
        OSError: the file cannot be opened.
    """

    def __init__(self, path: Path, what: Path) -> None:
        self._file = LineFile(path)
        if not locked(self._file.descriptor, Lock.EXCLUSIVE, wait=False):
            self._file.close()
            raise ConfigError(
                f"another run is at work on {str(what)!r}: {_holder(path)}; wait for its end, end it, or give another "
                "path"
            )
        with contextlib.suppress(OSError):  # a full disk must not keep a run from its lock
            self._file.truncate(0)
            self._file.append(_own_name())

    def close(self) -> None:
        """Let other runs have it; more than once is fine."""
        self._file.close()


def _own_name() -> bytes:
    since = datetime.now().astimezone().isoformat(timespec="seconds")
    return json.dumps({"pid": os.getpid(), "host": socket.gethostname(), "since": since}).encode() + b"\n"


def _holder(path: Path) -> str:
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        return f"process {int(said['pid'])} on {str(said['host'])!r}, since {str(said['since'])!r}"
    except (OSError, ValueError, KeyError, TypeError):
        return "its process has not said which one it is"
