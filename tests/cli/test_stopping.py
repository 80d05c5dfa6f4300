"""A signal in the middle of each command; ``test_interrupt.py`` has them in processes of their own."""

from __future__ import annotations

import json
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from genconvit.cli.stopping import Stopped, StopSignals
from genconvit.core.progress import no_progress
from genconvit.crops.folder import read_crops
from genconvit.registry import ARCHITECTURES
from genconvit.train.loop import TrainStep
from scored import columns, many, write_json
from signals import STOPPING, heeded
from stubs import register_stubs, trained_grey
from train.small import Small, make_crops

from .conftest import FakeDetector, Run

STUBS = ("--face-detector", "whole_frame", "--no-isolate", "--frames", 2, "--device", "cpu")
QUICK = ("--arch", "small", "--init", "random", "--device", "cpu", "--workers", 0, "--no-tensorboard")

pytestmark = [pytest.mark.alone, pytest.mark.parametrize("number", STOPPING, ids=lambda number: number.name)]


@pytest.fixture(autouse=True)
def _heeded(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    register_stubs(monkeypatch)
    with heeded():
        yield
        assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL, "a command must put the handlers back"


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    return trained_grey(tmp_path / "grey.safetensors")


def stop_after(monkeypatch: pytest.MonkeyPatch, number: int, command: str, stage: str, items: int = 2) -> None:
    """Let the signal come once a command's stage has done so many items."""

    def progress_bar(given: Iterable[Any], _: int, description: str, *__: Any) -> Iterator[Any]:
        for done, item in enumerate(given):
            if done == items and description.startswith(stage):
                signal.raise_signal(number)
            yield item

    monkeypatch.setattr(f"genconvit.cli.{command}.progress_bar", progress_bar)


def stopping(number: int) -> Callable[..., Any]:
    def call(*_: Any, **__: Any) -> Any:
        signal.raise_signal(number)

    return call


def assert_stopped(ended: Run, number: int) -> None:
    said = "interrupted" if number == signal.SIGINT else f"interrupted by {signal.Signals(number).name}"
    assert (ended.status, ended.err.splitlines()[-1]) == (128 + number, said)
    assert "Traceback" not in ended.err


def litter(folder: Path) -> list[str]:
    return [path.name for path in folder.rglob(".*")]


@pytest.mark.parametrize("form", ["table", "json", "jsonl", "csv"])
def test_predict_keeps_what_was_finished(
    run: Callable[..., Run],
    fake: FakeDetector,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    number: int,
    form: str,
) -> None:
    stop_after(monkeypatch, number, "predict", "scoring")
    output = tmp_path / "out"
    assert_stopped(run("predict", "a.mp4", "b.mp4", "c.mp4", "--format", form, "--output", output), number)
    kept = output.read_text(encoding="utf-8")
    assert [name in kept for name in ("a.mp4", "b.mp4", "c.mp4")] == [True, True, False]
    assert len(fake.configs) == 1
    assert litter(tmp_path) == []
    if form == "table":
        ended = run("predict", "a.mp4", "b.mp4", "c.mp4")
        assert_stopped(ended, number)
        assert [name in ended.out for name in ("a.mp4", "b.mp4", "c.mp4")] == [True, True, False]


@pytest.mark.parametrize("command", ["evaluate", "compare"])
def test_a_data_set_keeps_what_was_finished(
    run: Callable[..., Run],
    monkeypatch: pytest.MonkeyPatch,
    clips: Path,
    weights: Path,
    tmp_path: Path,
    number: int,
    command: str,
) -> None:
    stop_after(monkeypatch, number, command, "scoring")
    out, output = tmp_path / "out", tmp_path / "table.txt"
    output.write_text("before", encoding="utf-8")
    given = ("--arch", "grey", "--weights", weights, "--output", output)
    variant = given if command == "evaluate" else ("--variant", f"grey:weights={weights}")
    assert_stopped(run(command, clips, "--dataset", "folder", *variant, "--out", out, *STUBS), number)
    (kept,) = out.iterdir()
    assert (kept.suffix, len(kept.read_text(encoding="utf-8").splitlines())) == (".jsonl", 2)
    assert output.read_text(encoding="utf-8") == "before"
    assert litter(tmp_path) == []


def test_robustness_leaves_its_files_as_they_were(
    run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch, clips: Path, weights: Path, tmp_path: Path, number: int
) -> None:
    stop_after(monkeypatch, number, "robustness", "")
    output, plot = tmp_path / "out.json", tmp_path / "plot.png"
    output.write_text("before", encoding="utf-8")
    given = ("--arch", "grey", "--weights", weights, "--degrade", "jpeg", "--output", output, "--plot", plot)
    assert_stopped(run("robustness", clips, *given, *STUBS), number)
    assert output.read_text(encoding="utf-8") == "before"
    assert not plot.exists()
    assert litter(tmp_path) == []


def test_extract_goes_on_where_it_was(
    run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch, clips: Path, tmp_path: Path, number: int
) -> None:
    command = ("extract", "folder", clips, "--out", tmp_path / "crops", *STUBS)
    with monkeypatch.context() as patch:
        stop_after(patch, number, "extract", "extracting")
        assert_stopped(run(*command), number)
    again = run(*command)
    assert again.status == 0, again.err
    assert "done now: 1 videos; done before: 3" in again.out
    assert len(read_crops(tmp_path / "crops").records) == 8


def test_train_goes_on_where_it_was(
    run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, number: int
) -> None:
    monkeypatch.setattr("genconvit.train.fit.write_curves", lambda *_: ())
    monkeypatch.setitem(ARCHITECTURES._registered, "small", Small)
    command = ("train", "--data", make_crops(tmp_path / "crops"), "--out", tmp_path / "out", *QUICK)
    options = ("--steps", 4, "--batch-size", 4, "--checkpoint-steps", 1)

    @contextmanager
    def shown() -> Iterator[Any]:
        def tell(taken: TrainStep) -> None:
            if taken.step == 3:
                signal.raise_signal(number)

        yield tell, no_progress

    with monkeypatch.context() as patch:
        patch.setattr("genconvit.cli.train._shown", shown)
        assert_stopped(run(*command, *options), number)
    assert json.loads((tmp_path / "out" / "state" / "state.json").read_text(encoding="utf-8"))["step"] == 2
    again = run(*command, *options, "--resume")
    assert (again.status, again.out.splitlines()[0]) == (0, "trained: 4 steps"), again.err


def test_calibrate_leaves_its_file_as_it_was(
    run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, number: int
) -> None:
    rows = [(row.name, row.score or 0.0, str(row.truth)) for row in many(20)]
    results, output = write_json(tmp_path / "one.json", {"video": columns(rows)}), tmp_path / "c.json"
    output.write_text("before", encoding="utf-8")
    monkeypatch.setattr("genconvit.evaluation.calibrate.fit_map", stopping(number))
    assert_stopped(run("calibrate", "--results", results, "--output", output), number)
    assert output.read_text(encoding="utf-8") == "before"
    assert litter(tmp_path) == []


@pytest.mark.slow
def test_bench_leaves_its_file_as_it_was(
    run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, number: int
) -> None:
    output = tmp_path / "bench.json"
    output.write_text("before", encoding="utf-8")
    monkeypatch.setattr("genconvit.bench.benchmark.assemble", stopping(number))
    assert_stopped(run("bench", "--arch", "grey", "--json", output), number)
    assert output.read_text(encoding="utf-8") == "before"
    assert litter(tmp_path) == []


def test_a_command_that_writes_nothing_ends_alike(
    run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    monkeypatch.setattr("genconvit.registry.Registry.plugins", stopping(number))
    assert_stopped(run("plugins"), number)


def test_whatever_fails_because_of_a_signal_is_its_end(
    run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def fails(_: object) -> None:
        try:
            signal.raise_signal(number)
        finally:
            raise RuntimeError("a worker is gone")

    monkeypatch.setattr("genconvit.registry.Registry.plugins", fails)
    assert_stopped(run("plugins"), number)


def test_a_signal_that_was_ignored_stays_ignored(
    run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    signal.signal(number, signal.SIG_IGN)
    monkeypatch.setattr("genconvit.registry.Registry.plugins", lambda _: [stopping(number)()][:0])
    assert run("plugins").status == 0
    assert signal.getsignal(number) == signal.SIG_IGN
    signal.signal(number, signal.SIG_DFL)


def test_a_second_signal_does_not_disturb_the_end(number: int) -> None:
    with StopSignals() as signals:
        with pytest.raises(Stopped):
            signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(number)
    assert signals.exit_status == 128 + signal.SIGTERM


def test_another_thread_runs_commands_too(number: int) -> None:
    found: list[int] = []
    thread = threading.Thread(target=lambda: found.append(StopSignals().__enter__().exit_status))
    thread.start()
    thread.join()
    assert found == [0]
    assert signal.getsignal(number) != signal.SIG_IGN
