"""Export of a PyTorch model to a file for another runtime: traced, written, compared, and only then put in its place.

The exported network takes the crops as they are cut, RGB uint8 [N, size, size, 3]: the normalisation is inside, so that
a reader of the file can get neither its numbers nor the order of its axes wrong.
"""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from genconvit.core.device import Device
from genconvit.core.errors import ConfigError, WeightsError
from genconvit.core.optional import require
from genconvit.core.reporting import turn_off_reporting
from genconvit.core.text import first_line
from genconvit.core.version import __version__
from genconvit.models.base import Architecture
from genconvit.runtimes import onnx_file, openvino_file
from genconvit.runtimes.choice import EXPORTERS
from genconvit.runtimes.exported import SUFFIXES, ExportFormat, exported_path, read_exported
from genconvit.runtimes.header import CROPS, MOST_HEADER_BYTES, ExportHeader
from genconvit.runtimes.noise import Traceable, noise_shapes, normal
from genconvit.runtimes.parity import check_parity
from genconvit.weights.choice import shipped_decision
from genconvit.weights.load import LoadedModel, load_model, parse_config
from genconvit.weights.locate import WeightsSpec
from genconvit.weights.own_decision import OwnDecision

if TYPE_CHECKING:
    from onnx import ModelProto

_TRACED_BATCH = 2
"""Items in the batch that a network is traced with: one would be taken for a size that never changes."""


@dataclass(frozen=True)
class Written:
    """Files that an export wrote, and their distance from PyTorch.

    Attributes:
        files: the exported file, and its data where they lie beside it.
        furthest: largest distance of a logit from PyTorch's.
    """

    files: tuple[Path, ...]
    furthest: float

    @property
    def bytes(self) -> int:
        """Size of all files together, in bytes."""
        return sum(file.stat().st_size for file in self.files)


def export_weights(
    name: str,
    cls: type[Architecture],
    options: Mapping[str, object],
    spec: WeightsSpec | None,
    output: Path,
    *,
    file_format: ExportFormat,
) -> Written:
    """Export an architecture with weights into one file, whole or not at all.

    Args:
        name: registered name of the architecture.
        cls: class of the architecture.
        options: fields of the architecture's config.
        spec: source of the weights; None is the architecture's default.
        output: path of the file to write, whose folder exists.
        file_format: ``"onnx"``, or ``"openvino"`` with the tensors in a ``.bin`` beside the file.

    Raises:
        ConfigError: a package is missing, the network cannot be traced, or its logits differ from PyTorch's.
        WeightsError: the weights cannot be had or read, or the file cannot be written.
    """
    check_output(output, file_format)
    if exported_path(spec) is not None:
        raise WeightsError(f"weights={spec!r} is exported already; give the weights that it was made from")
    require_packages(file_format)
    own = shipped_decision(name, cls, parse_config(name, cls, options), spec)
    loaded = load_model(name, cls, options, spec)
    try:
        return export_model(loaded, name, output, file_format=file_format, own=own)
    except OSError as error:
        raise WeightsError(f"{output} cannot be written: {error.strerror or error}; choose another path") from error


def check_output(output: Path, file_format: ExportFormat) -> None:
    """Make sure that a file to be written has its format's suffix.

    Raises:
        ConfigError: the file has another.
    """
    if output.suffix != SUFFIXES[file_format]:
        raise ConfigError(f"a file of format {file_format!r} ends in {SUFFIXES[file_format]}, got {str(output)!r}")


def require_packages(file_format: ExportFormat) -> None:
    """Make sure that the packages that an export needs are installed.

    Raises:
        ConfigError: one of them is not.
    """
    turn_off_reporting()
    for module in EXPORTERS:
        require(module, package=module, extra="onnx", purpose="exporting a network")
    if file_format == "openvino":
        openvino_file.openvino()


def export_model(
    loaded: LoadedModel,
    architecture: str,
    output: Path,
    *,
    file_format: ExportFormat,
    own: OwnDecision | None = None,
    most_bytes_inside: int | None = None,
) -> Written:
    """Export a loaded model into a file, whole or not at all; see ``export_weights``.

    Args:
        loaded: model, which becomes float32, and the origin of its weights.
        architecture: registered name of the architecture.
        output: path of the file to write.
        file_format: format of the file.
        own: calibration and inconclusive band that the weights bring.
        most_bytes_inside: most bytes of tensors inside an ONNX file, which lie beside it otherwise; None is 1 GiB.

    Raises:
        ConfigError: as ``export_weights``.
        OSError: the file cannot be written.
    """
    network = Traceable(loaded.model.float())
    header = _header(loaded, architecture, network, own)
    traced = _traced(network, header)
    with tempfile.TemporaryDirectory(dir=output.parent, prefix=".genconvit-", suffix=".partial") as folder:
        whole = Path(folder, output.name)
        source = whole.with_suffix(onnx_file.SUFFIX)
        onnx_file.write_model(traced, header, source, most_bytes_inside=most_bytes_inside)
        if file_format == "openvino":
            openvino_file.convert_onnx(source, header, whole)
        file = read_exported(whole)
        furthest = check_parity(network, file.open(Device("cpu")), header)
        moved = tuple(output.parent / part.name for part in file.parts)
        for part, target in reversed(list(zip(file.parts, moved, strict=True))):  # the file itself last
            part.replace(target)
    return Written(moved, furthest)


def _header(loaded: LoadedModel, architecture: str, network: Traceable, own: OwnDecision | None) -> ExportHeader:
    model = loaded.model
    crops = torch.zeros(_TRACED_BATCH, *model.input_spec.shape, dtype=torch.uint8)
    shapes = noise_shapes(network, crops)
    with torch.inference_mode():
        branches = tuple(model(model.preprocess(crops)).logits)
    header = ExportHeader(
        library_version=__version__,
        architecture=architecture,
        config=model.config.model_dump(mode="json"),
        weights=loaded.info,
        branches=branches,
        input_shape=model.input_spec.shape,
        input_spec=model.input_spec,
        noise_shapes=shapes,
        decision=own,
    )
    if len(header.model_dump_json().encode()) > MOST_HEADER_BYTES:
        raise ConfigError(f"config and calibration have more than {MOST_HEADER_BYTES >> 20} MiB, which no file may say")
    return header


def _traced(network: Traceable, header: ExportHeader, *, joined: bool = True) -> ModelProto:
    """The network as ONNX has it; its constants as they are, or joined where several act one after the other."""
    batch = torch.export.Dim("batch", min=1)
    crops = torch.zeros(_TRACED_BATCH, *header.input_shape, dtype=torch.uint8)
    noise = normal(header.noise_shapes, _TRACED_BATCH)
    shapes = ({0: batch}, *([tuple({0: batch} for _ in noise)] if noise else []))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of PyTorch about its own exporter
            program = torch.export.export(network, (crops, *noise), dynamic_shapes=shapes, strict=False)
            exported = torch.onnx.export(
                program,
                dynamo=True,
                input_names=[CROPS, *header.noise_names],
                output_names=list(header.branches),
                verbose=False,
                optimize=joined,
            )
    except Exception as error:  # whatever a network comes up with
        raise ConfigError(
            f"architecture {header.architecture!r} cannot be exported: PyTorch cannot trace it with a batch of any "
            f"size ({type(error).__name__}: {first_line(error)}); run it with runtime='torch'"
        ) from error
    if exported is None:
        raise ConfigError(f"architecture {header.architecture!r} cannot be exported; run it with runtime='torch'")
    return exported.model_proto
