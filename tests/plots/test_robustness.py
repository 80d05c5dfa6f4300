from __future__ import annotations

from pathlib import Path

import pytest

from genconvit.evaluation.robustness import RobustnessReport, StepInfo, VideoSteps, summarise_steps
from genconvit.metrics.intervals import Resampling
from genconvit.plots.robustness import plot_robustness
from genconvit.plots.style import save
from genconvit.results.provenance import FaceDetectorInfo, Provenance, WeightsInfo

RESAMPLING = Resampling(resamples=20)
STEPS = (
    StepInfo(degradation="none", label="clean", unit="", strength=None),
    *(StepInfo(degradation="jpeg", label="JPEG", unit="quality", strength=value) for value in (95, 10)),
    *(StepInfo(degradation="dim", label="dimming", unit="factor", strength=value, clean=1) for value in (0.5, 2)),
)


def report(*, trained: bool = True, labelled: bool = True, videos: int = 12) -> RobustnessReport:
    """Fakes lie above reals in the clean frames, and less so from step to step."""
    rows = []
    for number in range(videos):
        is_fake = number % 2 == 0
        scores = [0.5 + (0.4 if is_fake else -0.4) * (1 - 0.3 * step) + 0.03 * (number % 5) for step in range(5)]
        rows.append(
            VideoSteps(
                name=f"{number}.mp4",
                truth=("FAKE" if is_fake else "REAL") if labelled else None,
                scores=tuple(min(max(score, 0.0), 1.0) for score in scores),
                labels=tuple("FAKE" if score > 0.5 else "REAL" for score in scores) if trained else (None,) * 5,
                faces=(1,) * 5,
            )
        )
    return RobustnessReport(
        dataset="made",
        split="all",
        frames=15,
        trained=trained,
        provenance=Provenance(
            library_version="0",
            architecture="grey",
            config={},
            weights=WeightsInfo(origin="file" if trained else "random", trained=trained),
            face_detector=FaceDetectorInfo(name="it", reason="", model=None, model_sha256=None, licence="none"),
            decoder=None,
            device="cpu",
            precision="fp32",
        ),
        resampling=RESAMPLING,
        steps=summarise_steps(STEPS, rows, [0.0] * 5, RESAMPLING, trained=trained),
        videos=tuple(rows),
    )


def test_strength_grows_to_the_right_from_the_clean_frames() -> None:
    jpeg, dimming = plot_robustness(report()).axes
    assert [label.get_text() for label in jpeg.get_xticklabels()] == ["clean", "95", "10"]
    assert [label.get_text() for label in dimming.get_xticklabels()] == ["0.5", "clean", "2"]
    assert (jpeg.get_title(), jpeg.get_xlabel()) == ("JPEG", "quality")
    assert jpeg.get_ylim() == dimming.get_ylim()


def test_labels_make_it_a_plot_of_the_auc_with_its_interval() -> None:
    measured = report()
    panel = plot_robustness(measured).axes[0]
    assert panel.get_ylabel() == "ROC AUC, 95 % interval"
    (line,) = (each for each in panel.lines if len(each.get_xdata()) == 3)  # type: ignore[arg-type]
    assert list(line.get_ydata()) == [step.roc_auc.value for step in measured.steps[:3]]  # type: ignore[arg-type]
    assert measured.steps[0].roc_auc.low is not None


def test_without_labels_it_shows_how_scores_move() -> None:
    measured = report(labelled=False)
    panel = plot_robustness(measured).axes[0]
    assert panel.get_ylabel().startswith("change of the score")
    (line,) = (each for each in panel.lines if len(each.get_xdata()) == 3)  # type: ignore[arg-type]
    assert list(line.get_ydata()) == [step.mean_change for step in measured.steps[:3]]  # type: ignore[arg-type]


def test_untrained_weights_stand_in_the_title() -> None:
    for trained in (True, False):
        title = plot_robustness(report(trained=trained)).get_suptitle()
        assert title.startswith("Robustness (12 videos)")
        assert ("UNTRAINED: NO VERDICT" in title) != trained


@pytest.mark.parametrize("videos", [0, 1])
def test_hardly_any_video_is_no_error(tmp_path: Path, videos: int) -> None:
    save(plot_robustness(report(videos=videos)), tmp_path / "a.png")
