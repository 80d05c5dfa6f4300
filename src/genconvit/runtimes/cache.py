"""Networks that were exported before: each in a file whose name follows from everything that it was made of."""

from __future__ import annotations

import hashlib
import importlib
import importlib.metadata
import json
import os
import tempfile
import uuid
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from genconvit.core.errors import WeightsError
from genconvit.core.progress import shown
from genconvit.core.version import __version__
from genconvit.models.base import Architecture
from genconvit.models.reference_files import reference_networks
from genconvit.registry import ARCHITECTURES
from genconvit.runtimes.export import export_model, require_packages
from genconvit.runtimes.exported import FORMATS, SUFFIXES, ExportedFile, ExportFormat, RuntimeName, read_exported
from genconvit.runtimes.int8_crops import hash_of_crops
from genconvit.runtimes.int8_options import Int8Options
from genconvit.weights.choice import chosen_spec, shipped_decision, shipped_weights
from genconvit.weights.load import RANDOM_SEED, LoadedModel, load_model, parse_config
from genconvit.weights.locate import WeightsSpec, locate
from genconvit.weights.own_decision import OwnDecision

_PACKAGES = ("torch", "timm", "onnx", "onnxscript", "onnxruntime", "onnxruntime-gpu", "openvino")
"""Packages whose versions count: a file that other versions exported is exported again."""

_CODE = ("genconvit.models", "genconvit.nn")
"""Packages whose code counts, beside that of a plugin's class: other lines export again."""


@contextmanager
def exported_once(
    name: str,
    cls: type[Architecture],
    options: Mapping[str, object],
    spec: WeightsSpec | None,
    runtime: RuntimeName,
    int8: Int8Options | None = None,
) -> Iterator[tuple[ExportedFile, str | None]]:
    """Give the exported file of weights, made now or before, and a note where it could not be kept.

    A file that cannot be kept lies in a temporary place, and is gone after the block.

    Args:
        name: registered name of the architecture.
        cls: class of the architecture.
        options: fields of the architecture's config.
        spec: source of the weights; None is the architecture's default.
        runtime: runtime that is to open the file.
        int8: crops and bound of int8; None is fp32.

    Raises:
        ConfigError: a package is missing, the network cannot be traced, or its logits or scores differ from PyTorch's.
        WeightsError: the weights cannot be had or read, or the file can be written nowhere.
    """
    file_format = FORMATS[runtime]
    path = cache_folder() / f"{_key(name, cls, options, spec, int8)}{SUFFIXES[file_format]}"
    try:
        kept = read_exported(path)
    except WeightsError:  # it is not there, or damaged
        kept = None
    if kept is not None:
        yield kept, None
        return
    require_packages(file_format)
    own = shipped_decision(name, cls, parse_config(name, cls, options), spec)
    note = None
    with ExitStack() as stack:
        precision = "" if int8 is None else " in int8"
        with shown(f"exporting {name} for {runtime}{precision}, once"):
            loaded = load_model(name, cls, options, spec)
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                export_model(loaded, name, path, file_format=file_format, own=own, int8=int8)
            except OSError as error:
                note = f"the exported network is not kept: {path.parent} cannot be written ({error.strerror or error})"
                path = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="genconvit-")), path.name)
                _export_elsewhere(loaded, name, path, file_format, own, int8)
        yield read_exported(path), note


def cache_folder() -> Path:
    """Give the folder of exports: ``genconvit/exported`` in ``$XDG_CACHE_HOME``, or in ``~/.cache`` without one."""
    given = os.environ.get("XDG_CACHE_HOME")
    try:
        base = Path(given) if given else Path.home() / ".cache"
    except RuntimeError:  # there is no home
        base = Path(tempfile.gettempdir())
    return base / "genconvit" / "exported"


def _export_elsewhere(
    loaded: LoadedModel,
    name: str,
    path: Path,
    file_format: ExportFormat,
    own: OwnDecision | None,
    int8: Int8Options | None,
) -> None:
    try:
        export_model(loaded, name, path, file_format=file_format, own=own, int8=int8)
    except OSError as error:
        raise WeightsError(
            f"{path} cannot be written: {error.strerror or error}; make room, set TMPDIR, or use runtime='torch'"
        ) from error


def _key(
    name: str,
    cls: type[Architecture],
    options: Mapping[str, object],
    spec: WeightsSpec | None,
    int8: Int8Options | None,
) -> str:
    """Give the hash of the weights, the config and the versions of everything that has a part in the file."""
    config = parse_config(name, cls, options)
    shipped = shipped_weights(name, cls, config, spec)
    spec = chosen_spec(name, cls, config, spec)
    located = [] if spec == "random" else locate(spec, reference_networks(config), shipped.name if shipped else None)
    plugin = ARCHITECTURES.find(name)
    made_of = {
        "architecture": [name, cls.__qualname__, plugin.distribution, plugin.version, _code_of(cls)],
        "options": config.model_dump(mode="json", exclude_unset=True),
        "config": config.model_dump(mode="json"),
        "weights": [[item.network, item.file.name, item.file.sha256] for item in located] or RANDOM_SEED,
        "int8": None if int8 is None else [hash_of_crops(int8.crops), int8.max_change],
        "library": __version__,
        "packages": {package: _version(package) for package in _PACKAGES},
    }
    return hashlib.sha256(json.dumps(made_of, sort_keys=True).encode()).hexdigest()[:32]


def _code_of(cls: type[Architecture]) -> str:
    """The hash of the files that a class's network is written in; one of its own where there are none."""
    modules = [importlib.import_module(module) for module in (*_CODE, cls.__module__)]
    if getattr(modules[-1], "__file__", None) is None:  # as in a notebook, where a class changes and keeps its name
        return uuid.uuid4().hex
    folders = {Path(module.__file__).parent for module in modules if module.__file__}
    files = sorted(file for folder in folders for file in folder.glob("*.py"))
    return hashlib.sha256(b"".join(hashlib.sha256(file.read_bytes()).digest() for file in files)).hexdigest()


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None
