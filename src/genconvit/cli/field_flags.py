"""Flags made of the fields of a config."""

from __future__ import annotations

import types
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal, Union, get_args, get_origin

import typer
from typer.core import TyperOption

from genconvit.cli.signature import give_parameters, optional_parameters

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

    from genconvit.core.config import FrozenConfig

_METAVARS: dict[object, str] = {int: "N", float: "X", str: "TEXT", bool: "true|false"}


def field_flags(configs: Sequence[type[FrozenConfig]], title: str) -> dict[str, TyperOption]:
    """For each field a flag: a switch for a boolean, else a value as text.

    Args:
        configs: configs that have the fields; the first one that has a field decides on its flag.
        title: title under which help shows the flags.
    """
    from genconvit.core.config import field_descriptions

    fields: dict[str, FieldInfo] = {}
    texts: dict[str, str] = {}
    for config in reversed(configs):
        fields.update(config.model_fields)
        texts.update(field_descriptions(config))
    annotations = {
        _parameter(name): _annotation(name, info, texts.get(name, ""), title) for name, info in fields.items()
    }

    def command() -> None:
        """Have parameters that typer makes options of."""

    give_parameters(command, optional_parameters(annotations))
    program = typer.Typer(add_completion=False)
    program.command()(command)
    options: list[Any] = typer.main.get_command(program).params
    return dict(zip(fields, options, strict=True))


def _parameter(name: str) -> str:
    """A name that no other parameter of a command has."""
    return f"field_{name}"


def _annotation(name: str, info: FieldInfo, description: str, title: str) -> object:
    from rich.markup import escape

    flag = f"--{name.replace('_', '-')}"
    kinds = [kind for kind in _kinds(info.annotation) if kind is not type(None)]
    text = escape(" ".join((info.description or description).replace("``", "").split()))
    if kinds == [bool]:
        shown = {True: "on", False: "off"}.get(info.default, False)
        switch = typer.Option(f"{flag}/--no-{flag[2:]}", help=text, show_default=shown, rich_help_panel=title)
        return Annotated[bool | None, switch]
    metavar = "|".join(dict.fromkeys(map(_metavar, kinds)))
    default = str(info.default) if isinstance(info.default, (str, int, float)) else False
    value = typer.Option(flag, help=text, metavar=metavar, show_default=default, rich_help_panel=title)
    return Annotated[str | None, value]


def _kinds(annotation: object) -> list[object]:
    """The types that an annotation allows."""
    if get_origin(annotation) is Annotated:
        return _kinds(get_args(annotation)[0])
    if get_origin(annotation) in (Union, types.UnionType):
        return [kind for each in get_args(annotation) for kind in _kinds(each)]
    return [annotation]


def _metavar(kind: object) -> str:
    if get_origin(kind) is Literal:
        return "|".join(map(str, get_args(kind)))
    return _METAVARS.get(kind, "JSON")
