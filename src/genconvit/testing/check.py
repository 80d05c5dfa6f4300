"""One check of a plugin's contract, and how it ended."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

from genconvit.core.text import first_line

T = TypeVar("T")


class SkippedError(Exception):
    """A check cannot run, since this machine or the plugin lacks what it needs; the message says what."""


@dataclass(frozen=True)
class CheckResult:
    """Result of a check.

    Attributes:
        status: ``ok``, ``failed`` or ``skipped``.
        reason: reason why it failed or was skipped; empty for ``ok``.
    """

    status: Literal["ok", "failed", "skipped"]
    reason: str = ""


@dataclass(frozen=True)
class Check:
    """One thing that the library relies on.

    Attributes:
        plugin: the name that it is registered under.
        title: title, which says what must hold, as a sentence without its subject.
        run: checks it; raises ``AssertionError`` or whatever the plugin raised, and ``SkippedError``.
    """

    plugin: str
    title: str
    run: Callable[[], None]

    def __str__(self) -> str:
        return f"{self.plugin} {self.title}"

    def outcome(self) -> CheckResult:
        """Run it; whatever the plugin raises is a failure."""
        try:
            self.run()
        except SkippedError as error:
            return CheckResult("skipped", str(error))
        except AssertionError as error:
            return CheckResult("failed", str(error))
        except (Exception, SystemExit) as error:
            return CheckResult("failed", f"{type(error).__name__}: {first_line(error)}")
        return CheckResult("ok")


class Subject(Generic[T]):
    """A plugin that is checked.

    Args:
        name: the name that it is registered under.
        cls: class of the plugin.
    """

    def __init__(self, name: str, cls: type[T]) -> None:
        self.name = name
        self.cls = cls

    def require_name(self, stated: str) -> None:
        """Fail a check unless the class states the name that it is registered under."""
        require(stated == self.name, f"its name is {stated!r}, and it is registered as {self.name!r}")


def require(holds: bool, message: str) -> None:
    """Fail a check unless something holds; unlike ``assert``, also under ``python -O``."""
    if not holds:
        raise AssertionError(message)
