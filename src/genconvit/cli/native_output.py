"""Keeping apart what the program says and what libraries write to the standard streams by themselves."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_STREAMS = (1, 2)


@contextmanager
def native_output_in(log: Path) -> Iterator[None]:
    """Append to a file what comes to stdout and stderr in the block, but what is written to ``sys.stderr`` there.

    Libraries that are not written in Python, and handlers of logging that were made before, do not look at
    ``sys.stderr``.

    Args:
        log: file to append to; its folder is made.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    before = sys.stderr
    sys.stdout.flush()
    before.flush()
    kept = {number: os.dup(number) for number in _STREAMS}
    try:
        with log.open("ab") as file:
            for number in _STREAMS:
                os.dup2(file.fileno(), number)
        with os.fdopen(os.dup(kept[2]), "w", buffering=1, encoding="utf-8", errors="backslashreplace") as own:
            sys.stderr = own
            yield
    finally:
        sys.stderr = before
        sys.stdout.flush()
        before.flush()
        for number, copy in kept.items():
            os.dup2(copy, number)
            os.close(copy)
