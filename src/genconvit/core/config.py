"""The base of every typed config: frozen, strict, and helpful about a misspelt field."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator


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
        use_attribute_docstrings=True,
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
