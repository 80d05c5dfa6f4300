"""The API, called as an application; its detector is the real one, with the weights that ship."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from genconvit import Client, Detector, DetectorConfig, VideoResult
from genconvit.core.errors import ServiceError, SourceAccessError
from genconvit.evaluation.results_file import read_results
from genconvit.serve.api import make_app
from genconvit.serve.config import ServeConfig
from genconvit.serve.keys import add_key, revoke_key
from genconvit.serve.models import ProblemBody
from genconvit.serve.page import POLICY
from genconvit.serve.problems import Problem
from genconvit.serve.service import Service
from processes import wait_until

from .conftest import serving


def data_of(http: TestClient) -> Path:
    app: Any = http.app
    config = app.state.service.config
    assert isinstance(config.data, Path)
    return config.data


def uploads(http: TestClient) -> set[str]:
    """Names of the uploads that are kept; those of earlier tests may still wait for their reports."""
    return {path.name for path in (data_of(http) / "uploads").iterdir()}


def problem(http: TestClient, method: str, path: str, **request: Any) -> tuple[int, str]:
    response = http.request(method, path, **request)
    assert response.headers["content-type"] == "application/problem+json"
    body = ProblemBody.model_validate_json(response.content)
    assert body.status == response.status_code
    return body.status, body.code


def test_a_job_has_the_result_of_predict_to_the_bit(client: Client, clip: Path, predicted: VideoResult) -> None:
    sent: list[tuple[int, int]] = []
    job_id = client.submit(clip, progress=lambda done, size: sent.append((done, size)))
    job = client.wait(job_id)
    size = clip.stat().st_size
    assert sent[-1] == (size, size)
    assert (job.state, job.progress, job.error, job.name) == ("done", 1.0, None, "clip.mp4")
    assert job.result == predicted.model_copy(update={"source": "clip.mp4"})
    assert (job.label, job.fake_probability) == (predicted.label, predicted.fake_probability)


def test_another_threshold_gives_what_a_detector_with_it_gives(
    client: Client, clip: Path, embedded: DetectorConfig
) -> None:
    result = client.wait(client.submit(clip, threshold=0.9)).result
    fields = {**embedded.model_dump(exclude_unset=True), "threshold": 0.9, "isolate": True}
    config = DetectorConfig.model_validate(fields)
    with Detector(config) as detector:
        assert result == detector.predict(clip).model_copy(update={"source": "clip.mp4"})


@pytest.mark.parametrize(
    "options",
    [
        '{"threshold": 0.8}',
        '{"threshold": "much"}',
        '{"architecture": "original"}',
        '{"weights": "/etc/passwd"}',
        '{"threshold": NaN}',
        "[]",
        "{",
    ],
)
def test_options_that_were_not_allowed_are_refused(http: TestClient, clip: Path, options: str) -> None:
    before = uploads(http)
    with clip.open("rb") as file:
        assert problem(http, "POST", "/v1/jobs", files={"file": file}, data={"options": options}) == (422, "config")
    assert uploads(http) <= before


def test_a_source_that_cannot_be_read_has_failed_with_a_result(client: Client, tmp_path: Path) -> None:
    (tmp_path / "text.mp4").write_text("no video")
    job = client.wait(client.submit(tmp_path / "text.mp4"))
    assert job.state == "failed"
    assert job.error is not None
    assert job.result is not None
    assert (job.result.status, job.error.code) == ("unreadable", job.result.error_code)
    assert job.error.hint is not None


def test_no_path_of_the_server_is_in_a_result(http: TestClient, client: Client, tmp_path: Path) -> None:
    for name, content in (("empty.mp4", b""), ("text.png", b"no image"), ("bad.mkv", b"\x1aE\xdf\xa3" + bytes(99))):
        (tmp_path / name).write_bytes(content)
        job_id = client.submit(tmp_path / name)
        text = client.wait(job_id).model_dump_json()
        assert str(data_of(http)) not in text
        assert "uploads" not in text
        assert job_id not in text.replace(f'"{job_id}"', "")


def test_an_upload_is_gone_with_its_job_and_the_report_stays(http: TestClient, client: Client, clip: Path) -> None:
    job_id = client.submit(clip)
    client.wait(job_id)
    page = client.report(job_id)
    assert "clip.mp4" in page
    assert str(data_of(http)) not in page
    assert wait_until(lambda: not list((data_of(http) / "uploads").iterdir()))
    response = http.get(f"/v1/jobs/{job_id}/report")
    assert response.headers["content-security-policy"].startswith("sandbox allow-scripts; default-src 'none'")
    client.delete(job_id)
    assert problem(http, "GET", f"/v1/jobs/{job_id}") == (404, "notfound")
    assert not (data_of(http) / "reports" / f"{job_id}.html").exists()


def test_a_report_is_waited_for_without_asking_again(
    http: TestClient, client: Client, clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    request = http.request

    def counting(method: str, url: Any, **given: Any) -> Any:
        asked.append(f"{method} {str(url).rpartition('/')[2]}")
        return request(method, url, **given)

    monkeypatch.setattr(http, "request", counting)
    job_id = client.submit(clip)
    assert "clip.mp4" in client.report(job_id, seconds=300)
    assert asked.count("GET report") <= 15, "each waits for twenty seconds"
    assert problem(http, "GET", f"/v1/jobs/{job_id}/report?wait=61") == (422, "config")


def test_a_job_without_a_report_is_not_waited_for(client: Client, tmp_path: Path) -> None:
    (tmp_path / "text.mp4").write_text("no video")
    with pytest.raises(ServiceError, match="there is no report of this job"):
        client.report(client.submit(tmp_path / "text.mp4"), seconds=300)


def test_a_file_below_the_root_is_scored_where_it_lies(client: Client) -> None:
    job = client.wait(client.submit_path("named.mp4"))
    assert (job.state, job.name) == ("done", "named.mp4")
    assert job.result is not None
    assert job.result.source == "named.mp4"


@pytest.mark.parametrize("path", ["../secret", "/etc/passwd", "none.mp4", "http://localhost/a.mp4"])
def test_a_path_outside_of_the_root_is_not_there(http: TestClient, path: str) -> None:
    assert problem(http, "POST", "/v1/jobs", files={"path": (None, path)}) == (404, "inaccessible")


def test_a_file_or_a_path_is_given(http: TestClient, clip: Path) -> None:
    both = {"file": clip.read_bytes(), "path": (None, "named.mp4")}
    assert problem(http, "POST", "/v1/jobs", files=both) == (422, "config")
    assert problem(http, "POST", "/v1/jobs", files={"options": (None, "{}")}) == (422, "config")
    assert problem(http, "POST", "/v1/jobs", json={}) == (415, "unsupported")


def test_an_upload_that_is_too_large_is_refused(http: TestClient) -> None:
    before = uploads(http)
    assert problem(http, "POST", "/v1/jobs", files={"file": bytes(4 << 20)}) == (413, "limit")
    assert uploads(http) <= before


def test_predict_answers_at_once_where_it_can(http: TestClient, clip: Path, predicted: VideoResult) -> None:
    response = http.post("/v1/predict?wait=300", files={"file": ("a.mp4", clip.read_bytes())})
    assert response.status_code == 200
    assert response.json()["fake_probability"] == predicted.fake_probability
    response = http.post("/v1/predict?wait=0", files={"file": ("a.mp4", clip.read_bytes())})
    assert (response.status_code, response.json()["result"]) == (202, None)
    assert problem(http, "POST", "/v1/predict?wait=9999", files={"file": b"a"}) == (422, "config")


def test_a_job_is_waited_for_and_that_has_an_end(
    client: Client, clip: Path, tmp_path: Path, embedded: DetectorConfig
) -> None:
    seen: list[str] = []
    job_id = client.submit(clip)
    assert client.wait(job_id, progress=lambda job: seen.append(job.state)).state == "done" == seen[-1]
    assert client.job(job_id, wait_seconds=60).state == "done"
    with pytest.raises(ServiceError, match="there is no such job"):
        client.job("none", wait_seconds=60)
    service = Service(ServeConfig(data=tmp_path), [embedded])  # nobody works in it
    with service:
        http = TestClient(make_app(service), base_url="http://localhost")
        idle = Client("http://localhost", http=http)
        waiting = idle.submit(clip)
        with pytest.raises(ServiceError, match=r"is queued after 0\.1 s; wait longer"):
            idle.wait(waiting, seconds=0.1)


def test_jobs_are_listed_by_pages(http: TestClient, client: Client, clip: Path) -> None:
    ids = [client.submit(clip) for _ in range(3)]
    page = http.get("/v1/jobs", params={"limit": 2}).json()
    assert [job["id"] for job in page["jobs"]] == ids[:0:-1]
    assert page["next"] == ids[1]
    assert "result" not in page["jobs"][0]
    assert [job.id for job in client.jobs()][:3] == ids[::-1]
    for job_id in ids:
        client.delete(job_id)


def test_feedback_is_what_evaluate_and_calibrate_read(http: TestClient, client: Client, clip: Path) -> None:
    job_id = client.submit(clip)
    job = client.wait(job_id)
    client.feedback(job_id, "REAL")
    client.feedback(job_id, "FAKE")
    client.delete(job_id)
    file = data_of(http) / "feedback.jsonl"
    row = next(row for row in read_results(file).rows if row.name == job_id)
    assert job.result is not None
    assert (row.truth, row.score) == ("FAKE", job.result.calibrated_probability)
    assert row.faces == ()
    assert "clip.mp4" not in file.read_text()
    kept = [json.loads(line) for line in file.read_text().splitlines()]
    assert [(each["result"]["faces"], each["result"]["provenance"]["source_sha256"]) for each in kept] == [([], None)]


def test_feedback_needs_a_score(client: Client, tmp_path: Path) -> None:
    (tmp_path / "text.mp4").write_text("no video")
    job_id = client.submit(tmp_path / "text.mp4")
    client.wait(job_id)
    with pytest.raises(ServiceError, match="has no score"):
        client.feedback(job_id, "REAL")


def test_the_description_has_the_result_and_every_route(http: TestClient) -> None:
    described = http.get("/v1/openapi.json").json()
    assert {
        "/v1/jobs",
        "/v1/jobs/{job_id}",
        "/v1/predict",
        "/v1/jobs/{job_id}/report",
        "/v1/jobs/{job_id}/feedback",
    } <= set(described["paths"])
    result = described["components"]["schemas"]["VideoResult"]["properties"]
    assert set(result) == set(VideoResult.model_fields)
    assert "file" in json.dumps(described["paths"]["/v1/jobs"]["post"]["requestBody"])


def test_health_and_numbers(http: TestClient, client: Client, clip: Path) -> None:
    client.wait(client.submit(clip))
    assert http.get("/healthz").status_code == http.get("/readyz").status_code == 200
    text = http.get("/metrics").text
    assert 'genconvit_jobs_ended_total{state="done",status="' in text
    assert 'genconvit_jobs{state="queued"} 0.0' in text


@pytest.mark.parametrize("path", ["/", "/page.css", "/page.js"])
def test_the_page_is_files_of_ours_under_a_policy(http: TestClient, path: str) -> None:
    response = http.get(path)
    assert response.status_code == 200
    assert len(response.content) > 1000
    assert response.headers["content-security-policy"] == POLICY
    assert response.headers["x-content-type-options"] == "nosniff"
    assert "http://" not in response.text
    assert "https://" not in response.text


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "localhost.evil.example"},
        {"Host": "192.168.1.5:8000"},
        {"Host": ""},
        {"Origin": "http://evil.example"},
        {"Origin": "https://localhost"},
        {"Origin": "http://localhost:3000"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_a_foreign_host_or_origin_is_refused(http: TestClient, headers: dict[str, str]) -> None:
    for path in ("/", "/v1/jobs", "/healthz"):
        assert problem(http, "GET", path, headers=headers) == (403, "forbidden")


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "127.0.0.1:8000"},
        {"Host": "[::1]:8000"},
        {"Origin": "http://localhost"},
        {"Sec-Fetch-Site": "same-origin"},
    ],
)
def test_the_services_own_page_is_let_in(http: TestClient, headers: dict[str, str]) -> None:
    assert http.get("/v1/jobs", headers=headers).status_code == 200


def test_a_link_to_the_page_may_be_followed_and_nothing_else(http: TestClient) -> None:
    headers = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    assert http.get("/", headers=headers).status_code == 200
    assert problem(http, "GET", "/v1/jobs", headers=headers) == (403, "forbidden")
    assert problem(http, "POST", "/", headers=headers) == (403, "forbidden")


def test_an_unknown_address_is_a_problem(http: TestClient) -> None:
    assert problem(http, "GET", "/v2/jobs") == (404, "notfound")
    assert problem(http, "PATCH", "/v1/jobs") == (405, "request")
    assert problem(http, "GET", "/v1/jobs/none") == (404, "notfound")
    assert problem(http, "GET", "/v1/jobs/..%2f..%2fetc%2fpasswd/report") == (404, "notfound")


def test_a_file_that_is_not_there_is_not_sent(client: Client, tmp_path: Path) -> None:
    with pytest.raises(SourceAccessError):
        client.submit(tmp_path / "none.mp4")


def test_a_key_sees_its_own_jobs_alone(tmp_path: Path, embedded: DetectorConfig, clip: Path) -> None:
    keys = tmp_path / "keys.json"
    (_, anna), (_, ben) = add_key(keys, "anna"), add_key(keys, "ben")
    with serving(tmp_path / "data", embedded, keys=keys, origin="https://check.example.org", queue_of_key=2) as http:
        mine, theirs = (Client("http://localhost", key, http=http) for key in (anna, ben))
        job_id = mine.submit(clip)
        mine.wait(job_id)
        mine.report(job_id)
        for method, path in (
            ("GET", f"/v1/jobs/{job_id}"),
            ("DELETE", f"/v1/jobs/{job_id}"),
            ("GET", f"/v1/jobs/{job_id}/report"),
            ("POST", f"/v1/jobs/{job_id}/ticket"),
        ):
            assert problem(http, method, path, headers={"Authorization": f"Bearer {ben}"}) == (404, "notfound")
            for wrong in (
                {},
                {"Authorization": "Bearer x"},
                {"Authorization": anna},
                {"Authorization": f"Basic {anna}"},
            ):
                assert problem(http, method, path, headers=wrong) == (401, "unauthorized")
        assert problem(http, "POST", "/v1/jobs", files={"file": b"a"}) == (401, "unauthorized")
        assert problem(http, "GET", "/metrics") == (401, "unauthorized")
        assert list(theirs.jobs()) == []
        ticket = http.post(f"/v1/jobs/{job_id}/ticket", headers={"Authorization": f"Bearer {anna}"}).json()["url"]
        assert http.get(ticket).status_code == 200
        assert problem(http, "GET", ticket[:-1]) == (401, "unauthorized")
        assert http.get("/v1/choices", headers={"Host": "check.example.org"}).json()["needs_key"]
        origin = {"Host": "check.example.org", "Origin": "http://check.example.org"}
        assert problem(http, "GET", "/v1/choices", headers=origin) == (403, "forbidden")
        revoke_key(keys, "anna")
        with pytest.raises(ServiceError, match="give a key that is known"):
            mine.job(job_id)
        assert problem(http, "GET", ticket) == (401, "unauthorized")


def test_a_full_queue_says_when_to_come_again(tmp_path: Path, embedded: DetectorConfig, clip: Path) -> None:
    with serving(tmp_path, embedded, queue=1, reports="none") as http:
        client = Client("http://localhost", http=http)
        service: Any = http.app
        for lane in service.state.service._lanes.values():
            lane._stopping.set()
            lane.call()
            lane._thread.join()
        job_id = client.submit(clip)
        with pytest.raises(ServiceError, match="1 jobs wait, and at most 1 may") as caught:
            client.submit(clip)
        assert (caught.value.status, caught.value.problem) == (429, "busy")
        assert caught.value.retry_after_seconds
        assert caught.value.retry_after_seconds >= 1
        client.delete(job_id)
        assert client.job(job_id).state == "cancelled"
        client.submit(clip)


def test_results_are_forgotten_in_time(tmp_path: Path, embedded: DetectorConfig, clip: Path) -> None:
    with serving(tmp_path, embedded, keep_result_hours=1e-9, keep_upload_hours=1.0) as http:
        client = Client("http://localhost", http=http)
        job_id = client.submit(clip)
        client.report(job_id, seconds=300) if client.wait(job_id).report != "none" else None
        assert len(list((tmp_path / "uploads").iterdir())) == 1, "it is kept for an hour"
        service: Any = http.app
        service.state.service._retention.step()
        assert problem(http, "GET", f"/v1/jobs/{job_id}") == (404, "notfound")
        assert [list((tmp_path / part).iterdir()) for part in ("uploads", "reports")] == [[], []]


def test_as_many_jobs_arrive_at_once_as_may(tmp_path: Path, embedded: DetectorConfig) -> None:
    service = Service(ServeConfig(data=tmp_path, uploads_at_once=2), [embedded])
    with service:
        with (
            service.arrivals.of("a"),
            service.arrivals.of("b"),
            pytest.raises(Problem, match="2 jobs arrive; come again"),
        ):
            service.arrivals.of("c").__enter__()
        with service.arrivals.of(""), service.arrivals.of(""):
            pass


def test_one_key_leaves_places_for_the_uploads_of_others(tmp_path: Path, embedded: DetectorConfig) -> None:
    keys = tmp_path / "keys.json"
    add_key(keys, "anna")
    with Service(ServeConfig(data=tmp_path / "data", keys=keys, uploads_at_once=4), [embedded]) as service:
        with service.arrivals.of("a"), service.arrivals.of("a"):
            with pytest.raises(Problem, match="2 jobs arrive"):
                service.arrivals.of("a").__enter__()
            with service.arrivals.of("b"):
                pass
        with service.arrivals.of("a"):
            pass


def test_a_stranger_is_refused_before_a_label_is_read(tmp_path: Path, embedded: DetectorConfig) -> None:
    keys = tmp_path / "keys.json"
    _, anna = add_key(keys, "anna")
    asked: list[int] = []

    def endless() -> Iterator[bytes]:
        for number in range(1 << 20):
            asked.append(number)
            yield b" " * 65536

    with Service(ServeConfig(data=tmp_path / "data", keys=keys), [embedded]) as service:
        http = TestClient(make_app(service), base_url="http://localhost")
        path = "/v1/jobs/none/feedback"
        assert problem(http, "POST", path, content=endless()) == (401, "unauthorized")
        assert asked == []
        headers = {"Authorization": f"Bearer {anna}"}
        assert problem(http, "POST", path, content=b" " * 70_000, headers=headers) == (413, "limit")
        assert problem(http, "POST", path, content=b'{"label": "maybe"}', headers=headers) == (422, "config")
        assert problem(http, "POST", path, content=b'{"label": "FAKE"}', headers=headers) == (404, "notfound")


def test_a_store_that_cannot_be_written_is_a_problem_that_passes(tmp_path: Path, embedded: DetectorConfig) -> None:
    with Service(ServeConfig(data=tmp_path), [embedded]) as service:
        http = TestClient(make_app(service), base_url="http://localhost", raise_server_exceptions=False)
        database = service._database
        database.run(f"PRAGMA max_page_count={database.rows('PRAGMA page_count')[0][0]}")
        for _ in range(100):
            response = http.post("/v1/jobs", files={"file": ("a.mp4", b"a")}, data={"options": "{}" + " " * 60_000})
            if response.status_code != 202:
                break
        assert problem(http, "POST", "/v1/jobs", files={"file": b"a"}) == (503, "notready")
        kept = {path.name.partition(".")[0] for path in (tmp_path / "uploads").iterdir()}
        assert kept == service.store.ids()
        database.run("PRAGMA max_page_count=100000")
        assert http.post("/v1/jobs", files={"file": b"a"}).status_code == 202


def test_no_telemetry_of_a_library_is_on(
    tmp_path: Path, embedded: DetectorConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FASTAPI_OTEL_AUTO_CONFIGURE", "true")
    with Service(ServeConfig(data=tmp_path), [embedded]) as service:
        app: Any = make_app(service)
        kept = app._telemetry if hasattr(app, "_telemetry") else app.extra["telemetry"]
        assert {kept[name] for name in ("tracing", "metrics", "logs", "auto_configure")} == {False}
