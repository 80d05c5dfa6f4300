"""``genconvit export``: the networks as a file for another runtime than PyTorch."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from genconvit.cli.destination import check_writable, refuse_inputs
from genconvit.cli.flags import ArchFlag, ExtraFlag, ModeFlag, SizeFlag, WeightsFlag
from genconvit.cli.options import parse_extra, parse_weights, weights_files
from genconvit.core.text import printable


class FileFormat(str, Enum):
    """The formats of exported networks."""

    onnx = "onnx"
    openvino = "openvino"


def export(
    output: Annotated[Path, typer.Option("--output", "-o", help="The file to write.", metavar="FILE.onnx|FILE.xml")],
    arch: ArchFlag = None,
    mode: ModeFlag = None,
    size: SizeFlag = None,
    weights: WeightsFlag = None,
    extra: ExtraFlag = None,
    file_format: Annotated[
        FileFormat | None,
        typer.Option("--format", help="For ONNX Runtime or OpenVINO.", show_default="by the suffix of --output"),
    ] = None,
) -> None:
    """Write the networks with their weights as a file for ONNX Runtime or OpenVINO, whole or not at all.

    It takes crops as they are cut, in batches of any size, and gives logits; --weights FILE opens it. Its logits are
    compared with PyTorch's, and where they differ nothing is written.
    """
    from genconvit.core.progress import shown
    from genconvit.registry import ARCHITECTURES
    from genconvit.runtimes.export import check_output, export_weights
    from genconvit.runtimes.exported import ExportFormat
    from genconvit.settings import default_architecture

    for_openvino = output.suffix == ".xml" if file_format is None else file_format is FileFormat.openvino
    chosen: ExportFormat = "openvino" if for_openvino else "onnx"
    check_output(output, chosen)
    spec = parse_weights(weights)
    refuse_inputs("--output", output, weights_files(spec))
    check_writable("--output", output)
    name = arch or default_architecture(spec)
    given = {"mode": mode, "size": size}
    options = {**{key: value for key, value in given.items() if value is not None}, **parse_extra(extra)}
    with shown(f"exporting {name}"):
        written = export_weights(name, ARCHITECTURES.load(name), options, spec, output, file_format=chosen)
    files = " and ".join(map(str, written.files))
    difference = f"logits differ from PyTorch's by at most {written.furthest:.1g}"
    typer.echo(printable(f"wrote {files} ({written.bytes / 1e6:.1f} MB; {difference})"))
