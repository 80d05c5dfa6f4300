from __future__ import annotations

import importlib
import pkgutil
import re
from typing import Literal

import pytest
from pydantic import Field, PositiveInt, ValidationError

import genconvit
from genconvit.core.config import FrozenConfig, did_you_mean, field_descriptions, validation_message
from genconvit.settings import DetectorConfig

ELSEWHERE = ("genconvit.cli", "genconvit.__main__")
"""Modules that hold no configs, and whose import sets up a program."""


class Inner(FrozenConfig):
    height: PositiveInt = 1


class Outer(FrozenConfig):
    width: float = 2.0
    kind: Literal["tall", "wide"] = "tall"
    inner: Inner = Inner()
    names: tuple[str, ...] = ()
    count: int = Field(default=1, le=9)


def library_configs() -> list[type[FrozenConfig]]:
    """Every config class of the library's own."""
    for module in pkgutil.walk_packages(genconvit.__path__, "genconvit."):
        if not module.name.startswith(ELSEWHERE):
            importlib.import_module(module.name)
    found: set[type[FrozenConfig]] = set()
    below = [FrozenConfig]
    while below:
        classes = below.pop().__subclasses__()
        below += classes
        found |= {cls for cls in classes if cls.__module__.startswith("genconvit.")}
    return sorted(found, key=lambda cls: cls.__qualname__)


CONFIGS = library_configs()
WITH_DEFAULTS = [cls for cls in CONFIGS if not any(field.is_required() for field in cls.model_fields.values())]


def test_the_library_has_configs() -> None:
    wanted = {"AutoencoderConfig", "BackboneConfig", "SwiGLUFusionConfig", "OriginalConfig", "V2Config"}
    assert wanted | {"DetectorConfig", "VideoResult", "FileHeader"} <= {cls.__name__ for cls in CONFIGS}
    assert wanted - {"SwiGLUFusionConfig"} <= {cls.__name__ for cls in WITH_DEFAULTS}


@pytest.mark.parametrize("cls", CONFIGS)
def test_every_config_refuses_an_unknown_field_and_names_its_own(cls: type[FrozenConfig]) -> None:
    with pytest.raises(ValidationError, match="unknown field 'no_such_field'") as raised:
        cls.model_validate({"no_such_field": 1})
    assert ", ".join(cls.model_fields) in str(raised.value)


@pytest.mark.parametrize("cls", CONFIGS)
def test_every_config_is_frozen(cls: type[FrozenConfig]) -> None:
    with pytest.raises(ValidationError, match="frozen"):
        setattr(cls.model_construct(), next(iter(cls.model_fields)), 1)


@pytest.mark.parametrize("cls", CONFIGS)
def test_every_field_is_described_under_itself(cls: type[FrozenConfig]) -> None:
    assert field_descriptions(cls).keys() == cls.model_fields.keys()
    assert all(field_descriptions(cls).values())


@pytest.mark.parametrize("cls", WITH_DEFAULTS)
def test_every_config_round_trips_through_json(cls: type[FrozenConfig]) -> None:
    config = cls()
    assert cls.model_validate_json(config.model_dump_json()) == config


def test_a_config_cannot_change() -> None:
    config = Outer()
    with pytest.raises(ValidationError, match="frozen"):
        config.width = 3.0  # type: ignore[misc]
    with pytest.raises(ValidationError, match="frozen"):
        config.inner.height = 3  # type: ignore[misc]
    assert config == Outer()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"widht": 3}, r"unknown field 'widht' \(did you mean 'width'\?\); the fields are: width, kind, inner, names"),
        (
            {"inner": {"heigth": 3}},
            r"inner.*unknown field 'heigth' \(did you mean 'height'\?\); the fields are: height",
        ),
        ({"zzz": 3}, r"unknown field 'zzz'; the fields are"),
        ({"a\nb": 3}, r"unknown field 'a\\nb'; "),
    ],
)
def test_an_unknown_field_is_named_with_the_valid_ones(options: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError) as raised:
        Outer.model_validate(options)
    assert re.search(message, validation_message(raised.value))


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_a_number_that_is_not_finite_is_refused(value: float) -> None:
    with pytest.raises(ValidationError, match="finite"):
        Outer(width=value)
    with pytest.raises(ValidationError, match="finite"):
        Outer.model_validate_json(f'{{"width": {str(value).replace("nan", "NaN").replace("inf", "Infinity")}}}')


def test_a_nested_config_round_trips_through_json() -> None:
    config = Outer(width=0.1, kind="wide", inner=Inner(height=7), names=("a", "ü"), count=-3)
    assert Outer.model_validate_json(config.model_dump_json()) == config
    assert Outer.model_validate(config.model_dump(mode="json")) == config


def test_equal_configs_are_one_key() -> None:
    assert len({Outer(), Outer(inner=Inner(height=1)), Outer(width=1)}) == 2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"width": "a\nb"}, "width='a\\nb': Input should be a valid number, unable to parse string as a number"),
        ({"inner": {"height": 0}}, "inner.height=0: Input should be greater than 0"),
        ({"kind": "x", "count": 10}, "kind='x': Input should be 'tall' or 'wide'; count=10: Input should be less than"),
        ({"other": 1}, "unknown field 'other'"),
    ],
)
def test_what_pydantic_found_fits_one_line(options: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError) as raised:
        Outer.model_validate(options)
    text = validation_message(raised.value)
    assert text.startswith(message)
    assert text.isprintable()
    assert "pydantic" not in text


def test_the_detectors_config_round_trips_with_an_architectures_options() -> None:
    config = DetectorConfig.from_options("v2", mode="v2", attention=False, weights={"ed": "a", "vae": "b"}, frames=-1)
    assert DetectorConfig.model_validate_json(config.model_dump_json()) == config
    assert config.model == {"mode": "v2", "attention": False}


@pytest.mark.parametrize(
    ("name", "hint"),
    [("orignal", " (did you mean 'original'?)"), ("original", " (did you mean 'original'?)"), ("resnet", ""), ("", "")],
)
def test_the_nearest_name(name: str, hint: str) -> None:
    assert did_you_mean(name, ["original", "v2"]) == hint
    assert did_you_mean(name, []) == ""
