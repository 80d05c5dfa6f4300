"""A detector in another process than the one that made it: after a fork, and out of a pickle."""

from __future__ import annotations

import multiprocessing
import os
import pickle
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from genconvit import Architecture, Detector, GenConViTError, PluginError, register_architecture
from genconvit.registry import ARCHITECTURES, FACE_DETECTORS
from processes import children, in_a_fork, needs_proc
from stubs import Grey, WholeFrame, grey_clip, grey_config, register_stubs

FORKED = f"GenConViTError: this detector was made before a fork, in process {os.getpid()}"
CURE = "make it in the child, or start processes with 'spawn'"
FACES = np.full((2, 8, 8, 3), 200, np.uint8)


@pytest.fixture
def grey(monkeypatch: pytest.MonkeyPatch) -> Iterator[Detector]:
    register_stubs(monkeypatch)
    with Detector(grey_config("random")) as detector:
        yield detector


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return grey_clip(tmp_path / "clip.mp4", 200)


def assert_refused(answer: str | None) -> None:
    assert answer is not None, "it hangs"
    assert answer.startswith(FORKED)
    assert CURE in answer


@pytest.mark.parametrize(
    "use",
    [
        pytest.param(lambda detector: detector.predict(np.zeros((8, 8, 3), np.uint8)), id="predict"),
        pytest.param(lambda detector: list(detector.predict_many(["a.mp4", "b.mp4"])), id="predict_many"),
        pytest.param(lambda detector: detector.score_faces(FACES), id="score_faces"),
        pytest.param(lambda detector: detector.model, id="model"),
    ],
)
def test_a_detector_from_before_a_fork_says_so(grey: Detector, use: Callable[[Detector], object]) -> None:
    assert_refused(in_a_fork(lambda: use(grey)))
    assert len(grey.score_faces(FACES)) == 2


def test_a_lock_that_was_held_at_the_fork_is_not_waited_for(grey: Detector) -> None:
    with grey._opening:
        assert_refused(in_a_fork(lambda: grey.score_faces(FACES)))


@pytest.mark.parametrize("isolate", [False, True])
@pytest.mark.usefixtures("grey")
def test_results_under_way_do_not_go_on_in_a_fork(clip: Path, isolate: bool) -> None:
    with Detector(grey_config("random", isolate=isolate, workers=2)) as detector:
        results = detector.predict_many([str(clip)] * 20)
        first = next(results)
        answer = in_a_fork(lambda: next(results))
        assert answer is not None, "it hangs"
        assert "what is under way was made before a fork" in answer
        assert in_a_fork(results.close) == "None"
        assert [result.faces for result in results] == [first.faces] * 19


@needs_proc
@pytest.mark.usefixtures("grey")
def test_a_copy_ends_nothing_of_the_process_that_it_is_of(clip: Path) -> None:
    with Detector(grey_config("random", isolate=True, workers=1)) as detector:
        before = detector.predict(clip)
        workers = children()
        assert in_a_fork(detector.close) == "None"
        assert children() == workers
        assert detector.predict(clip) == before


def test_a_child_of_a_process_that_used_networks_computes_in_one_thread(grey: Detector) -> None:
    def made_in_the_child() -> tuple[int, int, tuple[str, ...]]:
        with Detector(grey.config) as detector:
            total = int(torch.ones(1 << 22).mul(2).sum())  # enough for PyTorch to share it out among threads
            return torch.get_num_threads(), total, detector.predict(np.full((8, 8, 3), 200, np.uint8)).notes

    torch.ones(1 << 22).mul(2).sum()
    answer = in_a_fork(made_in_the_child)
    assert answer is not None, "it hangs"
    assert answer.startswith(f"(1, {1 << 23}, ")
    assert f"made after a fork of process {os.getpid()}, which had used networks: computed in one thread" in answer
    assert not any("fork" in note for note in grey.predict(np.full((8, 8, 3), 200, np.uint8)).notes)


def test_a_pickled_detector_opens_on_its_first_use(grey: Detector, monkeypatch: pytest.MonkeyPatch) -> None:
    pickled = pickle.dumps(grey)
    assert len(pickled) < 5000
    opened: list[Any] = []
    monkeypatch.setattr("genconvit.detector._Opened", opened.append)
    pickle.loads(pickled)  # noqa: S301
    assert opened == []
    monkeypatch.undo()
    register_stubs(monkeypatch)
    with pickle.loads(pickled) as again:  # noqa: S301
        assert again.config == grey.config
        assert np.array_equal(again.score_faces(FACES).fake_probability, grey.score_faces(FACES).fake_probability)
        assert again.weights == grey.weights


def test_a_pickled_detector_opens_in_a_fork(grey: Detector) -> None:
    again = pickle.loads(pickle.dumps(grey))  # noqa: S301
    assert in_a_fork(lambda: len(again.score_faces(FACES))) == "2"
    again.close()


def test_a_closed_detector_stays_closed_in_a_pickle(grey: Detector) -> None:
    grey.close()
    again = pickle.loads(pickle.dumps(grey))  # noqa: S301
    with pytest.raises(GenConViTError, match="closed"):
        again.score_faces(FACES)
    again.close()


def test_registered_classes_are_registered_where_a_pickle_is_read(
    grey: Detector, monkeypatch: pytest.MonkeyPatch
) -> None:
    pickled = pickle.dumps(grey)
    monkeypatch.setattr(ARCHITECTURES, "_registered", {})
    monkeypatch.setattr(FACE_DETECTORS, "_registered", {})
    pickle.loads(pickled)  # noqa: S301
    assert (ARCHITECTURES.load("grey"), FACE_DETECTORS.load("whole_frame")) == (Grey, WholeFrame)


def test_a_class_that_no_other_process_can_import_is_not_pickled(grey: Detector) -> None:
    class Inner(Grey):
        pass

    register_architecture("grey", Inner)
    with Detector(grey.config) as detector:
        with pytest.raises(PluginError, match=r"'grey' is registered in this process alone, as .*<locals>.Inner"):
            pickle.dumps(detector)
        assert isinstance(detector.model, Architecture)


@pytest.mark.slow
@pytest.mark.parametrize("isolate", [False, True])
@pytest.mark.usefixtures("grey")
def test_spawned_processes_predict_with_a_detector(clip: Path, isolate: bool) -> None:
    with (
        Detector(grey_config("random", isolate=isolate)) as detector,
        ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool,
    ):
        assert_scored_elsewhere(list(pool.map(scored, [detector] * 2, [str(clip)] * 2)), detector, clip)


@pytest.mark.slow
@pytest.mark.usefixtures("grey")
def test_joblib_predicts_with_a_detector(clip: Path) -> None:
    joblib = pytest.importorskip("joblib")
    with Detector(grey_config("random")) as detector, joblib.parallel_config("loky", n_jobs=2):
        answers = joblib.Parallel()([joblib.delayed(scored)(detector, str(clip))] * 2)
        assert_scored_elsewhere(answers, detector, clip)


def scored(detector: Detector, source: str) -> tuple[int, float | None]:
    return os.getpid(), detector.predict(source).fake_probability


def assert_scored_elsewhere(answers: list[tuple[int, float | None]], detector: Detector, clip: Path) -> None:
    assert os.getpid() not in {pid for pid, _ in answers}
    assert [score for _, score in answers] == [detector.predict(clip).fake_probability] * 2
