"""Networks that are ready to run, made of an architecture, weights and a runtime.

PyTorch, and the module of the architecture, are imported only where PyTorch runs the network, or exports it.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from genconvit.core.device import AnyDevice, Precision, PrecisionChoice, resolve_precision
from genconvit.core.errors import ConfigError, WeightsError
from genconvit.core.input_spec import InputSpec
from genconvit.registry import ARCHITECTURES
from genconvit.results.provenance import Quantisation, WeightsInfo
from genconvit.runtimes.choice import Runtime, RuntimeChoice, resolve_runtime
from genconvit.runtimes.exported import (
    ExportedFile,
    ExportedNetwork,
    Runs,
    check_device,
    exported_path,
    read_exported,
    refuse_others,
)
from genconvit.runtimes.header import ExportHeader
from genconvit.runtimes.int8_options import Int8Options
from genconvit.runtimes.shipped import opened_ahead, shipped_export, shipped_file
from genconvit.weights.choice import shipped_decision
from genconvit.weights.own_decision import OwnDecision

if TYPE_CHECKING:
    from genconvit.models.base import Architecture

Weights = str | dict[str, str] | None


@dataclass(frozen=True, eq=False)
class LoadedNetwork:
    """A network that is ready to run.

    Attributes:
        network: the architecture with its weights, on the CPU, where PyTorch runs it; else the exported network.
        config: config of the model, whole, as JSON.
        input_spec: input of the network.
        info: origin of the weights.
        runtime: runtime that runs the network.
        precision: precision of the network's arithmetic.
        notes: notes that every result must have.
        quantisation: layers in int8, and what they change; None in another precision.
    """

    network: Architecture | ExportedNetwork
    config: dict[str, Any]
    input_spec: InputSpec
    info: WeightsInfo
    runtime: Runtime
    precision: Precision
    notes: tuple[str, ...] = ()
    quantisation: Quantisation | None = None

    @property
    def runtime_version(self) -> str:
        """Version of the runtime."""
        version: str = importlib.import_module(self.runtime).__version__
        return version.partition("-")[0]


def runtime_for(
    name: str,
    options: Mapping[str, Any],
    weights: Weights,
    *,
    runtime: RuntimeChoice | None,
    device: AnyDevice,
    precision: PrecisionChoice,
    compiles: bool = False,
) -> Runtime:
    """Give the runtime that is to run a network; no weights are read.

    Args:
        name: registered name of the architecture.
        options: fields of the architecture's config.
        weights: source of the weights, or an exported file; None is the architecture's default.
        runtime: runtime that was asked for; None is that of an exported file, ``"auto"`` for weights whose exported
            file ships with the library, and PyTorch for all others.
        device: device that the network is to run on.
        precision: precision that was asked for.
        compiles: True where ``torch.compile`` or CUDA graphs were asked for.

    Raises:
        ConfigError: an option is unknown or has a value that is not allowed.
        WeightsError: there are no such weights for this config, or the exported file cannot be read.
    """
    path = exported_path(weights)
    if path is not None:
        file = read_exported(path)
        if runtime not in (None, "auto", file.runtime):
            raise ConfigError(f"{path} runs in {file.runtime}, not in {runtime!r}; leave runtime (--runtime) out")
        return file.runtime
    ships = runtime in (None, "auto") and shipped_export(name, options, weights) is not None
    choice = runtime or ("auto" if ships or precision == "int8" or device.type == "xpu" else "torch")
    return resolve_runtime(choice, device, precision, ships=ships, compiles=compiles)


def load_network(
    name: str,
    options: Mapping[str, Any],
    weights: Weights,
    *,
    runtime: Runtime,
    device: AnyDevice,
    precision: PrecisionChoice,
    int8: Int8Options | None = None,
) -> LoadedNetwork:
    """Build an architecture, give it weights, and have its runtime ready.

    Args:
        name: registered name of the architecture.
        options: fields of the architecture's config.
        weights: source of the weights, or an exported file; None is the architecture's default.
        runtime: runtime that ``runtime_for`` gave.
        device: device that the network is to run on.
        precision: precision that was asked for.
        int8: crops and bound of int8; None where nothing was said of them.

    Raises:
        ConfigError: an option is unknown or has a value that is not allowed, or the runtime is not there.
        PluginError: the architecture cannot be built.
        WeightsError: the weights cannot be had, read, or do not fit.
    """
    path = exported_path(weights)
    if path is not None:
        file = read_exported(path)
        if int8 is not None:
            raise ConfigError(
                f"{path} is exported already, so int8_crops and int8_max_change change nothing; leave them out, or "
                "export the weights with them (genconvit export --precision int8)"
            )
        refuse_others(file, name, _chosen(name, options))
        return _opened(file, file.header.weights_of(file.hashed()), device, precision)
    if runtime == "torch":
        return _in_torch(name, options, weights, resolve_precision(precision, device))
    if precision == "bf16":
        raise ConfigError(f"runtime {runtime!r} computes in fp32 or int8, got precision 'bf16'; use runtime='torch'")
    check_device(runtime, device)
    wanted = (int8 or Int8Options()) if precision == "int8" else None
    shipped = None if wanted else shipped_export(name, options, weights)
    if shipped is not None:
        file = shipped_file(shipped, runtime)
        return _ready(file, opened_ahead(file, device), file.header.weights, device)
    from genconvit.runtimes.cache import exported_once

    with exported_once(name, ARCHITECTURES.load(name), options, weights, runtime, wanted) as (file, note):
        network = _opened(file, file.header.weights, device, precision)
        return replace(network, notes=(note,) if note else ())


def own_decision(name: str, options: Mapping[str, Any], weights: Weights) -> OwnDecision | None:
    """Give the calibration and the band that weights bring; None where they bring none. The weights are not read.

    Raises:
        ConfigError: an option is unknown or has a value that is not allowed.
        WeightsError: there are no such weights for this config.
    """
    path = exported_path(weights)
    if path is not None:
        return read_exported(path).header.decision
    shipped = shipped_export(name, options, weights)
    if shipped is not None:
        return shipped.decision
    from genconvit.weights.load import parse_config

    cls = ARCHITECTURES.load(name)
    return shipped_decision(name, cls, parse_config(name, cls, options), weights)


def _in_torch(name: str, options: Mapping[str, Any], weights: Weights, precision: Precision) -> LoadedNetwork:
    from genconvit.weights.load import load_model

    loaded = load_model(name, ARCHITECTURES.load(name), options, weights)
    config = loaded.model.config.model_dump(mode="json")
    return LoadedNetwork(loaded.model, config, loaded.model.input_spec, loaded.info, "torch", precision)


def _opened(file: ExportedFile, info: WeightsInfo, device: AnyDevice, precision: PrecisionChoice) -> LoadedNetwork:
    if precision not in ("auto", file.header.precision):
        raise ConfigError(
            f"{file.path} computes in {file.header.precision}, got precision {precision!r}; leave precision out "
            "(--precision), or give the weights that it was exported from"
        )
    return _ready(file, file.open(device), info, device)


def _ready(file: ExportedFile, runs: Runs, info: WeightsInfo, device: AnyDevice) -> LoadedNetwork:
    config, input_spec = _described(file, file.header)
    network = ExportedNetwork(runs, file.header, input_spec, device)
    precision, quantisation = file.header.precision, file.header.quantisation
    return LoadedNetwork(network, config, input_spec, info, file.runtime, precision, quantisation=quantisation)


def _described(file: ExportedFile, header: ExportHeader) -> tuple[dict[str, Any], InputSpec]:
    """Config and input of an exported network, which the class is asked for where the file does not state them."""
    if header.input_spec is not None:
        return header.config, header.input_spec
    from genconvit.weights.load import on_meta, parse_config

    cls = ARCHITECTURES.load(header.architecture)
    try:
        config = parse_config(header.architecture, cls, header.config)
    except ConfigError as error:
        raise WeightsError(
            f"{file.path}: its header holds a config that this version does not know: {error}"
        ) from error
    return config.model_dump(mode="json"), on_meta(cls, config).input_spec


def _chosen(name: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that were asked for, as JSON; without any, nothing of the architecture is imported."""
    if not options:
        return {}
    from genconvit.weights.load import parse_config

    return parse_config(name, ARCHITECTURES.load(name), options).model_dump(mode="json", exclude_unset=True)
