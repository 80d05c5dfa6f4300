"""Variants to compare: an architecture with its options, and a name that is fit for a file."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import PurePath
from typing import Any

from pydantic import Field

from genconvit.core.config import FrozenConfig
from genconvit.core.errors import ConfigError
from genconvit.core.values import option_value
from genconvit.isolation.limits import IsolationLimits
from genconvit.pipeline.find import PipelineOptions
from genconvit.settings import DetectorConfig

SHARED_OPTIONS = frozenset(
    {*PipelineOptions.model_fields, *IsolationLimits.model_fields}
    | {"device", "decoder", "face_detector", "face_model", "isolate", "workers"}
)
"""Options that are the same for all variants, since videos are decoded and faces cut once."""

_MOST_VARIANTS = 50
_LONGEST_NAME = 60


class Variant(FrozenConfig):
    """One detector of a comparison."""

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=_LONGEST_NAME)
    """Name in tables and file names: letters, digits, ``.``, ``_`` and ``-``."""

    config: DetectorConfig
    """Config of the detector; what finds faces is the same in all variants."""


def parse_variants(specs: Iterable[str], base: Mapping[str, Any]) -> list[Variant]:
    """Variants from text such as ``v2:no-attention,precision=bf16``.

    After the architecture's name and a colon come options, parted by commas: ``NAME=VALUE``, ``NAME`` for a switch that
    is on, ``no-NAME`` for one that is off, and ``weights.ed=FILE,weights.vae=FILE`` for two files.

    Args:
        specs: the variants.
        base: options of every variant, flat, where it does not say otherwise.

    Raises:
        ConfigError: a variant is given twice, names an option that does not exist, or one that all must share.
        PluginError: an architecture is unknown or broken.

    Examples:
        >>> [
        ...     variant.name
        ...     for variant in parse_variants(
        ...         ["original:mode=ed", "v2:no-attention"], {}
        ...     )
        ... ]
        ['original-ed', 'v2-no-attention']
    """
    if "architecture" in base:
        raise ConfigError(f"architecture={base['architecture']!r} is no option here; name it in a variant (--variant)")
    variants: dict[str, Variant] = {}
    for spec in dict.fromkeys(specs):
        architecture, _, text = spec.partition(":")
        own = _options(spec, text)
        config = DetectorConfig.from_options(architecture, **{**base, **own})
        name = _free_name(_name(architecture, own), variants)
        variants[name] = Variant(name=name, config=config)
    if not 0 < len(variants) <= _MOST_VARIANTS:
        raise ConfigError(f"{len(variants)} variants cannot be compared; give 1 to {_MOST_VARIANTS} (--variant)")
    return list(variants.values())


def variant_of(config: DetectorConfig) -> Variant:
    """One detector alone, called after its architecture and its switches."""
    switches = {name: value for name, value in config.model.items() if isinstance(value, bool)}
    return Variant(name=_name(config.architecture, switches), config=config)


def _options(spec: str, text: str) -> dict[str, Any]:
    options: dict[str, Any] = {}
    files: dict[str, str] = {}
    for item in filter(None, text.split(",")):
        name, equals, value = item.partition("=")
        if name.startswith("weights."):
            files[name.removeprefix("weights.")] = value
        elif not equals:
            options[name.removeprefix("no-")] = not name.startswith("no-")
        else:
            options[name] = value if name == "weights" else option_value(f"variant {spec!r}, {name}", value)
    if files:
        options["weights"] = files
    shared = SHARED_OPTIONS & options.keys()
    if shared:
        raise ConfigError(
            f"variant {spec!r} sets {', '.join(sorted(shared))}, which all variants share, since videos are decoded "
            "and faces are cut once; give it beside the variants"
        )
    return options


def _name(architecture: str, options: Mapping[str, Any]) -> str:
    parts = [architecture]
    for option, value in options.items():
        if isinstance(value, bool):
            parts.append(option if value else f"no-{option}")
        elif option == "weights":
            files = value.values() if isinstance(value, Mapping) else [value]
            parts += ["weights", *(PurePath(file).stem for file in files)]
        else:
            parts.append(str(value) if option in ("mode", "size", "precision") else f"{option}-{value}")
    return re.sub(r"[^A-Za-z0-9._]+", "-", "-".join(parts)).strip("-._")[: _LONGEST_NAME - 4] or "variant"


def _free_name(name: str, taken: Iterable[str]) -> str:
    """The name, or with a number where another variant has it: two files of weights may be called alike."""
    names = set(taken)
    return next(each for each in (name, *(f"{name}-{number}" for number in range(2, 1000))) if each not in names)
