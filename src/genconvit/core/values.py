"""Values of options from text, as they are typed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from genconvit.core.errors import ConfigError

if TYPE_CHECKING:
    from pydantic import JsonValue


def option_value(name: str, text: str) -> JsonValue:
    """An option's value from text: as JSON where it is JSON, else the text itself.

    Args:
        name: name of the option in messages.
        text: the value as it was typed.

    Raises:
        ConfigError: it is JSON that no option can have.

    Examples:
        >>> option_value("max_faces", "5"), option_value("latent", "mean")
        (5, 'mean')
    """
    try:
        value: JsonValue = json.loads(text)
    except json.JSONDecodeError:
        return text
    except RecursionError:
        raise ConfigError(f"{name}: its value is nested too deeply") from None
    except ValueError:
        raise ConfigError(f"{name}: its value is a number with too many digits") from None
    return value
