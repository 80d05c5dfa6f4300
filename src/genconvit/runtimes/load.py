"""Networks that are ready to run, made of an architecture, weights and a runtime."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch

from genconvit.core.device import Precision, PrecisionChoice, resolve_precision
from genconvit.core.errors import ConfigError, WeightsError
from genconvit.models.base import Architecture
from genconvit.results.provenance import WeightsInfo
from genconvit.runtimes.cache import exported_once
from genconvit.runtimes.choice import Runtime, RuntimeChoice, resolve_runtime
from genconvit.runtimes.exported import (
    DrawsNoise,
    ExportedFile,
    RuntimeName,
    check_device,
    exported_path,
    read_exported,
    refuse_others,
)
from genconvit.weights.choice import shipped_decision
from genconvit.weights.load import load_model, on_meta, parse_config
from genconvit.weights.own_decision import OwnDecision


@dataclass(frozen=True, eq=False)
class LoadedNetwork:
    """A network that is ready to run.

    Attributes:
        model: the architecture: with its weights, on the CPU, where PyTorch runs it; else on PyTorch's meta device,
            where it says what a network of it takes.
        info: origin of the weights.
        runtime: runtime that runs the network.
        precision: precision of the network's arithmetic.
        exported: function from crops uint8 [N, ...] to logits for each branch; None where PyTorch runs the model.
        notes: notes that every result must have.
    """

    model: Architecture
    info: WeightsInfo
    runtime: Runtime
    precision: Precision
    exported: DrawsNoise | None = None
    notes: tuple[str, ...] = ()

    @property
    def runtime_version(self) -> str:
        """Version of the runtime."""
        version: str = importlib.import_module(self.runtime).__version__
        return version.partition("-")[0]


def load_network(
    name: str,
    cls: type[Architecture],
    options: Mapping[str, Any],
    weights: str | dict[str, str] | None,
    *,
    runtime: RuntimeChoice | None,
    device: torch.device,
    precision: PrecisionChoice,
) -> LoadedNetwork:
    """Build an architecture, give it weights, and have its runtime ready.

    Args:
        name: registered name of the architecture.
        cls: class of the architecture.
        options: fields of the architecture's config.
        weights: source of the weights, or an exported file; None is the architecture's default.
        runtime: runtime that is to run the network; None is that of an exported file, and PyTorch for all others.
        device: device that the network is to run on.
        precision: precision that was asked for.

    Raises:
        ConfigError: an option is unknown or has a value that is not allowed, or the runtime is not there.
        PluginError: the architecture cannot be built.
        WeightsError: the weights cannot be had, read, or do not fit.
    """
    path = exported_path(weights)
    if path is not None:
        file = read_exported(path)
        if runtime not in (None, "auto", file.runtime):
            raise ConfigError(f"{path} runs in {file.runtime}, not in {runtime!r}; leave runtime (--runtime) out")
        refuse_others(file, name, parse_config(name, cls, options).model_dump(mode="json", exclude_unset=True))
        return _opened(file, cls, file.header.weights_of(file.hashed()), device, precision)
    chosen = resolve_runtime(runtime or "torch", device, precision)
    if chosen == "torch":
        loaded = load_model(name, cls, options, weights)
        return LoadedNetwork(loaded.model, loaded.info, "torch", resolve_precision(precision, device))
    _refuse_precision(precision, chosen)
    check_device(chosen, device)
    with exported_once(name, cls, options, weights, chosen) as (file, note):
        network = _opened(file, cls, file.header.weights, device, precision)
        return replace(network, notes=(note,) if note else ())


def own_decision(
    name: str, cls: type[Architecture], options: Mapping[str, Any], weights: str | dict[str, str] | None
) -> OwnDecision | None:
    """Give the calibration and the band that weights bring; None where they bring none. The weights are not read.

    Raises:
        ConfigError: an option is unknown or has a value that is not allowed.
        WeightsError: there are no such weights for this config.
    """
    path = exported_path(weights)
    if path is not None:
        return read_exported(path).header.decision
    return shipped_decision(name, cls, parse_config(name, cls, options), weights)


def _opened(
    file: ExportedFile, cls: type[Architecture], info: WeightsInfo, device: torch.device, precision: PrecisionChoice
) -> LoadedNetwork:
    header = file.header
    _refuse_precision(precision, file.runtime)
    try:
        config = parse_config(header.architecture, cls, header.config)
    except ConfigError as error:
        raise WeightsError(
            f"{file.path}: its header holds a config that this version does not know: {error}"
        ) from error
    network = DrawsNoise(file.open(device), header)
    return LoadedNetwork(on_meta(cls, config).eval(), info, file.runtime, header.precision, network)


def _refuse_precision(precision: PrecisionChoice, runtime: RuntimeName) -> None:
    if precision not in ("auto", "fp32"):
        raise ConfigError(f"runtime {runtime!r} computes in fp32, got precision {precision!r}; use runtime='torch'")
