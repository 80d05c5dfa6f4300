"""Checks of everything that the library relies on of an architecture."""

from __future__ import annotations

import copy
import tempfile
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from genconvit.core.errors import ConfigError
from genconvit.core.fake_probability import NUM_CLASSES, face_fake_probability
from genconvit.core.input_spec import InputSpec
from genconvit.explain.explainer import Explainer
from genconvit.models.base import Architecture, ArchitectureConfig, ModelOutput
from genconvit.pipeline.scorer import Scorer
from genconvit.pipeline.torch_network import TorchNetwork
from genconvit.results.provenance import WeightsInfo
from genconvit.runtimes.export import export_model, require_packages
from genconvit.testing.check import Check, SkippedError, Subject, require
from genconvit.weights.convert import save_model
from genconvit.weights.load import LoadedModel, load_model, parse_config

FURTHEST = 1e-4
"""Most that logits of one face may lie apart, alone and in a batch, in fp32 on a CPU."""


def architecture_checks(name: str, cls: type[Architecture]) -> list[Check]:
    """The checks of one architecture, built from its ``check_options``."""
    subject = _Subject(name, cls)
    return [
        Check(name, "builds from its config without memory", subject.builds_on_meta),
        Check(name, "keeps its config through JSON", subject.keeps_its_config),
        Check(name, "refuses an option that it does not have", subject.refuses_an_unknown_option),
        Check(name, "makes float images of uint8 crops", subject.preprocesses),
        Check(name, "gives two finite logits a face and branch", subject.gives_logits),
        Check(name, "scores no faces as none", subject.scores_nothing),
        Check(name, "scores a face alike alone and among others", subject.is_independent_of_the_batch),
        Check(name, "scores alike twice", subject.is_repeatable),
        Check(name, "keeps its weights through a file", subject.keeps_its_weights),
        Check(name, "can be trained", subject.can_be_trained),
        Check(name, "has heat maps of the feature layers that it names", subject.has_heat_maps),
        Check(name, "can be exported", subject.can_be_exported),
    ]


class _Subject(Subject[Architecture]):
    @cached_property
    def config(self) -> ArchitectureConfig:
        return parse_config(self.name, self.cls, self.cls.check_options)

    @cached_property
    def model(self) -> Architecture:
        return load_model(self.name, self.cls, self.cls.check_options, "random").model.float().eval()

    @cached_property
    def crops(self) -> Tensor:
        shape = (3, *self.model.input_spec.shape)
        return torch.from_numpy(np.random.default_rng(0).integers(0, 256, shape, np.uint8))

    def logits(self, crops: Tensor) -> dict[str, Tensor]:
        with torch.inference_mode():
            return dict(self.model(self.model.preprocess(crops)).logits)

    def builds_on_meta(self) -> None:
        with torch.device("meta"):
            model = self.cls(self.config)
        real = [each for each, tensor in model.state_dict().items() if not tensor.is_meta]
        require(not real, f"on PyTorch's meta device these tensors have memory: {', '.join(real[:4])}")
        spec = getattr(model, "input_spec", None)
        require(isinstance(spec, InputSpec), f"self.input_spec is {spec!r}; set it to an InputSpec(size=...)")
        require(model.config == self.config, "self.config is not the config that it was built from")

    def keeps_its_config(self) -> None:
        again = self.cls.config_class.model_validate_json(self.config.model_dump_json())
        require(again == self.config, f"a config read back from its JSON is another: {again!r}")
        require(bool(self.config.mode), "mode is empty")

    def refuses_an_unknown_option(self) -> None:
        try:
            parse_config(self.name, self.cls, {**self.cls.check_options, "no_such_option": 1})
        except ConfigError as error:
            require("no_such_option" in str(error), f"the error does not name the option: {error}")
        else:
            raise AssertionError("an option that does not exist is taken without a word")

    def preprocesses(self) -> None:
        images = self.model.preprocess(self.crops)
        require(images.is_floating_point(), f"preprocess gives {images.dtype}, not floats")
        require(len(images) == len(self.crops), f"preprocess makes {len(images)} images of {len(self.crops)} crops")
        require(bool(images.isfinite().all()), "preprocess gives numbers that are not finite")

    def gives_logits(self) -> None:
        with torch.inference_mode():
            output = self.model(self.model.preprocess(self.crops))
        require(isinstance(output, ModelOutput), f"forward gives {type(output).__name__}, not a ModelOutput")
        require(bool(output.logits), "forward gives no logits")
        for branch, logits in output.logits.items():
            shape = tuple(logits.shape)
            require(shape == (len(self.crops), NUM_CLASSES), f"the logits of branch {branch!r} have the shape {shape}")
            require(logits.is_floating_point(), f"the logits of branch {branch!r} are {logits.dtype}")
            require(bool(logits.isfinite().all()), f"the logits of branch {branch!r} are not finite")
        lacking = self.model.reconstruction_weights().keys() - output.reconstructions.keys()
        require(not lacking, f"reconstruction_weights names what forward does not give: {', '.join(sorted(lacking))}")

    def scores_nothing(self) -> None:
        scorer = Scorer(TorchNetwork(copy.deepcopy(self.model), device=torch.device("cpu"), precision="fp32"))
        require(len(scorer.score(self.crops[:0])) == 0, "no faces have scores")

    def is_independent_of_the_batch(self) -> None:
        together = self.logits(self.crops)
        for branch, logits in together.items():
            alone = torch.cat([self.logits(crop[None])[branch] for crop in self.crops])
            distance = float((alone - logits).abs().max())
            require(distance <= FURTHEST, f"branch {branch!r}: a face's logits differ by {distance:.2g} among others")

    def is_repeatable(self) -> None:
        first, second = self.logits(self.crops), self.logits(self.crops)
        other = [branch for branch in first if not torch.equal(first[branch], second[branch])]
        require(not other, f"the same faces get other logits the second time: {', '.join(other)}")

    def keeps_its_weights(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "weights.safetensors")
            info = WeightsInfo(origin="file", trained=True)
            save_model(LoadedModel(self.model, info), self.name, path, precision="fp32")
            again = load_model(self.name, self.cls, {}, str(path)).model.eval()
        with torch.inference_mode():
            found = again(again.preprocess(self.crops)).logits
        for branch, logits in self.logits(self.crops).items():
            require(torch.equal(found[branch], logits), f"branch {branch!r} gives other logits after a round trip")

    def can_be_trained(self) -> None:
        model = self.cls(self.config).train()
        output = model(model.preprocess(self.crops))
        labels = torch.zeros(len(self.crops), dtype=torch.long)
        loss = torch.stack([functional.cross_entropy(logits, labels) for logits in output.logits.values()]).sum()
        loss.backward()  # type: ignore[no-untyped-call]
        moved = [each.grad for each in model.parameters() if each.grad is not None]
        require(bool(moved), "no parameter has a gradient")
        require(all(bool(grad.isfinite().all()) for grad in moved), "a gradient is not finite")

    def has_heat_maps(self) -> None:
        layers = self.model.feature_layers()
        if not layers:
            raise SkippedError("it names no feature layers, so there are no heat maps of its scores")
        found = Explainer(self.model, device=torch.device("cpu"), batch_size=len(self.crops)).explain(self.crops)
        for branch in layers:
            grid = found[0].grad_cam[branch].grid
            require(max(grid) > 1, f"the maps of branch {branch!r} have a single position, so they show no place")
        logits = {branch: each.numpy() for branch, each in self.logits(self.crops).items()}
        expected = face_fake_probability(logits).tolist()
        distance = max(abs(each.fake_probability - own) for each, own in zip(found, expected, strict=True))
        require(distance <= FURTHEST, f"the pass that is explained gives probabilities that differ by {distance:.2g}")

    def can_be_exported(self) -> None:
        try:
            require_packages("onnx")
        except ConfigError as error:
            raise SkippedError(str(error)) from error
        loaded = LoadedModel(copy.deepcopy(self.model), WeightsInfo(origin="random", trained=False))
        with tempfile.TemporaryDirectory() as folder:
            export_model(loaded, self.name, Path(folder, "network.onnx"), file_format="onnx")
