"""No library reports how it is used. Each test runs a fresh interpreter, whose home is empty."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

REFUSED = """
import socket, sys
calls = []

def refused(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.sendto"):
        calls.append((event, str(arguments)))
        raise OSError("no socket may be opened")

sys.addaudithook(refused)
"""


def traces(code: str, home: Path) -> list[str]:
    """Give the files that a fresh interpreter leaves in its home; it must have opened no socket."""
    kept = {name: value for name, value in os.environ.items() if name not in ("CI", "ORT_DISABLE_TELEMETRY")}
    kept |= {"HOME": str(home), "XDG_CACHE_HOME": str(home / ".cache")}
    done = subprocess.run(
        [sys.executable, "-c", f"{REFUSED}{code}\nimport time; time.sleep(0.5); print(calls)"],
        capture_output=True,
        text=True,
        timeout=600,
        env=kept,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "[]"
    return sorted(str(path.relative_to(home)) for path in home.rglob("*") if path.is_file())


def test_onnx_runtime_reports_where_it_is_not_kept_from_it(tmp_path: Path) -> None:
    """The next test can fail only if this one passes; it is skipped where the version does not report."""
    if not traces("import onnxruntime", tmp_path):
        pytest.skip("this ONNX Runtime writes no identifier for reports")


def test_onnx_runtime_is_kept_from_reporting(tmp_path: Path) -> None:
    code = "from genconvit.core.reporting import turn_off_reporting; turn_off_reporting(); import onnxruntime"
    assert traces(code, tmp_path) == []


def test_openvino_and_nncf_are_kept_from_reporting(tmp_path: Path) -> None:
    pytest.importorskip("openvino", reason="the extra openvino is not installed")
    code = """
from genconvit.core.reporting import turn_off_reporting
turn_off_reporting()
import openvino, sys
assert sys.modules["openvino_telemetry"] is None
assert hasattr(openvino, "convert_model")
"""
    assert traces(code, tmp_path) == []


def test_a_face_detector_and_an_exported_file_report_nothing(tmp_path: Path) -> None:
    code = """
import torch
from pathlib import Path
from genconvit.core.errors import GenConViTError
from genconvit.faces.onnx_session import open_detection_session
from genconvit.runtimes.exported import read_exported
Path("model.onnx").write_bytes(b"none")
for attempt in (lambda: open_detection_session(Path("model.onnx"), torch.device("cpu")),
                lambda: read_exported(Path("model.onnx")).open(torch.device("cpu"))):
    try:
        attempt()
    except GenConViTError:
        pass
assert "onnxruntime" in __import__("sys").modules
Path("model.onnx").unlink()
"""
    assert [
        path for path in traces(f"import os; os.chdir({str(tmp_path)!r})\n{code}", tmp_path) if "icrosoft" in path
    ] == []
