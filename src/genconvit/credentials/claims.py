"""Selection of what is kept of a manifest store, which c2pa gives as JSON and a hostile file may have filled.

It runs in the process that reads the file, so it imports no pydantic; the other one checks every value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

from genconvit.results.credential_limits import (
    MAX_ACTIONS,
    MAX_ALL_TEXT,
    MAX_CHECKS,
    MAX_INGREDIENTS,
    MAX_MANIFESTS,
    MAX_TEXT,
    MAX_TOOLS,
)

T = TypeVar("T")

NO_CHECK_NAMED = "unnamed"
_TOLERATED = "signingCredential.untrusted"
"""Failure that says nothing but that a signer is on no list."""


class Selection:
    """Selects claims until there are too many.

    Attributes:
        omitted: number of things that were left out.
    """

    def __init__(self) -> None:
        self.omitted = 0
        self._left = MAX_ALL_TEXT

    def findings(self, store: Mapping[str, Any], *, has_list: bool) -> dict[str, Any]:
        """The fields of ``ContentCredentials`` for a manifest store.

        Args:
            store: store as ``c2pa.Reader.json`` has it.
            has_list: True where a trust list was given.
        """
        success, failure = _checks(store)
        valid = store.get("validation_state") in ("Valid", "Trusted")
        found: dict[str, Any] = {"state": "valid" if valid else "invalid"}
        if valid:
            trusted = has_list and "signingCredential.trusted" in success
            found["signer_trust"] = ("trusted" if trusted else "untrusted") if has_list else "unchecked"
            found["time_trusted"] = trusted and "timeStamp.trusted" in success
        else:
            found["failed_checks"] = self._failed(failure)
        found["manifests"] = self._kept(_manifests(store), MAX_MANIFESTS, self._manifest)
        found["omitted"] = self.omitted
        return found

    def text(self, value: object) -> str | None:
        """A text, cut to its length and always valid Unicode; None for what is no text, or empty."""
        if not isinstance(value, str) or not value:
            return None
        whole = value[: MAX_TEXT + 1].encode("utf-8", "backslashreplace").decode("utf-8")
        kept = whole if len(whole) <= MAX_TEXT else f"{whole[: MAX_TEXT - 1]}…"
        self._left -= len(kept)
        return kept

    def _kept(self, items: Iterator[Any], most: int, make: Callable[[Any], T | None]) -> list[T]:
        """The first items, as long as there is room for their texts; the others are counted."""
        kept: list[T] = []
        for item in items:
            made = make(item) if len(kept) < most and self._left > 0 else None
            if made is None:
                self.omitted += 1
            else:
                kept.append(made)
        return kept

    def _failed(self, failure: list[dict[str, Any]]) -> list[dict[str, str | None]]:
        counted = [check for check in failure if check.get("code") != _TOLERATED]
        kept = self._kept(iter(counted), MAX_CHECKS, self._check)
        return kept or [{"code": NO_CHECK_NAMED, "explanation": "the library that checked calls it invalid"}]

    def _check(self, check: dict[str, Any]) -> dict[str, str | None] | None:
        code = self.text(check.get("code"))
        return None if code is None else {"code": code, "explanation": self.text(check.get("explanation"))}

    def _manifest(self, manifest: dict[str, Any]) -> dict[str, Any]:
        signature = _object(manifest.get("signature_info"))
        signer = {
            "name": self.text(signature.get("common_name")),
            "organisation": self.text(signature.get("issuer")),
        }
        return {
            "title": self.text(manifest.get("title")),
            "signer": signer if any(signer.values()) else None,
            "signed_at": self.text(signature.get("time")),
            "tools": self._kept(_tools(manifest), MAX_TOOLS, self.text),
            "actions": self._kept(_actions(manifest), MAX_ACTIONS, self._action),
            "ingredients": self._kept(_objects(manifest.get("ingredients")), MAX_INGREDIENTS, self._ingredient),
        }

    def _action(self, action: dict[str, Any]) -> dict[str, str | None] | None:
        name = self.text(action.get("action"))
        if name is None:
            return None
        return {
            "action": name,
            "tool": self.text(_tool(action.get("softwareAgent"))),
            "source_type": self.text(action.get("digitalSourceType")),
            "when": self.text(action.get("when")),
        }

    def _ingredient(self, ingredient: dict[str, Any]) -> dict[str, str | None]:
        return {key: self.text(ingredient.get(key)) for key in ("title", "relationship")}


def _checks(store: Mapping[str, Any]) -> tuple[set[str], list[dict[str, Any]]]:
    """The codes of the checks that the newest manifest passed, and all that it or an ingredient failed."""
    results = _object(store.get("validation_results"))
    newest = _object(results.get("activeManifest"))
    failure = list(_objects(newest.get("failure")))
    for ingredient in _objects(results.get("ingredientDeltas")):
        failure += _objects(_object(ingredient.get("validationDeltas")).get("failure"))
    codes = {code for check in _objects(newest.get("success")) if isinstance(code := check.get("code"), str)}
    return codes, failure


def _manifests(store: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The manifests, the newest first."""
    manifests, newest = _object(store.get("manifests")), store.get("active_manifest")
    if isinstance(newest, str) and newest in manifests:
        yield _object(manifests[newest])
    yield from (_object(manifest) for label, manifest in manifests.items() if label != newest)


def _tools(manifest: Mapping[str, Any]) -> Iterator[str | None]:
    named = list(_objects(manifest.get("claim_generator_info")))
    yield from map(_tool, named)
    if not named and "claim_generator" in manifest:
        yield _tool(manifest["claim_generator"])


def _tool(given: object) -> str | None:
    """A tool's name and version, which are an object or a text."""
    if not isinstance(given, dict):
        return given if isinstance(given, str) else None
    name, version = given.get("name"), given.get("version")
    return f"{name} {version}" if isinstance(name, str) and isinstance(version, str) else _tool(name)


def _actions(manifest: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for assertion in _objects(manifest.get("assertions")):
        if str(assertion.get("label")).startswith("c2pa.actions"):
            data = _object(assertion.get("data"))
            agents = list(_objects(data.get("softwareAgents")))
            for action in _objects(data.get("actions")):
                number: Any = action.get("softwareAgentIndex")
                is_listed = isinstance(number, int) and 0 <= number < len(agents)
                yield {**action, "softwareAgent": agents[number] if is_listed else action.get("softwareAgent")}


def _object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _objects(value: object) -> Iterator[dict[str, Any]]:
    return (each for each in value if isinstance(each, dict)) if isinstance(value, list) else iter(())
