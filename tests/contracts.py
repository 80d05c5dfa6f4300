"""The contract suite in two parts, of which an export of a network is the slow one."""

from __future__ import annotations

import pytest

from genconvit.testing import contract_checks

EXPORTS = "can be exported"
"""Title of the check that traces a network, which takes many seconds for most."""

in_two_parts = pytest.mark.parametrize(
    "exported", [pytest.param(False, id="quick"), pytest.param(True, id="exported", marks=pytest.mark.slow)]
)
"""Runs a test twice: for all checks but that of the export, and, as a slow test, for that one."""


def failures(name: str, *, exported: bool, may_skip: bool = False) -> dict[str, str]:
    """Give the reasons why a plugin fails checks of one part, or skips them where it may not; there is at least one."""
    checks = [check for check in contract_checks(name) if (check.title == EXPORTS) is exported]
    assert checks, f"no check of {name} with exported={exported}"
    outcomes = {str(check): check.outcome() for check in checks}
    good = ("ok", "skipped") if may_skip else ("ok",)
    return {each: outcome.reason for each, outcome in outcomes.items() if outcome.status not in good}
