"""The random numbers that a network draws while it predicts, given from outside."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from genconvit.core.errors import ConfigError

_OTHER_DRAWS = {
    *(torch.bernoulli, torch.multinomial, torch.normal, torch.poisson, torch.rand, torch.rand_like),
    *(torch.randint, torch.randint_like, torch.randn, torch.randperm),
}


class GivenNoise(TorchFunctionMode):
    """Context in which ``torch.randn_like`` gives these tensors in turn, and afterwards draws as ever.

    Args:
        given: tensors that the calls give, each of the shape of its call's argument.

    Attributes:
        shapes: whole shapes of all tensors that were asked for.
    """

    def __init__(self, given: Iterable[Tensor] = ()) -> None:
        super().__init__()
        self._given = list(given)
        self.shapes: list[tuple[int, ...]] = []

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:  # noqa: ANN401 - whatever the function gives
        del types
        if func is torch.randn_like:
            self.shapes.append(tuple(args[0].shape))
            if self._given:
                return self._given.pop(0)
        elif func in _OTHER_DRAWS:
            raise ConfigError(
                f"the network draws random numbers by torch.{func.__name__}, which no exported file can; its author "
                "must draw them by torch.randn_like, or run it with runtime='torch'"
            )
        return func(*args, **(kwargs or {}))


def noise_shapes(model: Callable[[Tensor], object], crops: Tensor) -> tuple[tuple[int, ...], ...]:
    """Give the shape of each standard normal tensor that a network draws, for one item of its input.

    Args:
        model: function from crops to logits.
        crops: input of the model, with N items.

    Raises:
        ConfigError: it draws otherwise, or a tensor that does not begin with N.
    """
    with GivenNoise() as noise, torch.inference_mode():
        model(crops)
    if any(shape[:1] != (len(crops),) for shape in noise.shapes):
        raise ConfigError(f"the network draws random numbers of the shapes {noise.shapes}, not some for each face")
    return tuple(shape[1:] for shape in noise.shapes)


def normal(shapes: Iterable[tuple[int, ...]], count: int, generator: torch.Generator | None = None) -> list[Tensor]:
    """Draw standard normal tensors float32 [count, *shape] of these shapes."""
    return [torch.randn(count, *shape, generator=generator) for shape in shapes]


class Traceable(nn.Module):
    """An architecture as a function of tensors: crops and noise in, a tensor of logits for each branch out.

    Args:
        model: architecture in evaluation mode, in float32.
    """

    def __init__(self, model: Any) -> None:  # noqa: ANN401 - an Architecture, whose preprocess is no module's
        super().__init__()
        self.model = model

    def forward(self, crops: Tensor, *noise: Tensor) -> tuple[Tensor, ...]:
        """Give logits [N, 2] of each branch, from crops uint8 [N, ...] and noise [N, ...]."""
        with GivenNoise(noise):
            return tuple(self.model(self.model.preprocess(crops)).logits.values())
