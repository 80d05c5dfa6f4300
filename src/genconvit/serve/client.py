"""A client of the service: send a file, wait for its result, fetch the report."""

from __future__ import annotations

import io
import json
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

from pydantic import ValidationError

from genconvit.core.closeable import Closeable
from genconvit.core.config import FrozenConfig
from genconvit.core.errors import ConfigError, ServiceError, SourceAccessError
from genconvit.core.optional import require
from genconvit.core.text import first_line
from genconvit.results.result import Label
from genconvit.serve.models import ENDED, Created, Job, JobPage, JobSummary, ProblemBody
from genconvit.video.names import source_name

M = TypeVar("M", bound=FrozenConfig)
_WAIT_SECONDS = 20.0
_LOOK_SECONDS = 1.0
_PAUSE_SECONDS = 0.2


class Client(Closeable):
    """A client of ``genconvit serve``; a context manager. Needs the extra ``serve``.

    Args:
        url: address of the service, such as ``http://localhost:8000``.
        key: key that the operator gave; None for a service that asks for none.
        timeout_seconds: seconds that each step of a request may take.
        http: client of httpx to send requests by; None makes one, which follows no redirects and uses no proxy.

    Raises:
        ConfigError: httpx is not installed, or the address is none.

    Examples:
        >>> from genconvit import Client
        >>> client = Client("http://localhost:8000")
        >>> job_id = client.submit("clip.mp4")  # doctest: +SKIP
        >>> print(client.wait(job_id).result)  # doctest: +SKIP
        clip.mp4: REAL (fake probability 0.281, 15 faces in 15 frames)
    """

    def __init__(
        self,
        url: str,
        key: str | None = None,
        *,
        timeout_seconds: float = 60.0,
        http: Any = None,  # noqa: ANN401 - httpx may be absent
    ) -> None:
        require("httpx", package="httpx", extra="serve", purpose="a client of the service")
        import httpx

        if not url.startswith(("http://", "https://")):
            raise ConfigError(f"{url!r} is no address of a service; give one such as http://localhost:8000")
        self._url = url.rstrip("/")
        self._headers = {} if key is None else {"Authorization": f"Bearer {key}"}
        secure = url.startswith("https://")  # certificates take long to read, and are for https alone
        self._http: httpx.Client = http or httpx.Client(trust_env=False, timeout=timeout_seconds, verify=secure)

    def submit(
        self,
        source: str | os.PathLike[str],
        *,
        architecture: str | None = None,
        threshold: float | str | None = None,
        webhook: str | None = None,
        progress: Callable[[int, int], object] | None = None,
    ) -> str:
        """Send a file as a job, and give the job's id.

        Args:
            source: path of a video or an image.
            architecture: architecture that scores, among those that the service offers.
            threshold: threshold, among those that the service offers.
            webhook: address that the service tells of the end.
            progress: called with the bytes that were sent and the bytes of the file.

        Raises:
            SourceAccessError: the file cannot be read.
            ServiceError: the service refuses it, or cannot be reached.
        """
        path = Path(source)
        try:
            stream = _Sent(path, progress)
        except (OSError, ValueError) as error:
            raise SourceAccessError(source_name(path), first_line(error)) from error
        with stream:
            form = _form(architecture, threshold, webhook)
            content = self._send("POST", "/v1/jobs", data=form, files={"file": (path.name, stream)})
        return _parsed(Created, content).id

    def submit_path(
        self,
        path: str,
        *,
        architecture: str | None = None,
        threshold: float | str | None = None,
        webhook: str | None = None,
    ) -> str:
        """Name a file of the service's own machine as a job, and give the job's id.

        Args:
            path: path below the folder that the operator allowed.
            architecture: architecture that scores, among those that the service offers.
            threshold: threshold, among those that the service offers.
            webhook: address that the service tells of the end.

        Raises:
            ServiceError: the service refuses it, or cannot be reached.
        """
        form = {
            "path": (None, path),
            **{name: (None, text) for name, text in _form(architecture, threshold, webhook).items()},
        }
        return _parsed(Created, self._send("POST", "/v1/jobs", files=form)).id

    def job(self, job_id: str, *, wait_seconds: float = 0.0) -> Job:
        """Give a job as it is now, or as soon as it has ended.

        Args:
            job_id: id of the job.
            wait_seconds: seconds for which the service waits for its end, at most 60.

        Raises:
            ServiceError: there is none, or the service cannot be reached.
        """
        asked = {"wait": wait_seconds} if wait_seconds else {}
        return _parsed(Job, self._send("GET", f"/v1/jobs/{quote(job_id, safe='')}", params=asked))

    def wait(self, job_id: str, *, seconds: float = 3600.0, progress: Callable[[Job], object] | None = None) -> Job:
        """Wait until a job has ended.

        Args:
            job_id: id of the job.
            seconds: seconds to wait at most.
            progress: called with the job each time that it was looked at, every second or so.

        Raises:
            ServiceError: it takes longer, there is none, or the service cannot be reached.
        """
        until = time.monotonic() + seconds
        longest = _WAIT_SECONDS if progress is None else _LOOK_SECONDS
        while True:
            job = self.job(job_id, wait_seconds=min(longest, max(until - time.monotonic(), 0.0)))
            if progress is not None:
                progress(job)
            if job.state in ENDED:
                return job
            if time.monotonic() >= until:
                raise ServiceError(f"job {job_id} is {job.state} after {seconds:g} s; wait longer, or delete it")

    def report(self, job_id: str, *, seconds: float = 60.0) -> str:
        """Give the page of a result, as HTML; waits where it is being made.

        Args:
            job_id: id of the job.
            seconds: seconds to wait at most.

        Raises:
            ServiceError: there is none, or the service cannot be reached.
        """
        until = time.monotonic() + seconds
        while True:
            asked = {"wait": min(_WAIT_SECONDS, max(until - time.monotonic(), 0.0))}
            try:
                return self._send("GET", f"/v1/jobs/{quote(job_id, safe='')}/report", params=asked).decode("utf-8")
            except ServiceError as error:
                if error.retry_after_seconds is None or error.status != 409 or time.monotonic() > until:
                    raise
            time.sleep(_PAUSE_SECONDS)

    def jobs(self) -> Iterator[JobSummary]:
        """Yield the jobs of the key, the latest first.

        Raises:
            ServiceError: the service cannot be reached.
        """
        before: dict[str, str] = {}
        while True:
            page = _parsed(JobPage, self._send("GET", "/v1/jobs", params=before))
            yield from page.jobs
            if page.next is None:
                return
            before = {"before": page.next}

    def delete(self, job_id: str) -> None:
        """Cancel a job, or forget one that has ended.

        Raises:
            ServiceError: there is none, or the service cannot be reached.
        """
        self._send("DELETE", f"/v1/jobs/{quote(job_id, safe='')}")

    def feedback(self, job_id: str, label: Label) -> None:
        """Say what the source of a job is, as far as you know.

        Raises:
            ServiceError: there is no such job, it has no score, or the service cannot be reached.
        """
        self._send("POST", f"/v1/jobs/{quote(job_id, safe='')}/feedback", json={"label": label})

    def close(self) -> None:
        """Close the connections; more than once is fine."""
        self._http.close()

    def _send(self, method: str, path: str, **request: Any) -> bytes:  # noqa: ANN401 - as httpx has them
        import httpx

        try:
            response = self._http.request(method, self._url + path, headers=self._headers, **request)
        except httpx.HTTPError as error:
            raise ServiceError(f"{self._url} cannot be reached: {first_line(error)}") from error
        if response.is_success:
            return response.content
        retry = response.headers.get("retry-after", "")
        code, detail = None, f"status {response.status_code}"
        try:
            problem = ProblemBody.model_validate_json(response.content)
            code, detail = problem.code, problem.detail
        except ValidationError:
            pass  # of a proxy, or of another program
        raise ServiceError(
            f"{self._url} refuses {method} {path}: {detail}",
            status=response.status_code,
            problem=code,
            retry_after_seconds=float(retry) if retry.isdecimal() else None,
        )


class _Sent(io.FileIO):
    """A file that says how much of it was read."""

    def __init__(self, path: Path, progress: Callable[[int, int], object] | None) -> None:
        super().__init__(path)
        self._progress = progress
        self._size = os.fstat(self.fileno()).st_size
        self._sent = 0

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(-1 if size is None else size)
        self._sent += len(data)
        if self._progress is not None and data:
            self._progress(self._sent, self._size)
        return data


def _form(architecture: str | None, threshold: float | str | None, webhook: str | None) -> dict[str, str]:
    options = {"architecture": architecture, "threshold": threshold}
    given = {name: value for name, value in options.items() if value is not None}
    form = {"options": json.dumps(given)} if given else {}
    return form if webhook is None else {**form, "webhook": webhook}


def _parsed(model: type[M], content: bytes) -> M:
    try:
        return model.model_validate_json(content)
    except ValidationError as error:
        raise ServiceError(f"the service answers what is no {model.__name__}; is it of another version?") from error
