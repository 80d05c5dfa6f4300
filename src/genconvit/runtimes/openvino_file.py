"""An exported network in OpenVINO's format, a FILE.xml and a FILE.bin: written with its header, read without trust."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from genconvit.core.device import AnyDevice
from genconvit.core.errors import ConfigError, WeightsError
from genconvit.core.optional import require
from genconvit.core.reporting import turn_off_reporting
from genconvit.core.text import first_line
from genconvit.runtimes.header import HEADER_KEY, ExportHeader, parse_header

SUFFIX = ".xml"
MOST_XML_BYTES = 64 << 20
_AGAIN = "copy both files or export them again (genconvit export)"


def data_beside(path: Path) -> Path:
    """Give the path of a network's tensors."""
    return path.with_suffix(".bin")


def openvino() -> Any:  # noqa: ANN401 - OpenVINO's module
    """Import OpenVINO, which is kept from reporting.

    Raises:
        ConfigError: it is not installed.
    """
    turn_off_reporting()
    require("openvino", package="OpenVINO", extra="openvino", purpose="runtime 'openvino'")
    import openvino

    return openvino


@cache
def core() -> Any:  # noqa: ANN401 - OpenVINO's core
    """Give OpenVINO's core, one for the life of the process.

    The CPU plugin of a core gives the thread that first compiles in it another stack for signals, and takes it away as
    it ends. Where it ended in another thread, the first one would keep a stack that is gone, and the next signal that
    Python handles would end the process.

    Raises:
        ConfigError: OpenVINO is not installed.
    """
    return openvino().Core()


def device_name(device: AnyDevice) -> str:
    """Give OpenVINO's name of a device: ``CPU``, or ``GPU.0`` and so on for an Intel GPU.

    Raises:
        ConfigError: OpenVINO is not installed, runs on no such device, or does not find it here.
    """
    openvino()
    if device.type == "cpu":
        return "CPU"
    if device.type != "xpu":
        raise ConfigError(f"runtime 'openvino' runs on the cpu and on Intel GPUs, got {device}; use device='cpu'")
    gpus, number = list(intel_gpus()), device.index or 0
    if number >= len(gpus):
        raise ConfigError(
            f"OpenVINO finds {len(gpus)} Intel GPUs here, so device {str(device)!r} is none; install the GPU's driver, "
            "or use device='cpu'"
        )
    return gpus[number]


def intel_gpus() -> dict[str, str]:
    """Give the Intel GPUs that OpenVINO finds: its name of each, such as ``GPU.0``, and the GPU's own.

    Raises:
        ConfigError: OpenVINO is not installed.
    """
    names = [name for name in core().available_devices if name.partition(".")[0] == "GPU"]
    return {name: str(core().get_property(name, "FULL_DEVICE_NAME")) for name in names}


def convert_onnx(source: Path, header: ExportHeader, path: Path) -> None:
    """Write the network of an ONNX file in OpenVINO's format.

    Raises:
        OSError: it cannot be written.
    """
    ov = openvino()
    model = core().read_model(source)
    model.set_rt_info(header.model_dump_json(), [HEADER_KEY])
    try:
        ov.save_model(model, path, compress_to_fp16=False)
    except RuntimeError as error:
        raise OSError(None, first_line(error), str(path)) from error


def read_model(path: Path) -> tuple[Any, ExportHeader]:
    """Read a network as OpenVINO's model, whose tensors stay in their file, and its header.

    Raises:
        ConfigError: OpenVINO is not installed.
        WeightsError: a file cannot be read, or is none of ours.
    """
    data = data_beside(path)
    if data.is_symlink():
        raise WeightsError(f"{data}, the data of {path.name}, is a link; {_AGAIN}")
    for each in (path, data):
        if not each.is_file():
            raise WeightsError(f"{each} does not exist, or is no file; {_AGAIN}")
    if path.stat().st_size > MOST_XML_BYTES:
        raise WeightsError(f"{path} has more than {MOST_XML_BYTES >> 20} MiB, so no export wrote it; {_AGAIN}")
    try:
        model = core().read_model(path, data)
        text = model.get_rt_info([HEADER_KEY]).astype(str) if model.has_rt_info([HEADER_KEY]) else None
    except Exception as error:  # its own kinds, and whatever a file makes of it
        raise WeightsError(f"{path} is damaged, or no file of OpenVINO's ({first_line(error)}); {_AGAIN}") from error
    return model, parse_header(text, path)
