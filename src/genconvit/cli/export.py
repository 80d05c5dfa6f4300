"""``genconvit export``: the networks as a file for another runtime than PyTorch."""

from __future__ import annotations

from enum import Enum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from genconvit.cli.destination import check_writable, refuse_inputs
from genconvit.cli.detector_flags import FLAGS, DetectorFlags, with_detector_flags
from genconvit.cli.flags import MODEL_FLAGS
from genconvit.core.errors import ConfigError
from genconvit.core.text import printable

if TYPE_CHECKING:
    from genconvit.runtimes.int8_options import Int8Options
    from genconvit.settings import DetectorConfig

_TAKEN = ("architecture", *MODEL_FLAGS, "weights", "precision", "int8_crops", "int8_max_change")
"""Options of a detector that an exported file depends on."""


class FileFormat(str, Enum):
    """The formats of exported networks."""

    onnx = "onnx"
    openvino = "openvino"


@partial(with_detector_flags, without={"config", *FLAGS} - {*_TAKEN})
def export(
    output: Annotated[Path, typer.Option("--output", "-o", help="The file to write.", metavar="FILE.onnx|FILE.xml")],
    detector: DetectorFlags,
    file_format: Annotated[
        FileFormat | None,
        typer.Option("--format", help="For ONNX Runtime or OpenVINO.", show_default="by the suffix of --output"),
    ] = None,
) -> None:
    """Write the networks with their weights as a file for ONNX Runtime or OpenVINO, whole or not at all.

    It takes crops as they are cut, in batches of any size, and gives logits; --weights FILE opens it. Its logits are
    compared with PyTorch's, and where they differ nothing is written. --precision int8 says what it changes.
    """
    from genconvit.core.progress import shown
    from genconvit.registry import ARCHITECTURES
    from genconvit.runtimes.export import check_output, export_weights
    from genconvit.runtimes.exported import ExportFormat

    for_openvino = output.suffix == ".xml" if file_format is None else file_format is FileFormat.openvino
    chosen: ExportFormat = "openvino" if for_openvino else "onnx"
    check_output(output, chosen)
    config = detector.config()
    int8 = _int8(config)
    refuse_inputs("--output", output, detector.inputs(config))
    check_writable("--output", output)
    name, cls = config.architecture, ARCHITECTURES.load(config.architecture)
    with shown(f"exporting {name}"):
        written = export_weights(name, cls, config.model, config.weights, output, file_format=chosen, int8=int8)
    files = " and ".join(map(str, written.files))
    difference = f"logits differ from PyTorch's by at most {written.furthest:.1g}"
    if written.quantisation is not None:
        difference = written.quantisation.summary
    typer.echo(printable(f"wrote {files} ({written.bytes / 1e6:.1f} MB; {difference})"))


def _int8(config: DetectorConfig) -> Int8Options | None:
    """Crops and bound of int8; None for fp32.

    Raises:
        ConfigError: the precision is another one, or an option changes nothing in an exported file.
    """
    from genconvit.runtimes.int8_options import Int8Options
    from genconvit.settings import DetectorConfig

    default = DetectorConfig()
    given = config.model_fields_set - {*_TAKEN, "model"}
    others = sorted(name for name in given if getattr(config, name) != getattr(default, name))
    if others:
        raise ConfigError(
            f"--set {others[0]} is not of the networks, so an exported file does not depend on it; give it to predict"
        )
    if config.precision == "bf16":
        raise ConfigError("an exported file is in fp32 or int8, got precision 'bf16'; use --precision fp32 or int8")
    return (config.int8 or Int8Options()) if config.precision == "int8" else None
