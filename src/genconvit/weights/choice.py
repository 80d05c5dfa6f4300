"""Choice of the weights that a spec means for a config, and refusal of configs that there are none for."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from genconvit.core.errors import WeightsError
from genconvit.models.reference_files import unpublished
from genconvit.results.provenance import WeightsInfo
from genconvit.weights.embedded import Embedded, all_embedded, embedded, embedded_for
from genconvit.weights.locate import WeightsSpec
from genconvit.weights.own_decision import OwnDecision

if TYPE_CHECKING:
    from genconvit.models.base import Architecture, ArchitectureConfig

_OTHERS = "a file of your own (weights='PATH.safetensors'), or weights='random' for a trial without a verdict"


def chosen_spec(
    name: str, cls: type[Architecture], config: ArchitectureConfig, spec: WeightsSpec | None
) -> WeightsSpec:
    """The spec, or the default in its place.

    Args:
        name: the architecture's registered name.
        cls: class of the architecture.
        config: config of the model.
        spec: origin of the weights; None is the architecture's default.

    Raises:
        WeightsError: there are no such weights for this config.
    """
    if spec is None:
        spec = cls.default_weights if config.embedded is None else "embedded"
    if spec is None:
        raise WeightsError(
            f"architecture {name!r} has no default weights; give weights='PATH.safetensors', a hub id, or "
            "weights='random' for a trial without a verdict"
        )
    problem = unpublished(config) if spec == "published" else None
    if problem:
        raise WeightsError(f"{problem}; give {_OTHERS}")
    return spec


def shipped_weights(
    name: str, cls: type[Architecture], config: ArchitectureConfig, spec: WeightsSpec | None
) -> Embedded | None:
    """The weights that ship with the library, where a model is to have them; None where it has others.

    Args:
        name: the architecture's registered name.
        cls: class of the architecture.
        config: config of the model.
        spec: origin of the weights; None is the architecture's default.

    Raises:
        WeightsError: there are no such weights for this architecture, or the installation is incomplete.
    """
    if chosen_spec(name, cls, config, spec) != "embedded":
        return None
    found = embedded(config.embedded) if config.embedded else embedded_for(name)
    if found is None:
        having = ", ".join(f"{each.card.architecture!r} ({each.name})" for each in all_embedded()) or "none"
        raise WeightsError(
            f"no weights ship with the library for architecture {name!r}, only for {having}; leave the architecture "
            f"(--arch) out, or give {_OTHERS}"
        )
    return found


def shipped_decision(
    name: str, cls: type[Architecture], config: ArchitectureConfig, spec: WeightsSpec | None
) -> OwnDecision | None:
    """Calibration and band of the weights that ship with the library; None where a model is to have others.

    Args:
        name: the architecture's registered name.
        cls: class of the architecture.
        config: config of the model.
        spec: origin of the weights; None is the architecture's default.

    Raises:
        WeightsError: there are no such weights for this architecture, or the installation is incomplete.
    """
    shipped = shipped_weights(name, cls, config, spec)
    return shipped.decision if shipped else None


def refuse_others(chosen: Mapping[str, object], trained: Mapping[str, object], *, free: Collection[str]) -> None:
    """Refuse fields that shipped weights were not trained with, though their tensors might fit.

    Args:
        chosen: the fields that were asked for.
        trained: the weights' own config.
        free: fields of which the weights know nothing.

    Raises:
        WeightsError: a field has another value.
    """
    others = {field: value for field, value in chosen.items() if field not in free and value != trained.get(field)}
    if others:
        shown = ", ".join(f"{field}={value!r} instead of {trained.get(field)!r}" for field, value in others.items())
        raise WeightsError(
            f"the weights 'embedded' were trained with another config: got {shown}; leave this out, or give {_OTHERS}"
        )


def with_card(info: WeightsInfo, shipped: Embedded) -> WeightsInfo:
    """Add what is known of shipped weights to their origin.

    Raises:
        WeightsError: they are not the file that the card tells of.
    """
    card = shipped.card
    if [file.sha256 for file in info.files] != [card.weights_sha256]:
        raise WeightsError(
            f"{shipped.path} is not the file that {shipped.name}.json tells of, by its SHA-256; install genconvit again"
        )
    return info.model_copy(update={"about": card.about})
