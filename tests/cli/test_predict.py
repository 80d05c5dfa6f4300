from __future__ import annotations

import csv
import io
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from genconvit import DetectorConfig, VideoResult
from genconvit.results.result import UNTRAINED
from support import shared

from .conftest import QUICK, FakeDetector, Run


def results(text: str) -> list[VideoResult]:
    return [VideoResult.model_validate_json(line) for line in text.splitlines()]


def test_jsonl_is_one_result_a_line(run: Callable[..., Run], portrait_clip: Path) -> None:
    ended = run("predict", portrait_clip, *QUICK, "--format", "jsonl")
    (result,) = results(ended.out)
    assert ended.status == 0
    assert (result.status, result.provenance.frame_indices) == ("ok", (0, 23))
    assert ended.err == ""


@pytest.mark.parametrize("form", ["table", "json", "jsonl", "csv"])
def test_random_weights_never_look_like_a_verdict(run: Callable[..., Run], portrait_clip: Path, form: str) -> None:
    ended = run("predict", portrait_clip, *QUICK, "--format", form)
    assert UNTRAINED in ended.out
    assert "FAKE" not in ended.out
    assert "REAL" not in ended.out


def test_json_is_a_list_and_csv_a_table(run: Callable[..., Run], portrait_clip: Path, tmp_path: Path) -> None:
    listed = json.loads(run("predict", portrait_clip, *QUICK, "--format", "json").out)
    assert [item["status"] for item in listed] == ["ok"]
    target = tmp_path / "out.csv"
    ended = run("predict", portrait_clip, *QUICK, "--format", "csv", "--output", target)
    assert ended.out == ""
    (row,) = csv.DictReader(io.StringIO(target.read_text(encoding="utf-8")))
    assert (row["status"], row["faces"], row["notes"]) == ("ok", "2", UNTRAINED)
    assert float(row["fake_probability"]) == pytest.approx(listed[0]["fake_probability"])


def test_the_table_names_source_verdict_and_what_looked(run: Callable[..., Run], portrait_clip: Path) -> None:
    out = run("predict", portrait_clip, *QUICK, "--precision", "fp32").out
    assert "portrait.mp4" in out
    assert "original (ed), weights random, fp32 on cpu; faces by mtcnn" in out


def test_unreadable_sources_are_answered_and_exit_with_3(
    run: Callable[..., Run], portrait_clip: Path, tmp_path: Path
) -> None:
    (tmp_path / "empty.mp4").touch()
    ended = run("predict", tmp_path / "missing.mp4", tmp_path / "empty.mp4", portrait_clip, *QUICK, "--format", "jsonl")
    assert ended.status == 3
    assert [result.status for result in results(ended.out)] == ["unreadable", "unreadable", "ok"]
    table = run("predict", tmp_path / "missing.mp4", *QUICK)
    assert table.status == 3
    assert "no such file" in table.out


def test_a_video_without_a_face_is_an_answer(run: Callable[..., Run], tmp_path: Path) -> None:
    from PIL import Image

    Image.new("RGB", (320, 240)).save(tmp_path / "black.png")
    ended = run("predict", tmp_path / "black.png", *QUICK, "--format", "jsonl")
    assert ended.status == 0
    assert results(ended.out)[0].status == "no_face"


def test_folders_globs_and_odd_names(run: Callable[..., Run], portrait_clip: Path, tmp_path: Path) -> None:
    for name in ("a b.mp4", "ünï\tcode.mp4", "[1].mp4"):
        shutil.copy(portrait_clip, tmp_path / name)
    ended = run("predict", tmp_path, *QUICK, "--frames", "1", "--format", "jsonl")
    assert {Path(result.source).name for result in results(ended.out)} == {"a b.mp4", "ünï\tcode.mp4", "[1].mp4"}
    ended = run("predict", tmp_path / "*b.mp4", *QUICK, "--frames", "1", "--format", "jsonl")
    assert [Path(result.source).name for result in results(ended.out)] == ["a b.mp4"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--no-attention",), "--no-attention does not apply to architecture 'original', which has no attention"),
        (("--residual",), "--residual does not apply to architecture 'original'"),
        (("--arch", "v3"), "unknown architecture 'v3'"),
        (("--mode", "v2"), "mode='v2': Input should be 'ed', 'vae' or 'genconvit'"),
        (("--frames", "0"), "allowed are a number of 1 and above"),
        (("--set", "latent"), "--set takes NAME=VALUE, got 'latent'"),
        (("--set", "latnt=mean"), "did you mean 'latent'"),
        (("--weights", "a.pth", "--weights", "b.pth"), "give it once, or once as ed=FILE"),
        (("--config", "nowhere.json"), "'nowhere.json' cannot be read"),
        (("--output", "nowhere/out.json"), "cannot be written"),
        (("--format", "xml"), "xml"),
        (("--face-detector", "mtcnn", "--face-model", "m.onnx"), "mtcnn"),
    ],
    ids=str,
)
def test_a_wrong_option_exits_with_2_and_one_message(
    run: Callable[..., Run], portrait_clip: Path, arguments: tuple[str, ...], message: str
) -> None:
    weights = () if "--weights" in arguments else ("--weights", "random")
    ended = run("predict", portrait_clip, *weights, *arguments)
    assert ended.status == 2
    assert message in ended.err
    assert "Traceback" not in ended.err


def test_missing_weights_exit_with_1(run: Callable[..., Run], portrait_clip: Path) -> None:
    ended = run("predict", portrait_clip, "--weights", "nowhere.pth")
    assert (ended.status, ended.out) == (1, "")
    assert "'nowhere.pth' does not exist" in ended.err


def test_flags_override_the_config_file(run: Callable[..., Run], portrait_clip: Path, tmp_path: Path) -> None:
    config = DetectorConfig.from_options("original", mode="vae", weights="random", frames=7, latent="mean")
    path = tmp_path / "detector.json"
    path.write_text(config.model_dump_json(), encoding="utf-8")
    ended = run("predict", portrait_clip, "--config", path, "--mode", "ed", "--frames", "1", "--format", "jsonl")
    (result,) = results(ended.out)
    assert (result.provenance.config["mode"], result.provenance.config["latent"]) == ("ed", "mean")
    assert result.provenance.frame_indices == (0,)


def test_a_broken_config_file_names_the_field(run: Callable[..., Run], portrait_clip: Path, tmp_path: Path) -> None:
    path = tmp_path / "detector.json"
    path.write_text('{"fraems": 3}', encoding="utf-8")
    ended = run("predict", portrait_clip, "--config", path)
    assert ended.status == 2
    assert "unknown field 'fraems' (did you mean 'frames'?)" in ended.err


def test_every_flag_reaches_the_config(run: Callable[..., Run], fake: FakeDetector) -> None:
    arguments: list[Any] = ["--arch", "v2", "--no-attention", "--no-residual", "--size", "large"]
    arguments += ["--weights", "ed=a.pth", "--weights", "vae=b=c.pth", "--frames", "-1", "--device", "cpu"]
    arguments += ["--precision", "bf16", "--face-detector", "mtcnn", "--decoder", "pyav"]
    arguments += ["--person", "max", "--score-rule", "top3", "--compile", "--batch-size", "7", "--no-isolate"]
    arguments += ["--workers", "3", "--time-limit", "9.5", "--memory-limit", "512"]
    arguments += ["--set", "max_faces=5", "--set", "latent=mean"]
    assert run("predict", "clip.mp4", *arguments).status == 0
    (config,) = fake.configs
    assert config.architecture == "v2"
    assert config.model == {"attention": False, "residual": False, "size": "large", "latent": "mean"}
    assert config.weights == {"ed": "a.pth", "vae": "b=c.pth"}
    assert (config.frames, config.device, config.precision) == ("-1", "cpu", "bf16")
    assert (config.person, config.score_rule, config.compile, config.batch_size) == ("max", "top3", True, 7)
    assert (config.isolate, config.workers, config.time_limit_seconds, config.memory_limit_mb) == (False, 3, 9.5, 512)
    assert (config.face_detector, config.decoder, config.max_faces) == ("mtcnn", "pyav", 5)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "frames"),
    [
        pytest.param((), 2, id="original"),
        pytest.param((), 15, id="original, 15 frames", marks=pytest.mark.slow),
        pytest.param(("--arch", "v2", "--no-attention"), 15, id="v2, 15 frames", marks=pytest.mark.slow),
    ],
)
def test_the_real_clips_have_a_face_each(run: Callable[..., Run], arguments: tuple[str, ...], frames: int) -> None:
    clips = shared("videos")
    ended = run("predict", clips, "--weights", "random", "--frames", frames, *arguments, "--format", "jsonl")
    found = results(ended.out)
    assert (ended.status, len(found)) == (0, 5)
    for result in found:
        assert result.status == "ok"
        assert result.label is None
        assert UNTRAINED in result.notes
        assert len({face.frame_index for face in result.faces}) >= frames - 1


def mixed(root: Path) -> Path:
    """A folder with a clip, its frames, a photo of a phone, notes, and what other suffixes have."""
    for name in ("a.mp4", "b.3gpp", "c.m2t", "d.y4m", "frames/a/1.png", "photo.heic", "notes.txt"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"not opened")
    return root


def test_what_a_folder_holds_and_is_not_scored_is_counted_and_named(
    run: Callable[..., Run], fake: FakeDetector, tmp_path: Path
) -> None:
    assert not fake.configs
    root = mixed(tmp_path / "clips")
    named = [
        "left out: 3",
        f"  {root / 'notes.txt'}: neither a video nor an image by its suffix (.txt)",
        f"  {root / 'photo.heic'}: an image beside videos; name it, or put it into a folder without one",
        f"  {root / 'frames' / 'a'}: a copy of {root / 'a.mp4'}, which is used",
    ]
    ended = run("predict", root, "--weights", "random")
    assert ended.status == 0
    assert ended.err.splitlines() == named
    assert ended.out.splitlines()[-4:] == named
    ended = run("predict", root, "--weights", "random", "--format", "jsonl")
    assert [Path(result.source).name for result in results(ended.out)] == ["a.mp4", "b.3gpp", "c.m2t", "d.y4m"]
    assert ended.err.splitlines() == named


def test_strict_scores_nothing_where_something_is_left_out(
    run: Callable[..., Run], fake: FakeDetector, tmp_path: Path
) -> None:
    root = mixed(tmp_path)
    ended = run("predict", root, "--strict", "--weights", "random")
    assert (ended.status, ended.out, fake.configs) == (1, "", [])
    assert f"error: --strict: 3 left out, the first {str(root / 'notes.txt')!r}: neither a video nor" in ended.err
    videos = [root / name for name in ("a.mp4", "b.3gpp", "c.m2t", "d.y4m")]
    assert run("predict", *videos, "--strict", "--weights", "random").status == 0


def test_of_much_that_is_left_out_the_first_is_named(
    run: Callable[..., Run], fake: FakeDetector, tmp_path: Path
) -> None:
    assert not fake.configs
    for name in ("a.mp4", *(f"{number:02}.txt\x1b" for number in range(25))):
        (tmp_path / name).touch()
    lines = run("predict", tmp_path, "--weights", "random").err.splitlines()
    assert (len(lines), lines[0], lines[-1]) == (12, "left out: 25", "  and 15 more")
    assert "\x1b" not in "".join(lines)
