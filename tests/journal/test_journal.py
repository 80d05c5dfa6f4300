from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from genconvit import VideoResult
from genconvit.core.errors import ConfigError, DatasetError, GenConViTError
from genconvit.journal import recovery
from genconvit.journal.journal import Journal
from genconvit.journal.lines import LineFile
from genconvit.journal.resuming import IdentityKind, Resuming
from genconvit.results.provenance import RemoteObject
from genconvit.video.given import GivenSource, RemoteState
from limits import at_most
from scored import result

SETTINGS: dict[str, Any] = {"options": {"frames": 15}, "weights": {"files": [{"name": "a", "sha256": "00"}]}}
NAMES = ("a", "b", "c", "d")


@pytest.fixture
def sources(tmp_path: Path) -> list[str]:
    """Files that hold their own names; nobody opens them as videos."""
    folder = tmp_path / "videos"
    folder.mkdir()
    for name in NAMES:
        (folder / f"{name}.mp4").write_text(name, encoding="utf-8")
    return [str(folder / f"{name}.mp4") for name in NAMES]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "results.jsonl"


def answer(source: str) -> VideoResult:
    """A result that depends on what its file holds; one that begins with ``bad`` is unreadable."""
    text = Path(source).read_text(encoding="utf-8")
    if text.startswith("bad"):
        return result(source, None, status="unreadable", reason=text)
    return result(source, (sum(text.encode()) % 97) / 97)


def go_on(path: Path, sources: Iterable[str], most: int = 1000, **options: Any) -> list[str]:
    """Do what is missing, at most so many; the names of what was done."""
    done: list[str] = []
    with Journal(path, options.pop("settings", SETTINGS), Resuming(**options)) as journal:
        for source in journal.pending(sources):
            if len(done) == most:
                return done
            journal.add(answer(source))
            done.append(Path(source).stem)
        journal.finish()
    return done


def results(path: Path) -> list[VideoResult]:
    return [VideoResult.model_validate_json(line) for line in path.read_text(encoding="utf-8").splitlines()]


def run_file(path: Path, name: str) -> Path:
    return path.with_name(path.name + ".run") / name


def test_the_file_holds_results_alone_and_the_folder_beside_it_the_rest(path: Path, sources: list[str]) -> None:
    assert go_on(path, sources) == list(NAMES)
    assert results(path) == [answer(source) for source in sources]
    assert sorted(each.name for each in path.parent.iterdir()) == ["results.jsonl", "results.jsonl.run", "videos"]
    assert sorted(each.name for each in run_file(path, "").iterdir()) == ["done.jsonl", "lock", "settings.json"]
    first = json.loads(run_file(path, "done.jsonl").read_text(encoding="utf-8").splitlines()[0])
    state = Path(sources[0]).stat()
    assert (first["source"], first["status"]) == (sources[0], "ok")
    assert first["identity"] == {"size": state.st_size, "mtime_ns": state.st_mtime_ns}


def test_what_is_finished_is_not_done_again(path: Path, sources: list[str]) -> None:
    assert go_on(path, sources, most=2) == ["a", "b"]
    assert go_on(path, sources) == ["c", "d"]
    whole = path.read_bytes()
    assert go_on(path, sources) == []
    assert path.read_bytes() == whole
    assert [Path(each.source).stem for each in results(path)] == list(NAMES)


def test_a_name_that_comes_twice_is_done_once(path: Path, sources: list[str]) -> None:
    assert go_on(path, [*sources, *sources]) == list(NAMES)
    with Journal(path, SETTINGS) as journal:
        assert list(journal.pending([*sources, "other.mp4", "other.mp4"])) == ["other.mp4"]
        assert journal.kept == len(sources)


def test_sources_are_asked_for_one_by_one(path: Path, sources: list[str]) -> None:
    asked = []

    def given() -> Iterator[str]:
        for source in sources:
            asked.append(source)
            yield source

    with Journal(path, SETTINGS) as journal:
        next(journal.pending(given()))
    assert asked == sources[:1]


def test_every_end_of_a_write_is_recovered(path: Path, sources: list[str]) -> None:
    go_on(path, sources)
    whole, entries = path.read_bytes(), run_file(path, "done.jsonl").read_bytes()
    last_line, last_entry = (data.rindex(b"\n", 0, -1) + 1 for data in (whole, entries))
    ends = [(len(whole), len(entries))]
    for line in (last_line, last_line + 1, len(whole) - 1, len(whole)):
        ends += [(line, entry) for entry in (last_entry, last_entry + 1, len(entries) - 1, len(entries))]
    for line, entry in ends:
        path.write_bytes(whole[:line])
        run_file(path, "done.jsonl").write_bytes(entries[:entry])
        is_whole = (line, entry) == (len(whole), len(entries))
        assert go_on(path, sources) == ([] if is_whole else ["d"]), (line, entry)
        assert path.read_bytes() == whole
        assert run_file(path, "done.jsonl").read_bytes() == entries


def test_pages_of_zeros_that_a_power_cut_left_are_cut_off(path: Path, sources: list[str]) -> None:
    go_on(path, sources)
    whole = path.read_bytes()
    end = whole.rindex(b"\n", 0, -1) + 1
    path.write_bytes(whole[:end] + bytes(len(whole) - end))
    assert go_on(path, sources) == ["d"]
    assert path.read_bytes() == whole


def test_results_that_are_gone_are_done_again(path: Path, sources: list[str]) -> None:
    go_on(path, sources)
    whole = path.read_bytes()
    path.write_bytes(b"".join(whole.splitlines(keepends=True)[:2]))
    assert go_on(path, sources) == ["c", "d"]
    path.unlink()
    assert go_on(path, sources) == list(NAMES)
    assert path.read_bytes() == whole


@pytest.mark.parametrize("change", ["a line less", "another digit", "a line more"])
def test_a_file_that_something_else_changed_is_refused(path: Path, sources: list[str], change: str) -> None:
    go_on(path, sources)
    lines = path.read_bytes().splitlines(keepends=True)
    changed = {
        "a line less": lines[1:],
        "another digit": [lines[0].replace(b"mtcnn", b"mtcnm"), *lines[1:]],
        "a line more": [*lines, lines[0], lines[1]],
    }[change]
    path.write_bytes(b"".join(changed))
    with pytest.raises(DatasetError, match=r"is not what its journal .* something else has changed one of them"):
        go_on(path, sources)
    assert path.read_bytes() == b"".join(changed)


def test_a_file_without_a_journal_is_refused_and_stays(path: Path, sources: list[str]) -> None:
    path.write_bytes(b"{}\n")
    with pytest.raises(DatasetError, match=r"holds something, and there is no 'results\.jsonl\.run' beside it"):
        go_on(path, sources)
    assert path.read_bytes() == b"{}\n"
    assert not run_file(path, "").exists()


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"options": {"frames": 30}, "weights": SETTINGS["weights"]}, r"options\.frames 15 -> 30; take"),
        ({**SETTINGS, "weights": {"files": [{"name": "a", "sha256": "01"}]}}, r'files\.0\.sha256 "00" -> "01"; take'),
        ({**SETTINGS, "batch_size": 8}, "batch_size null -> 8; take"),
    ],
)
def test_other_settings_are_refused_with_what_changed(path: Path, sources: list[str], settings: Any, said: str) -> None:
    go_on(path, sources, most=1)
    with pytest.raises(ConfigError, match=said):
        go_on(path, sources, settings=settings)
    assert go_on(path, sources) == ["b", "c", "d"]


def test_another_kind_of_identity_is_refused(path: Path, sources: list[str]) -> None:
    go_on(path, sources, most=1)
    with pytest.raises(ConfigError, match='identity "stat" -> "sha256"'):
        go_on(path, sources, identity="sha256")


def test_settings_are_the_next_ones_while_there_is_no_result(path: Path, sources: list[str]) -> None:
    go_on(path, sources, most=0)
    assert go_on(path, sources, settings={"options": {"frames": 3}}) == list(NAMES)


def test_lost_settings_are_an_error(path: Path, sources: list[str]) -> None:
    go_on(path, sources)
    run_file(path, "settings.json").unlink()
    with pytest.raises(DatasetError, match="does not say by which settings"):
        go_on(path, sources)


@pytest.mark.parametrize("kind", ["stat", "sha256"])
def test_a_changed_file_is_done_again_and_takes_the_old_ones_place(
    path: Path, sources: list[str], kind: IdentityKind
) -> None:
    go_on(path, sources, identity=kind)
    Path(sources[1]).write_text("other", encoding="utf-8")
    assert go_on(path, sources, identity=kind) == ["b"]
    assert [Path(each.source).stem for each in results(path)] == ["a", "c", "d", "b"]
    assert results(path)[-1] == answer(sources[1])
    assert go_on(path, sources, identity=kind) == []


def test_another_time_is_a_change_unless_the_content_counts(path: Path, sources: list[str], tmp_path: Path) -> None:
    other = tmp_path / "other.jsonl"
    go_on(path, sources)
    go_on(other, sources, identity="sha256")
    os.utime(sources[2], ns=(1, 1))
    assert go_on(path, sources) == ["c"]
    assert go_on(other, sources, identity="sha256") == []


def test_the_same_size_and_time_are_no_change_unless_the_content_counts(
    path: Path, sources: list[str], tmp_path: Path
) -> None:
    other = tmp_path / "other.jsonl"
    go_on(path, sources)
    go_on(other, sources, identity="sha256")
    state = Path(sources[0]).stat()
    Path(sources[0]).write_text("z", encoding="utf-8")
    os.utime(sources[0], ns=(state.st_atime_ns, state.st_mtime_ns))
    assert go_on(path, sources) == []
    assert go_on(other, sources, identity="sha256") == ["a"]


def test_a_file_that_is_not_there_is_done_again_once_it_is(path: Path, sources: list[str]) -> None:
    missing = str(Path(sources[0]).with_name("missing.mp4"))
    with Journal(path, SETTINGS) as journal:
        (pending,) = journal.pending([missing])
        journal.add(result(pending, None, status="unreadable", reason="no such file"))
    assert go_on(path, [missing]) == []
    Path(missing).write_text("there", encoding="utf-8")
    assert go_on(path, [missing]) == ["missing"]
    assert len(results(path)) == 1


def test_unreadable_results_stay_until_they_are_to_be_tried_again(path: Path, sources: list[str]) -> None:
    Path(sources[1]).write_text("bad", encoding="utf-8")
    go_on(path, sources)
    assert go_on(path, sources) == []
    assert go_on(path, sources, retry=True) == ["b"]
    assert [(Path(each.source).stem, each.status) for each in results(path)][-1] == ("b", "unreadable")
    with Journal(path, SETTINGS) as journal:
        assert (journal.tally.done, journal.tally.failed, dict(journal.tally.by_reason)) == (4, 1, {"bad": 1})
    with Journal(path, SETTINGS, Resuming(retry=True)) as journal:
        assert (journal.tally.done, journal.tally.failed) == (3, 0)


def test_a_run_that_is_killed_before_old_lines_are_dropped_loses_nothing(path: Path, sources: list[str]) -> None:
    go_on(path, sources)
    Path(sources[0]).write_text("other", encoding="utf-8")
    with Journal(path, SETTINGS) as journal:
        for source in journal.pending(sources):
            journal.add(answer(source))
    assert [Path(each.source).stem for each in results(path)] == ["a", "b", "c", "d", "a"]
    assert go_on(path, sources) == []
    assert [Path(each.source).stem for each in results(path)] == ["b", "c", "d", "a"]


@pytest.mark.parametrize("changed", range(len(NAMES)))
def test_a_run_that_is_killed_while_old_lines_are_dropped_loses_nothing(
    path: Path, sources: list[str], changed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on(path, sources)
    Path(sources[changed]).write_text("other", encoding="utf-8")
    usual = recovery.rewritten

    def killed(file: LineFile, lines: Iterable[bytes], folder: Path) -> LineFile:
        if file.path.name == "done.jsonl":
            (folder / "done.jsonl.partial").write_bytes(b'{"half')
            raise KeyboardInterrupt
        return usual(file, lines, folder)

    monkeypatch.setattr(recovery, "rewritten", killed)
    with pytest.raises(KeyboardInterrupt):
        go_on(path, sources)
    monkeypatch.setattr(recovery, "rewritten", usual)
    assert go_on(path, sources) == []
    names = [name for name in NAMES if name != NAMES[changed]] + [NAMES[changed]]
    assert [Path(each.source).stem for each in results(path)] == names
    assert results(path)[-1] == answer(sources[changed])
    assert sorted(each.name for each in run_file(path, "").iterdir()) == ["done.jsonl", "lock", "settings.json"]


def test_a_second_run_is_refused_and_told_who_has_the_first(path: Path, sources: list[str]) -> None:
    with Journal(path, SETTINGS), pytest.raises(ConfigError, match=rf"another run .*: process {os.getpid()} on '.+'"):
        Journal(path, SETTINGS)
    link = path.with_name("link.jsonl")
    link.symlink_to(path)
    with Journal(path, SETTINGS), pytest.raises(ConfigError, match="another run is at work"):
        Journal(link, SETTINGS)
    assert go_on(link, sources) == list(NAMES)


@pytest.mark.parametrize("room", [1, 40, 600, 1500])
def test_a_full_disk_is_an_error_that_keeps_what_is_there(path: Path, sources: list[str], room: int) -> None:
    go_on(path, sources, most=2)
    before = path.read_bytes(), run_file(path, "done.jsonl").read_bytes()
    line = len(before[0]) // 2
    with at_most(len(before[0]) + min(room, line - 1)), Journal(path, SETTINGS) as journal:
        source = next(journal.pending(sources))
        with pytest.raises(GenConViTError, match=r"cannot be written: .*make room, and the same command goes on"):
            journal.add(answer(source))
    assert (path.read_bytes(), run_file(path, "done.jsonl").read_bytes()) == before
    assert go_on(path, sources) == ["c", "d"]
    assert results(path) == [answer(source) for source in sources]


def test_no_room_for_the_file_anew_leaves_it_as_it_is(path: Path, sources: list[str]) -> None:
    go_on(path, sources)
    Path(sources[0]).write_text("other", encoding="utf-8")
    with Journal(path, SETTINGS) as journal:
        for source in journal.pending(sources):
            journal.add(answer(source))
        before = path.read_bytes()
        with at_most(3000), pytest.raises(GenConViTError, match="make room, and the same command goes on"):
            journal.finish()
    assert path.read_bytes() == before
    assert go_on(path, sources) == []
    assert len(results(path)) == len(sources)


def test_a_folder_that_is_not_there_is_a_wrong_option(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be written: No such file or directory; choose another path"):
        Journal(tmp_path / "nowhere" / "results.jsonl", SETTINGS)
    with pytest.raises(ConfigError, match="is no file"):
        Journal(tmp_path, SETTINGS)


def test_a_result_of_nothing_pending_is_refused(path: Path, sources: list[str]) -> None:
    with Journal(path, SETTINGS) as journal, pytest.raises(ConfigError, match=r"no source .+ is pending"):
        journal.add(answer(sources[0]))


@pytest.mark.parametrize("reason", ["\ud800", "a\nb\x00", "ü" * 5000])
def test_any_reason_can_be_kept(path: Path, sources: list[str], reason: str) -> None:
    with Journal(path, SETTINGS) as journal:
        (pending,) = journal.pending(sources[:1])
        journal.add(result(pending, None, status="unreadable", reason=reason))
    assert go_on(path, sources) == ["b", "c", "d"]
    assert json.loads(path.read_text(encoding="utf-8").splitlines()[0])["reason"] == reason


def test_lines_of_another_kind_are_kept_as_they_are(path: Path, sources: list[str]) -> None:
    with Journal(path, SETTINGS) as journal:
        for number, source in enumerate(journal.pending(sources)):
            journal.add(answer(source), line=json.dumps({"number": number}))
    assert path.read_text(encoding="utf-8") == '{"number": 0}\n{"number": 1}\n{"number": 2}\n{"number": 3}\n'
    assert go_on(path, sources) == []


def test_a_folder_of_frames_has_changed_where_a_file_in_it_has(path: Path, tmp_path: Path, sources: list[str]) -> None:
    frames = tmp_path / "frames"
    shutil.copytree(Path(sources[0]).parent, frames)
    for _ in range(2):
        with Journal(path, SETTINGS) as journal:
            for source in journal.pending([str(frames)]):
                journal.add(result(source, 0.25))
    assert len(results(path)) == 1
    (frames / "a.mp4").write_text("longer", encoding="utf-8")
    with Journal(path, SETTINGS) as journal:
        assert list(journal.pending([str(frames)])) == [str(frames)]


def elsewhere(name: str, state: RemoteState | None) -> GivenSource:
    return GivenSource(f"https://host/{name}?t=1", f"https://host/{name}", state=state)


def fetched(source: GivenSource, state: RemoteState | None) -> VideoResult:
    """The result of an object that was fetched in a state; None could not be fetched."""
    if state is None:
        return result(source.name, None, status="unreadable", reason="not found")
    made = result(source.name, 0.5)
    remote = RemoteObject(url=source.name, etag=state.etag, size=state.size or 10, modified=state.modified)
    return made.model_copy(update={"provenance": made.provenance.model_copy(update={"remote": remote})})


TIME = datetime(2026, 11, 28, 10, tzinfo=timezone.utc)
TAGGED, DATED = RemoteState('"1"', None, 10), RemoteState(None, TIME, 10)


@pytest.mark.parametrize(
    ("scored", "asked", "is_done_again"),
    [
        (TAGGED, TAGGED, False),
        (TAGGED, RemoteState('"1"', TIME, None), False),
        (TAGGED, RemoteState('"2"', None, 10), True),
        (TAGGED, None, False),
        (DATED, DATED, False),
        (DATED, RemoteState(None, TIME + timedelta(seconds=1), 10), True),
        (DATED, RemoteState(None, TIME, 11), True),
        (DATED, RemoteState(None, None, None), False),
        (None, None, False),
        (None, TAGGED, True),
    ],
)
def test_an_object_elsewhere_has_changed_where_its_server_says_so(
    path: Path, scored: RemoteState | None, asked: RemoteState | None, is_done_again: bool
) -> None:
    with Journal(path, SETTINGS) as journal:
        (source,) = journal.pending([elsewhere("a", None)])
        assert not journal.knows(source)
        journal.add(fetched(source, scored))
    with Journal(path, SETTINGS) as journal:
        again = elsewhere("a", asked)
        assert journal.knows(again)
        assert list(journal.pending([again])) == [again] * is_done_again
        if is_done_again:
            journal.add(fetched(again, scored))
    if scored is None:  # it was tried in this state
        with Journal(path, SETTINGS) as journal:
            assert list(journal.pending([elsewhere("a", asked)])) == []
    assert "t=1" not in path.read_text() + run_file(path, "done.jsonl").read_text()


def test_a_journal_of_another_version_is_not_touched(path: Path, sources: list[str]) -> None:
    go_on(path, sources, most=1)
    settings, entries = run_file(path, "settings.json"), run_file(path, "done.jsonl")
    settings.write_text(json.dumps({**json.loads(settings.read_text()), "layout": 2}))
    entries.write_text('{"id": "a", "state": "unknown here"}\n')
    before = path.read_bytes(), entries.read_bytes(), settings.read_bytes()
    with pytest.raises(DatasetError, match="kept by another version of this library, in layout 2 where this one has 1"):
        go_on(path, sources)
    assert (path.read_bytes(), entries.read_bytes(), settings.read_bytes()) == before
