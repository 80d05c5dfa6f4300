"""Grad-CAM: which positions of the last feature maps speak for a class.

Source: Selvaraju et al., "Grad-CAM: Visual Explanations from Deep Networks via Gradient-based Localization", ICCV 2017
(arXiv 1610.02391).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from genconvit.core.errors import PluginError
from genconvit.nn.feature_layer import FeatureLayer


@contextmanager
def recorded_features(layers: Mapping[str, FeatureLayer]) -> Iterator[dict[str, Tensor]]:
    """Record what feature layers give in a forward pass inside of the block, ready for gradients.

    Where nothing before a layer has gradients, they begin at it, so that the pass keeps nothing of what came before.

    Yields:
        The output of each layer, by branch, once it was called.

    Raises:
        PluginError: a layer is called a second time, or gives no tensor.
    """
    features: dict[str, Tensor] = {}
    handles = [layer.module.register_forward_hook(_recorder(branch, features)) for branch, layer in layers.items()]
    try:
        yield features
    finally:
        for handle in handles:
            handle.remove()


def _recorder(branch: str, features: dict[str, Tensor]) -> Any:  # noqa: ANN401 - a hook of torch's
    def record(module: nn.Module, _: object, output: object) -> Tensor:
        if branch in features:
            raise PluginError(
                f"forward calls the feature layer of branch {branch!r} ({type(module).__name__}) more than once; name "
                "one that is called once, such as an nn.Identity that the face's maps go through"
            )
        if not isinstance(output, Tensor):
            raise PluginError(
                f"the feature layer of branch {branch!r} ({type(module).__name__}) gives a {type(output).__name__}, "
                "and no tensor; name one that gives maps, or none"
            )
        features[branch] = output if output.requires_grad else output.detach().requires_grad_()
        return features[branch].clone()  # what comes next may work in place

    return record


def grad_cam(layer: FeatureLayer, branch: str, features: Mapping[str, Tensor], logits: Tensor, frames: int) -> Tensor:
    """Weigh each channel of the feature maps by its mean gradient, add the channels, and keep what is positive.

    Where the head is linear in the mean of the maps, a map's sum is the part of the logit that the maps give, before
    what is negative was left out.

    Args:
        layer: feature layer of the branch.
        branch: name of the branch.
        features: recorded outputs of feature layers.
        logits: float [N], the branch's logits of the class that is explained.
        frames: faces in one input.

    Returns:
        float [N, h, w], or [N, frames, h, w] for clips of several.

    Raises:
        PluginError: the layer has no part in the logits, gives no maps, or has gradients that are not finite.
    """
    if branch not in features:
        raise PluginError(f"forward does not reach the feature layer of branch {branch!r}; name one that it calls")
    output = features[branch]
    (gradient,) = (
        torch.autograd.grad(logits.sum(), output, retain_graph=True, allow_unused=True)
        if logits.requires_grad
        else (None,)
    )
    if gradient is None:
        raise PluginError(
            f"the logits of branch {branch!r} do not depend on its feature layer; name one on the way to them"
        )
    maps, slopes = (_checked(layer.to_maps(each), branch, len(logits), frames) for each in (output.detach(), gradient))
    weights = slopes.mean(dim=tuple(range(2, slopes.ndim)), keepdim=True)
    found = (weights * maps).sum(dim=1).relu()
    if not found.isfinite().all():
        raise PluginError(f"Grad-CAM of branch {branch!r} is not finite; its feature layer has gradients that overflow")
    return found


def _checked(maps: Tensor, branch: str, count: int, frames: int) -> Tensor:
    shape = tuple(maps.shape)
    wanted = "[N, C, h, w]" if frames == 1 else f"[N, C, {frames}, h, w]"
    right = len(shape) == 4 if frames == 1 else len(shape) == 5 and shape[2] == frames
    if not (right and shape[0] == count and min(shape) > 0):
        raise PluginError(
            f"the feature layer of branch {branch!r} gives maps {list(shape)} for {count} inputs, not {wanted}; name "
            "another layer, or bring its output to that form by to_maps"
        )
    return maps.float()
