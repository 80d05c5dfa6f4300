"""A job from a request: its file or path, its options and its webhook."""

from __future__ import annotations

import asyncio
from pathlib import Path

from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from genconvit.core.config import validation_message
from genconvit.serve.files import Upload, client_name, no_room
from genconvit.serve.models import Feedback, JobOptions
from genconvit.serve.problems import Problem
from genconvit.serve.service import Service
from genconvit.serve.uploads import Form, FormLimits, read_form, read_small

FORM = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "properties": {
                        "file": {"type": "string", "format": "binary", "description": "Video or image."},
                        "path": {"type": "string", "description": "Path below the folder that is allowed."},
                        "options": {
                            "type": "string",
                            "contentMediaType": "application/json",
                            "contentSchema": JobOptions.model_json_schema(),
                        },
                        "webhook": {"type": "string", "format": "uri", "description": "Address to tell of the end."},
                    },
                }
            }
        },
    }
}
"""Form of a job, as OpenAPI says it."""


FEEDBACK = {
    "requestBody": {"required": True, "content": {"application/json": {"schema": Feedback.model_json_schema()}}}
}
"""Body of a label, as OpenAPI says it."""


async def take_feedback(request: Request, service: Service, owner: str, job_id: str) -> None:
    """Take the label that a person gives a source; its owner is known before anything is read.

    Raises:
        Problem: it cannot be taken.
    """
    content = await read_small(request.stream(), _limits(service))
    try:
        label = Feedback.model_validate_json(content).label
    except ValidationError as error:
        raise Problem(422, "config", f"{validation_message(error)[:500]}; see /v1/openapi.json") from None
    await run_in_threadpool(lambda: service.opinions.keep(service.job(job_id, owner), label))


async def take_job(request: Request, service: Service, owner: str) -> str:
    """Take a job, once it is whole and on the disk; gives its id.

    Raises:
        Problem: it cannot be taken.
    """
    await run_in_threadpool(service.check_room, owner)
    with service.arrivals.of(owner):
        return await _take_job(request, service, owner)


async def _take_job(request: Request, service: Service, owner: str) -> str:
    config, job_id = service.config, service.new_id()

    def begin(name: str) -> Upload:
        return service.folder.upload(job_id, name, config.most_upload_bytes)

    form = await read_form(
        request.stream(),
        request.headers.get("content-type"),
        request.headers.get("content-length"),
        begin,
        _limits(service),
    )
    # A client that goes away now has asked for the job all the same: it is taken, or its file is deleted.
    await asyncio.shield(run_in_threadpool(_add, service, owner, job_id, form))
    return job_id


def _limits(service: Service) -> FormLimits:
    config = service.config
    return FormLimits(config.most_upload_bytes, config.upload_seconds, config.silence_seconds)


def _add(service: Service, owner: str, job_id: str, form: Form) -> None:
    upload = form.upload
    try:
        options, webhook = _options(form.fields.get("options")), form.fields.get("webhook")
        service.check_options(options, webhook)
        path, name = _source(service, form)
        service.add(owner, job_id, name, path, options, webhook)
    except OSError as error:
        _drop(upload)
        raise no_room(error) from error
    except BaseException:
        _drop(upload)
        raise
    service.metrics.upload_bytes.inc(upload.size if upload else 0)


def _source(service: Service, form: Form) -> tuple[Path, str]:
    """The path of a form's file, and the client's name for it."""
    given = form.fields.get("path")
    if form.upload is None and given is not None:
        return service.allowed_path(given), given
    if form.upload is None or given is not None:
        raise Problem(422, "config", "give either a part file or a part path, and only one of them")
    form.upload.finish()
    return form.upload.path, client_name(form.file_name or "")


def _drop(upload: Upload | None) -> None:
    if upload is not None:
        upload.drop()


def _options(text: str | None) -> JobOptions:
    if text is None:
        return JobOptions()
    try:
        return JobOptions.model_validate_json(text)
    except ValidationError as error:
        raise Problem(422, "config", f"options: {validation_message(error)[:500]}") from None
