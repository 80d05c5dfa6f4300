"""Number of threads that libraries other than PyTorch compute with."""

from __future__ import annotations

import os
import sys


def compute_threads() -> int:
    """Give as many threads as PyTorch computes with: its own number where it is there, else what it would take.

    That is ``OMP_NUM_THREADS``, or one thread for each core that this process may use.
    """
    torch = sys.modules.get("torch")
    if torch is not None:
        threads: int = torch.get_num_threads()
        return threads
    given = os.environ.get("OMP_NUM_THREADS", "")
    if given.isdecimal() and int(given) > 0:
        return int(given)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
