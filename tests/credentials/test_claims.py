"""What is kept of a manifest store, whatever it holds."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from genconvit.credentials.claims import NO_CHECK_NAMED, Selection
from genconvit.isolation.messages import MAX_MESSAGE_BYTES, Channel
from genconvit.results.credential_limits import MAX_ACTIONS, MAX_MANIFESTS
from genconvit.results.credentials import ContentCredentials, TrustList

LIST = TrustList(name="trusted.pem", sha256="0" * 64, certificates=1)

STORE: dict[str, Any] = {
    "active_manifest": "new",
    "validation_state": "Trusted",
    "validation_results": {
        "activeManifest": {"success": [{"code": "signingCredential.trusted"}], "failure": []},
    },
    "manifests": {
        "old": {"claim_generator": "Generator/2", "signature_info": {}},
        "new": {
            "title": "a",
            "claim_generator_info": [{"name": "Editor", "version": "1"}, {"name": "Plugin"}],
            "signature_info": {"common_name": "S", "issuer": "O", "time": "2026-05-01T00:00:00+00:00"},
            "ingredients": [{"title": "b", "relationship": "parentOf"}],
            "assertions": [
                {"label": "stds.exif", "data": {"actions": [{"action": "none"}]}},
                {
                    "label": "c2pa.actions.v2",
                    "data": {
                        "softwareAgents": [{"name": "First"}, {"name": "Second", "version": "2"}],
                        "actions": [{"action": "c2pa.opened", "softwareAgentIndex": 1}],
                    },
                },
                {"label": "c2pa.actions", "data": {"actions": [{"action": "c2pa.edited", "softwareAgent": "Old 1"}]}},
            ],
        },
    },
}


def found(store: dict[str, Any], *, has_list: bool = True) -> ContentCredentials:
    fields = Selection().findings(store, has_list=has_list)
    return ContentCredentials(**fields, trust_list=LIST if has_list else None)


def with_checks(
    *failed: str, state: str = "Invalid", passed: tuple[str, ...] = (), deltas: Any = None
) -> dict[str, Any]:
    store = copy.deepcopy(STORE)
    store["validation_state"] = state
    checks = {"success": [{"code": code} for code in passed], "failure": [{"code": code} for code in failed]}
    store["validation_results"] = {"activeManifest": checks, "ingredientDeltas": deltas}
    return store


def test_claims_are_the_newest_first() -> None:
    newest, older = found(STORE).manifests
    assert (newest.title, newest.tools, newest.signed_at) == ("a", ("Editor 1", "Plugin"), "2026-05-01T00:00:00+00:00")
    assert [(action.action, action.tool) for action in newest.actions] == [
        ("c2pa.opened", "Second 2"),
        ("c2pa.edited", "Old 1"),
    ]
    assert (older.tools, older.signer) == (("Generator/2",), None)


@pytest.mark.parametrize(
    ("store", "trust", "time"),
    [
        (with_checks(state="Valid", passed=("signingCredential.trusted",)), "trusted", False),
        (with_checks(state="Trusted", passed=("signingCredential.trusted", "timeStamp.trusted")), "trusted", True),
        (with_checks("signingCredential.untrusted", state="Valid", passed=("timeStamp.trusted",)), "untrusted", False),
    ],
)
def test_trust_is_the_newest_signers(store: dict[str, Any], trust: str, time: bool) -> None:
    judged = found(store)
    assert (judged.signer_trust, judged.time_trusted) == (trust, time)
    alone = found(store, has_list=False)
    assert (alone.signer_trust, alone.time_trusted) == ("unchecked", False)


def test_a_time_is_a_claim_unless_its_authority_is_trusted() -> None:
    passed = ("signingCredential.trusted", "timeStamp.trusted")
    assert "signed at: 2026-05-01T00:00:00+00:00" in found(with_checks(state="Trusted", passed=passed)).lines()
    assert "  claimed, not proven: signed at 2026-05-01T00:00:00+00:00" in found(STORE).lines()


def test_the_checks_that_failed_are_named_and_an_untrusted_signer_is_none() -> None:
    deltas = [{"validationDeltas": {"failure": [{"code": "ingredient.claimSignature.mismatch", "explanation": "no"}]}}]
    store = with_checks("signingCredential.untrusted", "signingCredential.expired", deltas=deltas)
    judged = found(store)
    assert judged.standing == "invalid (signingCredential.expired, ingredient.claimSignature.mismatch)"
    assert [each.code for each in found(with_checks()).failed_checks] == [NO_CHECK_NAMED]


@pytest.mark.parametrize("wrong", [None, 7, "text", [], {}, [None, 7, [{}]], {"name": {"name": {"name": 1}}}])
def test_values_of_wrong_types_are_passed_over(wrong: object) -> None:
    def spoil(value: Any, path: tuple[Any, ...]) -> None:
        for key in path[:-1]:
            value = value[key]
        value[path[-1]] = wrong

    newest = ("manifests", "new")
    for path in (
        ("active_manifest",),
        ("validation_state",),
        ("validation_results",),
        ("validation_results", "activeManifest"),
        ("validation_results", "activeManifest", "success"),
        ("manifests",),
        newest,
        *((*newest, field) for field in STORE["manifests"]["new"]),
        (*newest, "assertions", 1, "data"),
        (*newest, "assertions", 1, "label"),
        (*newest, "assertions", 1, "data", "softwareAgents"),
        (*newest, "assertions", 1, "data", "actions"),
        (*newest, "assertions", 1, "data", "actions", 0, "softwareAgentIndex"),
        (*newest, "claim_generator_info", 0, "name"),
    ):
        store = copy.deepcopy(STORE)
        spoil(store, path)
        assert found(store).state in ("valid", "invalid")


def test_the_largest_that_is_kept_fits_into_a_message() -> None:
    texts = dict.fromkeys(("action", "digitalSourceType", "when", "softwareAgent", "title", "relationship"), "😀" * 999)
    assertion = {"label": "c2pa.actions", "data": {"actions": [texts] * 500}}
    short = {"label": "c2pa.actions", "data": {"actions": [{"action": "a"}] * 500}}
    for each in (assertion, short):
        manifest = {"assertions": [each], "ingredients": [texts] * 500, "claim_generator_info": [{"name": "n"}] * 99}
        store = {**with_checks(*["c" * 999] * 99), "manifests": {str(number): manifest for number in range(50)}}
        fields = Selection().findings(store, has_list=True)
        assert len(fields["manifests"]) <= MAX_MANIFESTS
        assert fields["omitted"] > 0
        assert all(len(kept["actions"]) <= MAX_ACTIONS for kept in fields["manifests"])
        assert sent_bytes({"kind": "read", "found": fields}) < MAX_MESSAGE_BYTES
        ContentCredentials(**fields)


def test_a_lone_surrogate_becomes_an_escape() -> None:
    store = copy.deepcopy(STORE)
    store["manifests"]["new"]["title"] = "a\ud800"
    judged = found(store)
    assert judged.manifests[0].title == "a\\ud800"
    judged.model_dump_json()


def sent_bytes(message: dict[str, Any]) -> int:
    """The bytes of a message, as it is sent."""

    class Counter:
        count = 0

        def settimeout(self, seconds: float | None) -> None:
            del seconds

        def sendall(self, content: bytes) -> None:
            self.count += len(content)

    counter: Any = Counter()
    Channel(counter).send(message)
    return int(counter.count)
