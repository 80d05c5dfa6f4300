"""Libraries that tell their makers how they are used, kept from doing so."""

from __future__ import annotations

import os
import sys


def turn_off_reporting() -> None:
    """Keep ONNX Runtime, OpenVINO and nncf from reporting; to be called before any of them is imported.

    ONNX Runtime 1.29 and later reads the variable when it is imported, and where it is not set sends what it runs, with
    an identifier of the machine. OpenVINO sends an event when it is imported, by a package that it does without.
    """
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type] # as documented: it cannot be imported
    if "onnxruntime" in sys.modules:
        sys.modules["onnxruntime"].disable_telemetry_events()
