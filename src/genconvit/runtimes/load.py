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
from genconvit.results.provenance import Quantisation, WeightsInfo
from genconvit.runtimes.cache import exported_once
from genconvit.runtimes.choice import Runtime, RuntimeChoice, resolve_runtime
from genconvit.runtimes.exported import (
    DrawsNoise,
    ExportedFile,
    check_device,
    exported_path,
    read_exported,
    refuse_others,
)
from genconvit.runtimes.int8_options import Int8Options
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
        quantisation: what int8 changes; None in another precision.
    """

    model: Architecture
    info: WeightsInfo
    runtime: Runtime
    precision: Precision
    exported: DrawsNoise | None = None
    notes: tuple[str, ...] = ()
    quantisation: Quantisation | None = None

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
    int8: Int8Options | None = None,
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
        int8: what int8 is fitted to; None where nothing was said of it.

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
        if runtime not in (None, "auto", file.runtime):
            raise ConfigError(f"{path} runs in {file.runtime}, not in {runtime!r}; leave runtime (--runtime) out")
        refuse_others(file, name, parse_config(name, cls, options).model_dump(mode="json", exclude_unset=True))
        return _opened(file, cls, file.header.weights_of(file.hashed()), device, precision)
    chosen = resolve_runtime(runtime, device, precision)
    if chosen == "torch":
        loaded = load_model(name, cls, options, weights)
        return LoadedNetwork(loaded.model, loaded.info, "torch", resolve_precision(precision, device))
    if precision == "bf16":
        raise ConfigError(f"runtime {chosen!r} computes in fp32 or int8, got precision 'bf16'; use runtime='torch'")
    check_device(chosen, device)
    wanted = (int8 or Int8Options()) if precision == "int8" else None
    with exported_once(name, cls, options, weights, chosen, wanted) as (file, note):
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
    if precision not in ("auto", header.precision):
        raise ConfigError(
            f"{file.path} computes in {header.precision}, got precision {precision!r}; leave precision out "
            "(--precision), or give the weights that it was exported from"
        )
    try:
        config = parse_config(header.architecture, cls, header.config)
    except ConfigError as error:
        raise WeightsError(
            f"{file.path}: its header holds a config that this version does not know: {error}"
        ) from error
    network = DrawsNoise(file.open(device), header)
    model = on_meta(cls, config).eval()
    return LoadedNetwork(model, info, file.runtime, header.precision, network, quantisation=header.quantisation)
