from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
import torch

from genconvit import ConfigError, Detector, FaceHeatMaps, GenConViTError
from genconvit.explain import explainer
from genconvit.explain.twin import watched_twin
from genconvit.models.base import Architecture
from genconvit.registry import ARCHITECTURES
from stubs import Grey

from .spot import Spot, SpotConfig, face, faces, hottest

SPOTS = faces(face(red=(0, 3)), face(blue=(1, 1)), face(red=(3, 2)), face(red=(2, 0), blue=(0, 0)), face())


def opened(**options: Any) -> Detector:
    return Detector("spot", **{"weights": "random", "device": "cpu", "face_detector": "mtcnn", **options})


@pytest.fixture
def detector() -> Iterator[Detector]:
    with opened() as detector:
        yield detector


def same(found: tuple[FaceHeatMaps, ...], expected: tuple[FaceHeatMaps, ...]) -> bool:
    return len(found) == len(expected) and all(
        a.fake_probability == b.fake_probability and np.array_equal(a.grad_cam["spot"].raw, b.grad_cam["spot"].raw)
        for a, b in zip(found, expected, strict=True)
    )


def test_each_face_has_its_maps_and_the_probability_of_its_score(detector: Detector) -> None:
    found = detector.heat_maps(SPOTS)
    scores = detector.score_faces(SPOTS)
    np.testing.assert_allclose([each.fake_probability for each in found], scores.fake_probability, atol=1e-6)
    assert [hottest(each.grad_cam["spot"]) for each in found[:4:2]] == [(0, 3), (3, 2)]
    assert [each.grad_cam["spot"].size for each in found] == [32] * 5
    assert found[-1].grad_cam["spot"].maximum == 0
    assert (found[0].attention, found[0].reconstruction_error) == ({}, {})
    assert same(detector.heat_maps(torch.from_numpy(SPOTS)), found)


def test_faces_are_taken_as_they_are_for_a_score(detector: Detector) -> None:
    large = SPOTS.repeat(2, axis=1).repeat(2, axis=2)
    assert same(detector.heat_maps(large), detector.heat_maps(SPOTS))
    with pytest.raises(ConfigError, match=r"uint8 \[N, 32, 32, 3\]"):
        detector.heat_maps(large, resize=False)
    with pytest.raises(ConfigError, match="got float64"):
        detector.heat_maps(SPOTS / 255)  # type: ignore[arg-type] # as without a type checker
    assert detector.heat_maps(SPOTS[:0]) == ()


def test_what_cannot_be_explained_is_an_error(detector: Detector, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match="target is 'fake' or 'real'; got 'FAKE'"):
        detector.heat_maps(SPOTS, target="FAKE")  # type: ignore[arg-type] # as without a type checker
    detector.close()
    with pytest.raises(GenConViTError, match="this detector is closed"):
        detector.heat_maps(SPOTS)
    monkeypatch.setitem(ARCHITECTURES._registered, "grey", Grey)
    with (
        Detector("grey", weights="random", device="cpu", face_detector="mtcnn") as grey,
        pytest.raises(ConfigError, match=r"Grey names no feature layers, so there are no heat maps of its scores; its"),
    ):
        grey.heat_maps(np.zeros((1, 8, 8, 3), np.uint8))


def hooks_of(model: Architecture) -> int:
    return sum(len(each._forward_hooks) + len(each._forward_pre_hooks) for each in model.modules())


def test_nothing_is_left_behind(detector: Detector, monkeypatch: pytest.MonkeyPatch) -> None:
    before = detector.score_faces(SPOTS)
    model = detector.model
    model.head.weight.requires_grad_(True)  # type: ignore[union-attr] # as in a training of the user's
    detector.heat_maps(SPOTS)
    monkeypatch.setattr(explainer, "grad_cam", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        detector.heat_maps(SPOTS)
    assert hooks_of(model) == 0
    assert [each.grad for each in model.parameters()] == [None, None]
    assert [each.requires_grad for each in model.parameters()] == [False, True]
    assert not model.training
    np.testing.assert_array_equal(detector.score_faces(SPOTS).logits["spot"], before.logits["spot"])


def test_the_watched_twin_shares_weights_and_no_hooks() -> None:
    model = Spot(SpotConfig())
    twin = watched_twin(model)
    twin.get_submodule("maps").register_forward_hook(lambda *_: None)
    assert hooks_of(model) == 0
    pairs = list(zip(model.parameters(), twin.parameters(), strict=True))
    assert all(own.data_ptr() == other.data_ptr() and own is not other for own, other in pairs)
    assert not any(other.requires_grad for _, other in pairs)
    twin.get_parameter("head.weight").grad = torch.ones(2, 2)
    assert model.head.weight.grad is None


def test_weights_in_another_precision_stay_in_it_and_are_explained_in_float32() -> None:
    with opened(precision="bf16") as half, opened() as full:
        found = half.heat_maps(SPOTS)
        assert {each.dtype for each in half.model.parameters()} == {torch.bfloat16}
        assert same(found, full.heat_maps(SPOTS)), "the stub's weights are the same in both"
        np.testing.assert_allclose(
            [each.fake_probability for each in found], half.score_faces(SPOTS).fake_probability, atol=0.01
        )


def test_it_works_in_inference_mode_and_with_what_was_made_there() -> None:
    with opened() as detector:
        expected = detector.heat_maps(SPOTS)
        with torch.inference_mode():
            assert same(detector.heat_maps(torch.from_numpy(SPOTS).clone()), expected)
        with torch.no_grad():
            assert same(detector.heat_maps(SPOTS), expected)
    with torch.inference_mode(), opened() as detector:
        assert all(each.is_inference() for each in detector.model.parameters())
        assert same(detector.heat_maps(SPOTS), expected)


def test_faces_go_through_in_batches_that_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = []

    def counted(model: Architecture, crops: torch.Tensor, target: Any) -> list[FaceHeatMaps]:
        sizes.append(len(crops))
        return explainer_of_batch(model, crops, target)

    explainer_of_batch = explainer.heat_maps_of_batch
    monkeypatch.setattr(explainer, "heat_maps_of_batch", counted)
    with opened(batch_size=2) as detector:
        found = detector.heat_maps(SPOTS)
        assert sizes == [2, 2, 1]
        assert same(found, tuple(detector.heat_maps(one[None])[0] for one in SPOTS))


def test_a_batch_is_halved_where_memory_is_short_and_the_scores_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = explainer.heat_maps_of_batch
    most = 2

    def short(model: Architecture, crops: torch.Tensor, target: Any) -> list[FaceHeatMaps]:
        if len(crops) > most:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return whole(model, crops, target)

    with opened(batch_size=8) as detector:
        expected = detector.heat_maps(SPOTS)
        monkeypatch.setattr(explainer, "heat_maps_of_batch", short)
        assert same(detector.heat_maps(SPOTS), expected)
        assert detector._open().explainer().batch_size == 2
        assert detector._open().pipeline.scorer.batch_size == 8
        most = 0
        with pytest.raises(ConfigError, match="cpu has no memory for the heat maps of one face"):
            detector.heat_maps(SPOTS)


def test_threads_score_and_explain_at_the_same_time(detector: Detector) -> None:
    scores, maps = detector.score_faces(SPOTS), detector.heat_maps(SPOTS)
    start = threading.Barrier(4)

    def repeat(explains: bool) -> bool:
        start.wait()
        if explains:
            return all(same(detector.heat_maps(SPOTS), maps) for _ in range(10))
        return all(np.array_equal(detector.score_faces(SPOTS).logits["spot"], scores.logits["spot"]) for _ in range(10))

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(repeat, (True, False, True, False))) == [True] * 4


def test_a_pass_with_fresh_noise_has_a_probability_of_its_own() -> None:
    with opened(model={"noise": 1.0}) as detector:
        first, second = (detector.heat_maps(SPOTS)[0].fake_probability for _ in range(2))
    assert first != second
