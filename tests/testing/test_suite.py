"""The contract suite: every registered plugin passes it, and what breaks the contract does not."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, ClassVar

import pytest
import torch
from torch import Tensor, nn

from contracts import EXPORTS
from genconvit.core.errors import PluginError, SourceError
from genconvit.core.types import DetectedFace
from genconvit.data.base import Dataset, Listing
from genconvit.faces.base import FaceDetector
from genconvit.models.base import Architecture, ArchitectureConfig, ModelOutput
from genconvit.nn.feature_layer import FeatureLayer
from genconvit.registry import ARCHITECTURES, DATASETS, FACE_DETECTORS, VIDEO_DECODERS
from genconvit.testing import Check, contract_checks
from genconvit.video.base import FrameStream, VideoDecoder
from genconvit.video.pyav import PyAVDecoder
from stubs import Grey, GreyConfig, WholeFrame

HEAT_MAPS = "has heat maps of the feature layers that it names"


def is_slow(check: Check) -> bool:
    """Whether a check traces a network of many layers, which takes minutes."""
    return check.title == EXPORTS and check.plugin in ("original", "v2")


@pytest.mark.parametrize(
    "check",
    [pytest.param(each, marks=[pytest.mark.slow] if is_slow(each) else [], id=str(each)) for each in contract_checks()],
)
def test_every_registered_plugin_keeps_to_its_contract(check: Check) -> None:
    outcome = check.outcome()
    if outcome.status == "skipped":
        pytest.skip(outcome.reason)
    assert outcome.status == "ok", outcome.reason


def test_each_built_in_is_checked() -> None:
    checked = {check.plugin for check in contract_checks()}
    built_in = {"original", "v2", "timm", "mtcnn", "insightface", "pyav", "decord", "torchcodec", "folder", "dfdc"}
    assert checked >= built_in
    assert {check.plugin for check in contract_checks("v2")} == {"v2"}
    assert contract_checks("v2", FACE_DETECTORS.group) == []


def test_a_name_that_nobody_has_is_an_error() -> None:
    with pytest.raises(PluginError, match="unknown architecture 'orignal'"):
        contract_checks("orignal")


def failures(name: str) -> dict[str, str]:
    """The checks that a plugin fails, with the reasons; an export, which takes seconds, has a test of its own."""
    outcomes = {check.title: check.outcome() for check in contract_checks(name) if check.title != EXPORTS}
    return {title: outcome.reason for title, outcome in outcomes.items() if outcome.status == "failed"}


class Whole(Grey):
    """The stub as it is."""


class OfTheBatch(Grey):
    def forward(self, faces: Tensor) -> ModelOutput:
        logits = super().forward(faces).logits["one"]
        return ModelOutput(logits={"one": logits - logits.mean(dim=0)})


class Restless(Grey):
    def forward(self, faces: Tensor) -> ModelOutput:
        logits = super().forward(faces).logits["one"]
        return ModelOutput(logits={"one": logits + torch.rand(1)})


class OfIntegers(Grey):
    def preprocess(self, faces: Tensor) -> Tensor:
        return faces.permute(0, 3, 1, 2)


class ThreeLogits(Grey):
    def forward(self, faces: Tensor) -> ModelOutput:
        return ModelOutput(logits={"one": torch.zeros(len(faces), 3) * self.slope})


class NotANumber(Grey):
    def forward(self, faces: Tensor) -> ModelOutput:
        return ModelOutput(logits={"one": torch.full((len(faces), 2), torch.nan) * self.slope})


class Untrainable(Grey):
    def __init__(self, config: ArchitectureConfig) -> None:
        super().__init__(config)
        self.slope.requires_grad_(False)


class LooksAtValues(Grey):
    def __init__(self, config: ArchitectureConfig) -> None:
        super().__init__(config)
        self.offset = nn.Parameter(torch.tensor([1.0], device="cpu"))


class Forgets(Grey):
    """Keeps what its logits follow from where no file has it."""

    def __init__(self, config: ArchitectureConfig) -> None:
        super().__init__(config)
        self.hidden = torch.rand(1) if not self.slope.is_meta else 0.0

    def forward(self, faces: Tensor) -> ModelOutput:
        return ModelOutput(logits={"one": super().forward(faces).logits["one"] + self.hidden})


class LooksAtValuesOfFaces(Grey):
    def forward(self, faces: Tensor) -> ModelOutput:
        return super().forward(faces * 2 if float(faces.sum()) > 0 else faces)


class PromisesMore(Grey):
    def reconstruction_weights(self) -> dict[str, float]:
        return {"one": 1.0}


class NamesWhatItNeverCalls(Grey):
    def feature_layers(self) -> dict[str, FeatureLayer]:
        return {"one": FeatureLayer(nn.Identity())}


class SeesNoPlace(Grey):
    def __init__(self, config: ArchitectureConfig) -> None:
        super().__init__(config)
        self.seen = nn.Identity()

    def forward(self, faces: Tensor) -> ModelOutput:
        return super().forward(self.seen(faces.mean(dim=(2, 3), keepdim=True)))

    def feature_layers(self) -> dict[str, FeatureLayer]:
        return {"one": FeatureLayer(self.seen)}


class LooseConfig(GreyConfig):
    model_config: ClassVar[Any] = {"extra": "ignore"}

    @classmethod
    def model_validate(cls, obj: Any, **_: Any) -> Any:
        return super().model_validate({key: value for key, value in obj.items() if key in cls.model_fields})


class Loose(Grey):
    config_class = LooseConfig


@pytest.mark.parametrize(
    ("cls", "failing"),
    [
        (Whole, set()),
        (OfTheBatch, {"scores a face alike alone and among others"}),
        (Restless, {"scores alike twice", "scores a face alike alone and among others"}),
        (OfIntegers, {"makes float images of uint8 crops"}),
        (ThreeLogits, {"gives two finite logits a face and branch"}),
        (NotANumber, {"gives two finite logits a face and branch"}),
        (Untrainable, {"can be trained"}),
        (LooksAtValues, {"builds from its config without memory"}),
        (Forgets, {"keeps its weights through a file"}),
        (PromisesMore, {"gives two finite logits a face and branch"}),
        (NamesWhatItNeverCalls, {HEAT_MAPS}),
        (SeesNoPlace, {HEAT_MAPS}),
        (Loose, {"refuses an option that it does not have"}),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else "",
)
def test_an_architecture_that_breaks_the_contract_fails_by_what_it_breaks(
    monkeypatch: pytest.MonkeyPatch, cls: type[Architecture], failing: set[str]
) -> None:
    monkeypatch.setitem(ARCHITECTURES._registered, "tried", cls)
    found = failures("tried")
    assert found.keys() >= failing
    assert bool(found) == bool(failing), found


def test_an_architecture_that_looks_at_values_cannot_be_exported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ARCHITECTURES._registered, "tried", LooksAtValuesOfFaces)
    (check,) = [check for check in contract_checks("tried") if check.title == EXPORTS]
    outcome = check.outcome()
    if outcome.status == "skipped":
        pytest.skip(outcome.reason)
    assert outcome.status == "failed"
    assert "cannot be exported: PyTorch cannot trace it" in outcome.reason


def test_an_export_is_not_checked_without_its_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxscript", None)
    (check,) = [check for check in contract_checks("timm") if check.title == EXPORTS]
    outcome = check.outcome()
    assert outcome.status == "skipped"
    assert "pip install 'genconvit[onnx]'" in outcome.reason


class Nowhere(WholeFrame):
    """Finds no face, and answers for an image that is not there."""

    name = "tried"
    licence = ""

    def detect(self, images: Sequence[Any]) -> list[list[DetectedFace]]:
        return [[] for _ in images] or [[]]


class Everywhere(WholeFrame):
    name = "another"

    def detect(self, images: Sequence[Any]) -> list[list[DetectedFace]]:
        return [[DetectedFace((0.0, 0.0, 9.0, 9.0 + len(images)), 1.0)] for _ in images]


class Tried(WholeFrame):
    name = "tried"


@pytest.mark.parametrize(
    ("cls", "failing"),
    [
        (Tried, set()),
        (
            Nowhere,
            {"says its name, its terms and its square", "takes no images", "finds the face of a portrait"},
        ),
        (
            Everywhere,
            {
                "says its name, its terms and its square",
                "finds the face of a portrait",
                "finds alike alone and among others",
            },
        ),
    ],
)
def test_a_face_detector_that_breaks_the_contract_fails(
    monkeypatch: pytest.MonkeyPatch, cls: type[FaceDetector], failing: set[str]
) -> None:
    monkeypatch.setitem(FACE_DETECTORS._registered, "tried", cls)
    assert failures("tried").keys() == failing


class Backwards(PyAVDecoder):
    """Counts wrong, and gives the frames before those that are asked for; opens anything but noise."""

    name = "tried"

    def open(self, path: Path) -> FrameStream:
        stream = super().open(path)
        read: Callable[[Sequence[int]], Any] = stream.read
        stream.read = lambda indices: read([max(index - 1, 0) for index in indices[:1]])  # type: ignore[method-assign]
        return stream


class Careless(PyAVDecoder):
    name = "tried"

    def open(self, path: Path) -> FrameStream:
        try:
            return super().open(path)
        except SourceError as error:
            raise ValueError(str(error)) from error


@pytest.mark.parametrize(
    ("cls", "failing"),
    [
        (
            Backwards,
            {
                "gives all frames in order, upright RGB",
                "gives the frames that are asked for",
                "gives the same frames again",
            },
        ),
        (Careless, {"refuses what is no video"}),
    ],
)
def test_a_decoder_that_breaks_the_contract_fails(
    monkeypatch: pytest.MonkeyPatch, cls: type[VideoDecoder], failing: set[str]
) -> None:
    monkeypatch.setitem(VIDEO_DECODERS._registered, "tried", cls)
    assert failures("tried").keys() == failing


class Inventive(Dataset):
    summary = " "
    splits = ("all", "all")

    def listing(self, root: Path, split: str) -> Listing:
        source = {"path": str(root), "name": "a", "label": "FAKE"}
        return Listing.model_validate({"dataset": "tried", "split": split, "sources": (source,)})


class OfAnotherFormat(PyAVDecoder):
    name = "tried"

    def open(self, path: Path) -> FrameStream:
        raise SourceError(str(path), "not a file of arrays")


def test_a_decoder_of_another_format_is_skipped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(VIDEO_DECODERS._registered, "tried", OfAnotherFormat)
    outcomes = [check.outcome() for check in contract_checks("tried")]
    assert {outcome.status for outcome in outcomes} == {"ok", "skipped"}
    assert "it reads no H.264 in MP4, which the clip is: not a file of arrays" in {each.reason for each in outcomes}


def test_a_data_set_that_breaks_the_contract_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(DATASETS._registered, "tried", Inventive)
    assert len(failures("tried")) == 3


def test_a_check_says_how_it_ended() -> None:
    def broken() -> None:
        raise KeyError("slope")

    assert str(Check("tried", "works", broken)) == "tried works"
    outcome = Check("tried", "works", broken).outcome()
    assert (outcome.status, outcome.reason) == ("failed", "KeyError: 'slope'")
