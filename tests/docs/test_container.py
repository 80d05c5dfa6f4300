"""The container recipe keeps what the page of the service says of it; no image is built here."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped] # its types are a package of their own

from genconvit.cli.app import app
from genconvit.serve.config import ServeConfig

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def steps() -> list[tuple[str, str]]:
    """Instructions of the recipe with what follows each."""
    text = re.sub(r"\\\n", " ", (ROOT / "Dockerfile").read_text())
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [(line.split()[0], line.partition(" ")[2].strip()) for line in lines]


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
    return found


def test_the_image_runs_as_a_user_that_owns_its_jobs_alone(steps: list[tuple[str, str]]) -> None:
    last = [name for name, _ in steps].index("FROM", 1)
    (user,) = [value for name, value in steps[last:] if name == "USER"]
    assert user == "10001"
    made = next(value for name, value in steps[last:] if name == "RUN")
    assert "--uid 10001" in made
    assert "install --directory --owner=genconvit --mode=0700 /data" in made
    assert [name for name, _ in steps[last:]].index("USER") > [name for name, _ in steps[last:]].index("RUN")


def test_the_image_starts_the_program_with_flags_that_it_knows(steps: list[tuple[str, str]]) -> None:
    import json

    import typer

    (entry,) = [json.loads(value) for name, value in steps if name == "ENTRYPOINT"]
    program, command, *flags = entry
    assert (program, command) == ("genconvit", "serve")
    commands: Any = typer.main.get_command(app)
    context = commands.commands["serve"].make_context("serve", list(flags))
    assert context.params["host"] == "0.0.0.0"  # noqa: S104 - reached from outside the container
    with pytest.raises(ValueError, match="takes keys"):
        ServeConfig(host=context.params["host"])


def test_what_the_image_copies_is_there(steps: list[tuple[str, str]]) -> None:
    for name, value in steps:
        if name == "COPY" and "--from" not in value:
            assert all((ROOT / each).exists() for each in shlex.split(value)[:-1])
    kept = {line.removeprefix("!") for line in (ROOT / ".dockerignore").read_text().split() if line.startswith("!")}
    assert kept == {"pyproject.toml", "README.md", "LICENSE", "src"}


def test_the_container_has_no_rights_and_writes_into_its_volume_alone(services: dict[str, Any]) -> None:
    service = services["genconvit"]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    assert service["volumes"] == ["jobs:/data", "./keys:/keys:ro"]
    assert service["ports"] == ["127.0.0.1:8000:8000"]
    assert "--weights=embedded" in service["command"]
    assert any(flag.startswith("--auth=") for flag in service["command"])
    assert any(flag.startswith("--origin=") for flag in service["command"])
