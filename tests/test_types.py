"""Options and classes as type checkers see them: mypy runs over this file, where no ``ignore`` may be unused."""

from __future__ import annotations

import types
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import pytest
from pydantic import JsonValue
from typing_extensions import assert_type

from genconvit import Architecture, ConfigError, DetectorConfig
from genconvit.data.base import Dataset
from genconvit.faces.base import FaceDetector
from genconvit.registry import ARCHITECTURES, DATASETS, FACE_DETECTORS, VIDEO_DECODERS
from genconvit.settings import BuiltInOptions, DetectorOptions
from genconvit.video.base import VideoDecoder

BUILT_INS = ("original", "v2", "timm")
from_options = DetectorConfig.from_options


def test_a_registrys_classes_have_the_type_of_its_base() -> None:
    assert_type(ARCHITECTURES.load("v2"), type[Architecture])
    assert_type(FACE_DETECTORS.load("mtcnn"), type[FaceDetector])
    assert_type(VIDEO_DECODERS.load("pyav"), type[VideoDecoder])
    assert_type(DATASETS.load("csv"), type[Dataset])


def test_a_wrong_option_is_an_error_for_a_type_checker_too() -> None:
    with pytest.raises(ConfigError, match="did you mean 'attention'"):
        from_options("v2", attenton=False)  # type: ignore[call-arg]
    with pytest.raises(ConfigError, match="did you mean 'frames'"):
        from_options("v2", fraems=3)  # type: ignore[call-arg]
    with pytest.raises(ConfigError, match="precision"):
        from_options("v2", precision="fp8")  # type: ignore[arg-type]


def test_right_options_are_none() -> None:
    own: dict[str, JsonValue] = {"attention": False}
    options: DetectorOptions = {"frames": "all", "device": "cpu", "size": "nano", "model": own}
    config = from_options("v2", **options)
    assert (config.model, config.frames) == ({"attention": False, "size": "nano"}, "all")


def test_the_options_are_the_fields_of_the_config() -> None:
    hints = get_type_hints(DetectorOptions)
    own = hints.keys() - get_type_hints(BuiltInOptions).keys()
    assert own == DetectorConfig.model_fields.keys() - {"architecture"}
    wider = {"calibration", "face_model", "inconclusive", "int8_crops", "model", "trust_list", "weights"}
    for name in own:
        mine, theirs = kinds(hints[name]), kinds(DetectorConfig.model_fields[name].annotation)
        assert mine == theirs or name in wider, name
    for name in ("calibration", "face_model", "int8_crops", "trust_list", "weights"):
        assert str in kinds(hints[name]), "paths are text in a config"


@pytest.mark.parametrize("name", BUILT_INS)
def test_the_built_ins_options_are_the_fields_of_their_configs(name: str) -> None:
    hints = get_type_hints(BuiltInOptions)
    for field, info in ARCHITECTURES.load(name).config_class.model_fields.items():
        allowed = {str} if field == "mode" else kinds(info.annotation)
        assert allowed == kinds(hints[field]), field


def test_no_option_is_of_no_config() -> None:
    fields = {field for name in BUILT_INS for field in ARCHITECTURES.load(name).config_class.model_fields}
    assert get_type_hints(BuiltInOptions).keys() == fields


def kinds(annotation: Any) -> set[Any]:
    """Give the types that an annotation allows, without what narrows them."""
    if get_origin(annotation) is Annotated:
        return kinds(get_args(annotation)[0])
    if get_origin(annotation) in (Union, types.UnionType):
        return {kind for each in get_args(annotation) for kind in kinds(each)}
    if get_origin(annotation) is tuple:
        return {(tuple, *(kind for each in get_args(annotation) for kind in kinds(each)))}
    if get_origin(annotation) is Literal:
        return {("literal", each) for each in get_args(annotation)}
    return {annotation}
