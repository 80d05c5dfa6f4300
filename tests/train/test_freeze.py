from __future__ import annotations

import pytest
from torch import nn

from genconvit.core.errors import ConfigError
from genconvit.train.freeze import check_prefixes, freeze, train_unfrozen

from .small import Small, SmallConfig


def frozen_names(model: nn.Module) -> set[str]:
    return {name.split(".")[0] for name, parameter in model.named_parameters() if not parameter.requires_grad}


def test_only_what_lies_below_a_name_is_frozen_and_it_thaws() -> None:
    model = Small(SmallConfig())
    freeze(model, ("encoder",))
    assert frozen_names(model) == {"encoder"}
    freeze(model, ())
    assert frozen_names(model) == set()


def test_the_statistics_of_what_is_frozen_stay() -> None:
    model = Small(SmallConfig())
    train_unfrozen(model, ("encoder",))
    assert model.training
    assert not model.encoder[1].training
    train_unfrozen(model, ())
    assert model.encoder[1].training


@pytest.mark.parametrize(
    ("prefixes", "message"),
    [
        (
            ("encodr",),
            "'encodr' names no parameter .did you mean 'encoder'.*; the names begin with decoder, encoder, head",
        ),
        (("encoder", "decoder", "head"), "leaves nothing to train"),
    ],
)
def test_what_makes_no_sense_is_refused(prefixes: tuple[str, ...], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        check_prefixes(Small(SmallConfig()), prefixes)
