"""A result's credentials say one thing at a time."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from genconvit.results.credentials import ClaimedManifest, ContentCredentials, FailedCheck, TrustList

LIST = TrustList(name="list.pem", sha256="0" * 64, certificates=2)
FAILED = (FailedCheck(code="assertion.dataHash.mismatch"),)


@pytest.mark.parametrize(
    "fields",
    [
        {"state": "valid"},
        {"state": "valid", "signer_trust": "trusted"},
        {"state": "valid", "signer_trust": "unchecked", "trust_list": LIST},
        {"state": "valid", "signer_trust": "untrusted", "trust_list": LIST, "time_trusted": True},
        {"state": "valid", "signer_trust": "unchecked", "failed_checks": FAILED},
        {"state": "invalid"},
        {"state": "invalid", "failed_checks": FAILED, "signer_trust": "trusted", "trust_list": LIST},
        {"state": "absent", "reason": "none"},
        {"state": "absent", "manifests": (ClaimedManifest(),)},
        {"state": "unreadable"},
        {"state": "unreadable", "reason": "a", "signer_trust": "unchecked"},
        {"state": "unreadable", "reason": "a", "manifests": (ClaimedManifest(),)},
        {"state": "splendid"},
    ],
)
def test_contradictions_are_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        ContentCredentials(**fields)


@pytest.mark.parametrize(
    ("fields", "standing"),
    [
        ({"state": "absent"}, "none in the file"),
        ({"state": "valid", "signer_trust": "unchecked"}, "intact, signer not checked"),
        ({"state": "invalid", "failed_checks": FAILED * 2}, "invalid (assertion.dataHash.mismatch)"),
        ({"state": "unreadable", "reason": "the \u202efile\n"}, "unreadable (the \\u202efile\\n)"),
    ],
)
def test_a_standing_is_the_state_in_words(fields: dict[str, Any], standing: str) -> None:
    assert ContentCredentials(**fields).standing == standing


def test_a_signer_without_a_name_is_told_so() -> None:
    found = ContentCredentials(state="valid", signer_trust="unchecked", manifests=(ClaimedManifest(),))
    assert "claimed, not proven: signed by a certificate without a name" in found.lines()
