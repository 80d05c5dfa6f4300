"""The figure of V2 is what its config says."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from genconvit.models.v2 import V2Config
from recipes.v2_figure import draw

FIGURE = Path(__file__).resolve().parents[2] / "docs" / "v2.svg"


def words(**fields: Any) -> str:
    """The words of the figure of a small V2."""
    return " ".join(re.findall(r"<text[^>]*>([^<]*)<", draw(V2Config(size="nano", **fields))))


def test_the_page_shows_the_default_config() -> None:
    assert FIGURE.read_text(encoding="utf-8") == draw(V2Config()), "run python -m recipes.v2_figure docs/v2.svg"


def test_it_shows_the_sizes_of_the_built_model() -> None:
    shown = words()
    for size in ("3 x 128 x 128", "1280 x 4 x 4", "latent 4 x 4 x 4", "256 to 500", "1000 to 128, gated, to 500"):
        assert size in shown
    assert "32 tokens of ED ask 20 of VAE" in shown
    assert "2 heads of 64, 1280 projected to 128, and back" in shown
    assert "latent 8 x 4 x 4" in words(latent_shape=(8, 4, 4))


@pytest.mark.parametrize(
    ("fields", "attention", "fusion", "branches"),
    [
        ({}, 1, 1, 2),
        ({"attention": False}, 0, 1, 2),
        ({"mode": "genconvit"}, 0, 0, 2),
        ({"mode": "vae"}, 0, 0, 1),
    ],
)
def test_blocks_vanish_with_their_fields(fields: dict[str, Any], attention: int, fusion: int, branches: int) -> None:
    shown = words(**fields)
    assert (shown.count("Cross-attention"), shown.count("SwiGLU"), shown.count("Head")) == (attention, fusion, branches)


def test_what_joins_by_a_gate_takes_the_place_without_residuals() -> None:
    assert words().count("through gates that start at zero") == 2
    assert words(residual=False).count("takes the place of") == 2
