"""Files of other machines in every command that reads videos."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from genconvit.evaluation.robustness import RobustnessReport
from stubs import grey_clip, register_stubs, trained_grey

from .conftest import Run

STUBS = ("--arch", "grey", "--face-detector", "whole_frame", "--frames", "2", "--device", "cpu")

Serve = Callable[[Path], tuple[str, str]]


@pytest.fixture
def weights(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    register_stubs(monkeypatch)
    return trained_grey(tmp_path / "grey.safetensors")


@pytest.fixture
def call(run: Callable[..., Run], weights: Path, remote: tuple[object, ...]) -> Callable[..., Run]:
    return lambda command, *arguments: run(command, *arguments, *STUBS, "--weights", weights, *remote)


def every_text(folder: Path) -> str:
    files = (
        path for path in folder.rglob("*") if path.is_file() and path.suffix in (".json", ".jsonl", ".html", ".csv")
    )
    return "".join(path.read_text(encoding="utf-8") for path in files)


def test_annotate(call: Callable[..., Run], elsewhere: Serve, tmp_path: Path) -> None:
    address, name = elsewhere(grey_clip(tmp_path / "a.mp4", 200))
    ended = call("annotate", address, "--output", tmp_path / "b.mp4")
    assert (ended.status, ended.err) == (0, "")
    assert ended.out.startswith(f"{name}: ")
    assert (tmp_path / "b.mp4").stat().st_size
    ended = call("annotate", f"{address}&gone=1".replace("a.mp4", "none.mp4"), "--output", tmp_path / "c.mp4")
    assert (ended.status, "not found (status 404)" in ended.err) == (3, True)
    assert "secret" not in ended.err


def test_report(call: Callable[..., Run], elsewhere: Serve, tmp_path: Path) -> None:
    clips = [grey_clip(tmp_path / f"{name}.mp4", brightness) for name, brightness in (("a", 200), ("b", 50))]
    (first, name), (second, _) = map(elsewhere, clips)
    ended = call("report", first, clips[1], second, "--no-isolate", "-o", tmp_path / "out")
    assert (ended.status, ended.err) == (0, "")
    pages = sorted((tmp_path / "out").glob("0*.html"))
    assert len(pages) == 3
    assert all(page.read_text(encoding="utf-8").count("<img ") > 1 for page in pages)
    assert name in pages[0].read_text(encoding="utf-8")
    assert "secret" not in every_text(tmp_path / "out") + ended.out


def test_credentials(run: Callable[..., Run], elsewhere: Serve, remote: tuple[object, ...], tmp_path: Path) -> None:
    pytest.importorskip("c2pa", reason="the extra c2pa is not installed")
    address, name = elsewhere(grey_clip(tmp_path / "a.mp4", 200))
    ended = run("credentials", address, address.replace("a.mp4", "none.mp4"), *remote)
    assert ended.status == 3
    assert f"{name}: none in the file" in ended.out
    assert "unreadable (not found (status 404))" in ended.out
    assert "secret" not in ended.out


@pytest.fixture
def labels(elsewhere: Serve, tmp_path: Path) -> Path:
    """Labels of two videos elsewhere, one here and one that is gone."""
    clips = {name: grey_clip(tmp_path / f"{name}.mp4", brightness) for name, brightness in (("a", 200), ("b", 50))}
    fake, real = (elsewhere(clip)[0] for clip in clips.values())
    gone = real.replace("b.mp4", "gone.mp4")
    path = tmp_path / "labels.csv"
    path.write_text(f"path,label\n{fake},FAKE\n{real},REAL\nb.mp4,REAL\n{gone},REAL\n")
    return path


@pytest.mark.parametrize("flags", [(), ("--resume",)], ids=["once", "resumed"])
def test_evaluate_and_its_journal(
    call: Callable[..., Run], labels: Path, tmp_path: Path, flags: tuple[str, ...]
) -> None:
    out, report = tmp_path / "out", tmp_path / "report.json"
    arguments = (labels, "--dataset", "csv", "--out", out, "--resamples", "0", "-o", report, *flags)
    ended = call("evaluate", *arguments)
    assert ended.status == 3, ended.err
    (evaluation,) = json.loads(report.read_text())
    assert (len(evaluation["counts"]["unreadable"]), evaluation["measures"]["accuracy"]["value"]) == (1, 1.0)
    if flags:
        (kept,) = out.glob("*.jsonl")
        first = kept.read_text()
        assert call("evaluate", *arguments).status == 3
        assert kept.read_text() == first
    assert "secret" not in every_text(out) + report.read_text() + ended.err


def test_compare(
    run: Callable[..., Run],
    weights: Path,
    remote: tuple[object, ...],
    elsewhere: Serve,
    tmp_path: Path,
) -> None:
    addresses = [elsewhere(grey_clip(tmp_path / f"{light}.mp4", light))[0] for light in (200, 50)]
    variants = ("--variant", f"grey:weights={weights}", "--variant", "grey:weights=random")
    flags = (*STUBS[2:], "--resamples", "0", "--no-plots", "--resume")
    ended = run("compare", *addresses, *variants, "--out", tmp_path / "out", *flags, *remote)
    assert ended.status == 0, ended.err
    assert len(list((tmp_path / "out").glob("prediction_unlabelled_any_*.jsonl"))) == 2
    assert "secret" not in every_text(tmp_path / "out") + ended.out + ended.err


@pytest.mark.parametrize("flags", [(), ("--resume",)], ids=["once", "resumed"])
def test_robustness(call: Callable[..., Run], labels: Path, tmp_path: Path, flags: tuple[str, ...]) -> None:
    report = tmp_path / "out" / "report.json"
    report.parent.mkdir()
    degraded: list[Any] = ["--degrade", "jpeg", "--degrade", "h264", "--resamples", "0"]
    arguments = (labels, "--dataset", "csv", *degraded, "-o", report, *flags)
    for _ in range(1 + len(flags)):
        ended = call("robustness", *arguments)
        assert ended.status == 3, ended.err
        measured = RobustnessReport.model_validate_json(report.read_text())
        assert [step.roc_auc.value for step in measured.steps][:1] == [1.0]
        assert (len(measured.videos), len(measured.unreadable)) == (3, 1)
    assert "secret" not in every_text(report.parent) + ended.err


def test_a_data_set_is_checked_elsewhere_too(run: Callable[..., Run], labels: Path, remote: tuple[object, ...]) -> None:
    ended = run("datasets", "check", "csv", labels, "--open", *remote)
    assert ended.status == 3
    assert "csv, split all: 4 to score" in ended.out
    assert "unreadable: 1" in ended.out
    assert "gone.mp4" in ended.out
    assert "secret" not in ended.out
