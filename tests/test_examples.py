from __future__ import annotations

import csv
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image
from skimage import data

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"


def run(name: str, *arguments: str | Path) -> str:
    """Run an example and give what it prints; its exit status is 0."""
    done = subprocess.run([sys.executable, EXAMPLES / name, *arguments], capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_a_registered_architecture_scores_faces_and_says_that_it_is_no_verdict() -> None:
    printed = run("register_an_architecture.py")
    (probabilities,) = re.findall(r"fake probabilities: \[(.*)\]", printed)
    values = [float(value) for value in probabilities.split(", ")]
    assert len(values) == 4
    assert all(0 < value < 1 for value in values)
    assert "no verdict" in printed


def write_clip(path: Path, image: npt.NDArray[np.uint8]) -> Path:
    """A clip of two equal frames, a second apart."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=1)
        stream.height, stream.width = image.shape[:2]
        stream.pix_fmt = "yuv420p"
        for _ in range(2):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        container.mux(stream.encode())
    return path


@pytest.fixture(scope="module")
def predicted(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Give what the video example prints about a portrait, an empty wall and a missing clip."""
    folder = tmp_path_factory.mktemp("clips")
    portrait: Callable[[], npt.NDArray[np.uint8]] = data.astronaut
    clips = [
        write_clip(folder / "portrait.mp4", portrait()),
        write_clip(folder / "wall.mp4", np.full((240, 320, 3), 128, np.uint8)),
        folder / "missing.mp4",
    ]
    return run("predict_video.py", "--weights", "random", *clips)


@pytest.mark.slow
def test_the_video_example_shows_each_status(predicted: str) -> None:
    assert re.findall(r"status: (\w+)", predicted) == ["ok", "no_face", "unreadable"]
    assert re.findall(r"label: (\w+)", predicted) == ["None"] * 3
    assert re.search(r"portrait\.mp4: .*no verdict", predicted)
    assert re.search(r"missing\.mp4: .*no such file", predicted)


@pytest.mark.slow
def test_the_video_example_shows_the_faces_and_what_the_answer_rests_on(predicted: str) -> None:
    faces = re.findall(r"frame (\d+): face at \d+, \d+ to \d+, \d+: 0\.\d+", predicted)
    assert faces == ["0", "1"]
    assert predicted.count("weights: random") == 3
    assert re.search(r"read by: (decord|pyav) - faces by: ", predicted)
    assert predicted.count("note: untrained") == 3


@pytest.mark.slow
def test_the_example_of_self_blended_fakes_draws_a_row_a_face(tmp_path: Path) -> None:
    (tmp_path / "train" / "real").mkdir(parents=True)
    for number in range(3):
        Image.new("RGB", (64, 64), (90 + number, 80, 70)).save(tmp_path / "train" / "real" / f"{number}.png")
    assert "3 of 3 real faces" in run("self_blended.py", tmp_path, tmp_path / "fakes.png")
    with Image.open(tmp_path / "fakes.png") as picture:
        assert picture.size == (496, 344)


@pytest.mark.slow
def test_the_example_of_two_people_draws_each_in_a_track_of_their_own(tmp_path: Path) -> None:
    printed = run("two_people.py", tmp_path / "people.png")
    assert re.findall(r"track (\d): (\d) faces, frames 0 to 3", printed) == [("0", "4"), ("1", "3")]
    assert "no verdict" in printed
    with Image.open(tmp_path / "people.png") as picture:
        assert picture.size == (1288, 648)


def test_the_example_of_calibration_mends_made_scores_and_says_that_they_are_made() -> None:
    printed = run("calibrate.py")
    before, after = (float(each) for each in re.findall(r"calibration error \w+: +(0\.\d+)", printed))
    assert after < before / 2
    assert re.search(r"at most 5 % of the reals are above 0\.\d+, and \d+% of the fakes", printed)
    assert re.search(r"outside of 0\.\d+ to 0\.\d+, where \d+% get none", printed)
    assert "nothing of this holds for a network" in printed


@pytest.mark.slow
def test_attention_changes_scores_once_its_gates_are_open() -> None:
    printed = run("compare_attention.py")
    closed, opened = (float(each) for each in re.findall(r"at most (\d\.\d+) apart", printed))
    assert closed < 1e-5 < 1e-4 < opened
    sizes = [int(each.replace(",", "")) for each in re.findall(r"([\d,]+) parameters", printed)]
    assert sizes[0] > sizes[1]
    assert sizes[:2] == sizes[2:]
    assert "no verdict" in printed


@pytest.mark.slow
def test_the_example_of_a_report_writes_a_page_with_heat_maps(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "portrait.mp4", data.astronaut())  # type: ignore[no-untyped-call]
    printed = run("report.py", clip, tmp_path / "report.html")
    assert re.search(r"report\.html: (REAL|FAKE|inconclusive), 2 faces", printed)
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "portrait.mp4" in page
    assert 'alt="Grad-CAM of' in page


@pytest.mark.slow
def test_the_example_of_a_folder_keeps_a_row_for_every_source(tmp_path: Path) -> None:
    folder, table = tmp_path / "videos", tmp_path / "scores.csv"
    (folder / "below").mkdir(parents=True)
    write_clip(folder / "portrait.mp4", data.astronaut())  # type: ignore[no-untyped-call]
    write_clip(folder / "below" / "wall.mp4", np.full((240, 320, 3), 128, np.uint8))
    (folder / "broken.mp4").write_text("no video")
    (folder / "notes.txt").write_text("no video either")
    printed = run("score_a_folder.py", folder, table)
    assert re.search(r"left out: .*notes\.txt", printed)
    with table.open(newline="", encoding="utf-8") as file:
        rows = {Path(row["source"]).name: row for row in csv.DictReader(file)}
    assert {name: row["status"] for name, row in rows.items() if name != "portrait.mp4"} == {
        "wall.mp4": "no_face",
        "broken.mp4": "unreadable",
    }
    assert rows["portrait.mp4"]["status"] in ("ok", "inconclusive")
    assert 0 < float(rows["portrait.mp4"]["fake_probability"]) < 1
    assert [row["label"] for row in rows.values() if row["status"] != "ok"] == [""] * (
        len(rows) - (rows["portrait.mp4"]["status"] == "ok")
    )
    assert "1 no_face" in printed
    assert "1 unreadable" in printed


@pytest.mark.slow
def test_the_notebook_prints_what_it_shows(tmp_path: Path) -> None:
    kept = EXAMPLES / "quickstart.ipynb"
    again = tmp_path / kept.name
    again.write_text(kept.read_text(encoding="utf-8"), encoding="utf-8")
    command = [sys.executable, "-m", "recipes.notebook", str(again)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, cwd=EXAMPLES.parent)
    assert done.returncode == 0, done.stderr
    shown = outputs(kept)
    assert any("REAL" in each for each in shown)
    assert outputs(again) == shown, "run python -m recipes.notebook examples/quickstart.ipynb"


def outputs(notebook: Path) -> list[str]:
    """The words of a notebook's outputs; numbers differ by a little from machine to machine."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    found = [each for cell in cells if cell["cell_type"] == "code" for each in cell["outputs"]]
    return [re.sub(r"\d+", "N", "".join(each.get("text") or each["data"]["text/plain"])) for each in found]
