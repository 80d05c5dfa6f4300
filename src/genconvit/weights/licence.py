"""The terms of weights, by the files that they come from."""

from __future__ import annotations

from collections.abc import Iterable

from genconvit.results.provenance import WeightsFile
from genconvit.weights.embedded import all_embedded
from genconvit.weights.hub_request import PUBLISHED_REPOSITORY

PUBLISHED_LICENCE = f"the authors' terms, see https://huggingface.co/{PUBLISHED_REPOSITORY}"


def licence_of(lineage: Iterable[WeightsFile]) -> str | None:
    """Name what weights that come from these files may be used for; None where that is not known.

    Args:
        lineage: the files that were read, and those that they were made from.
    """
    shipped = {each.card.weights_sha256: each.card.licence for each in all_embedded()}
    terms: dict[str, None] = {}
    for file in lineage:
        found = PUBLISHED_LICENCE if file.repository == PUBLISHED_REPOSITORY else shipped.get(file.sha256)
        if found:
            terms[found] = None
    return "; ".join(terms) or None
