"""Numbers for Prometheus. Each service counts for itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

_SECONDS = (0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600)


class Metrics:
    """Counters of a service, and the number of its jobs.

    Args:
        counts: gives the number of jobs in each state.

    Attributes:
        ended: jobs that ended, by state and status.
        seconds: seconds from the begin of a job's last attempt to its end.
        upload_bytes: bytes of uploads that were taken.
        refused: requests that were refused, by code.
    """

    def __init__(self, counts: Callable[[], Mapping[str, int]]) -> None:
        self._registry = CollectorRegistry()
        given: dict[str, Any] = {"registry": self._registry, "namespace": "genconvit"}
        self.ended = Counter("jobs_ended", "Jobs that ended.", ("state", "status"), **given)
        self.seconds = Histogram(
            "job_seconds", "Seconds of a job from its last begin to its end.", buckets=_SECONDS, **given
        )
        self.upload_bytes = Counter("upload_bytes", "Bytes of uploads that were taken.", **given)
        self.refused = Counter("requests_refused", "Requests that were refused, by code.", ("code",), **given)
        self._registry.register(_Jobs(counts))

    def text(self) -> bytes:
        """The numbers as text."""
        return generate_latest(self._registry)


class _Jobs(Collector):
    def __init__(self, counts: Callable[[], Mapping[str, int]]) -> None:
        self._counts = counts

    def collect(self) -> Iterator[GaugeMetricFamily]:
        family = GaugeMetricFamily("genconvit_jobs", "Jobs that are kept, by state.", labels=("state",))
        counts = self._counts()
        for state in ("queued", "running", "done", "failed", "cancelled"):
            family.add_metric((state,), counts.get(state, 0))
        yield family
