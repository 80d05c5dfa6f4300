"""HTML pages that hold all that they show: templates that escape every text, and a policy that lets nothing else in."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from functools import lru_cache

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from genconvit.core.text import printable

_TEMPLATES = "templates"


def html_page(template: str, *, styles: Sequence[str], scripts: Sequence[str], **values: object) -> str:
    """Fill a template in.

    Every text becomes printable and is escaped, wherever it comes from; markup of the renderer's own is an instance of
    ``Markup``.

    Args:
        template: name of a template that ends in ``.html``.
        styles: names of the style sheets' files, which together become ``style``.
        scripts: names of the scripts' files, which together become ``script``.
        **values: further values of the template; the policy becomes ``policy``.
    """
    texts = {"style": Markup("").join(map(_file, styles)), "script": Markup("").join(map(_file, scripts))}
    made = _environment().get_template(template).render(**texts, policy=policy(**texts), **values)
    return made.rstrip("\n") + "\n"


def policy(*, style: str, script: str) -> str:
    """The content security policy of a page with this inline style and this inline script, and nothing else.

    Args:
        style: text between the tags, as it stands in the page.
        script: text between the tags, as it stands in the page.
    """
    return (
        f"default-src 'none'; img-src data:; style-src {_hash(style)}; script-src {_hash(script)}; "
        "base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"


@lru_cache(maxsize=1)
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("genconvit.render", _TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _shown(value: object) -> object:
    """A value as it is put into a page: markup as it is, and every other text without control characters."""
    if value is None:
        raise ValueError("a template shows nothing for None; ask for it there")
    return value if isinstance(value, Markup) else printable(str(value))


@lru_cache(maxsize=8)
def _file(name: str) -> Markup:
    """A style sheet or a script of the package's own, which needs no escaping."""
    loader = _environment().loader
    if loader is None:
        raise ValueError("the environment has no loader")
    text, _, _ = loader.get_source(_environment(), name)
    return Markup(text)  # noqa: S704 - ours
