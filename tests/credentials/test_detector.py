"""Content Credentials beside a score, which they never change."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from genconvit import ConfigError, Detector, DetectorConfig, VideoResult, results_to_csv
from genconvit.credentials import reader as module
from genconvit.results.credentials import NOT_CHECKED
from genconvit.results.table import results_table
from genconvit.settings import refuse_credentials
from genconvit.video.names import Source
from signing import Credential, sign
from stubs import grey_clip, register_stubs, trained_grey


@pytest.fixture
def options(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, Any]:
    register_stubs(monkeypatch)
    weights = trained_grey(tmp_path / "grey.safetensors")
    return {"weights": str(weights), "face_detector": "whole_frame", "device": "cpu", "frames": 2, "isolate": False}


def test_a_result_has_them_where_they_are_asked_for(
    options: dict[str, Any], tmp_path: Path, signer: Credential, trusted: Path
) -> None:
    plain = grey_clip(tmp_path / "a.mp4", 180)
    signed = sign(grey_clip(tmp_path / "b.mp4", 180), signer)
    sources: list[Source] = [signed, plain, tmp_path / "missing.mp4", np.full((2, 8, 8, 3), 180, np.uint8)]
    with Detector("grey", **options) as without, Detector("grey", credentials=True, **options) as detector:
        alone, *others = without.predict_many(sources)
        results = list(detector.predict_many(sources))
    assert [each.credentials for each in (alone, *others)] == [None] * 4
    assert [each.credentials and each.credentials.state for each in results] == [
        "valid",
        "absent",
        "unreadable",
        "unreadable",
    ]
    assert [each.status for each in results] == ["ok", "ok", "unreadable", "ok"]
    for before, after in zip((alone, *others), results, strict=True):
        assert after.model_copy(update={"credentials": None}) == before, "nothing else changes"
    assert results[0].to_row()["credentials"] == NOT_CHECKED
    assert VideoResult.model_validate_json(results[0].model_dump_json()) == results[0]
    with Detector("grey", credentials=True, trust_list=trusted, **options) as detector:
        found = detector.predict(signed).credentials
    assert found is not None
    assert found.signer_trust == "trusted"
    check_tables(alone, results)


def check_tables(alone: VideoResult, results: list[VideoResult]) -> None:
    """Tables and CSV have a column of them, a table only where it has something to say."""
    assert "credentials" not in results_table([alone]).header
    table = results_table(results)
    column = table.header.index("credentials")
    assert [row[column] for row in table.rows][:2] == [NOT_CHECKED, "none in the file"]
    stream = io.StringIO()
    results_to_csv(results, stream)
    assert NOT_CHECKED in stream.getvalue().splitlines()[1]


def test_without_the_extra_a_detector_is_refused(options: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "find_spec", lambda _: None)
    with pytest.raises(ConfigError, match=r"pip install 'genconvit\[c2pa\]'"):
        Detector("grey", credentials=True, **options)


def test_a_trust_list_without_credentials_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"trust_list='a.pem' is for Content Credentials.*--credentials"):
        DetectorConfig.from_options("original", trust_list="a.pem")


def test_work_that_shows_none_refuses_them() -> None:
    refuse_credentials(DetectorConfig(), "an evaluation")
    with pytest.raises(ConfigError, match="an evaluation reads no Content Credentials"):
        refuse_credentials(DetectorConfig(credentials=True), "an evaluation")
