"""The worked example of reading_a_score.md follows from the error rates that were measured."""

from __future__ import annotations

import json
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "reading_a_score.md").read_text(encoding="utf-8")
MISTAKES = json.loads((ROOT / "recipes" / "nano" / "measured.json").read_text())["mistakes"]


def share_of_fakes(share: float, caught: float, false_alarms: float) -> float:
    """The share of fakes among what is called FAKE, where a share of all videos is fake."""
    return share * caught / (share * caught + (1 - share) * false_alarms)


def test_the_shares_follow_from_the_measured_rates() -> None:
    published = (ROOT / "docs" / "evaluation.md").read_text(encoding="utf-8")
    (row,) = re.findall(r"^\| Celeb-DF \| 1182 .*$", published, re.MULTILINE)
    real, fake = (float(cell) / 100 for cell in re.findall(r"\| ([\d.]+) % ", row)[-2:])
    for share in (0.5, 0.1, 0.01):
        small = share_of_fakes(share, 1 - MISTAKES["fakes_called_real"], MISTAKES["reals_called_fake"])
        assert f"| {share:.0%} | {small:.1%} | {share_of_fakes(share, fake, 1 - real):.1%} |".replace("%", " %") in PAGE


def test_the_counts_follow_from_the_measured_rates() -> None:
    found = 100 * (1 - MISTAKES["fakes_called_real"])
    alarms = 9900 * MISTAKES["reals_called_fake"]
    assert f"| fake | 100 | {found:.0f} | {MISTAKES['fakes_called_real']:.1%} of".replace("%", " %") in PAGE
    assert f"| real | 9,900 | {alarms:,.0f} | {MISTAKES['reals_called_fake']:.1%} of".replace("%", " %") in PAGE
    assert f"| together | 10,000 | {found + alarms:,.0f} | {found / (found + alarms):.1%} of".replace("%", " %") in PAGE
