from __future__ import annotations

import pytest

from genconvit.compare import DEFAULT_VARIANTS
from genconvit.compare.variants import parse_variants
from genconvit.core.errors import ConfigError, PluginError


def test_the_default_ones_are_the_original_and_v2_with_and_without_its_parts() -> None:
    variants = {each.name: each.config for each in parse_variants(DEFAULT_VARIANTS, {"weights": "random"})}
    assert list(variants) == ["original", "v2", "v2-no-attention", "v2-no-residual"]
    assert variants["v2-no-attention"].model == {"attention": False}
    assert variants["v2-no-residual"].model == {"residual": False}
    assert {each.weights for each in variants.values()} == {"random"}


def test_a_variant_goes_before_what_all_have() -> None:
    (variant,) = parse_variants(["original:mode=vae,precision=bf16,weights=b.pth"], {"mode": "ed", "weights": "random"})
    assert (variant.config.model, variant.config.precision, variant.config.weights) == (
        {"mode": "vae"},
        "bf16",
        "b.pth",
    )
    assert variant.name == "original-vae-bf16-weights-b"


def test_two_files_make_the_weights_of_one_variant() -> None:
    (variant,) = parse_variants(["original:weights.ed=a/ed.pth,weights.vae=a/vae.pth"], {})
    assert variant.config.weights == {"ed": "a/ed.pth", "vae": "a/vae.pth"}


def test_names_are_fit_for_files_and_differ() -> None:
    names = [each.name for each in parse_variants(["v2:weights=a/x y.pth", "v2:weights=b/x y.pth"], {})]
    assert names == ["v2-weights-x-y", "v2-weights-x-y-2"]


def test_the_same_variant_counts_once() -> None:
    assert len(parse_variants(["v2", "v2"], {})) == 1


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("v2:frames=3", "sets frames, which all variants share"),
        ("v2:margin=0.2,decoder=pyav", "sets decoder, margin, which all variants share"),
        ("v2:atention=false", "unknown option 'atention' \\(did you mean 'attention'\\?\\)"),
        ("original:no-attention", "unknown option 'attention'"),
    ],
)
def test_what_cannot_be_is_refused(spec: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        parse_variants([spec], {"weights": "random"})


def test_an_unknown_architecture_is_refused() -> None:
    with pytest.raises(PluginError, match=r"'orignal'.*did you mean 'original'"):
        parse_variants(["orignal"], {})


def test_no_variants_and_too_many_are_refused() -> None:
    with pytest.raises(ConfigError, match="0 variants"):
        parse_variants([], {})
    with pytest.raises(ConfigError, match="51 variants"):
        parse_variants([f"original:batch_size={number}" for number in range(1, 52)], {})
