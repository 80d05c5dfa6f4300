"""The flags of a run over many machines."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from genconvit.cli.options import named_values
from genconvit.core.errors import ConfigError
from genconvit.core.optional import require

if TYPE_CHECKING:
    from genconvit.scale.options import ScaleOptions

MANY_MACHINES = "Many machines"
"""Title under which help shows the flags."""


class Engine(str, Enum):
    """The engines that lead sources through the detector."""

    local = "local"
    ray = "ray"


EngineFlag = Annotated[
    Engine,
    typer.Option(
        help="Score in this program, or on the machines of a Ray cluster, which write into OUTPUT.parts meanwhile.",
        rich_help_panel=MANY_MACHINES,
    ),
]
AddressFlag = Annotated[
    str | None,
    typer.Option(
        help="With --engine ray: address of the cluster.",
        metavar="HOST:PORT",
        show_default="RAY_ADDRESS, or else this machine",
        rich_help_panel=MANY_MACHINES,
    ),
]
RayFlag = Annotated[
    list[str] | None,
    typer.Option(
        "--ray",
        help="With --engine ray: a size or limit of the run, such as networks=4 or network_gpus=1.",
        metavar="NAME=VALUE",
        rich_help_panel=MANY_MACHINES,
    ),
]


def scale_options(
    engine: Engine, address: str | None, given: list[str] | None, output: Path | None
) -> ScaleOptions | None:
    """The options of a run on Ray; None for the local engine.

    Raises:
        ConfigError: a flag is for Ray alone, has a value that is not allowed, or there is no output.
    """
    if engine is Engine.local:
        if address or given:
            raise ConfigError(f"{'--address' if address else '--ray'} is for --engine ray; give that as well")
        return None
    if output is None:
        raise ConfigError("--engine ray writes into files; give --output FILE, with .jsonl, .json, .csv or .parquet")
    require("ray.data", package="Ray", extra="ray", purpose="--engine ray")
    require("pyarrow", package="pyarrow", extra="ray", purpose="--engine ray")
    from pydantic import ValidationError

    from genconvit.core.config import validation_message
    from genconvit.scale.options import ScaleOptions

    try:
        return ScaleOptions.model_validate({"address": address, **named_values("--ray", given, example="networks=4")})
    except ValidationError as error:
        raise ConfigError(validation_message(error)) from error
