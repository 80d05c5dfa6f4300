"""Each rule selects the faces that count."""

from __future__ import annotations

import numpy as np
import pytest

from genconvit.core.errors import ConfigError
from genconvit.verdict.score_rules import parse_score_rule


@pytest.mark.parametrize(
    ("rule", "probabilities", "rows"),
    [
        ("mean", [0.5], [0]),
        ("mean", [0.9, 0.1, 0.5], [0, 1, 2]),
        ("median", [0.3], [0]),
        ("median", [0.9, 0.1], [0, 1]),
        ("median", [0.9, 0.1, 0.5], [2]),
        ("median", [0.9, 0.1, 0.5, 0.6], [2, 3]),
        ("median", [0.5, 0.5, 0.5], [1]),
        ("top1", [0.2, 0.8, 0.4], [1]),
        ("top2", [0.9, 0.1, 0.7], [0, 2]),
        ("top3", [0.2, 0.8], [0, 1]),
        ("top1", [0.5, 0.5], [1]),
        ("confident", [0.9], [0]),
        ("confident", [0.1, 0.95], [0, 1]),
    ],
)
def test_a_rule_selects_these_rows(rule: str, probabilities: list[float], rows: list[int]) -> None:
    assert parse_score_rule(rule)(probabilities) == rows


@pytest.mark.parametrize(
    ("fake", "middling", "real", "counted"),
    [
        (12, 0, 0, "fake"),
        (11, 0, 0, "all"),
        (11, 4, 0, "all"),
        (12, 3, 0, "fake"),
        (12, 17, 0, "fake"),
        (12, 18, 0, "all"),
        (13, 17, 0, "fake"),
        (13, 18, 1, "fake"),
        (13, 18, 2, "all"),
        (13, 20, 2, "all"),
        (0, 1, 9, "all"),
        (0, 1, 10, "real"),
        (0, 0, 1, "real"),
        (1, 0, 14, "real"),
        (2, 0, 14, "all"),
    ],
)
def test_the_confident_rule_counts_as_its_author_does(fake: int, middling: int, real: int, counted: str) -> None:
    kinds = ["fake"] * fake + ["middling"] * middling + ["real"] * real
    value = {"fake": 0.81, "middling": 0.8, "real": 0.19}
    for seed in range(3):
        mixed = np.random.default_rng(seed).permutation(kinds).tolist()
        rows = parse_score_rule("confident")([value[kind] for kind in mixed])
        assert rows == [row for row, kind in enumerate(mixed) if counted in (kind, "all")]


def test_the_edges_of_surely_real_and_surely_fake_are_outside() -> None:
    confident = parse_score_rule("confident")
    assert confident([0.2] * 10 + [0.1, 0.3]) == list(range(12))
    assert confident([0.8] * 12 + [0.9, 0.5]) == list(range(14))


def test_rules_agree_with_their_names() -> None:
    random = np.random.default_rng(0)
    for _ in range(300):
        values = random.random(random.integers(1, 40)).tolist()
        for rule, expected in (
            ("mean", np.mean(values)),
            ("median", np.median(values)),
            ("top5", np.mean(sorted(values)[-5:])),
        ):
            rows = parse_score_rule(rule)(values)
            assert np.mean([values[row] for row in rows]) == pytest.approx(expected)
            assert rows == sorted(set(rows))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "maen",
            r"unknown score rule 'maen' \(did you mean 'mean'\?\); the rules are mean, median, conf",
        ),
        ("top0", r"'top0' \(did you mean 'top3'\?\)"),
        ("top", "from 1 to 999999"),
        ("top-1", "unknown score rule"),
        ("top03", "unknown score rule"),
        ("top1000000", "unknown score rule"),
        ("top3\n", r"unknown score rule 'top3\\n'"),
        ("top\uff13", "unknown score rule"),
        ("Mean", "unknown score rule"),
        ("", "unknown score rule ''"),
    ],
)
def test_no_other_rule_is_known(text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        parse_score_rule(text)
