"""``genconvit schema``: the JSON Schema of what the program writes and reads."""

from __future__ import annotations

import json
from enum import Enum
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from genconvit.core.config import FrozenConfig


class SchemaName(str, Enum):
    """A kind of JSON that has a schema."""

    result = "result"
    config = "config"
    train = "train"


def schema(
    subject: Annotated[
        SchemaName,
        typer.Argument(
            help="result: an answer of predict. config: all options of a detector. train: the config of a training."
        ),
    ],
) -> None:
    """Print the JSON Schema (draft 2020-12) of a result, of a detector's config, or of a training's.

    Every field has its type, its bounds, its default and a description.
    """
    typer.echo(json.dumps(_model(subject).model_json_schema(), indent=2))


def _model(subject: SchemaName) -> type[FrozenConfig]:
    if subject is SchemaName.result:
        from genconvit.results.result import VideoResult

        return VideoResult
    if subject is SchemaName.config:
        from genconvit.settings import DetectorConfig

        return DetectorConfig
    from genconvit.train.config import TrainConfig

    return TrainConfig
