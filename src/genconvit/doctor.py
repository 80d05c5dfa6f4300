"""Survey of what this machine has of what the library can use, with advice about what is missing."""

from __future__ import annotations

import importlib
import platform
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import torch

from genconvit.core.cores import usable_cores
from genconvit.core.device import resolve_device, resolve_precision
from genconvit.core.errors import GenConViTError, PluginError
from genconvit.core.reporting import turn_off_reporting
from genconvit.core.text import first_line
from genconvit.core.version import __version__
from genconvit.credentials.reader import try_c2pa
from genconvit.registry import FACE_DETECTORS, VIDEO_DECODERS, Registry
from genconvit.runtimes.openvino_file import intel_gpus
from genconvit.testing import contract_checks
from genconvit.weights.embedded import all_embedded
from genconvit.weights.hub import PUBLISHED_FILES, PUBLISHED_REPOSITORY, cached

State = Literal["ok", "missing", "broken"]

EXTRAS = {
    "metrics": (("sklearn",), "genconvit evaluate, compare and calibrate"),
    "plots": (("matplotlib",), "pictures of measures, robustness and trainings"),
    "train": (("accelerate", "tensorboard", "pyarrow", "sklearn", "matplotlib"), "genconvit train and extract"),
    "gpu": (("torchcodec",), "decoding on a GPU"),
    "onnx": (("onnx", "onnxscript"), "genconvit export, and networks in ONNX Runtime"),
    "openvino": (("onnx", "onnxscript", "openvino"), "networks in OpenVINO"),
    "c2pa": (("c2pa",), "genconvit credentials, and --credentials"),
    "parquet": (("pyarrow",), "results as Parquet files"),
    "serve": (
        ("fastapi", "uvicorn", "python_multipart", "prometheus_client", "httpx"),
        "genconvit serve, and its clients",
    ),
    "ray": (("ray", "pyarrow"), "genconvit predict --engine ray, over many machines"),
    "remote": (("httpcore", "fsspec", "s3fs", "gcsfs"), "sources of s3:// and gs://"),
    "heif": (("pillow_heif",), "HEIC pictures; its wheels bundle x265, which is under the GPL"),
}
"""Modules that each extra installs, and their use."""

_TRIALS = {VIDEO_DECODERS.group: "counts the frames of a clip", FACE_DETECTORS.group: "finds the face of a portrait"}
"""The check of the contract that shows whether a plugin works here."""

_STATES: dict[str, State] = {"ok": "ok", "skipped": "missing", "failed": "broken"}
"""State of a plugin by the outcome of its trial."""

_ADVICE = {
    "insightface": "unzip a pack such as buffalo_l to ~/.insightface/models (for non-commercial research), or give "
    "--face-model FILE; mtcnn needs no model",
    "torchcodec": "pip install 'genconvit[gpu]'; pyav decodes everything as well",
}
"""Advice about a plugin that is not there, where its own message is longer."""


@dataclass(frozen=True)
class Diagnosis:
    """One thing that is there, or is not.

    Attributes:
        kind: kind of thing: ``machine``, ``device``, ``video decoder``, ``face detector``, ``weights`` or ``extra``.
        name: name of the thing.
        state: ``ok``, ``missing`` (the library works without it), or ``broken``.
        detail: detail of what was found.
        advice: advice about it; empty where nothing is to be done.
    """

    kind: str
    name: str
    state: State
    detail: str
    advice: str = ""


def examine() -> Iterator[Diagnosis]:
    """Look at this machine: nothing is downloaded, and a clip and a portrait are tried with what reads them."""
    yield Diagnosis("machine", "genconvit", "ok", f"{__version__}, Python {platform.python_version()}")
    yield from _devices()
    yield from _tried(VIDEO_DECODERS)
    yield from _tried(FACE_DETECTORS)
    yield from _weights()
    yield from _extras()


def _devices() -> Iterator[Diagnosis]:
    cpu = torch.device("cpu")
    threads = f"{torch.get_num_threads()} threads for {usable_cores()} cores"
    yield Diagnosis("device", "cpu", "ok", f"torch {torch.__version__}, {threads}, {resolve_precision('auto', cpu)}")
    intel = _intel_gpus()
    yield from intel
    device = resolve_device("auto")
    if device.type == "cuda":
        for number in range(torch.cuda.device_count()):
            properties = torch.cuda.get_device_properties(number)
            precision = resolve_precision("auto", torch.device("cuda", number))
            detail = f"{properties.name}, {properties.total_memory / 2**30:.0f} GiB, {precision}"
            yield Diagnosis("device", f"cuda:{number}", "ok", detail)
    elif device.type == "mps":
        yield Diagnosis("device", "mps", "ok", "Apple's GPU")
    elif not intel:
        built = "this PyTorch is built for CPUs alone" if torch.version.cuda is None else "CUDA finds no device"
        yield Diagnosis("device", "gpu", "missing", built, "a GPU is faster; see pytorch.org/get-started for a build")


def _intel_gpus() -> list[Diagnosis]:
    try:
        names = intel_gpus().values()
    except GenConViTError:  # OpenVINO is not installed, or broken, as the extras say
        return []
    return [Diagnosis("device", f"xpu:{number}", "ok", f"{name}, in OpenVINO") for number, name in enumerate(names)]


def _tried(registry: Registry[Any]) -> Iterator[Diagnosis]:
    for name in registry.names():
        try:
            checks = contract_checks(name, registry.group)
        except PluginError as error:
            yield Diagnosis(registry.kind, name, "broken", str(error), "reinstall or remove the plugin")
            continue
        (trial,) = [check for check in checks if check.title == _TRIALS[registry.group]]
        outcome = trial.outcome()
        detail, _, advice = outcome.reason.partition("; ")
        advice = _ADVICE.get(name, advice) if outcome.status == "skipped" else advice
        yield Diagnosis(registry.kind, name, _STATES[outcome.status], detail or f"tried: {trial.title}", advice)


def _weights() -> Iterator[Diagnosis]:
    try:
        for each in all_embedded():
            size = each.path.stat().st_size / 1e6
            detail = f"{each.card.architecture}, {size:.1f} MB, SHA-256 {each.card.weights_sha256[:12]}"
            yield Diagnosis("weights", f"embedded ({each.name})", "ok", detail)
    except GenConViTError as error:
        yield Diagnosis("weights", "embedded", "broken", str(error), "reinstall genconvit")
    for network, filename in PUBLISHED_FILES.items():
        try:
            found = cached(PUBLISHED_REPOSITORY, filename)
        except GenConViTError as error:
            yield Diagnosis("weights", f"published ({network})", "broken", str(error), "genconvit weights download")
            continue
        if found is None:
            advice = "genconvit weights download, 3 GB once; or --weights embedded"
            yield Diagnosis("weights", f"published ({network})", "missing", "not on this machine", advice)
        else:
            yield Diagnosis("weights", f"published ({network})", "ok", f"{found.path}, SHA-256 {found.sha256[:12]}")


def _extras() -> Iterator[Diagnosis]:
    turn_off_reporting()
    for name, (modules, brings) in EXTRAS.items():
        lacking, why = [], ""
        for module in modules:
            try:
                _try_import(module)
            except ImportError as error:
                lacking.append(module)
                broken = not isinstance(error, ModuleNotFoundError)
                why = why or (first_line(error) if broken else "")
            except Exception as error:  # whatever a package comes up with where it does not fit this machine
                lacking.append(module)
                why = why or f"{type(error).__name__}: {first_line(error)}"
        if not lacking:
            yield Diagnosis("extra", name, "ok", brings)
        else:
            detail = f"{brings}: {', '.join(lacking)} {'does not import (' + why + ')' if why else 'not installed'}"
            advice = f"pip install 'genconvit[{name}]'"
            yield Diagnosis("extra", name, "broken" if why else "missing", detail, advice)


def _try_import(module: str) -> None:
    """Import a module, but for c2pa, which looks for its library in the current folder first, whoever put it there."""
    if module == "c2pa":
        try_c2pa()
    else:
        importlib.import_module(module)
