"""``genconvit report`` writes a page for each video, and an index of several."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from genconvit import VideoResult, results_to_json_lines
from genconvit.cli.report_folder import page_name
from genconvit.results.result import UNTRAINED

from .conftest import QUICK, FakeDetector, Run


def test_a_clip_is_scored_and_its_page_written(run: Callable[..., Run], portrait_clip: Path, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    ended = run("report", portrait_clip, *QUICK, "--output", page)
    assert (ended.status, ended.err) == (0, "")
    assert UNTRAINED in ended.out
    text = page.read_text(encoding="utf-8")
    assert text.count("<img ") == 4
    flags = "--mode ed --weights random --frames 2 --device cpu --face-detector mtcnn"
    assert f"<code>genconvit predict {portrait_clip} {flags}</code>" in text


def test_pictures_can_be_left_out(run: Callable[..., Run], portrait_clip: Path, tmp_path: Path) -> None:
    ended = run("report", portrait_clip, *QUICK, "--no-pictures", "-o", tmp_path / "a.html")
    assert ended.status == 0
    assert "<img " not in (tmp_path / "a.html").read_text(encoding="utf-8")


def test_heat_maps_that_were_switched_off_are_no_fault_of_the_detector(
    run: Callable[..., Run], portrait_clip: Path, tmp_path: Path
) -> None:
    flags = ("--weights", "embedded", "--frames", "2", "--device", "cpu", "--no-heat-maps")
    assert run("report", portrait_clip, *flags, "-o", tmp_path / "a.html").status == 0
    text = (tmp_path / "a.html").read_text(encoding="utf-8")
    assert "Heat maps are left out: they were switched off." in text


@pytest.fixture
def results(tmp_path: Path, answered: VideoResult) -> Path:
    """A file of one result, whose source is there."""
    path = tmp_path / "results.jsonl"
    with path.open("w") as stream:
        results_to_json_lines([answered], stream)
    return path


def test_a_result_file_needs_no_detector(
    run: Callable[..., Run], results: Path, tmp_path: Path, fake: FakeDetector
) -> None:
    ended = run("report", results, "-o", tmp_path / "a.html")
    assert (ended.status, ended.err) == (0, "")
    assert fake.configs == []
    text = (tmp_path / "a.html").read_text(encoding="utf-8")
    assert text.count("<img ") == 6
    assert "--weights random" in text


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("a.mp4", "b.mp4", "-o", "c.html"), "is one page, and there are 2; name a folder"),
        (("r.jsonl", "b.mp4", "-o", "c"), "is a file of results, which comes alone; got 2 arguments"),
        (("r.jsonl", "-o", "c"), "r.jsonl is not there"),
        (("a.mp4", "-o", "full"), "is not empty"),
        (("a.mp4", "-o", "a.mp4"), "is also read"),
        (("a.mp4", "-o", "missing/a.html"), "cannot be written"),
    ],
)
def test_what_cannot_be_written_is_refused_before_anything_is_scored(
    run: Callable[..., Run],
    fake: FakeDetector,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    says: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "kept.txt").touch()
    (tmp_path / "a.mp4").touch()
    ended = run("report", *arguments)
    assert ended.status in (1, 2)
    assert says in ended.err
    assert fake.configs == []


def test_an_unreadable_source_has_a_page_and_an_exit_status(
    run: Callable[..., Run], tmp_path: Path, fake: FakeDetector
) -> None:
    found = fake.template
    nothing = {"faces": (), "tracks": (), "fake_probability": None, "published_score": None}
    fake.template = found.model_copy(
        update={**nothing, "status": "unreadable", "reason": "torn", "person": None, "score_rule": None}
    )
    ended = run("report", tmp_path / "a.mp4", "-o", tmp_path / "a.html")
    assert ended.status == 3
    assert "The reason: torn." in (tmp_path / "a.html").read_text(encoding="utf-8")


class TestFolder:
    @pytest.mark.usefixtures("fake")
    def test_each_source_has_a_page_and_the_index_names_them(self, run: Callable[..., Run], tmp_path: Path) -> None:
        names = ["a.mp4", "<b>.mp4", "../up.mp4"]
        ended = run("report", *(tmp_path / name for name in names), "--no-heat-maps", "-o", tmp_path / "out")
        assert (ended.status, ended.err) == (0, "")
        assert "3 pages, listed in" in ended.out
        written = sorted(path.name for path in (tmp_path / "out").iterdir())
        assert written == ["0001-a.html", "0002-b.html", "0003-up.html", "index.html"]
        index = (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
        assert all(name in index for name in written[:3])

    def test_what_was_finished_is_kept(self, run: Callable[..., Run], tmp_path: Path, fake: FakeDetector) -> None:
        fake.fails_on = {"b.mp4": KeyboardInterrupt()}
        ended = run("report", tmp_path / "a.mp4", tmp_path / "b.mp4", "--no-heat-maps", "-o", tmp_path / "out")
        assert ended.status == 130
        assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["0001-a.html", "index.html"]

    def test_a_folder_is_gone_on_with(self, run: Callable[..., Run], tmp_path: Path, fake: FakeDetector) -> None:
        clips = [tmp_path / f"{name}.mp4" for name in "abc"]
        for clip in clips:
            clip.write_bytes(clip.name.encode())
        out = tmp_path / "out"
        flags = ("--no-heat-maps", "-o", out, "--resume")
        fake.fails_on = {"b.mp4": KeyboardInterrupt()}
        assert run("report", *clips, *flags).status == 130
        (page,) = out.glob("*-a.html")
        written = page.stat().st_mtime_ns
        fake.fails_on = {"a.mp4": KeyboardInterrupt()}
        ended = run("report", *clips, *flags)
        assert (ended.status, ended.err) == (0, "")
        assert ended.out.startswith("3 pages, listed in")
        assert page.stat().st_mtime_ns == written
        index = (out / "index.html").read_text(encoding="utf-8")
        assert all(each.name in index for each in out.glob("*-[abc].html"))
        assert len(list(out.glob("*.html"))) == 4
        assert len((out / "results.jsonl").read_text().splitlines()) == 3
        clips[1].write_bytes(b"another")
        assert run("report", *clips, *flags).status == 0
        assert len(list(out.glob("*.html"))) == 4
        assert "is not empty" in run("report", *clips, "-o", out).err
        assert "pictures true -> false" in run("report", *clips, *flags, "--no-pictures").err

    def test_what_cannot_be_gone_on_with_is_refused(
        self, run: Callable[..., Run], results: Path, tmp_path: Path, fake: FakeDetector
    ) -> None:
        assert not fake.configs
        assert "got one page" in run("report", "a.mp4", "-o", tmp_path / "a.html", "--resume").err
        assert "got a file of results" in run("report", results, "-o", tmp_path / "out", "--resume").err
        assert "--retry is for runs with --resume" in run("report", "a.mp4", "-o", tmp_path / "out", "--retry").err


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("a/../../b.mp4", "0003-b.html"),
        ("", "0003.html"),
        ("\u202e\n<script>", "0003-script.html"),
        ("..", "0003.html"),
    ],
)
def test_a_page_has_a_name_of_our_own(source: str, name: str) -> None:
    assert page_name(3, source) == name


def test_a_long_name_is_cut() -> None:
    assert len(page_name(12345, "a" * 5000 + ".mp4")) < 60
