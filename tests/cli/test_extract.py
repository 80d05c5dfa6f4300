from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from genconvit.core.cut import SquareRule
from genconvit.core.input_spec import InputSpec
from genconvit.crops.folder import need, read_crops
from genconvit.extract.journal import JOURNAL_NAME
from genconvit.registry import ARCHITECTURES
from processes import needs_proc
from stubs import Grey, GreyConfig, grey_clip, register_stubs, ruled_grey, ship_grey, trained_grey
from support import shared

from .conftest import Run

STUBS = ("--face-detector", "whole_frame", "--frames", "2", "--no-isolate", "--size", "32", "--device", "cpu")


@pytest.fixture(autouse=True)
def _stubs(monkeypatch: pytest.MonkeyPatch) -> None:
    register_stubs(monkeypatch)


@pytest.fixture
def videos(tmp_path: Path) -> Path:
    for name, brightness in (("train/fake/a", 200), ("val/fake/b", 180), ("train/real/a", 50), ("test/real/b", 0)):
        grey_clip(tmp_path / "videos" / f"{name}.mp4", brightness)
    return tmp_path / "videos"


def test_a_data_set_becomes_a_folder_of_crops(run: Callable[..., Run], videos: Path, tmp_path: Path) -> None:
    out = tmp_path / "crops"
    ended = run("extract", "folder", videos, "--out", out, *STUBS)
    assert ended.status == 0
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in ended.out.splitlines() if line[:1] == "│"]
    assert rows == [["train", "2", "1", "2", "1"], ["valid", "2", "1", "0", "0"], ["test", "0", "0", "0", "0"]]
    assert "done now: 4 videos; done before: 0" in ended.out
    assert "without a face: 1" in ended.out
    assert "note: valid holds no REAL crop, and a training needs both classes there" in ended.out
    assert "note: test holds" not in ended.out
    assert f"wrote {out / 'manifest.csv'}" in ended.err
    records = read_crops(out).records
    assert len(need(records, "train")) == 4
    assert {Path(record.crop).suffix for record in records} == {".png"}
    assert "done now: 0 videos; done before: 4" in run("extract", "folder", videos, "--out", out, *STUBS).out


def test_flags_choose_split_fractions_and_format(run: Callable[..., Run], videos: Path, tmp_path: Path) -> None:
    out = tmp_path / "crops"
    flags = ("--format", "jpeg", "--set", "margin=0.5", "--set", "max_faces=1")
    assert run("extract", "folder", videos, "--out", out, "--split", "val", *STUBS, *flags).status == 0
    assert [Path(record.crop).suffix for record in read_crops(out).records] == [".jpg"]
    labels = tmp_path / "labels.csv"
    labels.write_text(f"path,label\n{videos}/train/fake/a.mp4,FAKE\n{videos}/train/real/a.mp4,REAL\n,\n")
    run("extract", "csv", labels, "--out", tmp_path / "other", "--fractions", "0,0,1", "--seed", "3", *STUBS)
    assert {record.split for record in read_crops(tmp_path / "other").records} == {"test"}


class Roomy(Grey):
    def __init__(self, config: GreyConfig) -> None:
        super().__init__(config)
        self.input_spec = InputSpec(size=16, scale=0.5, shift_down=0.25)


def test_crops_are_cut_as_an_architecture_sees_them(
    run: Callable[..., Run], videos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(ARCHITECTURES._registered, "roomy", Roomy)
    stubs = [each for each in STUBS if each not in ("--size", "32")]
    for flags, size in (((), 16), (("--size", "48"), 48)):
        out = tmp_path / str(size)
        ended = run("extract", "folder", videos, "--out", out, "--arch", "roomy", *flags, *stubs)
        assert ended.status == 0, ended.err
        records = read_crops(out).records
        assert {record.square for record in records} == {(12.0, 24.0, 36.0, 48.0)}
        with Image.open(out / records[0].crop) as image:
            assert image.size == (size, size)
    assert run("extract", "folder", videos, "--out", tmp_path / "none", "--arch", "romy", *stubs).status == 2


def test_crops_are_cut_like_those_of_weights(
    run: Callable[..., Run], videos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    half = {"whole_frame": SquareRule(side=0.5, shift_down=0)}
    ship_grey(monkeypatch, tmp_path / "embedded", half)
    for weights in (ruled_grey(tmp_path / "ruled.safetensors", half), "embedded"):
        out = tmp_path / Path(weights).stem
        assert run("extract", "folder", videos, "--out", out, "--crops-like", weights, *STUBS).status == 0
        assert {record.square for record in read_crops(out).records} == {(12.0, 12.0, 36.0, 36.0)}
    silent = trained_grey(tmp_path / "silent.safetensors")
    ended = run("extract", "folder", videos, "--out", tmp_path / "other", "--crops-like", silent, *STUBS)
    assert ended.status == 1
    assert "silent.safetensors does not say how faces were cut for it" in ended.err
    assert not (tmp_path / "other").exists()


def test_a_broken_video_is_named_and_ends_with_status_3(run: Callable[..., Run], videos: Path, tmp_path: Path) -> None:
    (videos / "train" / "real" / "b\x1b[31m.mp4").write_bytes(b"no video")
    for _ in range(2):
        ended = run("extract", "folder", videos, "--out", tmp_path / "crops", *STUBS)
        assert ended.status == 3
        assert "unreadable: 1\n  train/real/b\\x1b[31m.mp4: " in ended.out
        assert "\x1b" not in ended.out + ended.err
    assert "done now: 1 videos" not in ended.out


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (("--fractions", "0.8,0.2"), "fractions"),
        (("--fractions", "0.8,0.1,0.2"), "fractions for train, valid, test are at least 0 and sum to 1"),
        (("--fractions", "a,b,c"), "fractions.0='a'"),
        (("--size", "3"), "size=3: Input should be greater than or equal to 16"),
        (("--seed", "-1"), "seed=-1"),
        (("--set", "latent=mean"), "--set latent has no part in finding faces; allowed are decoder, "),
        (("--split", "vla"), "has no split 'vla' (did you mean 'val'?)"),
        (("--arch", "v3"), "unknown architecture 'v3'"),
        (("--mode", "ed"), "No such option: --mode"),
    ],
)
def test_a_wrong_option_is_one_message_before_any_work(
    run: Callable[..., Run], videos: Path, tmp_path: Path, flags: tuple[str, ...], message: str
) -> None:
    ended = run("extract", "folder", videos, "--out", tmp_path / "crops", *flags)
    assert (ended.status, ended.out) == (2, "")
    assert message in " ".join(ended.err.split())
    assert not (tmp_path / "crops").exists()


def test_crops_do_not_become_a_part_of_their_data_set(run: Callable[..., Run], videos: Path) -> None:
    ended = run("extract", "folder", videos, "--out", videos / "crops", *STUBS)
    assert ended.status == 2
    assert "lies in the data set" in ended.err


@needs_proc
@pytest.mark.slow
def test_real_videos_after_sigkill_give_what_an_uninterrupted_run_gives(tmp_path: Path) -> None:
    labels = tmp_path / "labels.csv"
    names = ("0017_fake.mp4", "sample_2.mp4", "0048_fake.mp4", "anndvqgoko.mp4", "sample_4.mp4")
    paths = [shared("videos", name) for name in names]
    rows = [f"{path},{'FAKE' if 'fake' in path.name else 'REAL'}" for path in paths]
    labels.write_text("\n".join(["path,label", *rows]) + "\n")
    command = [sys.executable, "-m", "genconvit", "extract", "csv", str(labels), "--face-detector", "mtcnn"]
    options = ["--frames", "6", "--device", "cpu"]
    journal = tmp_path / "killed" / JOURNAL_NAME
    with subprocess.Popen([*command, *options, "--out", str(journal.parent)], start_new_session=True) as running:
        deadline = time.monotonic() + 600
        while not (journal.exists() and b"\n" in journal.read_bytes()):
            assert running.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.01)
        os.killpg(running.pid, signal.SIGKILL)
    assert 1 <= journal.read_bytes().count(b"\n") < len(names)
    for folder in ("killed", "whole"):
        subprocess.run([*command, *options, "--out", str(tmp_path / folder)], check=True, capture_output=True)
    killed, whole = (tmp_path / folder for folder in ("killed", "whole"))
    crops = [record.crop for record in read_crops(whole).records]
    assert len(crops) >= len(names)
    assert (killed / "manifest.csv").read_bytes() == (whole / "manifest.csv").read_bytes()
    assert all((killed / crop).read_bytes() == (whole / crop).read_bytes() for crop in crops)
    assert all(len(record.landmarks) == 5 for record in read_crops(killed).records)
