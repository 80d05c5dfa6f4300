"""The page of a result shows it whole, lets nothing else in, and takes texts from outside as texts."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from genconvit import Detector, VideoResult
from genconvit.core.errors import SourceAccessError, SourceChangedError
from genconvit.core.input_spec import InputSpec
from genconvit.render.page import result_page
from genconvit.render.page_faces import MOST_FACES, extreme_faces, shown_numbers
from genconvit.results.credentials import ContentCredentials
from genconvit.results.decision import CalibrationInfo, Decision
from genconvit.results.quality import FaceQuality, findings_of, poor_faces
from render.made import face, made_result
from render.pages import Page, check_closed
from scored import result
from support import grey_frames, make_video

HOSTILE = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>\u202e\n\x1b[31m</style></title>{{7*7}}]]>&-->"


def page_of(found: VideoResult, **options: Any) -> Page:
    return Page(found.to_html(**options))


def text_of(page: Page) -> str:
    """The text that a person sees, with single spaces."""
    (body,), (script,) = page.all("body"), page.all("script")
    return " ".join(body.text.replace(script.text, "").split())


def tags_of(page: Page) -> list[str]:
    return [element.tag for element in page.elements]


def values_of(page: Page, name: str) -> list[str]:
    return [element.attributes[name] for element in page.elements if name in element.attributes]


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return make_video(tmp_path / "clip.mp4", grey_frames(40))


@pytest.fixture
def seen(clip: Path) -> VideoResult:
    """Two people in a clip that is there, one of them with a poor picture."""
    small = FaceQuality(width_px=20, outside=0, sharpness=0.2, luma=120, clipped=0, yaw_degrees=-3)
    poor = face(10, track=1, probability=0.2).model_copy(update={"quality": small, "findings": findings_of(small)})
    found = made_result([face(0), face(10), poor, face(20)], [0, 10, 20, 30], source=clip, person="pool")
    spec = InputSpec(size=32)
    counts = poor_faces([each.findings if each.quality else None for each in found.faces])
    provenance = found.provenance.model_copy(update={"input_spec": spec, "decoder": "pyav"})
    return found.model_copy(update={"provenance": provenance, "score_rule": "mean", "poor_faces": counts})


def test_it_holds_all_that_it_shows_and_asks_nobody_for_anything(seen: VideoResult) -> None:
    text = seen.to_html()
    check_closed(text)
    page = Page(text)
    assert page.policy.startswith("default-src 'none'; img-src data:; style-src 'sha256-")
    assert page.policy.endswith("; base-uri 'none'; form-action 'none'")
    assert all(value.startswith("data:image/jpeg;base64,") for value in values_of(page, "src"))
    assert all(value.startswith("#") for value in values_of(page, "href"))
    assert not re.search(r"(https?|ftp|file|javascript):(?! )", text.replace("http://www.w3.org/2000/svg", ""))


def test_headings_are_in_order_names_are_unique_and_links_lead_somewhere(seen: VideoResult) -> None:
    page = page_of(seen)
    levels = [int(tag[1]) for tag in tags_of(page) if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    names = values_of(page, "id")
    assert len(names) == len(set(names))
    assert {link.removeprefix("#") for link in values_of(page, "href")} <= set(names)
    assert {name for value in values_of(page, "aria-labelledby") for name in value.split()} <= set(names)
    assert all(values_of(page, "alt"))
    assert len(values_of(page, "alt")) == len(page.all("img")) > 0
    assert {"main", "nav", "header", "footer"} <= set(tags_of(page))


def test_a_point_of_the_timeline_leads_to_its_face(seen: VideoResult) -> None:
    page = page_of(seen)
    points = [link.attributes.get("aria-label") for link in page.all("a")]
    assert "0:00.4: person 2, fake probability 0.20" in points
    assert {f"face-{number}" for number in range(4)} <= set(values_of(page, "id"))


def test_it_says_what_was_found_and_what_limits_it(seen: VideoResult) -> None:
    text = text_of(page_of(seen))
    assert "FAKE" in text
    assert "The video's fake probability, 0.750, lies above the threshold of 0.500" in text
    assert "Nothing is recorded of what these weights learned from" in text
    assert "The fake probability is not calibrated" in text
    assert "4 faces of 2 people, as far as boxes can tell, in 3 of the searched frames" in text
    assert "Frames without a face1: 30" in text
    assert "too small: 20 pixels wide, fewer than 48" in text
    assert str(seen.provenance.source_sha256) in text
    assert "They were not read for this result" in text
    assert "Heat maps are left out: the page was made without a detector that has the weights." in text
    assert "1 of 1 faces that the score rests on are poor" in text


def test_what_the_weights_say_of_themselves_is_said_once(seen: VideoResult) -> None:
    weights = seen.provenance.weights.model_copy(update={"about": "trained on a, wrong in 1 of 2"})
    provenance = seen.provenance.model_copy(update={"weights": weights})
    found = seen.model_copy(update={"provenance": provenance, "notes": (weights.about, "a note")})
    text = text_of(page_of(found, source=""))
    assert text.count("rained on a, wrong in 1 of 2") == 1
    assert "a note" in text


def test_a_doubtful_score_gets_no_label_and_its_band_is_named() -> None:
    calibration = CalibrationInfo(name="c.json", sha256="0" * 64, method="temperature")
    band = Decision(threshold=0.5, threshold_from="default", inconclusive=(0.4, 0.7), calibration=calibration)
    found = made_result([face(0)], [0], decision=band, calibrated_probability=0.6, status="inconclusive", label=None)
    text = text_of(page_of(found))
    assert "Inconclusive" in text
    assert "calibrated fake probability, 0.600 (before the calibration: 0.750), lies in the band" in text
    assert "The probability is calibrated by c.json" in text


@pytest.mark.parametrize("status", ["no_face", "unreadable"])
def test_without_a_face_there_is_a_page_too(status: str) -> None:
    found = result("a.mp4", None, status=status, reason="the file is empty" if status == "unreadable" else None)
    page = page_of(found)
    assert ("No face was found" if status == "no_face" else "The reason: the file is empty.") in text_of(page)
    assert not {"img", "svg"} & set(tags_of(page))
    assert "The result holds no SHA-256 of the source" in text_of(page)


def test_untrained_weights_look_like_no_verdict(clip: Path) -> None:
    found = made_result([face(0), face(10)], [0, 10], source=clip, trained=False, label=None)
    page = page_of(found)
    assert "Untrained: no verdict" in text_of(page)
    assert "0.75" not in text_of(page)
    assert "0.5" not in re.sub(r"0\.5 \(default\)", "", text_of(page))
    assert not text_of(page).count("Most suspicious")
    assert len(page.all("polyline")) == 0
    assert len(page.all("img")) == 4


@pytest.mark.parametrize(
    ("credentials", "says"),
    [
        ({"state": "absent"}, "State: absent. None in the file. This proves nothing"),
        ({"state": "valid", "signer_trust": "unchecked"}, "State: valid. Intact, signer not checked."),
        ({"state": "invalid", "failed_checks": [{"code": "assertion.X"}]}, "State: invalid. Invalid (assertion.X)."),
        ({"state": "unreadable", "reason": "Too large"}, "State: unreadable. Unreadable (Too large)."),
    ],
)
def test_content_credentials_stand_in_their_state(credentials: dict[str, Any], says: str) -> None:
    found = made_result([face(0)], [0], credentials=ContentCredentials.model_validate(credentials))
    assert says in text_of(page_of(found))
    assert "They never change the score." in text_of(page_of(found))


class TestPictures:
    def test_each_face_is_shown_with_its_frame(self, seen: VideoResult) -> None:
        page = page_of(seen)
        assert len(page.all("img")) == 2 * 4 + 4
        assert "It holds pictures of people" in text_of(page)

    def test_a_file_that_changed_is_left_out_and_refused_where_it_is_given(self, seen: VideoResult, clip: Path) -> None:
        clip.write_bytes(clip.read_bytes() + b"x")
        assert "left out: the file has changed since it was scored." in text_of(page_of(seen))
        with pytest.raises(SourceChangedError, match="score it again"):
            seen.to_html(source=clip)

    def test_a_file_that_is_gone_is_left_out_and_read_elsewhere(
        self, seen: VideoResult, clip: Path, tmp_path: Path
    ) -> None:
        moved = clip.rename(tmp_path / "elsewhere.mp4")
        assert "left out: the file is not at hand (no such file; check the path)." in text_of(page_of(seen))
        assert len(page_of(seen, source=moved).all("img")) == 12
        with pytest.raises(SourceAccessError):
            seen.to_html(source=clip)

    def test_none_are_read_where_none_are_wanted(self, seen: VideoResult) -> None:
        page = page_of(seen, source="")
        assert len(page.all("img")) == 0
        assert "the page was asked for without pictures" in text_of(page)

    def test_a_source_without_a_hash_has_none(self) -> None:
        assert "the source has no SHA-256" in text_of(page_of(made_result([face(0)], [0])))


@pytest.fixture(scope="module")
def embedded() -> Iterator[Detector]:
    with Detector(weights="embedded", device="cpu", face_detector="mtcnn", frames=4) as detector:
        yield detector


class TestHeatMaps:
    def test_they_stand_beside_the_most_and_least_suspicious_faces(
        self, embedded: Detector, portrait_clip: Path
    ) -> None:
        found = embedded.predict(portrait_clip)
        page = page_of(found, detector=embedded)
        most, least = extreme_faces(found)
        kinds = [alt for alt in values_of(page, "alt") if alt.startswith(("Grad-CAM", "Attention", "Reconstruction"))]
        assert len(kinds) == 6 * len({*most, *least}) > 0
        assert "to within 0.00" in text_of(page)
        assert "Trained on DFDC's face swaps" in text_of(page)

    def test_weights_that_did_not_score_the_faces_make_none(self, seen: VideoResult, detector: Detector) -> None:
        assert "has other weights than those that scored the faces" in text_of(page_of(seen, detector=detector))

    def test_where_they_were_switched_off_that_is_the_reason(self, seen: VideoResult, detector: Detector) -> None:
        for each in (None, detector):
            page = Page(result_page(seen, source=None, detector=each, command=None, heat_maps=False))
            assert "Heat maps are left out: they were switched off." in text_of(page)

    def test_untrained_weights_make_none(self, clip: Path, detector: Detector) -> None:
        found = made_result([face(0)], [0], source=clip, trained=False, label=None)
        assert "Grad-CAM" not in text_of(page_of(found, detector=detector))


class TestManyFaces:
    def test_a_page_stays_small(self, clip: Path) -> None:
        noise = np.random.default_rng(0).random(5_000).tolist()
        faces = [face(number, track=number % 30, probability=noise[number]) for number in range(5_000)]
        found = made_result(faces, range(5_000), source=clip, frame_count=5_000)
        made = found.to_html(source="")
        page = Page(made)
        assert len(made) < 2_000_000
        assert len(page.all("article")) == MOST_FACES + 6
        assert f"{MOST_FACES} of 5000 faces are shown" in text_of(page)
        assert "20 of 30 are listed" in text_of(page)
        assert {link for link in values_of(page, "href") if link.startswith("#face")} <= {
            f"#{name}" for name in values_of(page, "id")
        }

    def test_the_extremes_are_among_the_shown(self) -> None:
        faces = [face(number, probability=(number * 37 % 500) / 500) for number in range(500)]
        found = made_result(faces, range(500))
        most, least = extreme_faces(found)
        chosen = shown_numbers(found)
        assert len(chosen) == MOST_FACES
        assert list(chosen) == sorted(chosen)
        assert {*most, *least} <= set(chosen)
        assert [found.faces[number].fake_probability for number in most] == [499 / 500, 498 / 500, 497 / 500]
        assert [found.faces[number].fake_probability for number in least] == [0, 1 / 500, 2 / 500]

    @pytest.mark.parametrize("count", [1, 2, 3, 5])
    def test_few_faces_are_not_both(self, count: int) -> None:
        found = made_result([face(number, probability=number / 10) for number in range(count)], range(count))
        most, least = extreme_faces(found)
        assert not set(most) & set(least)
        assert most[0] == count - 1
        assert set(most) | set(least) == set(range(count))


def everywhere_hostile(found: VideoResult) -> VideoResult:
    """The result with hostile text in every field and under every key that takes any."""
    content = json.loads(found.model_dump_json())
    for path in list(_texts(content)):
        _put(content, path, HOSTILE)
        try:
            VideoResult.model_validate(content)
        except ValidationError:
            _put(content, path, _at(json.loads(found.model_dump_json()), path))
    return VideoResult.model_validate(content)


def _texts(content: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    items = content.items() if isinstance(content, dict) else enumerate(content) if isinstance(content, list) else ()
    for name, value in items:
        if isinstance(value, str):
            yield (*path, name)
        else:
            yield from _texts(value, (*path, name))


def _at(content: Any, path: tuple[Any, ...]) -> Any:
    for name in path:
        content = content[name]
    return content


def _put(content: Any, path: tuple[Any, ...], value: str) -> None:
    _at(content, path[:-1])[path[-1]] = value


@pytest.mark.parametrize("status", ["ok", "unreadable"])
def test_texts_from_outside_are_texts(seen: VideoResult, status: str) -> None:
    claims = {"title": "a", "tools": ["b"], "signer": {"name": "c", "organisation": "d"}, "signed_at": "e"}
    actions = {"actions": [{"action": "f", "tool": "g", "when": "h", "source_type": "i"}]}
    made = ContentCredentials.model_validate(
        {
            "state": "invalid",
            "failed_checks": [{"code": "j", "explanation": "k"}],
            "remote_url": "http://l",
            "manifests": [{**claims, **actions, "ingredients": [{"title": "m", "relationship": "n"}]}],
            "trust_list": {"name": "o", "sha256": "p", "certificates": 1},
        }
    )
    calibration = CalibrationInfo(name="c.json", sha256="0" * 64, method="temperature")
    decision = Decision(threshold=0.5, threshold_from="given", calibration=calibration)
    fields: dict[str, Any] = {"credentials": made, "notes": ("a",), "decision": decision}
    if status == "ok":
        branches = {HOSTILE: seen.faces[0].branches["ed"], "b": seen.faces[0].branches["vae"]}
        faces = tuple(each.model_copy(update={"branches": branches}) for each in seen.faces)
        found = seen.model_copy(update={**fields, "faces": faces, "calibrated_probability": 0.75})
    else:
        found = result("a.mp4", None, status="unreadable", reason="r", error_code="e", **fields)
    weights = found.provenance.weights.model_copy(update={"about": "a", "licence": "b"})
    named = {"weights": weights, "packages": {HOSTILE: "1"}, "config": {HOSTILE: "x"}, "runtime_version": "1"}
    found = found.model_copy(update={"provenance": found.provenance.model_copy(update=named)})
    hostile = everywhere_hostile(VideoResult.model_validate(found.model_dump()))
    assert hostile.source == hostile.notes[0] == hostile.provenance.architecture == HOSTILE
    text = hostile.to_html(command=None if status == "ok" else HOSTILE)
    page = Page(text)
    plain = page_of(found)
    assert sorted(set(tags_of(page))) == sorted(set(tags_of(plain)) - ({"img"} if status == "ok" else set()))
    assert len(page.all("script")) == len(page.all("style")) == 1
    check_closed(text)
    assert not [character for character in text if not character.isprintable() and character != "\n"]
    assert "{{7*7}}" in text_of(page)
    assert "49]]" not in text_of(page)
    assert text_of(page).count("<script>alert(1)</script>") >= 20
    assert "\\u202e\\n\\x1b[31m" in text_of(page)


def test_a_command_that_is_given_stands_there_as_it_is(seen: VideoResult) -> None:
    page = page_of(seen, source="", command="genconvit predict 'a b.mp4' --weights embedded")
    assert page.all("code")[-1].text == "genconvit predict 'a b.mp4' --weights embedded"
