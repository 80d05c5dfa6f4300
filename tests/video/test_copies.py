from __future__ import annotations

import pytest

from genconvit.video.copies import clip_name, copies


@pytest.mark.parametrize(
    ("sources", "used"),
    [
        pytest.param(
            {"c23/images/071": True, "c23/videos/071.mp4": False, "c40/images/071": True},
            {"c23/images/071": "c23/videos/071.mp4"},
            id="FaceForensics++",
        ),
        pytest.param(
            {"c23/frames/071": True, "c23/landmarks/071": True, "c23/masks/071": True, "c23/videos/071.mp4": False},
            dict.fromkeys(("c23/frames/071", "c23/landmarks/071", "c23/masks/071"), "c23/videos/071.mp4"),
            id="DeepfakeBench",
        ),
        pytest.param(
            {"c23/masks/071": True, "c23/frames/071": True, "c23/faces/071": True},
            {"c23/masks/071": "c23/frames/071", "c23/faces/071": "c23/frames/071"},
            id="DeepfakeBench without videos",
        ),
        pytest.param({"a.mp4": False, "a": True, "b": True}, {"a": "a.mp4"}, id="frames beside their video"),
        pytest.param({"a.mp4": False, "a.mp4 2": True, "b/a": True}, {}, id="other names"),
        pytest.param({"a.mp4": False, "a.mov": False, "a": True}, {"a": "a.mp4"}, id="two videos stay two"),
        pytest.param(
            {"Videos/real/a.mp4": False, "FACES/real/a/0": True, "FACES/real/a/1": True},
            {"FACES/real/a/0": "Videos/real/a.mp4", "FACES/real/a/1": "Videos/real/a.mp4"},
            id="a folder for each person",
        ),
        pytest.param({"a/frames": True, "a.mp4": False, "b/frames": True}, {"a/frames": "a.mp4"}, id="below a clip"),
        pytest.param({"frames": True, "faces": True, "a.mp4": False}, {"faces": "frames"}, id="of no clip's name"),
        pytest.param({"real/1.jpg": False, "real/1": True}, {"real/1.jpg": "real/1"}, id="a poster beside frames"),
        pytest.param({"frames": True}, {}, id="frames alone"),
        pytest.param({".": True}, {}, id="the root itself"),
        pytest.param({"masks/a": True, "masks/b.mp4": False}, {}, id="people who wear masks"),
        pytest.param(
            {"masks/videos/a.mp4": False, "videos/a.mp4": False}, {"masks/videos/a.mp4": "videos/a.mp4"}, id="masks"
        ),
    ],
)
def test_a_clip_counts_once_in_its_best_form(sources: dict[str, bool], used: dict[str, str]) -> None:
    assert copies(sources) == used
    assert copies(dict(reversed(sources.items()))).keys() == used.keys()


def test_names() -> None:
    assert {clip_name(name) for name in ("x/videos/a.mp4", "x/frames/a", "x/a.MOV", "x/a.mp4/faces")} == {"x/a"}
    assert clip_name("x/a.2020") == "x/a.2020"
    assert clip_name("frames") == ""
