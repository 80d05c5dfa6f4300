from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from scored import columns, many, write_json
from stubs import grey_clip, register_stubs, trained_grey

from .conftest import Run

STUBS = ("--face-detector", "whole_frame", "--no-isolate", "--frames", 2, "--device", "cpu", "--resamples", 0)


@pytest.fixture(autouse=True)
def _stubs(monkeypatch: pytest.MonkeyPatch) -> None:
    register_stubs(monkeypatch)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A miniature of FF++ with two methods and two compressions: bright fakes, dark reals, one fake that looks real."""
    root = tmp_path / "ff"
    for compression in ("c23", "c40"):
        for number in range(3):
            grey_clip(root / f"original_sequences/youtube/{compression}/videos/00{number}.mp4", 30 + 10 * number)
        for method in ("Deepfakes", "NeuralTextures"):
            for name in ("000_001", "001_000"):
                weak = (compression, method, name) == ("c40", "NeuralTextures", "001_000")
                path = root / "manipulated_sequences" / method / compression / "videos" / f"{name}.mp4"
                grey_clip(path, 100 if weak else 200)
    return root


def variant(tmp_path: Path, name: str, **options: bool) -> str:
    return f"grey:weights={trained_grey(tmp_path / f'{name}.safetensors', **options)}"


def test_variants_are_compared_on_a_data_set(run: Callable[..., Run], tree: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    variants = (variant(tmp_path, "bright"), variant(tmp_path, "dark", inverted=True), "grey:weights=random")
    flags = [part for each in variants for part in ("--variant", each)]
    ended = run("compare", tree, "--dataset", "faceforensics", *flags, "--out", out, *STUBS)
    assert ended.status == 0, ended.err
    assert len(list(out.glob("prediction_faceforensics_any_grey-weights-*.json"))) == 3
    (folder,) = out.glob("comparison_faceforensics_*")
    read = json.loads((folder / "summary.json").read_text())
    assert read["ranks"] == {"grey-weights-bright": 1, "grey-weights-dark": 2, "grey-weights-random": None}
    bright = read["evaluations"][0]
    groups = {tuple(sorted(each["group"].items())): each for each in bright["groups"]}
    neural = groups[(("compression", "c40"), ("method", "NeuralTextures"))]
    assert (neural["videos"], neural["fakes"], neural["measures"]["fake_accuracy"]["value"]) == (5, 2, 0.5)
    assert groups[(("method", "Deepfakes"),)]["measures"]["roc_auc"]["value"] == 1.0
    assert groups[(("method", "Deepfakes"),)]["videos"] == 4 + 6
    assert "grey-weights-random: the weights are untrained: the scores mean nothing" in ended.out
    assert "a variant that is marked as untrained gives no verdict and has no rank" in ended.out


def test_videos_without_labels_are_compared_by_their_scores(
    run: Callable[..., Run], tree: Path, tmp_path: Path
) -> None:
    flags = ("--variant", variant(tmp_path, "bright"), "--variant", "grey:weights=random", "--no-plots")
    ended = run("compare", tree / "original_sequences", *flags, "--out", tmp_path / "out", *STUBS)
    assert ended.status == 0, ended.err
    assert "no label is known" in ended.out
    assert list((tmp_path / "out").glob("prediction_unlabelled_any_*.json"))
    assert not list((tmp_path / "out").rglob("*.png"))


def test_an_unreadable_video_shows_in_the_status(run: Callable[..., Run], tmp_path: Path) -> None:
    grey_clip(tmp_path / "fake" / "a.mp4", 200)
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "b.mp4").write_bytes(b"no video")
    flags = ("--variant", "grey:weights=random", "--no-plots", "--out", tmp_path / "out", *STUBS)
    ended = run("compare", tmp_path, *flags)
    assert ended.status == 3, ended.err
    assert "unreadable: real/b.mp4" in ended.out


def test_files_that_exist_are_compared(run: Callable[..., Run], tmp_path: Path) -> None:
    rows = [(row.name, row.score or 0.0, str(row.truth)) for row in many()]
    for name in ("one", "two"):
        write_json(tmp_path / f"{name}.json", {"video": columns(rows)})
    ended = run("compare", "--results", tmp_path / "*.json", "--out", tmp_path / "out", "--resamples", 0)
    assert ended.status == 0, ended.err
    (folder,) = (tmp_path / "out").iterdir()
    assert folder.name.startswith("comparison_results_")
    assert json.loads((folder / "summary.json").read_text())["ranks"] == {"one": 1, "two": 1}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "nothing to score; give a PATH"),
        (("a", "b", "--dataset", "folder"), "takes one PATH, got 2"),
        (("a", "--split", "test"), "--split 'test' needs a data set"),
        (("a", "--variant", "grey:frames=3"), "sets frames, which all variants share"),
        (("--results", "a.json", "--variant", "v2"), "leave out --variant, --dataset and --resume"),
        (("a", "--set", "architecture=v2"), "name it in a variant"),
    ],
)
def test_a_mistake_is_one_message(run: Callable[..., Run], arguments: tuple[str, ...], message: str) -> None:
    ended = run("compare", *arguments)
    assert ended.status == 2
    assert message in ended.err
    assert ended.err.count("\n") == 1


def test_one_detector_is_evaluated_on_a_data_set(run: Callable[..., Run], tree: Path, tmp_path: Path) -> None:
    weights = trained_grey(tmp_path / "bright.safetensors")
    flags = ("--arch", "grey", "--weights", weights, "--out", tmp_path / "out", "--format", "json", *STUBS)
    ended = run("evaluate", "--dataset", "faceforensics", tree, *flags)
    assert ended.status == 0, ended.err
    (found,) = json.loads(ended.out)
    assert (found["counts"]["videos"], found["counts"]["fakes"]) == (14, 8)
    assert found["measures"]["accuracy"]["value"] == pytest.approx(13 / 14)
    (file,) = (tmp_path / "out").iterdir()
    assert file.name.startswith("prediction_faceforensics_any_grey_")
    again = run("evaluate", "--results", file, "--format", "json", "--resamples", 0)
    assert json.loads(again.out)[0]["measures"] == found["measures"]


def test_labels_are_needed_to_evaluate(run: Callable[..., Run], tmp_path: Path) -> None:
    ended = run("evaluate", tmp_path)
    assert (ended.status, "has no folders real and fake" in ended.err) == (2, True)
