"""A service of several detectors, and one whose jobs tell others of their end."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from genconvit import Client, Detector, DetectorConfig
from genconvit.core.errors import ConfigError, ServiceError
from genconvit.serve.api import make_app
from genconvit.serve.config import ServeConfig
from genconvit.serve.keys import add_key
from genconvit.serve.service import Service
from genconvit.serve.webhooks import SIGNATURE, sign
from processes import wait_until
from stubs import grey_config, register_stubs, trained_grey

from .conftest import serving
from .test_webhooks import Hook, hook, place

__all__ = ["hook"]


def test_a_client_chooses_among_the_architectures(
    tmp_path: Path, embedded: DetectorConfig, clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    register_stubs(monkeypatch)
    grey = grey_config(trained_grey(tmp_path / "grey.safetensors"), isolate=True, workers=1)
    service = Service(ServeConfig(data=tmp_path / "data", reports="none"), [embedded, grey])
    with TestClient(make_app(service), base_url="http://localhost") as http:
        client = Client("http://localhost", http=http)
        assert http.get("/v1/choices").json()["architectures"] == ["v2", "grey"]
        ids = [client.submit(clip, architecture=name) for name in ("grey", "v2", None)]
        results = [client.wait(job_id).result for job_id in ids]
        assert [each and each.provenance.architecture for each in results] == ["grey", "v2", "v2"]
        with pytest.raises(ServiceError, match="'original' is not offered; choose of v2, grey"):
            client.submit(clip, architecture="original")
        with Detector(grey) as detector:
            assert results[0] == detector.predict(clip).model_copy(update={"source": "clip.mp4"})


def test_two_detectors_of_one_architecture_and_one_that_is_not_isolated_are_refused(
    tmp_path: Path, embedded: DetectorConfig
) -> None:
    config = ServeConfig(data=tmp_path)
    with pytest.raises(ConfigError, match="one detector for each architecture"):
        Service(config, [embedded, embedded])
    with pytest.raises(ConfigError, match="one detector for each architecture, and at least one"):
        Service(config, [])
    with pytest.raises(ConfigError, match="leave out --no-isolate"):
        Service(config, [embedded.model_copy(update={"isolate": False})])


@pytest.mark.parametrize("auth", [True, False])
def test_a_webhook_is_told_of_the_end_of_its_job(
    tmp_path: Path, embedded: DetectorConfig, clip: Path, hook: type[Hook], auth: bool
) -> None:
    hook.statuses += [503, 204]
    made, key = add_key(tmp_path / "keys.json", "anna")
    options: dict[str, Any] = {"webhook_hosts": (place(hook),), "keys": tmp_path / "keys.json" if auth else None}
    with serving(tmp_path / "data", embedded, **options) as http:
        client = Client("http://localhost", key, http=http)
        with pytest.raises(ServiceError, match="webhooks may not go to"):
            client.submit(clip, webhook="http://127.0.0.1:1/")
        job_id = client.submit(clip, webhook=f"http://{place(hook)}/done")
        assert wait_until(lambda: len(hook.got) == 2)
    secret = made.webhook_secret if auth else (tmp_path / "data" / "webhook_secret").read_text()
    headers, body = hook.got[1]
    told = json.loads(body)
    assert (told["id"], told["state"], told["name"]) == (job_id, "done", "clip.mp4")
    time, _, signature = headers[SIGNATURE].partition(",v1=")
    assert signature == sign(secret, time.removeprefix("t="), body)
