"""Runs of ``genconvit predict`` that go on where another one ended, and what is said of them meanwhile."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchmarks.resume_kills import kill_runs
from genconvit import VideoResult
from genconvit.cli.run_flags import RunOptions
from genconvit.cli.watch import FailureLimit, LogFormat, Watch
from genconvit.core.addresses import address_name
from genconvit.core.errors import ConfigError, TooManyFailuresError
from genconvit.data.sample import write_clip
from genconvit.journal.journal import Journal
from genconvit.journal.tally import Tally
from inputs.remote_server import Served, Site
from processes import needs_proc
from scored import result
from stubs import WholeFrame, grey_clip, register_stubs, trained_grey

from .conftest import FakeDetector, Run

STUBS = ("--arch", "grey", "--face-detector", "whole_frame", "--frames", "2", "--device", "cpu", "--no-isolate")
EMBEDDED = ("--weights", "embedded", "--frames", "2", "--device", "cpu", "--face-detector", "mtcnn", "--no-isolate")


@pytest.fixture
def given(tmp_path: Path) -> Path:
    """A folder of two clips and what is no video."""
    for number, name in enumerate("ab"):
        grey_clip(tmp_path / "given" / f"{name}.mp4", 60 + 100 * number)
    (tmp_path / "given" / "c.mp4").write_bytes(b"nothing")
    return tmp_path / "given"


@pytest.fixture
def predict(run: Callable[..., Run], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Run]:
    register_stubs(monkeypatch)
    weights = trained_grey(tmp_path / "grey.safetensors")
    return lambda *arguments: run("predict", *arguments, *STUBS, "--weights", weights)


def results(path: Path) -> list[VideoResult]:
    return [VideoResult.model_validate_json(line) for line in path.read_text(encoding="utf-8").splitlines()]


def events(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_the_same_command_begins_and_goes_on(predict: Callable[..., Run], given: Path, tmp_path: Path) -> None:
    alone, output = tmp_path / "alone.jsonl", tmp_path / "results.jsonl"
    assert predict(given, "--output", alone, "--resume").status == 3
    assert predict(given / "a.mp4", "--output", output, "--resume").err.startswith("1 done: 1 ok; ")
    ended = predict(given, "--output", output, "--resume")
    assert (ended.status, ended.out) == (3, "")
    assert ended.err.startswith("3 done, 1 of them before: 2 ok, 1 unreadable; ")
    assert "  1 x not a video that FFmpeg can read" in ended.err
    assert output.read_bytes() == alone.read_bytes()
    assert predict(given, "--output", output, "--resume", "--log", "json").status == 3
    assert output.read_bytes() == alone.read_bytes()


def test_lines_are_those_of_a_run_without_a_journal(predict: Callable[..., Run], given: Path, tmp_path: Path) -> None:
    plain, output = tmp_path / "plain.jsonl", tmp_path / "results.jsonl"
    predict(given, "--output", plain)
    predict(given, "--output", output, "--resume")
    assert output.read_bytes() == plain.read_bytes()


def test_other_settings_are_refused_with_what_changed(predict: Callable[..., Run], given: Path, tmp_path: Path) -> None:
    output = tmp_path / "results.jsonl"
    predict(given / "a.mp4", "--output", output, "--resume")
    before = output.read_bytes()
    ended = predict(given, "--output", output, "--resume", "--person", "max", "--threshold", "0.6")
    assert ended.status == 2
    assert 'options.person "pool" -> "max"' in ended.err
    assert "decision.threshold 0.5 -> 0.6" in ended.err
    assert output.read_bytes() == before
    assert predict(given / "a.mp4", "--output", output, "--resume", "--time-limit", "60").status == 0


def test_a_journals_file_is_not_replaced_by_a_run_without_one(
    predict: Callable[..., Run], given: Path, tmp_path: Path
) -> None:
    output = tmp_path / "results.jsonl"
    predict(given, "--output", output, "--resume")
    before = output.read_bytes()
    ended = predict(given / "a.mp4", "--output", output)
    assert ended.status == 2
    assert "holds what runs with --resume have finished; give --resume as well" in ended.err
    assert output.read_bytes() == before


def test_a_parquet_file_that_is_read_is_not_written(
    run: Callable[..., Run], fake: FakeDetector, tmp_path: Path
) -> None:
    source = tmp_path / "a.parquet"
    source.write_bytes(b"mine")
    ended = run("predict", source, "--output", tmp_path / "a.jsonl", "--resume", "--format", "parquet")
    assert ended.status == 2
    assert "--format parquet" in ended.err
    assert "is also read" in ended.err
    assert (fake.configs, source.read_bytes()) == ([], b"mine")


def test_a_run_that_is_under_way_keeps_others_out(predict: Callable[..., Run], given: Path, tmp_path: Path) -> None:
    output = tmp_path / "results.jsonl"
    with Journal(output, {}):
        ended = predict(given, "--output", output, "--resume")
    assert ended.status == 2
    assert "another run is at work on" in ended.err


def test_each_event_is_an_object_on_a_line(predict: Callable[..., Run], given: Path, tmp_path: Path) -> None:
    ended = predict(given, "--output", tmp_path / "results.jsonl", "--log", "json")
    begin, *done, end = events(ended.err)
    assert (begin["event"], begin["sources"], begin["done"]) == ("begin", 3, 0)
    assert [(Path(each["source"]).name, each["status"]) for each in done] == [
        ("a.mp4", "ok"),
        ("b.mp4", "ok"),
        ("c.mp4", "unreadable"),
    ]
    assert [(each["done"], each["failed"]) for each in done] == [(1, 0), (2, 0), (3, 1)]
    assert [each["seconds_left"] for each in done][-1] == 0
    assert (end["event"], end["ending"], end["by_status"]) == ("end", "finished", {"ok": 2, "unreadable": 1})
    assert list(end["by_reason"].values()) == [1]


def test_too_many_failures_end_a_run_and_the_journal_stays(
    run: Callable[..., Run], fake: FakeDetector, tmp_path: Path
) -> None:
    fake.template = result("", None, status="unreadable", reason="broken")
    names = [f"{number}.mp4" for number in range(5)]
    output = tmp_path / "results.jsonl"
    command = ("predict", *names, "--output", output, "--resume", "--max-failures", "2")
    ended = run(*command)
    assert ended.status == 4
    assert "error: 3 of 3 could not be read, and --max-failures allows 2" in ended.err
    assert len(results(output)) == 3
    again = run(*command)
    assert (again.status, len(results(output))) == (4, 3)
    ended = run(*command[:-1], "5")
    assert (ended.status, len(results(output))) == (3, 5)
    assert "5 done, 3 of them before: 5 unreadable" in ended.err
    assert run(*command[:-1], "2", "--retry").status == 4


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--resume",), "--resume keeps results as lines of JSON, got no --output"),
        (("--resume", "--output", "a.csv"), "got --output 'a.csv'; give --output FILE.jsonl"),
        (("--resume", "--output", "a.jsonl", "--format", "csv"), "and --format csv; give"),
        (("--retry",), "--retry is for runs with --resume"),
        (("--identity", "sha256"), "--identity is for runs with --resume"),
        (
            ("--resume", "--output", "a.jsonl", "--identity", "name"),
            "--identity 'name' is unknown; give stat or sha256",
        ),
        (("--max-failures", "some"), "--max-failures 'some' is no limit"),
        (("--max-failures", "100%"), "--max-failures '100%' is no limit"),
        (("--max-failures", "-1"), "--max-failures '-1' is no limit"),
        (("--format", "parquet"), "--format parquet is no text for a terminal or a pipe"),
    ],
    ids=str,
)
def test_flags_that_do_not_go_together_are_refused(
    run: Callable[..., Run], fake: FakeDetector, arguments: tuple[str, ...], said: str
) -> None:
    ended = run("predict", "clip.mp4", *arguments)
    assert ended.status == 2
    assert said in ended.err
    assert fake.configs == []
    assert not Path("a.jsonl").exists()


def test_parquet_is_there_at_the_end(predict: Callable[..., Run], given: Path, tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    output = tmp_path / "results.jsonl"
    predict(given, "--output", output, "--resume", "--format", "parquet")
    rows = parquet.read_table(tmp_path / "results.parquet").to_pylist()
    assert [VideoResult.model_validate_json(row["result"]) for row in rows] == results(output)
    predict(given, "--output", tmp_path / "plain.parquet")
    assert parquet.read_table(tmp_path / "plain.parquet").to_pylist() == rows


@pytest.fixture
def searched(monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """The number of frames that were searched since the last call."""
    register_stubs(monkeypatch)

    def since() -> int:
        found, WholeFrame.searched = WholeFrame.searched, 0
        return found

    return since


@pytest.mark.parametrize("command", ["evaluate", "compare", "robustness"])
def test_commands_on_a_data_set_go_on_as_well(
    run: Callable[..., Run], clips: Path, tmp_path: Path, searched: Callable[[], int], command: str
) -> None:
    weights, out, report = trained_grey(tmp_path / "grey.safetensors"), tmp_path / "out", tmp_path / "report.json"
    given: dict[str, tuple[object, ...]] = {
        "evaluate": ("--weights", weights, *STUBS, "--resamples", "0", "--output", report, "--out", out),
        "compare": (f"--variant=grey:weights={weights}", *STUBS[2:], "--resamples", "0", "--no-plots", "--out", out),
        "robustness": ("--weights", weights, *STUBS, "--degrade", "jpeg", "--output", report),
    }
    arguments = (command, clips, "--dataset", "folder", *given[command], "--resume")
    ended = run(*arguments)
    assert ended.status == 0, ended.err
    assert searched() == 2 * 4
    grey_clip(clips / "fake" / "new.mp4", 190)
    kept = next(iter([*out.glob("prediction_*.jsonl"), *tmp_path.glob("report.videos.jsonl")]))
    before = kept.read_bytes()
    assert run(*arguments).status == 0
    assert searched() == 2
    assert kept.read_bytes().startswith(before)
    assert kept.read_bytes().count(b"\n") == 5
    assert run(*arguments).status == 0
    assert searched() == 0
    if command == "evaluate":
        assert json.loads(report.read_text(encoding="utf-8"))[0]["counts"]["videos"] == 5
    if command == "robustness":
        assert len(json.loads(report.read_text(encoding="utf-8"))["videos"]) == 5
    refused = run(*arguments, "--person", "max")
    assert refused.status == 2
    assert 'options.person "pool" -> "max"' in refused.err


@pytest.mark.parametrize("command", ["evaluate", "compare"])
def test_files_that_exist_are_not_gone_on_with(run: Callable[..., Run], command: str) -> None:
    ended = run(command, "--results", "a.json", "--resume")
    assert ended.status == 2
    assert "--resume, or --results" in ended.err


def test_robustness_needs_a_place_to_keep_what_is_finished(run: Callable[..., Run]) -> None:
    ended = run("robustness", "a.mp4", "--resume")
    assert ended.status == 2
    assert "--resume keeps what is finished beside the report; give --output FILE as well" in ended.err


def tally(ok: int, failed: int) -> Tally:
    made = Tally()
    made.add("ok", None, ok)
    made.add("unreadable", "broken", failed)
    return made


@pytest.mark.parametrize(
    ("limit", "ok", "failed", "at_the_end", "is_too_much"),
    [
        ("2", 0, 2, False, False),
        ("2", 0, 3, False, True),
        ("0", 9, 1, False, True),
        ("10%", 0, 99, False, False),
        ("10%", 0, 99, True, True),
        ("10%", 90, 10, False, False),
        ("10%", 89, 11, False, True),
        ("2.5%", 195, 5, True, False),
    ],
)
def test_a_limit_is_a_number_or_a_share(limit: str, ok: int, failed: int, at_the_end: bool, is_too_much: bool) -> None:
    parsed = FailureLimit.parse(limit)
    assert str(parsed) == limit
    if is_too_much:
        with pytest.raises(TooManyFailuresError, match=f"{failed} of {ok + failed} .* allows {limit}"):
            parsed.check(tally(ok, failed), at_the_end=at_the_end)
    else:
        parsed.check(tally(ok, failed), at_the_end=at_the_end)


def test_the_time_that_is_left_counts_what_was_done_before(monkeypatch: pytest.MonkeyPatch) -> None:
    now = iter([0.0, *[10.0] * 20])
    monkeypatch.setattr("genconvit.cli.watch.time.monotonic", lambda: next(now))
    counted = Tally()
    watch = Watch(counted, 20, lambda: 8)
    first = watch.seconds_left
    for _ in watch.follow(counted.counted(result(f"{number}.mp4", 0.5) for number in range(2)), LogFormat.bar):
        pass
    assert (first, watch.per_minute) == (None, 12)
    assert watch.seconds_left == 50
    assert watch.standing() == (8, "0 failed, 12/min")


def test_a_wrong_kind_is_found_before_anything_runs() -> None:
    with pytest.raises(ConfigError, match="--retry is for runs with --resume"):
        RunOptions.of(resume=False, retry=True, identity=None, max_failures=None, log=LogFormat.bar)


@pytest.mark.slow
@needs_proc
def test_runs_that_are_killed_lose_nothing_and_do_nothing_twice(tmp_path: Path) -> None:
    outcome = kill_runs(tmp_path, kills=5, clips=8, seed=0)
    assert outcome.kills >= 5
    assert outcome.files >= 1


@pytest.mark.slow
def test_a_disk_that_fills_up_ends_a_run_that_the_same_command_goes_on_with(tmp_path: Path) -> None:
    output, alone = tmp_path / "results.jsonl", tmp_path / "alone.jsonl"
    given = tmp_path / "given"
    given.mkdir()
    for name in ("a", "b"):
        write_clip(given / f"{name}.mp4", frames=4, width=96, height=96)
    (given / "c.mp4").write_bytes(b"nothing")
    script = "import resource, sys\nfrom genconvit.cli import main\nresource.setrlimit(resource.RLIMIT_FSIZE, ({}, -1))"

    def limited(to: Path, size: int) -> subprocess.CompletedProcess[str]:
        code = f"{script.format(size)}\nmain()"
        command = [sys.executable, "-c", code, "predict", str(given), *EMBEDDED, "--output", str(to), "--resume"]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    assert limited(alone, -1).returncode == 3
    first = alone.read_bytes().index(b"\n") + 1
    for size in (100, first - 1, first + 100):
        ended = limited(output, size)
        assert ended.returncode == 1, ended.stderr
        assert "error: " in ended.stderr
        assert "cannot be written: File too large" in ended.stderr
        assert "make room, and the same command goes on" in ended.stderr
        assert "Traceback" not in ended.stderr
        assert alone.read_bytes().startswith(output.read_bytes() if output.exists() else b"")
        assert output.read_bytes().count(b"\n") == (1 if size > first else 0)
    assert limited(output, -1).returncode == 3
    assert output.read_bytes() == alone.read_bytes()


def test_files_elsewhere_are_done_again_where_their_servers_say_that_they_changed(
    predict: Callable[..., Run], web: Site, given: Path, tmp_path: Path
) -> None:
    clip, other = (given / name for name in ("a.mp4", "b.mp4"))

    def serve(path: str, content: Path, tag: str) -> None:
        web.answers[path] = [Served(content.read_bytes(), headers={"ETag": tag})]

    serve("/v", clip, '"1"')
    output = tmp_path / "results.jsonl"
    urls = [web.url(f"/v?id={number}&token=secret") for number in (1, 2)]
    flags = ("--allow-host", "127.0.0.1", "--remote-cache", tmp_path / "cache", "--output", output, "--resume")
    assert predict(*urls, *flags, "--log", "json").status == 0
    first = results(output)
    assert [each.source for each in first] == list(map(address_name, urls))
    asked = len(web.asked)
    assert "2 done, 2 of them before" in predict(*urls, *flags).err
    assert (len(web.asked), results(output)) == (asked + 2, first)
    serve("/v", other, '"2"')
    again = predict(urls[0], *flags, "--log", "json")
    assert [each["source"] for each in events(again.err) if each["event"] == "result"] == [first[0].source]
    changed = {each.source: each.fake_probability for each in results(output)}
    assert changed[first[0].source] != first[0].fake_probability
    assert changed[first[1].source] == first[1].fake_probability
    web.answers["/v"] = [Served(status=503)]
    assert "2 done, 2 of them before" in predict(*urls, *flags).err
    written = [each.read_text(encoding="utf-8") for each in (output, tmp_path / "results.jsonl.run" / "done.jsonl")]
    assert "secret" not in "".join(written) + again.err
