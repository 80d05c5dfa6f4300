"""The base of every typed config: frozen, strict, and helpful about a misspelt field."""

from __future__ import annotations

import ast
import difflib
import inspect
import itertools
import textwrap
from collections.abc import Iterable
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

if TYPE_CHECKING:
    from pydantic import GetJsonSchemaHandler
    from pydantic.json_schema import JsonSchemaValue
    from pydantic_core import CoreSchema


class FrozenConfig(BaseModel):
    """A pydantic model that cannot change after its construction and refuses unknown fields.

    Examples:
        >>> class Size(FrozenConfig):
        ...     width: int = 2
        >>> Size.model_validate_json(Size(width=3).model_dump_json())
        Size(width=3)
        >>> Size(widht=3)
        Traceback (most recent call last):
        ...
        pydantic_core._pydantic_core.ValidationError: 1 validation error for Size
          Value error, unknown field 'widht' (did you mean 'width'?); the fields are: width ...
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        allow_inf_nan=False,
        protected_namespaces=(),
    )

    @model_validator(mode="before")
    @classmethod
    def _name_unknown_fields(cls, data: object) -> object:
        if isinstance(data, dict):
            known = cls.model_fields
            for name in data:
                if name not in known:
                    raise ValueError(
                        f"unknown field {name!r}{did_you_mean(str(name), known)}; the fields are: {', '.join(known)}"
                    )
        return data

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Describe the fields in the JSON Schema, which is when sources are read: pydantic would at every start."""
        schema = handler(core_schema)
        properties = handler.resolve_ref_schema(schema).get("properties", {})
        for name, text in field_descriptions(cls).items():
            properties[name].setdefault("description", text)
        return schema


def field_descriptions(config: type[BaseModel]) -> dict[str, str]:
    """Give the text below each field in the sources of a config and its bases; of fields without one, nothing."""
    found: dict[str, str] = {}
    for cls in reversed(config.__mro__):
        if issubclass(cls, FrozenConfig):
            found.update(_attribute_docstrings(cls))
    return {name: found[name] for name in config.model_fields if name in found}


def _attribute_docstrings(cls: type) -> dict[str, str]:
    try:
        source = textwrap.dedent(inspect.getsource(cls))
    except (OSError, TypeError):  # a class without a file
        return {}
    (definition,) = ast.parse(source).body
    found = {}
    for first, second in itertools.pairwise(ast.iter_child_nodes(definition)):
        match first, second:
            case ast.AnnAssign(target=ast.Name(name)), ast.Expr(ast.Constant(str(text))):
                found[name] = inspect.cleandoc(text)
    return found


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A hint with the nearest of the known names, or nothing where none is near.

    Examples:
        >>> did_you_mean("orignal", ["original", "v2"])
        " (did you mean 'original'?)"
        >>> did_you_mean("resnet", ["original", "v2"])
        ''
    """
    near = difflib.get_close_matches(name, list(known), n=1)
    return f" (did you mean {near[0]!r}?)" if near else ""


def validation_message(error: ValidationError) -> str:
    """Say what pydantic found, in one line: each field, the value it got and what is allowed."""
    return "; ".join(
        ".".join(map(str, problem["loc"]))
        + (f"={problem['input']!r}: " if problem["loc"] else "")
        + problem["msg"].removeprefix("Value error, ")
        for problem in error.errors(include_url=False)
    )
