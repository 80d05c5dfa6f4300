"""Options that every session of ONNX Runtime gets."""

from __future__ import annotations

from typing import Any

from genconvit.core.cores import session_threads
from genconvit.core.reporting import turn_off_reporting


def session_options() -> Any:  # noqa: ANN401 - ONNX Runtime's class
    """Give the options of a session: silent, with our number of threads, which sleep where they have nothing to do.

    Raises:
        ImportError: ONNX Runtime cannot be imported.
    """
    turn_off_reporting()
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = session_threads()
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return options
