from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch

from genconvit.core.errors import ConfigError
from genconvit.faces.detector_choice import FaceDetectorChoice, open_face_detector, resolve_face_detector
from genconvit.faces.mtcnn import MTCNNDetector


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder without packs."""
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def pack(home: Path) -> Path:
    model = home / ".insightface" / "models" / "buffalo_s" / "det_500m.onnx"
    model.parent.mkdir(parents=True)
    model.write_bytes(b"")
    return model


def test_auto_is_mtcnn_without_a_model() -> None:
    choice = resolve_face_detector("auto")
    assert (choice.name, choice.model_path) == ("mtcnn", None)
    assert choice.reason == "no insightface model was given or found on disk"


def test_auto_is_insightface_with_a_pack_on_disk(home: Path) -> None:
    model = pack(home)
    reason = f"its model {model.name} was found on disk"
    assert resolve_face_detector("auto") == FaceDetectorChoice("insightface", model, reason)
    assert resolve_face_detector("insightface") == FaceDetectorChoice("insightface", model, reason)


@pytest.mark.parametrize("name", ["auto", "insightface"])
def test_a_given_model_means_insightface(home: Path, name: str) -> None:
    pack(home)
    model = home / "mine.onnx"
    model.write_bytes(b"")
    choice = resolve_face_detector(name, str(model))
    assert choice == FaceDetectorChoice("insightface", model, f"its model {model.name} was given")


@pytest.mark.parametrize("name", ["auto", "insightface"])
def test_a_given_model_that_is_not_there_is_never_replaced(home: Path, name: str) -> None:
    pack(home)
    with pytest.raises(ConfigError, match="no insightface pack 'buffalo_l'"):
        resolve_face_detector(name, "buffalo_l")


def test_insightface_without_a_model_is_an_error(home: Path) -> None:
    with pytest.raises(ConfigError, match=f'none was given and no pack is in {home}.*face_detector="mtcnn"'):
        resolve_face_detector("insightface")


def test_mtcnn_takes_no_model(home: Path) -> None:
    pack(home)
    assert resolve_face_detector("mtcnn") == FaceDetectorChoice("mtcnn", None, "it was asked for")
    with pytest.raises(ConfigError, match="'mtcnn' carries its own weights and takes no model, got 'buffalo_s'"):
        resolve_face_detector("mtcnn", "buffalo_s")


def test_another_name_is_passed_on() -> None:
    assert resolve_face_detector("mine") == FaceDetectorChoice("mine", None, "it was asked for")
    assert resolve_face_detector("mine", "a/model.bin").model_path == Path("a/model.bin")


def test_the_choice_imports_nothing_heavy() -> None:
    code = (
        "import sys; import genconvit.faces.detector_choice as s; s.resolve_face_detector('auto'); "
        "print([m for m in ('insightface', 'onnxruntime', 'facenet_pytorch', 'cv2') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stdout.strip()) == (0, "[]"), done.stderr


class OnlyOnTheCpu(MTCNNDetector):
    def __init__(self, model: Path | None, device: torch.device) -> None:
        if device.type != "cpu":
            raise ConfigError(f"no {device} for me")
        super().__init__(model, device)


def test_a_face_detector_falls_back_to_the_cpu_only_where_it_may_and_says_so() -> None:
    meta = torch.device("meta")
    detector, note = open_face_detector(OnlyOnTheCpu, None, meta, may_fall_back=True)
    assert isinstance(detector, OnlyOnTheCpu)
    assert note == "faces were found on the cpu, not on meta: no meta for me"
    with pytest.raises(ConfigError, match="no meta for me"):
        open_face_detector(OnlyOnTheCpu, None, meta, may_fall_back=False)
    assert open_face_detector(OnlyOnTheCpu, None, torch.device("cpu"), may_fall_back=True)[1] is None
