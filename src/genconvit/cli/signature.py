"""Commands whose flags come from a table: the signature that typer reads."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Mapping, Sequence
from inspect import Parameter
from typing import Any


def own_parameters(command: Callable[..., None], *, without: str) -> list[Parameter]:
    """A command's parameters but one, with their annotations resolved."""
    hints = typing.get_type_hints(command, include_extras=True)
    given = inspect.signature(command).parameters.values()
    return [each.replace(annotation=hints[each.name]) for each in given if each.name != without]


def optional_parameters(annotations: Mapping[str, Any]) -> list[Parameter]:
    """A parameter for each name, None where it is not given."""
    return [
        Parameter(name, Parameter.KEYWORD_ONLY, default=None, annotation=annotation)
        for name, annotation in annotations.items()
    ]


def give_parameters(run: Callable[..., None], parameters: Sequence[Parameter]) -> None:
    """Make a function show these parameters to whoever inspects it, all by keyword, in this order."""
    shown = [each.replace(kind=Parameter.KEYWORD_ONLY) for each in parameters]
    run.__signature__ = inspect.Signature(shown)  # type: ignore[attr-defined]
    run.__annotations__ = {each.name: each.annotation for each in shown}
