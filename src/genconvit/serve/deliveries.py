"""Webhooks that wait to be delivered: at least once each, after longer and longer pauses, for a day."""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from collections.abc import Callable

from genconvit.serve.database import Database
from genconvit.serve.webhooks import DeliveryError, Webhooks

_LOG = logging.getLogger(__name__)
_LOOK_SECONDS = 5.0

AT_ONCE = 8
"""Webhooks that are under way at the same time, each to a receiver of its own."""

PAUSES_SECONDS = (1, 5, 30, 120, 600, 1800, 3600, 7200, 14400, 28800, 28800)
"""Seconds between one try and the next; after the last one a webhook is given up."""


class Deliveries:
    """The webhooks of a database, which the store puts there beside the end of a job.

    Several threads may take steps. One receiver, a host that one owner names, gets one webhook at a time, so that one
    which hangs delays its own webhooks alone.

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
        self._turn = threading.Lock()
        self._busy: set[str] = set()

    def step(self) -> float:
        """Try the delivery that is due first, of those whose receiver has none; gives the seconds to the next one."""
        with self._turn:
            due = self._next()
            if due is None:
                return _LOOK_SECONDS
            left = float(due["due"]) - time.time()
            if left > 0:
                return min(left, _LOOK_SECONDS)
            self._busy.add(due["receiver"])
        try:
            self._try(due)
        finally:
            with self._turn:
                self._busy.discard(due["receiver"])
        return 0.0

    def _next(self) -> sqlite3.Row | None:
        places = ", ".join("?" * len(self._busy))
        query = f"SELECT * FROM deliveries WHERE receiver NOT IN ({places}) ORDER BY due LIMIT 1"  # noqa: S608
        rows = self._database.rows(query, tuple(self._busy))
        return rows[0] if rows else None

    def _try(self, due: sqlite3.Row) -> None:
        secret = self._secret_of(due["owner"])
        try:
            if secret is not None:
                self._webhooks.send(due["url"], due["body"].encode(), delivery=due["id"], secret=secret)
        except DeliveryError as error:
            self._postpone(due["id"], due["attempt"], str(error))
        else:
            self._forget(due["id"])

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
