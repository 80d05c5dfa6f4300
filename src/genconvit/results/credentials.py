"""Content Credentials of a file: what it claims of itself, whether that is intact, and who signed it.

Every text in here comes from the file or from whoever signed it. It is data, cut to a length, and nothing more: it may
hold anything, so it is escaped where it is shown (``ContentCredentials.lines`` does so).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field, NonNegativeInt, PositiveInt, StringConstraints, model_validator

from genconvit.core.config import FrozenConfig
from genconvit.core.text import printable
from genconvit.results.credential_limits import (
    MAX_ACTIONS,
    MAX_CHECKS,
    MAX_INGREDIENTS,
    MAX_MANIFESTS,
    MAX_REASON,
    MAX_TEXT,
    MAX_TOOLS,
)

CredentialState = Literal["absent", "valid", "invalid", "unreadable"]
SignerTrust = Literal["unchecked", "untrusted", "trusted"]

NOT_CHECKED = "intact, signer not checked"
ABSENT = "none in the file"
CLAIMED = "claimed, not proven"

Claim = Annotated[str, StringConstraints(max_length=MAX_TEXT)]
Reason = Annotated[str, StringConstraints(max_length=MAX_REASON)]

_SOURCE_TYPES = "http://cv.iptc.org/newscodes/digitalsourcetype/"
_STANDINGS: dict[SignerTrust, str] = {
    "unchecked": NOT_CHECKED,
    "untrusted": "intact, signer not on the trust list",
    "trusted": "intact, signer on the trust list",
}
_MEANING: dict[CredentialState, str] = {
    "absent": "this proves nothing: most files have none, and they are easily removed",
    "valid": "the file is as it was signed; this proves neither what is claimed nor that it shows what happened",
    "invalid": "the file or its credentials were changed after they were signed, or were never right",
    "unreadable": "this proves nothing",
}


class TrustList(FrozenConfig):
    """A list of trusted authorities, which the user gave."""

    name: str
    """Name of the file."""

    sha256: str
    """SHA-256 of its bytes, in hexadecimal."""

    certificates: PositiveInt
    """Number of its certificates."""


class FailedCheck(FrozenConfig):
    """A check that credentials did not pass."""

    code: Claim
    """Code of C2PA's specification, such as ``assertion.dataHash.mismatch``."""

    explanation: Claim | None = None
    """Words of the library that checked; None where it has none."""


class ClaimedAction(FrozenConfig):
    """Something that was done to the file, as it claims."""

    action: Claim
    """Name of the action, such as ``c2pa.created`` or ``c2pa.edited``."""

    tool: Claim | None = None
    """Tool or generator that did it; None where none is named."""

    source_type: Claim | None = None
    """Kind of the source, a term of IPTC's digital source types, such as one that ends in
    ``trainedAlgorithmicMedia`` for what a generator made; None where none is given."""

    when: Claim | None = None
    """Time of the action, as text; None where none is given."""


class ClaimedIngredient(FrozenConfig):
    """Another file that went into this one, as it claims."""

    title: Claim | None = None
    """Title of that file; None where it has none."""

    relationship: Claim | None = None
    """Part that it plays, such as ``parentOf`` or ``componentOf``; None where none is given."""


class ClaimedSigner(FrozenConfig):
    """The names in the certificate of a signer, who may have made it up."""

    name: Claim | None = None
    """Common name; None where the certificate has none."""

    organisation: Claim | None = None
    """Organisation; None where the certificate has none."""


class ClaimedManifest(FrozenConfig):
    """Everything that one signer claims."""

    title: Claim | None = None
    """Title of the file; None where none is given."""

    tools: tuple[Claim, ...] = Field(default=(), max_length=MAX_TOOLS)
    """Tools that wrote the claim, with their versions."""

    actions: tuple[ClaimedAction, ...] = Field(default=(), max_length=MAX_ACTIONS)
    """Actions, in the file's order."""

    ingredients: tuple[ClaimedIngredient, ...] = Field(default=(), max_length=MAX_INGREDIENTS)
    """Files that went into this one."""

    signer: ClaimedSigner | None = None
    """Signer of the claim; None where the signature names none."""

    signed_at: Claim | None = None
    """Time of a time stamp in the signature, as text; None where there is none."""


class ContentCredentials(FrozenConfig):
    """Content Credentials (C2PA) of one source. They never change its score."""

    state: CredentialState
    """State: ``absent``: the file holds none. ``valid``: they are intact and fit the file. ``invalid``: a check failed.
    ``unreadable``: nothing can be said, see ``reason``."""

    signer_trust: SignerTrust | None = None
    """Standing of the newest signer, where the state is valid: ``trusted``, by the trust list that the user gave;
    ``untrusted``, not by it; ``unchecked``, there was no list. None in any other state."""

    time_trusted: bool = False
    """True where the newest signature's time is of an authority on the trust list; else it is a claim as well."""

    failed_checks: tuple[FailedCheck, ...] = Field(default=(), max_length=MAX_CHECKS)
    """Checks that failed, at least one where the state is invalid; empty in any other."""

    reason: Reason | None = None
    """Reason why they are unreadable, else None."""

    error_code: Reason | None = None
    """Code of the error that made them unreadable, such as ``unsupported``, ``limit`` or ``crash``, or ``remote`` where
    they lie elsewhere; None in any other state."""

    remote_url: Claim | None = None
    """Address that the file names for its credentials, which nothing is fetched from; None where they are in the
    file, or there are none."""

    manifests: tuple[ClaimedManifest, ...] = Field(default=(), max_length=MAX_MANIFESTS)
    """Claims, the newest first: that one alone was judged. The others are of files that went into this one."""

    omitted: NonNegativeInt = 0
    """Number of manifests, actions, ingredients, tools and failed checks that were too many to be listed."""

    trust_list: TrustList | None = None
    """Trust list that signers were compared with; None where none was given."""

    read_by: str | None = None
    """Library that reads them, with its version."""

    @model_validator(mode="after")
    def _the_state_says_what_there_is(self) -> ContentCredentials:
        there = {
            "valid": self.signer_trust is not None,
            "invalid": bool(self.failed_checks),
            "unreadable": self.reason is not None,
        }
        wrong = [state for state, is_there in there.items() if is_there != (state == self.state)]
        if wrong or (self.manifests and self.state not in ("valid", "invalid")):
            raise ValueError(
                f"state {self.state!r} does not go with signer_trust={self.signer_trust!r}, {len(self.failed_checks)} "
                f"failed checks, reason={self.reason!r} and {len(self.manifests)} manifests"
            )
        if self.state == "valid" and (self.trust_list is None) != (self.signer_trust == "unchecked"):
            raise ValueError(f"signer_trust {self.signer_trust!r} does not go with trust_list={self.trust_list}")
        if self.time_trusted and self.signer_trust != "trusted":
            raise ValueError(f"time_trusted needs a trusted signer, got signer_trust={self.signer_trust!r}")
        return self

    @property
    def standing(self) -> str:
        """The state in a few words, printable."""
        if self.signer_trust is not None:
            return _STANDINGS[self.signer_trust]
        if self.state == "invalid":
            return printable(f"invalid ({', '.join(dict.fromkeys(check.code for check in self.failed_checks))})")
        return ABSENT if self.state == "absent" else printable(f"unreadable ({self.reason})")

    def lines(self) -> Iterator[str]:
        """The whole of it in words, printable lines: the standing, its meaning, and what is claimed."""
        yield self.standing
        yield _MEANING[self.state]
        for check in self.failed_checks:
            if check.explanation:
                yield printable(f"failed check: {check.code}: {check.explanation}")
        if self.remote_url is not None:
            yield printable(f"{CLAIMED}: credentials at {self.remote_url}, which were not fetched")
        for number, manifest in enumerate(self.manifests):
            trusted = number == 0 and self.signer_trust == "trusted"
            yield from _manifest_lines(manifest, trusted=trusted, time_trusted=number == 0 and self.time_trusted)
        if self.omitted:
            yield f"not listed: {self.omitted} more"


def _manifest_lines(manifest: ClaimedManifest, *, trusted: bool, time_trusted: bool) -> Iterator[str]:
    who = _name(manifest.signer)
    yield printable(f"signed by: {who}" if trusted else f"{CLAIMED}: signed by {who}")
    if manifest.signed_at is not None:
        at = manifest.signed_at
        yield printable(f"signed at: {at}" if time_trusted else f"  {CLAIMED}: signed at {at}")
    if manifest.title is not None:
        yield printable(f"  claimed title: {manifest.title}")
    for tool in manifest.tools:
        yield printable(f"  claimed tool: {tool}")
    for action in manifest.actions:
        source = (action.source_type or "").removeprefix(_SOURCE_TYPES)
        details = [f"by {action.tool}" if action.tool else "", source, action.when or ""]
        yield printable(f"  claimed action: {', '.join(filter(None, (action.action, *details)))}")
    for ingredient in manifest.ingredients:
        part = f" ({ingredient.relationship})" if ingredient.relationship else ""
        yield printable(f"  claimed ingredient: {ingredient.title or 'without a title'}{part}")


def _name(signer: ClaimedSigner | None) -> str:
    if signer is None or not (signer.name or signer.organisation):
        return "a certificate without a name"
    if signer.name and signer.organisation:
        return f"{signer.name} ({signer.organisation})"
    return signer.name or signer.organisation or ""
