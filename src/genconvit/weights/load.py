"""A model from weights: built on the meta device, filled from memory-mapped files, every tensor accounted for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from pydantic import ValidationError
from torch import Tensor, nn

from genconvit.core.config import validation_message
from genconvit.core.errors import ConfigError, PluginError, WeightsError
from genconvit.core.input_spec import InputSpec
from genconvit.core.meta_device import meta_device
from genconvit.core.text import first_line
from genconvit.models.base import Architecture, ArchitectureConfig
from genconvit.models.reference_files import ReferenceFiles, ReferenceStart, reference_files, reference_networks
from genconvit.registry import ARCHITECTURES
from genconvit.results.provenance import Origin, WeightsInfo
from genconvit.weights.checkpoint import read_tensors
from genconvit.weights.choice import chosen_spec, refuse_others, shipped_weights, with_card
from genconvit.weights.hub import PUBLISHED_REPOSITORY
from genconvit.weights.library_file import FileHeader, header_of
from genconvit.weights.licence import licence_of
from genconvit.weights.locate import LocatedFile, WeightsSpec, locate
from genconvit.weights.reference import VARIATIONAL_PREFIX, listing, live_tensors, network_of, own_prefix

RANDOM_SEED = 0


@dataclass(frozen=True, eq=False)
class LoadedModel:
    """A model on the CPU in evaluation mode, and the origin of its weights."""

    model: Architecture
    info: WeightsInfo


@dataclass(frozen=True, eq=False)
class _Contents:
    """Contents of weights files.

    Attributes:
        tensors: tensors under this library's names.
        files: the paths, for messages.
        header: header of the library's own file, or None for files in the original's format.
        described: the architecture and the config that the header names; None without one.
    """

    tensors: Mapping[str, Tensor]
    files: str
    header: FileHeader | None
    described: tuple[type[Architecture], ArchitectureConfig] | None

    def known(self) -> set[str]:
        """Names that may be there without being used: a branch that the mode does not run, ``var``."""
        if self.described is None:
            return {name for name in self.tensors if name.startswith(VARIATIONAL_PREFIX)}
        return set(on_meta(*self.described).state_dict())


def load_model(
    name: str, cls: type[Architecture], options: Mapping[str, object], spec: WeightsSpec | None = None
) -> LoadedModel:
    """Build an architecture and give it weights.

    Args:
        name: the architecture's registered name.
        cls: class of the architecture.
        options: fields of its config; what is left out comes from the weights file's own config, or the default.
        spec: origin of the weights; None is the architecture's default.

    Raises:
        ConfigError: an option is unknown or has a value that is not allowed.
        WeightsError: the weights cannot be had, read, or do not fit.
    """
    config = parse_config(name, cls, options)
    shipped = shipped_weights(name, cls, config, spec)
    spec = chosen_spec(name, cls, config, spec)
    if spec == "random":
        return _ready(_random(cls, config), WeightsInfo(origin="random", trained=False))
    # Where the files must be the original's, what cannot work is refused before gigabytes are fetched or read.
    start = reference_files(config).reference_start() if spec == "published" or isinstance(spec, Mapping) else None
    located = locate(spec, reference_networks(config), shipped.name if shipped else None)
    contents = read_contents(located, name)
    if contents.header is not None and contents.header.architecture == name:
        chosen = config.model_dump(mode="json", exclude_unset=True)
        if shipped:
            refuse_others(chosen, contents.header.config, free=cls.config_class.prediction_only)
        config = parse_config(name, cls, contents.header.config | chosen)
        model = _fill(cls, config, contents, may_lack=())
        info = _info("embedded" if shipped else "file", located, contents.header)
        return _ready(model, with_card(info, shipped) if shipped else info)
    files = reference_files(config)
    return _from_reference(cls, start or files.reference_start(), files, located, contents)


def input_spec_of(name: str, options: Mapping[str, object]) -> InputSpec:
    """The input of an architecture with these options; no weights are read.

    Raises:
        ConfigError: an option is unknown or has a value that is not allowed.
        PluginError: the architecture is unknown or broken.
    """
    cls = ARCHITECTURES.load(name)
    return on_meta(cls, parse_config(name, cls, options)).input_spec


def parse_config(name: str, cls: type[Architecture], options: Mapping[str, object]) -> ArchitectureConfig:
    """The config of an architecture from its options; an unknown option is an error that lists the valid ones."""
    try:
        return cls.config_class.model_validate(dict(options))
    except ValidationError as error:
        raise ConfigError(f"architecture {name!r}: {validation_message(error)}") from error


def read_contents(located: Iterable[LocatedFile], architecture: str) -> _Contents:
    """Read the tensors of located files, under this library's names, for an architecture of that name."""
    tensors: dict[str, Tensor] = {}
    header = None
    located = list(located)
    for item in located:
        checkpoint = read_tensors(item.path)
        header = header_of(checkpoint.metadata, item.path)
        if header is not None:
            if len(located) > 1:
                raise WeightsError(f"{item.path} holds a whole model ({header.architecture}); give it alone")
            if header.architecture not in (architecture, "original"):
                raise WeightsError(
                    f"{item.path} holds architecture {header.architecture!r}, not {architecture!r}; choose that "
                    f"architecture (--arch), or give weights of {architecture!r}"
                )
            tensors.update(checkpoint.tensors)
            continue
        network = network_of(checkpoint.tensors)
        if network is None or item.network not in (None, network):
            found = "neither network of the original GenConViT" if network is None else f"network {network!r}"
            raise WeightsError(
                f"{item.path} was given as {item.network or 'weights'!r} but holds {found}; its first tensors are "
                f"{listing(list(checkpoint.tensors)[:4])}"
            )
        tensors.update(live_tensors(network, checkpoint.tensors, path=item.path))
    files = " and ".join(str(item.path) for item in located)
    return _Contents(tensors, files, header, _described(header, files) if header else None)


def _described(header: FileHeader, files: str) -> tuple[type[Architecture], ArchitectureConfig]:
    cls = ARCHITECTURES.load(header.architecture)
    try:
        return cls, parse_config(header.architecture, cls, header.config)
    except ConfigError as error:
        raise WeightsError(f"{files}: its header holds a config that this version does not know: {error}") from error


def _from_reference(
    cls: type[Architecture],
    start: ReferenceStart,
    config: ReferenceFiles,
    located: list[LocatedFile],
    contents: _Contents,
) -> LoadedModel:
    lacking = [
        network
        for network in config.networks
        if not any(tensor.startswith(own_prefix(network)) for tensor in contents.tensors)
    ]
    if lacking:
        raise WeightsError(
            f"mode {config.mode!r} needs the weights of {' and '.join(config.networks)}, but {contents.files} lacks "
            f"{' and '.join(lacking)}; give weights={{'ed': PATH, 'vae': PATH}} (--weights ed=PATH --weights "
            "vae=PATH), or choose the mode with mode='ed' or mode='vae' (--mode)"
        )
    model = _fill(cls, start.config, contents, may_lack=start.new_layers)
    from_hub = all(item.file.repository == PUBLISHED_REPOSITORY for item in located)
    origin: Origin = "warm_start" if start.new_layers else "published" if from_hub else "file"
    return _ready(model, _info(origin, located, contents.header, start.new_layers))


def _fill(
    cls: type[Architecture], config: ArchitectureConfig, contents: _Contents, may_lack: Iterable[str]
) -> Architecture:
    model = on_meta(cls, config)
    expected = model.state_dict()
    tensors = contents.tensors
    unused = tensors.keys() - expected.keys()
    problems = {
        "missing": expected.keys() - tensors.keys() - set(may_lack),
        "not part of the model": unused and unused - contents.known(),
        "of another shape or kind": [
            f"{name} {list(tensors[name].shape)} instead of {list(wanted.shape)}"
            for name, wanted in expected.items()
            if name in tensors and not _same_kind(tensors[name], wanted)
        ],
    }
    found = [f"{what}: {listing(names)}" for what, names in problems.items() if names]
    if found:
        raise WeightsError(
            f"{contents.files} does not fit {cls.__name__} with config {config.model_dump_json()}. Tensors "
            + ". Tensors ".join(found)
        )
    used = {name: tensors[name] for name in expected if name in tensors}
    # Assigning puts the file's mapped tensors in the place of those on the meta device, which cannot be copied into.
    # Whatever is still there afterwards has no values, not even random ones, until its module draws them.
    model.load_state_dict(used, strict=False, assign=True)
    unfilled = [module for module in model.modules() if _is_on_meta(module)]
    if all(_can_reset(module) for module in unfilled):
        _initialise(unfilled)
        return model
    model = _random(cls, config)
    model.load_state_dict(used, strict=False, assign=True)
    return model


def _same_kind(tensor: Tensor, wanted: Tensor) -> bool:
    return tensor.shape == wanted.shape and tensor.is_floating_point() == wanted.is_floating_point()


def _is_on_meta(module: nn.Module) -> bool:
    own = [*module.parameters(recurse=False), *module.buffers(recurse=False)]
    return any(tensor.is_meta for tensor in own)


def _can_reset(module: nn.Module) -> bool:
    """Tell whether a module can draw its own values without losing any that a file gave it."""
    own = list(module.parameters(recurse=False))
    has_buffers = any(True for _ in module.buffers(recurse=False))
    return hasattr(module, "reset_parameters") and all(tensor.is_meta for tensor in own) and not has_buffers


def _initialise(modules: Iterable[nn.Module]) -> None:
    """Give modules on the meta device memory and their own initial values, the same in every run."""
    with _seeded():
        for module in modules:
            module.to_empty(device="cpu", recurse=False)
            module.reset_parameters()  # type: ignore[operator]


def on_meta(cls: type[Architecture], config: ArchitectureConfig) -> Architecture:
    """Build an architecture on PyTorch's meta device, where its tensors have shapes and no values.

    Raises:
        PluginError: it cannot be built, or does not say what it sees.
    """
    with meta_device():
        return _build(cls, config)


def _random(cls: type[Architecture], config: ArchitectureConfig) -> Architecture:
    with _seeded():
        return _build(cls, config)


@contextmanager
def _seeded() -> Iterator[None]:
    """Draw the same random numbers in every run, and leave the caller's generator as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(RANDOM_SEED)
        yield


def _build(cls: type[Architecture], config: ArchitectureConfig) -> Architecture:
    try:
        model = cls(config)
    except Exception as error:
        raise PluginError(
            f"architecture {cls.__name__} cannot be built from {config!r:.200}: {type(error).__name__}: "
            f"{first_line(error)}"
        ) from error
    if not isinstance(getattr(model, "input_spec", None), InputSpec):
        raise PluginError(
            f"architecture {cls.__name__} does not say what it sees; its __init__ sets "
            "self.input_spec = InputSpec(size=...), of genconvit.InputSpec"
        )
    return model


def _info(
    origin: Origin, located: Iterable[LocatedFile], header: FileHeader | None, new_layers: tuple[str, ...] = ()
) -> WeightsInfo:
    files, made_from = tuple(item.file for item in located), header.made_from if header else ()
    return WeightsInfo(
        origin=origin,
        trained=header is None or header.trained,
        files=files,
        made_from=made_from,
        new_layers=new_layers,
        crop_rules=header.crop_rules if header else {},
        licence=licence_of((*files, *made_from)),
    )


def _ready(model: Architecture, info: WeightsInfo) -> LoadedModel:
    return LoadedModel(model.eval().requires_grad_(False), info)
