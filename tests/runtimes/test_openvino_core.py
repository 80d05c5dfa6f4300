from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HANDLES_A_SIGNAL = """
import gc, signal, subprocess, sys, threading
from pathlib import Path
from genconvit.core.device import Device
from genconvit.runtimes.exported import read_exported
from genconvit.runtimes.openvino_runtime import OpenVinoNetwork

path = Path(sys.argv[1])
networks = [OpenVinoNetwork(path, read_exported(path).header, Device("cpu"))]

def end():
    networks.clear()
    gc.collect()

thread = threading.Thread(target=end)
thread.start()
thread.join()
signal.signal(signal.SIGCHLD, lambda *_: None)
subprocess.run([sys.executable, "-c", ""], check=True)
print("alive")
"""


def test_a_network_that_ends_in_another_thread_leaves_signals_alone(xml_path: Path) -> None:
    ran = subprocess.run([sys.executable, "-c", HANDLES_A_SIGNAL, xml_path], capture_output=True, text=True)
    assert (ran.returncode, ran.stdout.strip()) == (0, "alive"), ran.stderr
