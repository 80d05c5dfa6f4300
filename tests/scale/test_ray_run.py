"""Runs on a Ray cluster of this machine."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from genconvit import Detector
from genconvit.core.errors import ConfigError
from genconvit.core.types import DetectedFace
from genconvit.journal.resuming import Resuming
from genconvit.registry import FACE_DETECTORS
from genconvit.scale import ScaleOptions, score
from genconvit.scale.connect import connected
from genconvit.scale.run import RayRun
from genconvit.settings import DetectorConfig
from stubs import WholeFrame, grey_clip, grey_config, register_stubs, trained_grey

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::DeprecationWarning:ray"),
    pytest.mark.filterwarnings("ignore::FutureWarning:ray"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),  # Ray leaves its log files open
]

OPTIONS = ScaleOptions(sources_at_once=2, part_rows=2)


class EndsItsWorker(WholeFrame):
    """Ends its process at the sight of white."""

    name = "whole_frame"

    def detect(self, images: Sequence[Any]) -> list[list[DetectedFace]]:
        if any(image.min() > 240 for image in images):
            os.kill(os.getpid(), signal.SIGKILL)
        return super().detect(images)


@pytest.fixture(scope="module", autouse=True)
def ray() -> Iterator[None]:
    """A cluster for all tests of this file, whose workers compute as this process does."""
    pytest.importorskip("ray", reason="the extra ray is not installed")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("PYTHONPATH", os.pathsep.join([str(Path(__file__).parents[1]), *sys.path]))
        with connected(OPTIONS):
            yield


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DetectorConfig:
    register_stubs(monkeypatch)
    return grey_config(trained_grey(tmp_path / "grey.safetensors"), isolate=True)


@pytest.fixture
def clips(tmp_path: Path) -> list[str]:
    clips = [str(grey_clip(tmp_path / "clips" / f"{each}.mp4", each)) for each in (30, 90, 150, 210, 0)]
    return [*clips[:2], str(tmp_path / "gone.mp4"), *clips[2:], clips[0]]


def local(config: DetectorConfig, sources: list[str]) -> list[str]:
    with Detector(config) as detector:
        return [result.model_dump_json() for result in detector.predict_many(iter(sources))]


def test_a_run_gives_the_local_results_and_goes_on(tmp_path: Path, config: DetectorConfig, clips: list[str]) -> None:
    parts = tmp_path / "parts"
    first = RayRun(parts, config, OPTIONS, resuming=None)
    statuses = sorted(each.status for each in first.scored(clips[:3]))
    assert statuses == ["ok", "ok", "unreadable"]
    with pytest.raises(ConfigError, match="holds the parts of a run; give --resume"):
        list(RayRun(parts, config, OPTIONS, resuming=None).scored(clips))
    later = RayRun(parts, config, OPTIONS, resuming=Resuming())
    assert sorted(Path(each.source).name for each in later.scored(clips)) == ["0.mp4", "150.mp4", "210.mp4"]
    assert (later.total, later.kept, later.tally.failed) == (7, 4, 1)
    assert [result.model_dump_json() for result in later.results()] == local(config, clips)
    other = config.model_copy(update={"frames": 3})
    with pytest.raises(ConfigError, match='holds results of other settings: frames "spaced 2" -> "spaced 3"'):
        list(RayRun(parts, other, OPTIONS, resuming=Resuming()).scored(clips))
    with pytest.raises(ConfigError, match='identity "stat" -> "sha256"'):
        list(RayRun(parts, config, OPTIONS, resuming=Resuming(identity="sha256")).scored(clips))


def test_what_could_not_be_read_is_tried_again_where_that_is_asked_for(
    tmp_path: Path, config: DetectorConfig, clips: list[str]
) -> None:
    parts, video = tmp_path / "parts", Path(clips[0])
    content, state = video.read_bytes(), video.stat()
    video.write_bytes(b"\0" * len(content))  # as large and as old as the one that can be read
    os.utime(video, ns=(state.st_atime_ns, state.st_mtime_ns))
    run = RayRun(parts, config, OPTIONS, resuming=None)
    assert sorted(each.status for each in run.scored(clips[:2])) == ["ok", "unreadable"]
    video.write_bytes(content)
    os.utime(video, ns=(state.st_atime_ns, state.st_mtime_ns))
    assert list(RayRun(parts, config, OPTIONS, resuming=Resuming()).scored(clips[:2])) == []
    again = RayRun(parts, config, OPTIONS, resuming=Resuming(retry=True))
    assert [each.source for each in again.scored(clips[:2])] == [clips[0]]
    assert (again.kept, again.tally.failed) == (1, 0)
    assert [result.model_dump_json() for result in again.results()] == local(config, clips[:2])


def test_a_file_that_ends_workers_is_given_up(
    tmp_path: Path, config: DetectorConfig, clips: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(FACE_DETECTORS._registered, "whole_frame", EndsItsWorker)
    poison = str(grey_clip(tmp_path / "poison.mp4", 255))
    sources = [clips[0], poison, clips[1]]
    run = RayRun(tmp_path / "parts", config, OPTIONS, resuming=None)
    found = {Path(each.source).name: (each.status, each.reason) for each in run.scored(sources)}
    assert found["30.mp4"] == found["90.mp4"] == ("ok", None)
    status, reason = found["poison.mp4"]
    assert status == "unreadable"
    assert str(reason).startswith("given up: 2 workers died at it")


def test_a_dataset_of_bytes_keeps_its_columns(tmp_path: Path, config: DetectorConfig, clips: list[str]) -> None:
    import ray.data

    content = Path(clips[0]).read_bytes() + b"\0\0\0"
    dataset = ray.data.from_items([{"name": "mine", "bytes": content, "label": "REAL"}])
    with pytest.raises(ConfigError, match=r"no such columns: byte; the Dataset has"):
        score(dataset, config, OPTIONS, content="byte")
    (row,) = score(dataset, config, OPTIONS, path="name", content="bytes", keep=["label"]).take_all()
    assert (row["source"], row["label"], row["status"]) == ("mine", "REAL", "ok")
    path = tmp_path / "padded.mp4"
    path.write_bytes(content)
    with Detector(config) as detector:
        (result,) = detector.predict_many(iter([str(path)]))
    assert row["fake_probability"] == result.fake_probability
    assert result.provenance.source_sha256 in row["result"]


def test_a_cluster_that_is_too_small_is_refused(tmp_path: Path, config: DetectorConfig, clips: list[str]) -> None:
    run = RayRun(tmp_path / "parts", config, ScaleOptions(finders=500), resuming=None)
    with pytest.raises(ConfigError, match=r"500 workers for faces, .* are more than the cluster's"):
        list(run.scored(clips))
