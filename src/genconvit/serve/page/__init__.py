"""The page of the service, which comes from files of the package alone."""

from __future__ import annotations

from importlib import resources

from fastapi import APIRouter, Response

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src 'self'; frame-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Content-Security-Policy of the page: nothing from elsewhere, and no script but its own file."""

page_routes = APIRouter(include_in_schema=False)


def _file(name: str, media_type: str) -> Response:
    content = (resources.files(__name__) / name).read_bytes()
    return Response(content, media_type=media_type, headers={"Content-Security-Policy": POLICY})


@page_routes.get("/")
def index() -> Response:
    """Give the page."""
    return _file("index.html", "text/html; charset=utf-8")


@page_routes.get("/page.css")
def style() -> Response:
    """Give the style of the page."""
    return _file("page.css", "text/css; charset=utf-8")


@page_routes.get("/page.js")
def script() -> Response:
    """Give the script of the page."""
    return _file("page.js", "text/javascript; charset=utf-8")
