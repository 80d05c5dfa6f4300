"""The tensors of a training under flat names, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

from genconvit.core.errors import TrainingError

_MODEL, _AVERAGE, _OPTIMISER = "model.", "average.", "optimiser."


def all_tensors(model: nn.Module, optimiser: torch.optim.Optimizer, average: AveragedModel | None) -> dict[str, Tensor]:
    """Weights, the optimiser's moments and the moving average."""
    tensors = {f"{_MODEL}{name}": tensor for name, tensor in model.state_dict().items()}
    if average is not None:
        tensors.update({f"{_AVERAGE}{name}": tensor for name, tensor in average.state_dict().items()})
    names = [name for name, _ in model.named_parameters()]
    for number, moments in optimiser.state_dict()["state"].items():
        tensors.update({f"{_OPTIMISER}{names[number]}.{key}": tensor for key, tensor in moments.items()})
    return tensors


def put_back(
    tensors: Mapping[str, Tensor],
    model: nn.Module,
    optimiser: torch.optim.Optimizer,
    average: AveragedModel | None,
    *,
    where: str,
) -> None:
    """Give a training the tensors that ``all_tensors`` took from it.

    Raises:
        TrainingError: they are of another model; the message names the file, ``where``.
    """
    try:
        model.load_state_dict(_below(tensors, _MODEL))
        if average is not None:
            average.load_state_dict(_below(tensors, _AVERAGE))
    except RuntimeError as error:
        raise TrainingError(f"{where} is damaged, or holds another model: {error}") from error
    known: dict[int, dict[str, Tensor]] = {}
    moments = _below(tensors, _OPTIMISER)
    for number, (name, parameter) in enumerate(model.named_parameters()):
        own = {
            key: moments.pop(f"{name}.{key}") for key in ("step", "exp_avg", "exp_avg_sq") if f"{name}.{key}" in moments
        }
        if own and (len(own) < 3 or not own["exp_avg"].shape == own["exp_avg_sq"].shape == parameter.shape):
            raise TrainingError(f"{where} is damaged: the optimiser's moments of {name!r} do not fit it")
        if own:
            known[number] = {key: value if key == "step" else _lying_as(parameter, value) for key, value in own.items()}
    if moments:
        raise TrainingError(f"{where} is damaged: it holds moments of {next(iter(moments))!r}, which the model lacks")
    whole: dict[str, Any] = optimiser.state_dict()
    optimiser.load_state_dict({**whole, "state": known})


def _lying_as(parameter: Tensor, value: Tensor) -> Tensor:
    """The value in the parameter's memory format, in which the optimiser left it."""
    return torch.empty_like(parameter, requires_grad=False).copy_(value)


def _below(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}
