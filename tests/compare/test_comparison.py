from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from genconvit import Detector
from genconvit.compare.comparison import VariantRun, compare_variants
from genconvit.compare.variants import Variant
from genconvit.core.errors import ConfigError, WeightsError
from genconvit.data.base import Listing
from genconvit.evaluation.conventions import EvaluationOptions
from genconvit.evaluation.results_file import read_results
from genconvit.journal.resuming import Resuming
from genconvit.metrics.intervals import Resampling
from stubs import WholeFrame, grey_config, trained_grey

QUICK = EvaluationOptions(resampling=Resampling(resamples=0))


@pytest.fixture(scope="module")
def variants(weights: Path, folder: Path) -> list[Variant]:
    larger = trained_grey(folder / "larger.safetensors", input_size=16, inverted=True)
    return [
        Variant(name="grey", config=grey_config(weights)),
        Variant(name="inverted", config=grey_config(larger)),
        Variant(name="random", config=grey_config("random")),
    ]


@dataclass(frozen=True)
class Done:
    runs: list[VariantRun]
    searched: int
    folder: Path


@pytest.fixture(scope="module")
def done(listing: Listing, variants: list[Variant], folder: Path) -> Done:
    before = WholeFrame.searched
    runs = compare(listing, variants, folder / "out")
    return Done(runs, WholeFrame.searched - before, folder / "out")


def compare(listing: Listing, variants: list[Variant], folder: Path) -> list[VariantRun]:
    return compare_variants(listing, variants, folder, QUICK)


def scores(run: VariantRun) -> dict[str, float | None]:
    return {row.name: row.score for row in run.evaluated.scored.rows}


def test_faces_are_looked_for_once_and_each_variant_scores_what_it_would_alone(
    done: Done, listing: Listing, variants: list[Variant]
) -> None:
    assert done.searched == 2 * 6
    for run, variant in zip(done.runs, variants, strict=True):
        with Detector(variant.config) as detector:
            results = list(detector.predict_many([source.path for source in listing.sources]))
        assert list(scores(run).values()) == [result.fake_probability for result in results]
        assert [row.predicted for row in run.evaluated.scored.rows] == [result.label for result in results]
    assert scores(done.runs[0])["f1.mp4"] != scores(done.runs[1])["f1.mp4"]


def test_what_has_no_answer_is_counted_and_left_out(done: Done) -> None:
    evaluation = done.runs[0].evaluated.evaluation
    counts = evaluation.counts
    assert [each.name for each in counts.no_face] == ["black.mp4"]
    assert [each.name for each in counts.unreadable] == ["broken.mp4"]
    assert (counts.videos, counts.measured, counts.measured_fakes) == (7, 5, 3)
    assert evaluation.measures["fake_accuracy"].value == pytest.approx(2 / 3)
    assert {group.group["method"]: group.measures["accuracy"].value for group in evaluation.groups} == {
        "swap": 1.0,
        "puppet": pytest.approx(2 / 3),
    }


def test_each_variant_gets_a_file_with_the_blocks_of_v2_and_everything_beside_them(
    done: Done, variants: list[Variant]
) -> None:
    names = [run.file.name for run in done.runs]
    stamp = r"\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d"
    for name, variant in zip(names, variants, strict=True):
        assert re.fullmatch(rf"prediction_made_any_{variant.name}_{stamp}\.json", name)
    assert sorted(path.name for path in done.folder.iterdir()) == sorted(names)
    read: dict[str, Any] = json.loads(done.runs[0].file.read_text())
    assert list(read) == ["metrics", "metadata", "video", "evaluation", "results"]
    assert read["metrics"] == {
        "accuracy": 0.8,
        "precision": 1.0,
        "recall": pytest.approx(2 / 3),
        "f1_score": 0.8,
        "total_samples": 5,
        "true_fake": 3,
        "true_real": 2,
        "predicted_fake": 2,
        "predicted_real": 3,
    }
    assert read["video"]["pred_label"] == ["FAKE", "FAKE", "REAL", "REAL", "REAL", None, None]
    assert read["video"]["correct_label"] == ["FAKE", "FAKE", "REAL", "REAL", "FAKE", "REAL", "FAKE"]
    assert read["video"]["status"][-2:] == ["no_face", "unreadable"]
    assert [each["status"] for each in read["results"]] == read["video"]["status"]
    asked = {"architecture", "network", "dataset", "frames_processed", "ed_weight", "vae_weight", "fp16", "timestamp"}
    assert asked | {"use_attention", "use_residual", "runtime_seconds"} <= set(read["metadata"])
    assert read["metadata"]["variant"] == "grey"


def test_a_file_gives_back_what_the_run_found(done: Done) -> None:
    for run in done.runs:
        again = read_results(run.file)
        assert again.rows == run.evaluated.scored.rows
        assert again.trained == run.evaluated.scored.trained


def test_untrained_weights_give_no_labels_and_say_so(done: Done) -> None:
    run = done.runs[2]
    assert run.evaluated.mark == "untrained: no verdict"
    read = json.loads(run.file.read_text())
    assert (read["metadata"]["trained"], set(read["video"]["pred_label"])) == (False, {None})
    assert (read["metrics"]["accuracy"], read["metrics"]["predicted_fake"]) == (None, None)


def test_time_and_memory_are_measured(done: Done) -> None:
    metadata = done.runs[0].evaluated.scored.metadata
    parts = [metadata[name] for name in ("find_seconds", "load_seconds", "score_seconds")]
    assert metadata["runtime_seconds"] == pytest.approx(sum(float(str(part)) for part in parts))
    assert metadata["faces"] == 10
    assert metadata["peak_mb"] is None or 50 < float(str(metadata["peak_mb"])) < 100_000


def test_nothing_is_overwritten(listing: Listing, weights: Path, tmp_path: Path) -> None:
    variants = [Variant(name="grey", config=grey_config(weights))]
    files = {compare(listing, variants, tmp_path / "out")[0].file for _ in range(2)}
    assert len(files) == 2
    assert all(file.exists() for file in files)


def test_weights_that_cannot_be_had_end_it_before_a_video_is_read(
    listing: Listing, variants: list[Variant], tmp_path: Path
) -> None:
    before = WholeFrame.searched
    missing = Variant(name="missing", config=grey_config(tmp_path / "none.safetensors"))
    with pytest.raises(WeightsError, match=r"variant missing: .*none.safetensors"):
        compare(listing, [variants[0], missing], tmp_path / "out")
    assert WholeFrame.searched == before
    assert not (tmp_path / "out").exists()


def test_a_variant_with_a_wrong_option_is_named(listing: Listing, variants: list[Variant], tmp_path: Path) -> None:
    wrong = Variant(name="wrong", config=grey_config("random", input_size="many"))
    with pytest.raises(ConfigError, match=r"variant wrong: .*input_size"):
        compare(listing, [variants[0], wrong], tmp_path / "out")


def test_what_an_interrupted_run_had_finished_can_be_evaluated(
    listing: Listing, variants: list[Variant], tmp_path: Path
) -> None:
    def interrupted(items: Any, _: int, stage: str) -> Any:
        for number, item in enumerate(items):
            if stage.startswith("scoring") and number == 3:
                raise KeyboardInterrupt
            yield item

    with pytest.raises(KeyboardInterrupt):
        compare_variants(listing, variants, tmp_path / "out", QUICK, interrupted)
    (journal,) = (tmp_path / "out").iterdir()
    assert journal.suffix == ".jsonl"
    assert [(row.name, row.truth) for row in read_results(journal).rows] == [
        ("f1.mp4", "FAKE"),
        ("f2.mp4", "FAKE"),
        ("r1.mp4", "REAL"),
    ]


def test_a_folder_that_cannot_be_written_is_an_error(listing: Listing, variants: list[Variant], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match=r"--out .*cannot be written"):
        compare(listing, variants[:1], tmp_path / "file" / "out")


class Stopped:
    """Stops a comparison at an item of a stage."""

    def __init__(self, stage: str, at: int) -> None:
        self._stage = stage
        self._at = at

    def __call__(self, items: Iterable[Any], _: int, description: str) -> Iterator[Any]:
        for number, item in enumerate(items):
            if description.startswith(self._stage) and number == self._at:
                raise KeyboardInterrupt
            yield item


def resumed(listing: Listing, variants: list[Variant], folder: Path, **options: Any) -> list[VariantRun]:
    return compare_variants(listing, variants, folder, QUICK, resuming=Resuming(), **options)


@pytest.mark.parametrize("stage", ["finding", "scoring with grey", "scoring with inverted"])
@pytest.mark.parametrize("block", [2, 100])
def test_a_comparison_goes_on_where_it_ended(
    listing: Listing,
    variants: list[Variant],
    done: Done,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    stage: str,
    block: int,
) -> None:
    monkeypatch.setattr("genconvit.compare.comparison.BLOCK", block)
    with pytest.raises(KeyboardInterrupt):
        resumed(listing, variants, tmp_path, progress=Stopped(stage, 1))
    lines = {path.name: path.read_bytes() for path in tmp_path.glob("*.jsonl")}
    before = WholeFrame.searched
    runs = resumed(listing, variants, tmp_path)
    for run, alone in zip(runs, done.runs, strict=True):
        assert run.evaluated.scored.rows == alone.evaluated.scored.rows
        assert json.loads(run.file.read_text())["results"] == json.loads(alone.file.read_text())["results"]
        assert read_results(run.file).rows == run.evaluated.scored.rows
    assert all((tmp_path / name).read_bytes().startswith(content) for name, content in lines.items())
    assert WholeFrame.searched - before <= 2 * 6
    again = resumed(listing, variants, tmp_path)
    assert WholeFrame.searched - before <= 2 * 6
    assert [run.evaluated.scored.rows for run in again] == [run.evaluated.scored.rows for run in runs]
    assert not {run.file for run in again} & {run.file for run in runs}


def test_only_faces_that_a_variant_lacks_are_looked_for(
    listing: Listing, variants: list[Variant], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("genconvit.compare.comparison.BLOCK", 2)
    with pytest.raises(KeyboardInterrupt):
        resumed(listing, variants[:2], tmp_path, progress=Stopped("scoring with inverted", 1))
    before = WholeFrame.searched
    resumed(listing, variants[:2], tmp_path)
    assert WholeFrame.searched - before == 2 * 5  # one of six with frames is finished in both variants


def test_a_variant_with_other_settings_is_refused(
    listing: Listing, weights: Path, variants: list[Variant], tmp_path: Path
) -> None:
    resumed(listing, variants[:1], tmp_path)
    other = Variant(name="grey", config=grey_config(weights).model_copy(update={"frames": 1}))
    with pytest.raises(ConfigError, match='frames "spaced 2" -> "spaced 1"'):
        resumed(listing, [other], tmp_path)
