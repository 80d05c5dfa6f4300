"""Heat maps of a result are those of its faces as the networks saw them, and are drawn where the faces are."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from genconvit import ConfigError, Detector, Frame, HeatMap, ResultHeatMaps, SourceFrames, VideoResult, grad_cam_maps
from genconvit.core.input_spec import InputSpec
from genconvit.core.types import Box, FloatArray, ImageArray, on_host
from genconvit.faces.crop import crop_face
from genconvit.render.heat_maps import mean_map, why_no_heat_maps
from genconvit.render.legend import legend_lines
from genconvit.results.result import FaceResult
from render.made import face, made_result

RED: ImageArray = np.full((240, 320, 3), (200, 40, 40), np.uint8)
SQUARE: Box = (100.0, 60.0, 200.0, 160.0)
HOT = np.array([[0, 0], [0, 2]], np.float32)


def maps(**by_number: FloatArray) -> ResultHeatMaps:
    return ResultHeatMaps(
        "Grad-CAM for fake, branch ed", "logit", {int(number[1:]): each for number, each in by_number.items()}
    )


def heated(drawn: ImageArray) -> Box | None:
    """Left, top, right, bottom of what is no longer red."""
    rows, columns = np.nonzero((drawn != RED).any(axis=2))
    ends = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1) if len(rows) else None
    return None if ends is None else (float(ends[0]), float(ends[1]), float(ends[2]), float(ends[3]))


def in_frame(found: VideoResult, index: int, heat_maps: ResultHeatMaps, *names: str) -> ImageArray:
    return found.draw(Frame(index, 0.0, RED), names or ["heat_maps"], heat_maps=heat_maps)


def two_faces(first: Box, second: Box) -> VideoResult:
    return made_result([face(0, box=first), face(10, box=second)], [0, 10])


def test_heat_is_drawn_over_the_square_that_the_networks_saw() -> None:
    seen = FaceResult.model_validate({**dict(face(0, box=(90.0, 40.0, 210.0, 180.0))), "crop": SQUARE})
    drawn = in_frame(made_result([seen], [0]), 0, maps(_0=HOT))
    assert heated(drawn) == SQUARE
    hot, cold = drawn[150, 190].astype(int), drawn[70, 110].astype(int)
    assert hot.max() > 180 > 100 > hot.min(), "the light yellow of heat"
    assert np.ptp(cold) == 0, "grey where it is cold"


@pytest.mark.parametrize(
    ("square", "inside"),
    [
        ((-50.0, -50.0, 50.0, 50.0), (0, 0, 50, 50)),
        ((270.0, 190.0, 370.0, 290.0), (270, 190, 320, 240)),
        ((-50.0, -50.0, 400.0, 400.0), (0, 0, 320, 240)),
        ((400.0, 0.0, 500.0, 100.0), None),
    ],
)
def test_heat_over_the_edge_is_cut_there(square: Box, inside: tuple[float, ...] | None) -> None:
    drawn = in_frame(two_faces(square, square), 0, maps(_0=HOT))
    assert heated(drawn) == inside
    if inside is not None and square[0] < 0:
        whole = in_frame(two_faces(SQUARE, SQUARE), 0, maps(_0=HOT))
        if square[2] == 50:
            assert np.abs(drawn[:50, :50].astype(int) - whole[110:160, 150:200]).max() <= 1, "the lower right quarter"


def test_between_searched_frames_heat_goes_from_one_to_the_other() -> None:
    found = two_faces((0.0, 0.0, 100.0, 100.0), SQUARE)
    drawn = in_frame(found, 5, maps(_0=HOT, _1=HOT))
    assert heated(drawn) == (50, 30, 150, 130)
    half = in_frame(found, 5, maps(_0=HOT, _1=np.zeros_like(HOT)))
    assert half[125, 145].astype(int).sum() < drawn[125, 145].astype(int).sum(), "half as hot"


def test_heat_of_one_end_alone_is_not_carried_into_frames_that_nobody_saw() -> None:
    found = two_faces(SQUARE, SQUARE)
    assert heated(in_frame(found, 5, maps(_0=HOT))) is None
    assert heated(in_frame(found, 5, maps(_0=HOT, _1=np.ones((3, 3), np.float32)))) is None
    assert heated(in_frame(found, 10, maps(_0=HOT))) is None


def test_heat_is_off_unless_it_is_given_or_named() -> None:
    found, frame = two_faces(SQUARE, SQUARE), Frame(0, 0.0, RED)
    plain = found.draw(frame)
    assert np.array_equal(found.draw(frame, ["boxes"], heat_maps=maps(_0=HOT)), found.draw(frame, ["boxes"]))
    assert not np.array_equal(found.draw(frame, heat_maps=maps(_0=HOT)), plain)


def test_heat_that_is_named_and_not_given_is_an_error_that_says_how_to_make_it() -> None:
    with pytest.raises(ConfigError, match=r"'heat_maps' draws heat maps, and got none; make them with .*grad_cam_maps"):
        two_faces(SQUARE, SQUARE).draw(Frame(0, 0.0, RED), ["boxes", "heat_maps"])


def test_the_legend_names_the_method_and_shows_the_scale() -> None:
    found, heat = two_faces(SQUARE, SQUARE), maps(_0=HOT)
    assert legend_lines(found, heat)[-1] == "heat map: Grad-CAM for fake, branch ed; no mask of a manipulation"
    with_scale = in_frame(found, 20, heat, "heat_maps", "legend")
    without = in_frame(found, 20, heat, "legend")
    assert (with_scale.max(axis=2) > 240).sum() > (without.max(axis=2) > 240).sum()
    yellow = (with_scale.astype(int) - [253, 238, 92] < 4).all(axis=2) & (with_scale[..., 0] > 240)
    assert yellow.any()
    assert not ((without.astype(int) - [253, 238, 92] < 4).all(axis=2) & (without[..., 0] > 240)).any()


def test_the_mean_of_maps_has_the_finest_grid() -> None:
    fine, coarse = np.arange(16, dtype=np.float32).reshape(4, 4), np.full((2, 2), 3, np.float32)
    mean = mean_map({"ed": HeatMap(coarse, 8), "vae": HeatMap(fine, 8)})
    assert mean.dtype == np.float32
    assert np.allclose(mean, (fine + 3) / 2)


@pytest.fixture(scope="module")
def embedded() -> Iterator[Detector]:
    options: dict[str, Any] = {"device": "cpu", "face_detector": "mtcnn"}
    with Detector(weights="embedded", frames=3, **options) as detector:
        yield detector


def test_maps_are_those_of_the_faces_as_they_were_scored(embedded: Detector, portrait_clip: Path) -> None:
    result = embedded.predict(portrait_clip)
    assert len(result.faces) == 3
    with SourceFrames(embedded.config) as frames:
        found = grad_cam_maps(result, embedded, frames)
        spec = result.provenance.input_spec
        assert spec is not None
        reading = zip(frames.read(result, [each.frame_index for each in result.faces]), result.faces, strict=True)
        crops = [crop_face(on_host(frame.image), each.crop, spec.size)[0] for frame, each in reading]
    maps = embedded.heat_maps(np.stack(crops))
    for number, each in enumerate(maps):
        assert each.fake_probability == pytest.approx(result.faces[number].fake_probability, abs=0.01)
        assert np.allclose(found.maps[number], np.mean([m.raw for m in each.grad_cam.values()], axis=0), atol=1e-5)
    assert found.method == "Grad-CAM for fake, mean of ed and vae"
    assert found.hottest == pytest.approx(max(each.max() for each in found.maps.values()))


def test_a_result_without_faces_has_no_maps_and_reads_nothing(embedded: Detector) -> None:
    sound = made_result([face(0)], [0])
    provenance = sound.provenance.model_copy(
        update={"weights": embedded.weights, "input_spec": InputSpec(size=128), "frame_indices": ()}
    )
    none = VideoResult(source="gone.mp4", status="no_face", provenance=provenance)
    with SourceFrames() as frames:
        assert grad_cam_maps(none, embedded, frames).maps == {}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"input_spec": None}, "does not say what its networks saw"),
        ({"input_spec": InputSpec(size=128, frames=4)}, "see clips of several faces"),
        ({"input_spec": InputSpec(size=128, aligned=True)}, "see turned faces"),
        ({"weights": None}, "has other weights than those"),
    ],
)
def test_faces_that_cannot_be_made_again_have_no_maps(embedded: Detector, change: dict[str, Any], reason: str) -> None:
    found = made_result([face(0)], [0])
    given = {"weights": embedded.weights, "input_spec": InputSpec(size=128), **change}
    if change.get("weights", True) is None:
        given["weights"] = found.provenance.weights
    other = found.model_copy(update={"provenance": found.provenance.model_copy(update=given)})
    assert reason in (why_no_heat_maps(other, embedded) or "")
    with (
        pytest.raises(ConfigError, match=f"no heat maps of 'a.mp4': .*{reason}.*; leave them out"),
        SourceFrames() as frames,
    ):
        grad_cam_maps(other, embedded, frames)


def test_untrained_weights_have_no_maps(detector: Detector) -> None:
    untrained = made_result([face(0)], [0], trained=False, label=None)
    assert "never trained" in (why_no_heat_maps(untrained, detector) or "")
