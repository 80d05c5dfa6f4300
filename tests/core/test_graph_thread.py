"""PyTorch keeps CUDA graphs by thread; the library's own thread has a place for them."""

from __future__ import annotations

import subprocess
import sys
import threading

import pytest

CODE = """
from torch._inductor import cudagraph_trees as trees

def place():
    return trees.get_obj(trees.local, "tree_manager_containers"), trees.get_obj(trees.local, "tree_manager_locks")

from genconvit.core.graph_thread import graph_thread
with graph_thread() as own, graph_thread() as other:
    containers, locks = own.submit(place).result()
    print(containers == {}, locks[0].acquire(blocking=False), own.submit(place).result()[0] is containers)
    print(other.submit(place).result()[0] is containers)
"""


@pytest.mark.slow
def test_graphs_have_a_place_in_each_such_thread() -> None:
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["True", "True", "True", "False"]


def test_the_thread_ends_with_its_executor(monkeypatch: pytest.MonkeyPatch) -> None:
    from genconvit.core import graph_thread as module

    monkeypatch.setattr(module, "_make_a_place_for_graphs", lambda: None)
    executor = module.graph_thread()
    thread = executor.submit(threading.current_thread).result()
    assert thread.name.startswith("genconvit-graphs")
    assert executor.submit(threading.current_thread).result() is thread
    del executor
    thread.join(300)
    assert not thread.is_alive()
