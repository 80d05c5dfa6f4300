"""The thread that CUDA graphs live in."""

from __future__ import annotations

import threading
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor


def graph_thread() -> ThreadPoolExecutor:
    """One thread in which ``torch.compile`` can make CUDA graphs and replay them, whichever thread asks for it.

    PyTorch keeps graphs by thread: each thread that calls would make graphs of its own, and with torch 2.11 any but the
    one that imported its module first ends in an ``AssertionError`` (pytorch/pytorch#123177). The thread ends with the
    executor.
    """
    return ThreadPoolExecutor(1, "genconvit-graphs", _make_a_place_for_graphs)


def _make_a_place_for_graphs() -> None:
    from torch._inductor.cudagraph_trees import local

    local.tree_manager_containers = {}
    local.tree_manager_locks = defaultdict(threading.Lock)
