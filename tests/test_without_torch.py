"""The embedded weights answer without PyTorch: each test runs a fresh interpreter in which it cannot be imported."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from genconvit import Detector
from support import SHARED

SLOW_IMPORTS = ("torch", "torchvision", "timm", "einops", "facenet_pytorch", "scipy", "skimage", "onnx", "openvino")
"""Packages that an answer of the embedded weights does without."""

PROGRAM = f"""
import sys
for name in {SLOW_IMPORTS}:
    sys.modules[name] = None

def refuse(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.sendto", "socket.gethostbyname"):
        raise AssertionError(f"{{event}} {{arguments}}")

sys.addaudithook(refuse)
sys.argv = ["genconvit", *sys.argv[1:]]
from genconvit.cli import main
main()
"""
"""The program, in which those packages cannot be imported and nothing may be asked of a network."""


def without_torch(code: str, *arguments: object) -> str:
    """Give what a fresh interpreter prints."""
    command = [sys.executable, "-c", code, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def answer(portrait_clip: Path) -> dict[str, Any]:
    """The result for the demo's clip, from the program."""
    options = ("--weights", "embedded", "--face-detector", "mtcnn", "--frames", 4, "--format", "json")
    (result,) = json.loads(without_torch(PROGRAM, "predict", portrait_clip, *options))
    return dict(result)


def test_the_program_answers_and_says_what_ran(answer: dict[str, Any]) -> None:
    assert answer["status"] in ("ok", "inconclusive")
    assert len(answer["faces"]) == 4
    provenance = answer["provenance"]
    assert (provenance["runtime"], provenance["precision"], provenance["device"]) == ("onnxruntime", "fp32", "cpu")
    assert (provenance["face_detector"]["name"], provenance["face_detector"]["runtime"]) == ("mtcnn", "onnxruntime")
    assert provenance["weights"]["origin"] == "embedded"


def test_the_answer_is_pytorchs(answer: dict[str, Any], portrait_clip: Path) -> None:
    options: dict[str, Any] = {"runtime": "torch", "precision": "fp32", "device": "cpu", "face_detector": "mtcnn"}
    with Detector(weights="embedded", frames=4, **options) as detector:
        wanted = detector.predict(portrait_clip)
        assert detector.model.input_size == 128
    assert answer["fake_probability"] == pytest.approx(wanted.fake_probability, abs=2e-5)
    assert answer["calibrated_probability"] == pytest.approx(wanted.calibrated_probability, abs=2e-5)
    for face, other in zip(answer["faces"], wanted.faces, strict=True):
        assert face["box"] == pytest.approx(other.box, abs=0.01)
        assert face["crop"] == list(other.crop)
    differing = {"runtime", "runtime_version", "face_detector"}
    same = wanted.provenance.model_dump(mode="json", exclude=differing)
    assert {name: value for name, value in answer["provenance"].items() if name not in differing} == same


@pytest.mark.parametrize("many", [False, True], ids=["one", "several"])
def test_the_library_imports_no_torch(portrait_clip: Path, many: bool) -> None:
    code = f"""
import sys
import numpy as np
from genconvit import Detector
with Detector(weights="embedded", device="cpu", face_detector="mtcnn", frames=2) as detector:
    sources = [sys.argv[1]] * {2 if many else 1}
    results = list(detector.predict_many(iter(sources)) if {many} else map(detector.predict, sources))
    detector.score_faces(np.zeros((1, 128, 128, 3), np.uint8))
print(*(result.status for result in results))
print(*({set(SLOW_IMPORTS)} & sys.modules.keys()))
"""
    statuses, imported = without_torch(code, portrait_clip).split("\n")[:2]
    assert set(statuses.split()) <= {"ok", "inconclusive"}
    assert imported == ""


def test_arrays_and_tensors_are_taken_as_ever() -> None:
    torch = pytest.importorskip("torch")
    crops = np.random.default_rng(0).integers(0, 256, (3, 128, 128, 3), np.uint8)
    with Detector(weights="embedded", device="cpu", face_detector="mtcnn") as detector:
        assert detector._open().parts.provenance.runtime == "onnxruntime"
        one, other = detector.score_faces(crops), detector.score_faces(torch.from_numpy(crops))
        larger = detector.score_faces(torch.from_numpy(crops.repeat(2, axis=1).repeat(2, axis=2)))
    assert np.array_equal(one.fake_probability, other.fake_probability)
    assert np.abs(one.fake_probability - larger.fake_probability).max() < 0.02


@pytest.mark.slow
@pytest.mark.parametrize("path", sorted(SHARED.joinpath("videos").glob("*.mp4")), ids=lambda path: path.name)
def test_real_clips_have_the_same_faces_and_scores(path: Path) -> None:
    found = []
    for runtime in ("torch", "onnxruntime"):
        options: dict[str, Any] = {"runtime": runtime, "precision": "fp32", "device": "cpu", "face_detector": "mtcnn"}
        with Detector(weights="embedded", **options) as detector:
            found.append(detector.predict(path))
    one, other = found
    assert len(one.faces) == len(other.faces) > 0
    for face, same in zip(one.faces, other.faces, strict=True):
        assert face.box == pytest.approx(same.box, abs=0.01)
    assert one.fake_probability == pytest.approx(other.fake_probability, abs=1e-3)
