"""Version 1 of the API: its routes, and their errors as problems."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, StreamingResponse
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from genconvit.core.errors import GenConViTError
from genconvit.core.text import first_line
from genconvit.core.version import __version__
from genconvit.serve.forms import FEEDBACK, FORM, take_feedback, take_job
from genconvit.serve.hosts import OwnHostOnly
from genconvit.serve.models import Choices, Created, Job, JobPage, ProblemBody
from genconvit.serve.page import page_routes
from genconvit.serve.problems import MEDIA_TYPE, Problem, not_found, problem_of
from genconvit.serve.service import Service
from genconvit.serve.stored import StoredJob

REPORT_POLICY = (
    "sandbox allow-scripts; default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)
"""Content-Security-Policy of a report, which runs in an origin of its own."""

_NO_TELEMETRY: Any = {"tracing": False, "metrics": False, "logs": False, "auto_configure": False}
"""Options of FastAPI's own telemetry, which else may be called for by the environment."""

_PROBLEMS: dict[int | str, dict[str, Any]] = {"default": {"model": ProblemBody, "description": "A problem."}}


def make_app(service: Service) -> FastAPI:
    """The application of a service, which it starts and closes."""

    @asynccontextmanager
    async def running(_: FastAPI) -> AsyncIterator[None]:
        await run_in_threadpool(service.start)
        yield
        await run_in_threadpool(service.close)

    app = FastAPI(
        title="genconvit",
        version=__version__,
        description="Tell whether the faces in a video are real or manipulated, and what that answer rests on.",
        openapi_url="/v1/openapi.json",
        docs_url=None,  # their pages load scripts from elsewhere
        redoc_url=None,
        telemetry=_NO_TELEMETRY,
        lifespan=running,
        responses=_PROBLEMS,
    )
    app.state.service = service
    app.include_router(v1)
    app.include_router(health)
    app.include_router(page_routes)
    app.add_middleware(OwnHostOnly, origin=service.config.origin)
    _answer_problems(app, service)
    return app


async def service_of(request: Request) -> Service:
    """The service that a request is for."""
    service: Service = request.app.state.service
    return service


Served = Annotated[Service, Depends(service_of)]


async def owner_of(request: Request, service: Served) -> str:
    """Id of the key that a request has; empty where none is asked for.

    Raises:
        Problem: it has none, or one that is wrong or was revoked.
    """
    if service.keys is None:
        return ""
    scheme, _, text = request.headers.get("authorization", "").partition(" ")
    key = await run_in_threadpool(service.keys.find, text.strip()) if scheme.lower() == "bearer" else None
    if key is None:
        detail = "give a key that is known, as Authorization: Bearer KEY; the operator makes one (genconvit keys add)"
        raise Problem(401, "unauthorized", detail, {"WWW-Authenticate": "Bearer"})
    return key.id


Owner = Annotated[str, Depends(owner_of)]

v1 = APIRouter(prefix="/v1")
health = APIRouter()


@v1.get("/choices")
def choices(service: Served) -> Choices:
    """Options that a client has; needs no key."""
    return service.choices()


@v1.post("/jobs", status_code=202, openapi_extra=FORM)
async def create_job(request: Request, service: Served, owner: Owner) -> Created:
    """Take a source as a job."""
    return Created(id=await take_job(request, service, owner))


@v1.post("/predict", response_model=Job, openapi_extra=FORM, responses={202: {"model": Job}})
async def predict(
    request: Request, service: Served, owner: Owner, wait: Annotated[float, Query(ge=0, le=300)] = 30
) -> Response:
    """Take a source as a job, and wait for its end: 200 with the result, or 202 where it takes longer than ``wait``."""
    job_id = await take_job(request, service, owner)
    await service.waiters.wait(job_id, lambda: service.job(job_id, owner).has_ended, wait)
    job = await run_in_threadpool(service.job, job_id, owner)
    return await run_in_threadpool(_job_response, service, job, 200 if job.has_ended else 202)


@v1.get("/jobs")
def list_jobs(
    service: Served, owner: Owner, limit: Annotated[int, Query(ge=1, le=200)] = 50, before: str | None = None
) -> JobPage:
    """List the key's jobs, the latest first."""
    found = service.store.page(owner, limit + 1, before)
    shown = tuple(job.summary(service.progress(job)) for job in found[:limit])
    return JobPage(jobs=shown, next=shown[-1].id if len(found) > limit else None)


@v1.get("/jobs/{job_id}", response_model=Job)
async def get_job(
    job_id: str, service: Served, owner: Owner, wait: Annotated[float, Query(ge=0, le=60)] = 0
) -> Response:
    """Give one job, with its result; where it has not ended, after so many seconds, or as soon as it has."""
    if wait:
        await service.waiters.wait(job_id, lambda: service.job(job_id, owner).has_ended, wait)
    job = await run_in_threadpool(service.job, job_id, owner)
    return await run_in_threadpool(_job_response, service, job, 200)


@v1.delete("/jobs/{job_id}")
def delete_job(job_id: str, service: Served, owner: Owner) -> JSONResponse:
    """Cancel a job, or forget one that has ended, with its files."""
    return JSONResponse({"id": job_id, "outcome": service.delete(job_id, owner)})


@v1.post("/jobs/{job_id}/ticket")
def report_ticket(job_id: str, service: Served, owner: Owner) -> JSONResponse:
    """Give an address of the report that holds for ten minutes without a key, for a browser's frame."""
    service.job(job_id, owner)
    return JSONResponse({"url": f"/v1/jobs/{job_id}/report?ticket={service.tickets.make(owner, job_id)}"})


@v1.get("/jobs/{job_id}/report", response_class=HTMLResponse)
async def report(
    request: Request,
    job_id: str,
    service: Served,
    ticket: str | None = None,
    wait: Annotated[float, Query(ge=0, le=60)] = 0,
) -> StreamingResponse:
    """Give the page of a result; where it is not made yet, after so many seconds, or as soon as it is."""
    if ticket:
        owner = await run_in_threadpool(service.owner_of_ticket, ticket, job_id)
    else:
        owner = await owner_of(request, service)
    if owner is None:
        raise Problem(401, "unauthorized", "the ticket is of another report, or older than ten minutes; get another")
    if wait:
        await service.report_waiters.wait(job_id, lambda: service.job(job_id, owner).has_report, wait)
    job = await run_in_threadpool(service.job, job_id, owner)
    if not job.has_report:
        raise Problem(409, "state", f"the job is {job.state}, and its report is to come", {"Retry-After": "1"})
    page = await run_in_threadpool(service.folder.open_report, job_id)
    if job.report == "none" or page is None:
        raise not_found("report of this job")
    headers = {"Content-Security-Policy": REPORT_POLICY, "Content-Length": str(page.size)}
    return StreamingResponse(page.pieces(), media_type="text/html; charset=utf-8", headers=headers)


@v1.post("/jobs/{job_id}/feedback", status_code=204, openapi_extra=FEEDBACK)
async def feedback(request: Request, job_id: str, service: Served, owner: Owner) -> Response:
    """Keep the label that a person gives a source."""
    await take_feedback(request, service, owner, job_id)
    return Response(status_code=204)


@health.get("/healthz")
def healthz() -> JSONResponse:
    """Tell that the process answers."""
    return JSONResponse({"status": "ok"})


@health.get("/readyz")
def readyz(service: Served) -> JSONResponse:
    """Tell whether the networks are loaded."""
    if service.failure is not None:
        raise Problem(503, "notready", "a detector cannot work; the log of the service says why")
    if not service.is_ready:
        raise Problem(503, "notready", "the networks are being loaded; come again", {"Retry-After": "1"})
    return JSONResponse({"status": "ready"})


@health.get("/metrics")
def metrics(service: Served, owner: Owner) -> Response:
    """Give the numbers of the service, in the text form of Prometheus."""
    del owner  # one has to have a key
    return Response(service.metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")


def _job_response(service: Service, job: StoredJob, status: int) -> Response:
    content = job.job(service.progress(job)).model_dump_json()
    return Response(content, status_code=status, media_type="application/json")


def _answer_problems(app: FastAPI, service: Service) -> None:
    def response(problem: Problem) -> Response:
        service.metrics.refused.labels(problem.code).inc()
        return Response(problem.body, problem.status, problem.headers, MEDIA_TYPE)

    @app.exception_handler(Problem)
    async def _(_: Request, problem: Problem) -> Response:
        return response(problem)

    @app.exception_handler(GenConViTError)
    async def _(_: Request, error: GenConViTError) -> Response:
        return response(problem_of(error))

    @app.exception_handler(RequestValidationError)
    async def _(_: Request, error: RequestValidationError) -> Response:
        found = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())
        return response(Problem(422, "config", f"{found}; see /v1/openapi.json"))

    @app.exception_handler(HTTPException)
    async def _(_: Request, error: HTTPException) -> Response:
        if error.status_code == 404:
            return response(not_found("such address"))
        return response(Problem(error.status_code, "request", f"{error.detail}; see /v1/openapi.json"))

    @app.exception_handler(sqlite3.Error)
    async def _(_: Request, error: sqlite3.Error) -> Response:
        detail = f"the jobs cannot be read or kept now ({first_line(error)}); come again in 5 s"
        return response(Problem(503, "notready", detail, {"Retry-After": "5"}))

    @app.exception_handler(Exception)
    async def _(_: Request, error: Exception) -> Response:
        return response(Problem(500, "error", f"an error of the service: {type(error).__name__}; its log says more"))
