"""A model that explains its scores by heat maps, always in PyTorch and in float32."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from genconvit.core.device import is_out_of_memory
from genconvit.core.errors import ConfigError, PluginError
from genconvit.core.fake_probability import face_fake_probability
from genconvit.explain.attention import recorded_attention
from genconvit.explain.grad_cam import grad_cam, recorded_features
from genconvit.explain.heat_map import COLUMNS, FaceHeatMaps, HeatMap, Target
from genconvit.explain.reconstruction import reconstruction_errors
from genconvit.explain.twin import watched_twin
from genconvit.models.base import Architecture
from genconvit.nn.channels_last import images_in_channels_last


class Explainer:
    """Makes heat maps of a model's inputs, a batch at a time. Safe to call from several threads.

    Each call works on a tree of modules of its own over the model's weights, so that others may run the model at the
    same time, compiled or not, and nothing is left behind in it.

    Args:
        model: model on its device, in evaluation mode, in any precision.
        device: device that it is on.
        batch_size: most inputs that go through it at once; halved, for good, where a GPU's memory is too small.
    """

    def __init__(self, model: Architecture, *, device: torch.device, batch_size: int) -> None:
        self.model = model
        self.device = device
        self.batch_size = batch_size
        self._halving = threading.Lock()

    def explain(self, crops: npt.NDArray[np.uint8] | Tensor, target: Target = "fake") -> tuple[FaceHeatMaps, ...]:
        """Make the heat maps of inputs.

        Args:
            crops: RGB uint8 [N, size, size, 3], or [N, frames, size, size, 3] for an architecture of clips; an array,
                or a tensor on any device.
            target: class whose logits Grad-CAM explains.

        Raises:
            ConfigError: the architecture names no feature layers, the target is no class, or the device has no memory
                for a single input.
            PluginError: a layer that the architecture names is not what the contract says.
            WeightsError: a logit is not finite.
        """
        if target not in COLUMNS:
            raise ConfigError(f"target is 'fake' or 'real'; got {target!r}")
        with torch.inference_mode(False), torch.enable_grad():
            twin = watched_twin(self.model)
            if not twin.feature_layers():
                raise ConfigError(
                    f"{type(twin).__name__} names no feature layers, so there are no heat maps of its scores; its "
                    "feature_layers() has to name them (docs/plugins.md)"
                )
            return tuple(self._in_batches(twin, torch.as_tensor(crops), target))

    def _in_batches(self, twin: Architecture, crops: Tensor, target: Target) -> Iterator[FaceHeatMaps]:
        start = 0
        while start < len(crops):
            size = self.batch_size
            found = self._if_it_fits(twin, crops[start : start + size], target)
            if found is None:
                self._halve(size)
                continue
            yield from found
            start += size

    def _if_it_fits(self, twin: Architecture, crops: Tensor, target: Target) -> list[FaceHeatMaps] | None:
        """The heat maps, or None where the device's memory is too small for these inputs."""
        try:
            return heat_maps_of_batch(twin, crops.to(self.device), target)
        except RuntimeError as error:
            if not is_out_of_memory(error):
                raise
            return None  # and the error with what it holds is gone before another try

    def _halve(self, size: int) -> None:
        if size == 1:
            raise ConfigError(
                f"{self.device} has no memory for the heat maps of one face; free some, or use device='cpu'"
            )
        with self._halving:
            if self.device.type == "cuda":
                torch.cuda.empty_cache()
            if self.batch_size == size:
                self.batch_size = size // 2


def heat_maps_of_batch(model: Architecture, crops: Tensor, target: Target) -> list[FaceHeatMaps]:
    """Make the heat maps of inputs that go through a model together, in a single pass.

    Args:
        model: model in float32 that nobody else runs, on the device of the crops; gradients are on.
        crops: RGB uint8 [N, ...] of the model's size.
        target: class whose logits Grad-CAM explains.

    Raises:
        PluginError: a layer that the architecture names is not what the contract says.
        WeightsError: a logit is not finite.
    """
    frames = model.input_spec.frames
    layers = model.feature_layers()
    images = images_in_channels_last(model.preprocess(crops).float())
    with recorded_features(layers) as features, recorded_attention(model.attention_layers()) as attention:
        output = model(images)
    logits = {branch: each.detach().float().cpu().numpy() for branch, each in output.logits.items()}
    probabilities = face_fake_probability(logits)
    strange = layers.keys() - output.logits.keys()
    if strange:
        raise PluginError(
            f"{type(model).__name__} names feature layers of {', '.join(sorted(strange))}, but gives logits of "
            f"{', '.join(output.logits)}; name each layer by its branch"
        )
    cams = {
        branch: grad_cam(layer, branch, features, output.logits[branch][:, COLUMNS[target]], frames)
        for branch, layer in layers.items()
    }
    kinds = (cams, attention, reconstruction_errors(model, images, output))
    by_face = zip(*(_by_face(kind, len(crops), model.input_size) for kind in kinds), strict=True)
    return [
        FaceHeatMaps(target, probability, *maps)
        for probability, maps in zip(probabilities.tolist(), by_face, strict=True)
    ]


def _by_face(maps: Mapping[str, Tensor], count: int, size: int) -> list[dict[str, HeatMap]]:
    arrays = {name: each.detach().cpu().numpy() for name, each in maps.items()}
    return [{name: HeatMap(each[face].copy(), size) for name, each in arrays.items()} for face in range(count)]
