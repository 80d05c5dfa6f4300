"""The model that a training begins with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from genconvit.core.cut import CropRules
from genconvit.core.errors import ConfigError, PluginError, WeightsError
from genconvit.core.input_spec import InputSpec
from genconvit.core.text import first_line
from genconvit.models.base import Architecture, ArchitectureConfig
from genconvit.nn.timm_network import TimmNetwork
from genconvit.registry import ARCHITECTURES
from genconvit.results.provenance import WeightsFile
from genconvit.train.backbone_files import backbone_files, start_from_files
from genconvit.train.config import TrainConfig
from genconvit.weights.load import load_model, parse_config

IMAGENET_CLASSES = 1000


@dataclass(frozen=True, eq=False)
class Start:
    """A model on the CPU, with every parameter to be trained.

    Attributes:
        model: model with its first weights.
        made_from: files that the first weights are from.
        crop_rules: rules by which crops are cut for them, see ``genconvit.core.cut``.
    """

    model: Architecture
    made_from: tuple[WeightsFile, ...] = ()
    crop_rules: CropRules = field(default_factory=dict)


def first_model(config: TrainConfig) -> Start:
    """Build the model and give it its first weights.

    Raises:
        ConfigError: a field of the architecture's is unknown or has a value that is not allowed, or it sees clips.
        PluginError: the architecture is unknown or broken.
        WeightsError: the first weights cannot be had; the message says how to go on without them.
    """
    cls = ARCHITECTURES.load(config.architecture)
    options = dict(config.model)
    if config.kl_weight and "variational" in cls.config_class.model_fields:
        options.setdefault("variational", True)
    files = backbone_files(config.init)
    if config.init not in ("random", "imagenet") and not files:
        loaded = load_model(config.architecture, cls, options, config.init)
        _refuse_clips(config.architecture, loaded.model.input_spec)
        return Start(loaded.model.float().requires_grad_(True), loaded.info.files, loaded.info.crop_rules)
    model = build(cls, parse_config(config.architecture, cls, options), config.seed)
    _refuse_clips(config.architecture, model.input_spec)
    if config.init == "imagenet":
        start_from_imagenet(model)
    return Start(model, start_from_files(model, files))


def _refuse_clips(architecture: str, spec: InputSpec) -> None:
    if spec.frames > 1:
        raise ConfigError(
            f"architecture {architecture!r} sees clips of {spec.frames} faces, and a training here shows single ones; "
            "train it with code of your own on the crops of genconvit extract, whose manifest names each face's video, "
            "frame and track, and save its weights as docs/plugins.md shows"
        )


def model_again(config: TrainConfig, options: Mapping[str, object]) -> Architecture:
    """The model of a training that is resumed, whose weights are still to be put back."""
    cls = ARCHITECTURES.load(config.architecture)
    return build(cls, parse_config(config.architecture, cls, options), config.seed)


def build(cls: type[Architecture], config: ArchitectureConfig, seed: int) -> Architecture:
    """A model with random weights from a seed; the caller's random generator stays as it was.

    Raises:
        PluginError: it cannot be built.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        try:
            return cls(config)
        except Exception as error:
            raise PluginError(
                f"architecture {cls.__name__} cannot be built from {config!r}: {type(error).__name__}: {error}"
            ) from error


def start_from_imagenet(model: nn.Module) -> None:
    """Give every backbone in a model timm's ImageNet weights; a model without one stays as it is.

    A head of another width than ImageNet's 1000 classes stays random.

    Raises:
        WeightsError: they cannot be had.
    """
    known: dict[tuple[str, int], dict[str, Tensor]] = {}
    for module in model.modules():
        if isinstance(module, TimmNetwork):
            key = module.name, module.num_classes
            if key not in known:
                known[key] = _pretrained(module)
            module.net.load_state_dict({**module.net.state_dict(), **known[key]})


def _pretrained(backbone: TimmNetwork) -> dict[str, Tensor]:
    import timm

    name, classes = backbone.name, backbone.num_classes
    try:
        with torch.random.fork_rng(devices=[]):
            weights: dict[str, Tensor] = timm.create_model(name, num_classes=classes, pretrained=True).state_dict()
    except Exception as error:  # whatever the hub's client or the network comes up with
        raise WeightsError(
            f"the ImageNet weights of {name} cannot be had from timm ({type(error).__name__}: {first_line(error)}). "
            "Give init='random' (--init random) to start without them, a file of them (--init backbone=FILE), or a "
            "checkpoint: init='published', or init='FILE.safetensors'; with a network once, timm keeps them in the "
            "hub's cache"
        ) from error
    # A head of another width than ImageNet's is as random as it was.
    return {
        key: value
        for key, value in weights.items()
        if classes == IMAGENET_CLASSES or not key.startswith(backbone.classifier)
    }
