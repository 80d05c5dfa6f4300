"""The front door: sources in, results out, and what is refused."""

from __future__ import annotations

import importlib.metadata
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from skimage import data

from genconvit import (
    Architecture,
    ArchitectureConfig,
    ConfigError,
    Detector,
    DetectorConfig,
    GenConViTError,
    ModelOutput,
    PluginError,
    SourceError,
    VideoResult,
)
from genconvit.core.types import ImageArray
from genconvit.faces.crop import crop_face
from genconvit.registry import ARCHITECTURES
from genconvit.results.result import UNTRAINED
from genconvit.verdict.aggregate import video_score
from support import cut_short, make_audio, remux, shared


@pytest.fixture(scope="module")
def portrait() -> np.ndarray[Any, np.dtype[np.uint8]]:
    image: np.ndarray[Any, np.dtype[np.uint8]] = data.astronaut()  # type: ignore[no-untyped-call]
    return image


def test_a_video_becomes_a_result_that_says_what_it_rests_on(detector: Detector, portrait_clip: Path) -> None:
    result = detector.predict(portrait_clip)
    assert (result.source, result.status, result.label) == (str(portrait_clip), "ok", None)
    assert [face.frame_index for face in result.faces] == [0, 11, 23]
    assert [face.pts_seconds for face in result.faces] == pytest.approx([0, 11 / 12, 23 / 12], abs=1e-3)
    for face in result.faces:
        left, top, right, bottom = face.crop
        assert right - left == bottom - top
        assert 0.9 <= face.confidence <= 1
        assert face.branches.keys() == {"ed"}
    provenance = result.provenance
    assert provenance.frame_indices == (0, 11, 23)
    assert provenance.weights.origin == "random"
    assert provenance.config["mode"] == "ed"
    assert provenance.face_detector.name == "mtcnn"
    assert provenance.decoder == "pyav"
    assert provenance.source_sha256 is not None
    assert UNTRAINED in result.notes
    assert UNTRAINED in str(result)


def test_a_result_survives_json_both_ways(detector: Detector, portrait_clip: Path) -> None:
    result = detector.predict(portrait_clip)
    assert VideoResult.model_validate_json(result.model_dump_json()) == result
    assert result.schema_version == 1


def test_scores_do_not_depend_on_the_run_or_the_batch(portrait_clip: Path) -> None:
    scores = []
    for batch_size in (1, 3, 3):
        options: dict[str, Any] = {"mode": "ed", "weights": "random", "device": "cpu", "frames": 5}
        with Detector("original", batch_size=batch_size, **options) as detector:
            scores.append(detector.predict(portrait_clip).fake_probability)
    assert scores[1] == scores[2]
    assert scores[0] == pytest.approx(scores[1], abs=1e-6)


def test_a_videos_score_follows_from_its_faces(detector: Detector, portrait_clip: Path) -> None:
    result = detector.predict(portrait_clip)
    fake = np.mean([branch.fake for face in result.faces for branch in face.branches.values()])
    real = np.mean([branch.real for face in result.faces for branch in face.branches.values()])
    assert result.fake_probability == pytest.approx((fake + 1 - real) / 2)
    assert result.published_score == pytest.approx(fake if fake > real else 1 - real)


def write_png(path: Path, image: np.ndarray[Any, np.dtype[np.uint8]]) -> Path:
    Image.fromarray(image).save(path)
    return path


def test_an_image_a_folder_an_array_and_a_tensor_are_sources(
    detector: Detector, portrait: np.ndarray[Any, np.dtype[np.uint8]], tmp_path: Path
) -> None:
    folder = tmp_path / "frames"
    folder.mkdir()
    for number in range(3):
        image = write_png(folder / f"{number}.png", portrait)
    sources: list[Any] = [image, folder, np.stack([portrait] * 3), torch.from_numpy(portrait).permute(2, 0, 1)]
    results = [detector.predict(source) for source in sources]
    assert [len(result.faces) for result in results] == [1, 3, 3, 1]
    assert [result.faces[0].pts_seconds for result in results] == [None] * 4
    scores = [result.fake_probability for result in results]
    assert scores == pytest.approx([scores[0]] * 4, abs=1e-6)
    assert results[2].source == "array uint8 [3, 512, 512, 3]"
    assert results[2].provenance.source_sha256 is None


def test_no_face_is_an_answer_without_a_score(detector: Detector) -> None:
    result = detector.predict(np.zeros((2, 240, 320, 3), np.uint8))
    assert (result.status, result.label, result.fake_probability, result.faces) == ("no_face", None, None, ())
    assert "no face (searched 2 frames" in str(result)


def broken_sources(folder: Path) -> dict[str, Path]:
    (folder / "empty.mp4").touch()
    (folder / "text.mp4").write_text("this is no video\n" * 50)
    (folder / "nothing").mkdir()
    make_audio(folder / "audio.mp4")
    return {
        "no such file": folder / "missing.mp4",
        "empty": folder / "empty.mp4",
        "text.mp4": folder / "text.mp4",
        "directory without images": folder / "nothing",
        "video stream": folder / "audio.mp4",
    }


def test_what_cannot_be_read_is_an_error_with_its_name_and_reason(detector: Detector, tmp_path: Path) -> None:
    for reason, path in broken_sources(tmp_path).items():
        with pytest.raises(SourceError, match=reason) as caught:
            detector.predict(path)
        assert caught.value.source == str(path)
        assert caught.value.reason


def test_predict_many_goes_on_after_what_cannot_be_read(
    detector: Detector, portrait_clip: Path, tmp_path: Path
) -> None:
    broken = list(broken_sources(tmp_path).values())
    results = list(detector.predict_many([*broken, portrait_clip]))
    assert [result.status for result in results] == ["unreadable"] * len(broken) + ["ok"]
    for result in results[:-1]:
        assert result.reason
        assert (result.label, result.fake_probability, result.faces) == (None, None, ())
        assert VideoResult.model_validate_json(result.model_dump_json()) == result


def test_predict_many_asks_for_a_few_sources_ahead(detector: Detector, portrait_clip: Path) -> None:
    taken: list[int] = []

    def sources() -> Any:
        for number in range(1000):
            taken.append(number)
            yield portrait_clip

    results = detector.predict_many(sources())
    assert taken == []
    next(results)
    results.close()
    assert taken == list(range(len(taken)))
    assert len(taken) < 40  # as many as have crops waiting for two batches, and a few that are being read


@pytest.mark.parametrize(
    ("options", "frames"),
    [({"max_faces": 2}, [0, 11]), ({"max_faces": 1}, [0]), ({"reference_crops": True}, [0, 11, 23])],
)
def test_a_limit_of_faces_is_kept_in_the_order_of_the_frames(
    portrait_clip: Path, options: dict[str, Any], frames: list[int]
) -> None:
    with Detector("original", mode="ed", weights="random", device="cpu", frames=3, **options) as detector:
        result = detector.predict(portrait_clip)
    assert [face.frame_index for face in result.faces] == frames
    assert any("limit" in note for note in result.notes) == (len(frames) < 3)


def test_reference_crops_allow_as_many_faces_as_frames(portrait: np.ndarray[Any, np.dtype[np.uint8]]) -> None:
    two = np.stack([np.concatenate([portrait, portrait], axis=1)] * 3)
    options: dict[str, Any] = {"mode": "ed", "weights": "random", "device": "cpu"}
    with Detector("original", **options) as free, Detector("original", reference_crops=True, **options) as limited:
        assert len(free.predict(two).faces) == 6
        assert [face.frame_index for face in limited.predict(two).faces] == [0, 0, 1]


def test_a_margin_widens_the_crop_and_nothing_else(portrait: np.ndarray[Any, np.dtype[np.uint8]]) -> None:
    options: dict[str, Any] = {"mode": "ed", "weights": "random", "device": "cpu"}
    with Detector("original", **options) as plain, Detector("original", margin=0.5, **options) as wide:
        (narrow,), (wider,) = plain.predict(portrait).faces, wide.predict(portrait).faces
    assert wider.box == narrow.box
    assert wider.crop[2] - wider.crop[0] == pytest.approx(1.5 * (narrow.crop[2] - narrow.crop[0]), abs=2)


def test_score_faces_takes_arrays_and_tensors(detector: Detector) -> None:
    crops = np.random.default_rng(0).integers(0, 256, (3, 224, 224, 3), np.uint8)
    scores = detector.score_faces(crops)
    assert scores.logits["ed"].shape == (3, 2)
    assert scores.logits["ed"].dtype == scores.fake_probability.dtype == np.float32
    p = torch.sigmoid(torch.from_numpy(scores.logits["ed"])).numpy()
    torch.testing.assert_close(scores.fake_probability, (p[:, 0] + 1 - p[:, 1]) / 2)
    torch.testing.assert_close(detector.score_faces(torch.from_numpy(crops)).logits["ed"], scores.logits["ed"])
    assert len(detector.score_faces(crops[:0])) == 0
    assert video_score(scores.logits).p_fake == pytest.approx(p[:, 0].mean().item())


@pytest.mark.parametrize("side", [100, 224, 300])
@pytest.mark.parametrize("kind", [np.asarray, torch.from_numpy])
def test_score_faces_resizes_crops_as_the_pipeline_cuts_them(
    detector: Detector, side: int, kind: Callable[[ImageArray], Any]
) -> None:
    crops = np.random.default_rng(0).integers(0, 256, (2, side, side, 3), np.uint8)
    whole = (0.0, 0.0, float(side), float(side))
    cut = np.stack([crop_face(crop, whole, 224)[0] for crop in crops])
    scores = detector.score_faces(kind(crops))
    assert scores.logits["ed"] == pytest.approx(detector.score_faces(cut, resize=False).logits["ed"], abs=1e-3)
    assert len(detector.score_faces(kind(crops[:0]))) == 0


@pytest.mark.parametrize("shape", [(1, 112, 100, 3), (1, 0, 0, 3), (1, 112, 112), (1, 112, 112, 4)], ids=str)
def test_score_faces_resizes_squares_only(detector: Detector, shape: tuple[int, ...]) -> None:
    with pytest.raises(ConfigError, match=r"uint8 \[N, S, S, 3\], an array or a tensor; got uint8"):
        detector.score_faces(np.zeros(shape, np.uint8))


@pytest.mark.parametrize(
    "faces",
    [
        np.zeros((1, 224, 224, 3), np.float32),
        np.zeros((224, 224, 3), np.uint8),
        np.zeros((1, 112, 112, 3), np.uint8),
        np.zeros((1, 3, 224, 224), np.uint8),
        np.zeros((1, 224, 224, 3), object),
        "faces.jpg",
    ],
    ids=["float", "one", "small", "channels first", "objects", "path"],
)
def test_score_faces_refuses_anything_else(detector: Detector, faces: Any) -> None:
    got = type(faces).__name__ if isinstance(faces, str) else f"{faces.dtype} {list(faces.shape)}"
    with pytest.raises(ConfigError, match=r"uint8 \[N, 224, 224, 3\]") as refused:
        detector.score_faces(faces, resize=False)
    assert f"got {got}" in str(refused.value).replace("torch.", "")


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"architecture": "orignal"}, PluginError, "did you mean 'original'"),
        ({"fraems": 3}, ConfigError, r"unknown option 'fraems' \(did you mean 'frames'\?\)"),
        ({"attention": False}, ConfigError, "unknown option 'attention'"),
        ({"frames": 0}, ConfigError, "frames is 0; allowed are a number of 1 and above"),
        ({"frames": -2}, ConfigError, "frames is -2; allowed are a number of 1 and above"),
        ({"frames": "some"}, ConfigError, "frames is 'some'; allowed are a number of 1 and above"),
        ({"cuda_graphs": True}, ConfigError, "cuda_graphs needs a CUDA device, got cpu"),
        ({"device": "abacus"}, ConfigError, "'abacus' is no device"),
        ({"device": "cuda:99"}, ConfigError, "not available here"),
        ({"precision": "fp8"}, ConfigError, "'bf16' or 'int8'"),
        ({"decoder": "vlc"}, PluginError, "unknown video decoder 'vlc'"),
        ({"face_detector": "haar"}, PluginError, "unknown face detector 'haar'"),
        ({"face_detector": "mtcnn", "face_model": "model.onnx"}, ConfigError, "mtcnn"),
        ({"face_model": "nowhere.onnx"}, ConfigError, r"nowhere\.onnx"),
        ({"max_faces": 0}, ConfigError, "greater than 0"),
        ({"margin": float("nan")}, ConfigError, "margin"),
        ({"face_model": __file__}, ConfigError, "onnx"),
    ],
    ids=str,
)
def test_a_wrong_option_is_an_error_before_anything_is_read(
    options: dict[str, Any], error: type[GenConViTError], message: str
) -> None:
    with pytest.raises(error, match=message):
        Detector(**{"mode": "ed", "weights": "random", **options})


def test_one_source_is_not_several(detector: Detector, portrait_clip: Path) -> None:
    for source in (str(portrait_clip), portrait_clip, np.zeros((2, 8, 8, 3), np.uint8)):
        with pytest.raises(ConfigError, match="takes several sources, got one"):
            detector.predict_many(source)  # type: ignore[arg-type]


def test_a_plugins_field_may_not_be_one_of_the_detectors() -> None:
    class Config(ArchitectureConfig):
        mode: str = "plain"
        frames: int = 7

    class Greedy(Architecture):
        config_class = Config

        def __init__(self, config: Config) -> None:
            super().__init__(config)

        def forward(self, faces: torch.Tensor) -> ModelOutput:
            return ModelOutput({"main": faces.mean(dim=(2, 3))[:, :2]})

    ARCHITECTURES.register("greedy", Greedy)
    try:
        with pytest.raises(PluginError, match="fields that are the detector's own: frames"):
            Detector("greedy", weights="random")
    finally:
        ARCHITECTURES.unregister("greedy")


def test_read_only_crops_are_scored_without_a_warning(detector: Detector) -> None:
    crops = np.zeros((1, 224, 224, 3), np.uint8)
    crops.flags.writeable = False
    assert len(detector.score_faces(crops)) == 1


def test_the_result_names_the_packages_that_computed_it(detector: Detector, portrait_clip: Path) -> None:
    packages = detector.predict(portrait_clip).provenance.packages
    assert packages["torch"] == importlib.metadata.version("torch")
    assert {"genconvit", "av", "facenet-pytorch"} <= packages.keys()


def test_a_config_makes_the_same_detector_and_round_trips(portrait_clip: Path, detector: Detector) -> None:
    config = DetectorConfig.model_validate_json(detector.config.model_dump_json())
    assert config == detector.config
    with Detector(config) as again:
        assert again.predict(portrait_clip) == detector.predict(portrait_clip)
    with pytest.raises(ConfigError, match="takes no further options, got frames"):
        Detector(config, frames=3)


def test_a_closed_detector_says_so(portrait_clip: Path) -> None:
    detector = Detector("original", mode="ed", weights="random", device="cpu")
    detector.close()
    detector.close()
    with pytest.raises(GenConViTError, match="closed"):
        detector.predict(portrait_clip)
    with pytest.raises(GenConViTError, match="closed"):
        detector.score_faces(np.zeros((0, 224, 224, 3), np.uint8))


def test_threads_share_a_detector(detector: Detector, portrait_clip: Path) -> None:
    wanted = detector.predict(portrait_clip)
    results: list[VideoResult] = []
    threads = [threading.Thread(target=lambda: results.append(detector.predict(portrait_clip))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [result.faces for result in results] == [wanted.faces] * 4


def test_a_file_that_is_cut_short_has_a_result_that_says_so(tmp_path: Path) -> None:
    clip = remux(shared("videos", "0017_fake.mp4"), tmp_path / "whole.mp4", index_in_front=True)
    truncated = cut_short(remux(clip, tmp_path / "truncated.mp4", index_in_front=True), 0.5)
    with Detector("original", mode="ed", weights="random", device="cpu", frames=10) as detector:
        result, whole = detector.predict(truncated), detector.predict(clip)
    assert (result.status, result.provenance.decoder) == ("ok", "pyav")
    assert any(note.startswith("the file is cut short: ") for note in result.notes)
    assert len(result.provenance.frame_indices) == 10
    assert result.provenance.frame_indices[-1] < whole.provenance.frame_indices[-1]


def test_a_script_without_a_main_guard_works(portrait_clip: Path, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import sys\nfrom genconvit import Detector\n"
        "detector = Detector('original', mode='ed', weights='random', device='cpu', frames=1)\n"
        "print(detector.predict(sys.argv[1]).status)\n"
    )
    run = subprocess.run([sys.executable, script, portrait_clip], capture_output=True, text=True, check=False)
    assert (run.returncode, run.stdout) == (0, "ok\n"), run.stderr


@pytest.mark.parametrize("name", ["0017_fake", "0048_fake", "anndvqgoko", "sample_2", "sample_4"])
@pytest.mark.parametrize("face_detector", [pytest.param("mtcnn", marks=pytest.mark.slow), "insightface"])
def test_every_real_clip_has_faces(name: str, face_detector: str) -> None:
    clip = shared("videos", f"{name}.mp4")
    model = shared("models", "scrfd.onnx") if face_detector == "insightface" else None
    options: dict[str, Any] = {"face_detector": face_detector, "face_model": model, "frames": 3}
    with Detector("original", mode="ed", weights="random", device="cpu", **options) as detector:
        result = detector.predict(clip)
    assert result.status == "ok"
    assert len({face.frame_index for face in result.faces}) >= 2
    assert result.provenance.face_detector.name == face_detector
