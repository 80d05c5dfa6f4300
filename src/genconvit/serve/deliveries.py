"""Webhooks that wait to be delivered: at least once each, after longer and longer pauses, for a day."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from genconvit.serve.database import Database
from genconvit.serve.webhooks import DeliveryError, Webhooks

_LOG = logging.getLogger(__name__)
_LOOK_SECONDS = 5.0

PAUSES_SECONDS = (1, 5, 30, 120, 600, 1800, 3600, 7200, 14400, 28800, 28800)
"""Seconds between one try and the next; after the last one a webhook is given up."""


class Deliveries:
    """The webhooks of a database, which the store puts there beside the end of a job.

    Args:
        database: the database.
        webhooks: places that they may go to.
        secret_of: gives the secret of an owner; None for one whose key was revoked.
        pauses: seconds between one try and the next.
    """

    def __init__(
        self,
        database: Database,
        webhooks: Webhooks,
        secret_of: Callable[[str], str | None],
        pauses: tuple[float, ...] = PAUSES_SECONDS,
    ) -> None:
        self._database = database
        self._webhooks = webhooks
        self._secret_of = secret_of
        self._pauses = pauses

    def step(self) -> float:
        """Try the delivery that is due first; gives the seconds until the next one is."""
        rows = self._database.rows("SELECT * FROM deliveries ORDER BY due LIMIT 1")
        if not rows:
            return _LOOK_SECONDS
        due = rows[0]
        left = float(due["due"]) - time.time()
        if left > 0:
            return min(left, _LOOK_SECONDS)
        secret = self._secret_of(due["owner"])
        try:
            if secret is not None:
                self._webhooks.send(due["url"], due["body"].encode(), delivery=due["id"], secret=secret)
        except DeliveryError as error:
            self._postpone(due["id"], due["attempt"], str(error))
        else:
            self._forget(due["id"])
        return 0.0

    def _postpone(self, delivery: str, attempt: int, reason: str) -> None:
        if attempt >= len(self._pauses):
            _LOG.warning("the webhook %s is given up after %d tries: %s", delivery, attempt + 1, reason)
            self._forget(delivery)
            return
        _LOG.info("the webhook %s was not delivered: %s", delivery, reason)
        query = "UPDATE deliveries SET attempt = attempt + 1, due = ? WHERE id = ?"
        self._database.run(query, (time.time() + self._pauses[attempt], delivery))

    def _forget(self, delivery: str) -> None:
        self._database.run("DELETE FROM deliveries WHERE id = ?", (delivery,))
