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
from genconvit.results.provenance import Quantisation
from genconvit.runtimes import onnx_file, openvino_file
from genconvit.runtimes.choice import EXPORTERS
from genconvit.runtimes.exported import SUFFIXES, ExportedFile, ExportFormat, exported_path, read_exported
from genconvit.runtimes.header import CROPS, MOST_HEADER_BYTES, ExportHeader
from genconvit.runtimes.int8 import Scores, check_input, held_back_scores, measure, quantised
from genconvit.runtimes.int8_crops import Int8Crops, read_int8_crops
from genconvit.runtimes.int8_options import Int8Options
from genconvit.runtimes.noise import Traceable, noise_shapes, normal
from genconvit.runtimes.onnx_network import OnnxNetwork, folded
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
        furthest: largest distance of a logit in fp32 from PyTorch's.
        quantisation: layers in int8, and what they change; None in fp32.
    """

    files: tuple[Path, ...]
    furthest: float
    quantisation: Quantisation | None = None

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
    int8: Int8Options | None = None,
) -> Written:
    """Export an architecture with weights into one file, whole or not at all.

    Args:
        name: registered name of the architecture.
        cls: class of the architecture.
        options: fields of the architecture's config.
        spec: source of the weights; None is the architecture's default.
        output: path of the file to write, whose folder exists.
        file_format: ``"onnx"``, or ``"openvino"`` with the tensors in a ``.bin`` beside the file.
        int8: crops and bound of int8; None is fp32.

    Raises:
        ConfigError: a package is missing, the network cannot be traced, its logits differ from PyTorch's, or int8
            changes its scores too much.
        WeightsError: the weights cannot be had or read, or the file cannot be written.
    """
    check_output(output, file_format)
    if exported_path(spec) is not None:
        raise WeightsError(f"weights={spec!r} is exported already; give the weights that it was made from")
    require_packages(file_format)
    own = shipped_decision(name, cls, parse_config(name, cls, options), spec)
    loaded = load_model(name, cls, options, spec)
    try:
        return export_model(loaded, name, output, file_format=file_format, own=own, int8=int8)
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
    int8: Int8Options | None = None,
    most_bytes_inside: int | None = None,
) -> Written:
    """Export a loaded model into a file, whole or not at all; see ``export_weights``.

    Args:
        loaded: model, which becomes float32, and the origin of its weights.
        architecture: registered name of the architecture.
        output: path of the file to write.
        file_format: format of the file.
        own: calibration and inconclusive band that the weights bring.
        int8: crops and bound of int8; None is fp32.
        most_bytes_inside: most bytes of tensors inside an ONNX file, which lie beside it otherwise; None is 1 GiB.

    Raises:
        ConfigError: as ``export_weights``.
        OSError: the file cannot be written.
    """
    network = Traceable(loaded.model.float())
    header = _header(loaded, architecture, network, own)
    crops = None if int8 is None else _crops(int8, header)
    with tempfile.TemporaryDirectory(dir=output.parent, prefix=".genconvit-", suffix=".partial") as folder:
        whole = Path(folder, output.name)
        if int8 is None or crops is None:
            file = _write(_traced(network, header), header, whole, file_format, most_bytes_inside)
            furthest = check_parity(network, file.open(Device("cpu")), header)
        else:
            file, furthest = _write_int8(network, header, whole, file_format, crops, int8.max_change)
        moved = tuple(output.parent / part.name for part in file.parts)
        for part, target in reversed(list(zip(file.parts, moved, strict=True))):  # the file itself last
            part.replace(target)
    return Written(moved, furthest, file.header.quantisation)


def _crops(int8: Int8Options, header: ExportHeader) -> Int8Crops:
    check_input(header)
    return read_int8_crops(int8.crops, header.input_shape[0])


def _write(
    model: ModelProto,
    header: ExportHeader,
    path: Path,
    file_format: ExportFormat,
    most_bytes_inside: int | None = None,
) -> ExportedFile:
    path.parent.mkdir(exist_ok=True)
    source = path.with_suffix(onnx_file.SUFFIX)
    onnx_file.write_model(model, header, source, most_bytes_inside=most_bytes_inside)
    if file_format == "openvino":
        openvino_file.convert_onnx(source, header, path)
    return read_exported(path)


def _write_int8(
    network: Traceable,
    header: ExportHeader,
    path: Path,
    file_format: ExportFormat,
    crops: Int8Crops,
    max_change: float,
) -> tuple[ExportedFile, float]:
    """Write a network in int8, with what that changes in the runtime of its file, and give its distance in fp32."""
    source, wanted, furthest = _write_fp32(network, header, path.parent / "fp32" / path.name, file_format, crops)
    found = quantised(source, header, crops, max_change=max_change, ends=file_format == "onnx")
    trial = _write(found.network.whole(), header, path.parent / "trial" / path.name, file_format)
    scores = held_back_scores(trial.open(Device("cpu")), header, crops)
    quantisation = measure(wanted, scores, crops, found, max_change=max_change)
    final = header.model_copy(update={"precision": "int8", "quantisation": quantisation})
    return _write(found.network.whole(), final, path, file_format), furthest


def _write_fp32(
    network: Traceable, header: ExportHeader, path: Path, file_format: ExportFormat, crops: Int8Crops
) -> tuple[OnnxNetwork, Scores, float]:
    """Write a network in fp32; give it folded, its scores of the crops that are held back, and its distance."""
    file = _write(_traced(network, header), header, path, file_format)
    runs = file.open(Device("cpu"))
    furthest = check_parity(network, runs, header)
    folder = path.parent / "folded"
    folder.mkdir()
    source = folded(path.with_suffix(onnx_file.SUFFIX), folder)
    return source, held_back_scores(runs, header, crops), furthest


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
