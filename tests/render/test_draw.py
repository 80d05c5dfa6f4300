"""What is drawn over a frame can be seen in its pixels, and nothing else changes."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from genconvit import ConfigError, Frame
from genconvit.core.types import ImageArray
from genconvit.render.colours import PEOPLE, colour_of
from genconvit.render.legend import legend_lines
from genconvit.results.decision import CalibrationInfo, Decision
from genconvit.results.result import UNTRAINED
from render.made import BOX, face, made_result
from scored import result

GREY: ImageArray = np.full((240, 320, 3), 128, np.uint8)
WIDE = (100.0, 60.0, 220.0, 180.0)


def changed(drawn: ImageArray) -> tuple[int, int, int, int]:
    """Left, top, right, bottom of what differs from grey."""
    rows, columns = np.nonzero((drawn != GREY).any(axis=2))
    return int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1


def test_a_box_is_drawn_where_the_face_is_and_nothing_else() -> None:
    drawn = made_result([face(0, box=WIDE)], [0]).draw(Frame(0, 0.0, GREY), ["boxes"])
    left, top, right, bottom = changed(drawn)
    assert np.allclose((left, top, right, bottom), WIDE, atol=4)
    assert np.array_equal(drawn[80:160, 120:200], GREY[80:160, 120:200])


def test_the_frame_itself_stays_as_it_is() -> None:
    image = GREY.copy()
    made_result([face(0, box=WIDE)], [0]).draw(Frame(0, 0.0, image))
    assert np.array_equal(image, GREY)


def test_an_interpolated_box_has_gaps() -> None:
    found = made_result([face(0, box=WIDE), face(10, box=WIDE)], [0, 10])
    solid, dashed = (found.draw(Frame(index, 0.0, GREY), ["boxes"]) for index in (0, 5))
    edge = slice(110, 210)
    assert (solid[60, edge] != GREY[60, edge]).any(axis=1).all()
    drawn = (dashed[60, edge] != GREY[60, edge]).any(axis=1)
    assert 0.3 < drawn.mean() < 0.7


def test_people_have_colours_of_their_own() -> None:
    assert len(set(PEOPLE)) == len(PEOPLE)
    assert colour_of(len(PEOPLE)) == colour_of(0)
    found = made_result([face(0, box=WIDE), face(0, track=1, box=(10.0, 10.0, 60.0, 60.0))], [0])
    drawn = found.draw(Frame(0, 0.0, GREY), ["boxes"])
    for person, place in ((0, (120, 100)), (1, (30, 10))):
        around = drawn[place[0], place[1] - 3 : place[1] + 4].tolist()
        assert list(bytes.fromhex(colour_of(person)[1:])) in around


@pytest.mark.parametrize("box", [(-50.0, -50.0, 20.0, 20.0), (300.0, 220.0, 500.0, 400.0), (-900.0, 0.0, -800.0, 90.0)])
def test_a_box_over_the_edge_is_cut_there(box: tuple[float, float, float, float]) -> None:
    drawn = made_result([face(0, box=box)], [0]).draw(Frame(0, 0.0, GREY))
    assert drawn.shape == GREY.shape


@pytest.mark.parametrize("size", [(1, 1), (16, 24), (48, 2000), (2000, 48)])
def test_a_frame_of_any_size_can_be_drawn_on(size: tuple[int, int]) -> None:
    image = np.zeros((*size, 3), np.uint8)
    drawn = made_result([face(0, box=BOX)], [0]).draw(Frame(0, 0.0, image))
    assert drawn.shape == image.shape


def test_a_tensor_is_drawn_on_as_an_array_is() -> None:
    found = made_result([face(0, box=WIDE)], [0])
    drawn = found.draw(Frame(0, 0.0, torch.tensor(GREY)))
    assert np.array_equal(drawn, found.draw(Frame(0, 0.0, GREY)))


def test_an_unknown_overlay_is_named_with_the_known_ones() -> None:
    with pytest.raises(ConfigError, match=r"unknown overlay 'boxs' .did you mean 'boxes'.*probabilities"):
        made_result([face(0)], [0]).draw(Frame(0, 0.0, GREY), ["boxs"])


def test_the_legend_says_the_verdict() -> None:
    assert legend_lines(made_result([face(0)], [0]))[0] == "FAKE, fake probability of the video 0.75"
    calibration = CalibrationInfo(name="c.json", sha256="0" * 64, method="temperature")
    decision = Decision(threshold=0.5, threshold_from="default", calibration=calibration)
    calibrated = made_result([face(0)], [0], decision=decision, calibrated_probability=0.6)
    assert legend_lines(calibrated)[0] == "FAKE, calibrated fake probability of the video 0.60"
    assert legend_lines(result("a.mp4", None)) == ("no face",)


def test_the_legend_of_untrained_weights_has_no_number() -> None:
    assert legend_lines(made_result([face(0)], [0], trained=False, label=None))[0] == UNTRAINED
