from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from genconvit import GenConViTError, VideoResult
from genconvit.core.errors import WeightsError
from genconvit.results.result import UNTRAINED

from .conftest import FakeDetector, Run

OLD = "what was there before\n"


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A file that a command is told to write to."""
    path = tmp_path / "out"
    path.write_text(OLD, encoding="utf-8")
    return path


def litter(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name.startswith("."))


@pytest.mark.parametrize("form", ["table", "json", "jsonl", "csv"])
def test_a_detector_that_cannot_be_had_leaves_the_output_alone(
    run: Callable[..., Run], fake: FakeDetector, old: Path, form: str
) -> None:
    fake.fails_to_open = WeightsError("no weights")
    ended = run("predict", "clip.mp4", "--format", form, "--output", old)
    assert (ended.status, old.read_text(encoding="utf-8")) == (1, OLD)
    assert litter(old.parent) == []


@pytest.mark.parametrize("how", ["itself", "relative", "symlink", "hardlink", "missing"])
def test_an_output_that_is_a_source_is_refused(
    run: Callable[..., Run], fake: FakeDetector, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    monkeypatch.chdir(tmp_path)
    source = tmp_path / "clip.mp4"
    source.write_text(OLD, encoding="utf-8")
    target = {"itself": source, "relative": Path("clip.mp4")}.get(how, tmp_path / "other.mp4")
    if how == "symlink":
        target.symlink_to(source)
    if how == "hardlink":
        os.link(source, target)
    if how == "missing":
        source.unlink()
        target = Path("./clip.mp4")
    ended = run("predict", source, "--output", target)
    assert ended.status == 2
    assert f"--output {str(target)!r} is also read, as {str(source)!r}" in ended.err
    assert fake.configs == []
    assert not source.exists() or source.read_text(encoding="utf-8") == OLD


@pytest.mark.parametrize("flag", ["--weights", "--config"])
def test_an_output_that_is_another_input_is_refused(
    run: Callable[..., Run], fake: FakeDetector, tmp_path: Path, flag: str
) -> None:
    path = tmp_path / "input.json"
    path.write_text("{}", encoding="utf-8")
    ended = run("predict", "clip.mp4", flag, path, "--output", path)
    assert (ended.status, path.read_text(encoding="utf-8")) == (2, "{}")
    assert "is also read" in ended.err
    assert fake.configs == []


def test_an_output_that_is_a_frame_of_a_source_is_refused(
    run: Callable[..., Run], fake: FakeDetector, tmp_path: Path
) -> None:
    frame = tmp_path / "1.png"
    frame.write_text(OLD, encoding="utf-8")
    assert run("predict", tmp_path, "--output", frame).status == 2
    assert run("predict", tmp_path, "--output", tmp_path / "out.csv").status == 0
    assert (frame.read_text(encoding="utf-8"), len(fake.configs)) == (OLD, 1)


@pytest.mark.parametrize("target", ["nowhere/out.json", "/proc/out.json", ".", "a" * 300])
def test_an_output_that_cannot_be_written_is_refused_early(
    run: Callable[..., Run], fake: FakeDetector, target: str
) -> None:
    ended = run("predict", "clip.mp4", "--output", target)
    assert ended.status == 2
    assert "cannot be written" in ended.err
    assert fake.configs == []


@pytest.mark.parametrize("error", [KeyboardInterrupt(), WeightsError("not finite")], ids=["interrupt", "error"])
@pytest.mark.parametrize("form", ["table", "json", "jsonl", "csv"])
def test_what_was_finished_is_kept(
    run: Callable[..., Run], fake: FakeDetector, old: Path, form: str, error: BaseException
) -> None:
    fake.fails_on["c.mp4"] = error
    ended = run("predict", "a.mp4", "b.mp4", "c.mp4", "--format", form, "--output", old)
    assert ended.status == (130 if isinstance(error, KeyboardInterrupt) else 1)
    text = old.read_text(encoding="utf-8")
    if form == "jsonl":
        assert [json.loads(line)["source"] for line in text.splitlines()] == ["a.mp4", "b.mp4"]
    elif form == "csv":
        assert [row["source"] for row in csv.DictReader(io.StringIO(text))] == ["a.mp4", "b.mp4"]
    elif form == "json":
        assert [each["source"] for each in json.loads(text)] == ["a.mp4", "b.mp4"]
    else:
        assert [name in text for name in ("a.mp4", "b.mp4", "c.mp4")] == [True, True, False]
    assert litter(old.parent) == []


@pytest.mark.parametrize("form", ["table", "json", "jsonl", "csv"])
def test_an_interrupt_before_the_first_answer_leaves_the_output_alone(
    run: Callable[..., Run], fake: FakeDetector, old: Path, form: str
) -> None:
    fake.fails_on["a.mp4"] = KeyboardInterrupt()
    ended = run("predict", "a.mp4", "--format", form, "--output", old)
    assert (ended.status, ended.out, ended.err) == (130, "", "interrupted\n")
    assert old.read_text(encoding="utf-8") == OLD


@pytest.mark.usefixtures("fake")
def test_an_output_keeps_its_permissions_and_its_link(run: Callable[..., Run], old: Path) -> None:
    old.chmod(0o600)
    link = old.with_name("link.json")
    link.symlink_to(old)
    assert run("predict", "clip.mp4", "--output", link).status == 0
    assert link.is_symlink()
    assert json.loads(old.read_text(encoding="utf-8"))[0]["source"] == "clip.mp4"
    assert old.stat().st_mode & 0o777 == 0o600


@pytest.mark.usefixtures("fake")
def test_an_output_may_be_a_device(run: Callable[..., Run]) -> None:
    assert run("predict", "clip.mp4", "--output", "/dev/null").status == 0
    assert Path("/dev/null").is_char_device()
    full = run("predict", "clip.mp4", "--output", "/dev/full", "--format", "jsonl")
    assert full.status == 1
    assert "No space left" in full.err


@pytest.mark.parametrize(
    ("name", "given", "begins"),
    [
        ("out.json", (), "["),
        ("out.JSONL", (), '{"schema_version"'),
        ("out.csv", (), "source,"),
        ("out.txt", (), "┏"),
        ("out", (), "┏"),
        ("out.json", ("--format", "csv"), "source,"),
    ],
)
@pytest.mark.usefixtures("fake")
def test_the_suffix_says_the_format_and_the_flag_wins(
    run: Callable[..., Run], tmp_path: Path, name: str, given: tuple[str, ...], begins: str
) -> None:
    assert run("predict", "clip.mp4", "--output", tmp_path / name, *given).status == 0
    assert (tmp_path / name).read_text(encoding="utf-8").startswith(begins)


@pytest.mark.parametrize("name", ["out.html", "out.jsn", "out.xlsx"])
@pytest.mark.parametrize("command", ["predict", "evaluate", "robustness"])
def test_a_suffix_that_no_format_has_is_refused(
    run: Callable[..., Run], fake: FakeDetector, tmp_path: Path, command: str, name: str
) -> None:
    output = tmp_path / name
    ended = run(command, "clip.mp4", "--output", output)
    assert (ended.status, fake.configs) == (2, [])
    assert f"--output {str(output)!r}: no format has the suffix {output.suffix!r}; give one of .json, " in ended.err
    assert not output.exists()
    if command == "predict":
        assert run(command, "clip.mp4", "--output", output, "--format", "table").status == 0


HOSTILE = "\x1b[31mred\x9b\u202e\n[bold]x[/bold]ü.mp4"


@pytest.mark.parametrize("form", ["table", "json", "jsonl", "csv"])
def test_a_name_cannot_steer_the_terminal(run: Callable[..., Run], fake: FakeDetector, form: str) -> None:
    fake.template = fake.template.model_copy(update={"notes": (HOSTILE,), "reason": HOSTILE})
    out = run("predict", HOSTILE, "--format", form).out
    assert not set(out) & {"\x1b", "\x9b", "\u202e"}
    assert "[bold]x[/bold]" in out
    if form in ("json", "jsonl"):
        assert out.isascii()
        (read,) = json.loads(out if form == "json" else f"[{out}]")
        assert VideoResult.model_validate(read).source == HOSTILE
    if form == "csv":
        (row,) = csv.DictReader(io.StringIO(out))
        assert row["source"] == "\\x1b[31mred\\x9b\\u202e\\n[bold]x[/bold]ü.mp4"


@pytest.mark.parametrize(
    ("name", "cell"),
    [
        ("=cmd|' /C calc'!A0.mp4", "'=cmd|' /C calc'!A0.mp4"),
        ("+1.mp4", "'+1.mp4"),
        ("-clip.mp4", "'-clip.mp4"),
        ("@x.mp4", "'@x.mp4"),
        ("./-clip.mp4", "./-clip.mp4"),
        ("a=b.mp4", "a=b.mp4"),
    ],
)
@pytest.mark.usefixtures("fake")
def test_a_csv_cell_is_no_formula(run: Callable[..., Run], name: str, cell: str) -> None:
    out = run("predict", "--format", "csv", "--", name).out
    (row,) = csv.DictReader(io.StringIO(out))
    assert row["source"] == cell
    assert float(row["fake_probability"]) > 0


@pytest.mark.parametrize("form", ["table", "json", "jsonl", "csv"])
@pytest.mark.usefixtures("fake")
def test_any_encoding_of_stdout_will_do(run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch, form: str) -> None:
    written = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(written, encoding="ascii"))
    assert run("predict", "ünï.mp4", "--format", form).status == 0
    assert written.getvalue().isascii()
    assert b".mp4" in written.getvalue()


@pytest.mark.usefixtures("fake")
def test_a_table_in_a_pipe_does_not_fold(run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    name = f"{'long/' * 40}clip.mp4"
    lines = run("predict", name).out.splitlines()
    assert [name in line for line in lines].count(True) == 1
    assert sum("genconvit " in line and "faces by" in line for line in lines) == 1


def test_a_note_of_all_results_stands_below_the_table_once(run: Callable[..., Run], fake: FakeDetector) -> None:
    fake.template = fake.template.model_copy(update={"notes": ("of every one",)})
    alone = run("predict", "a.mp4").out
    assert "of every one" in next(line for line in alone.splitlines() if "a.mp4" in line)
    several = run("predict", "a.mp4", "b.mp4").out
    assert several.count("of every one") == 1
    assert several.splitlines()[-1] == "all of them: of every one"


@pytest.mark.usefixtures("fake")
def test_what_looked_says_that_it_is_untrained(run: Callable[..., Run]) -> None:
    assert UNTRAINED in run("predict", "clip.mp4").out.splitlines()[-1]


def test_tracks_are_counted_where_there_are_several(run: Callable[..., Run], fake: FakeDetector) -> None:
    first, second, third = fake.template.faces
    faces = (first, second.model_copy(update={"track": 1}), third.model_copy(update={"track": 2}))
    (track,) = fake.template.tracks
    tracks = tuple(track.model_copy(update={"track": number, "one_off": number == 1}) for number in range(3))
    update = {"faces": faces, "tracks": tracks, "person": "largest", "score_rule": "top2"}
    assert "tracks" not in run("predict", "clip.mp4").out
    fake.template = fake.template.model_copy(update=update)
    assert "3 (2 tracks)" in run("predict", "clip.mp4").out
    (row,) = csv.DictReader(io.StringIO(run("predict", "clip.mp4", "--format", "csv").out))
    assert (row["tracks"], row["person"], row["score_rule"]) == ("3", "largest", "top2")


def test_an_error_of_the_library_is_one_message(run: Callable[..., Run], fake: FakeDetector) -> None:
    fake.fails_on["a.mp4"] = GenConViTError("bad \x1b[31m")
    ended = run("predict", "a.mp4")
    assert (ended.status, ended.err) == (1, "error: bad \\x1b[31m\n")
