"""Index of many results: one page that is sorted and filtered, and links to the pages of single videos."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from markupsafe import Markup

from genconvit.render.histogram import histogram
from genconvit.render.html import html_page
from genconvit.results.result import UNTRAINED, VideoResult
from genconvit.results.table import basis_of, shared_notes

VERDICTS = ("FAKE", "inconclusive", "REAL", UNTRAINED, "no face", "unreadable")
"""Verdicts in the order in which the page counts them."""

_MOST_BASES = 12


@dataclass(frozen=True)
class Column:
    """One column of the index.

    Attributes:
        name: name of the column, and the class of its cells.
        title: words in its head.
        is_number: true where its cells begin with a number, by which they are sorted.
        is_text: true where its cells hold text from outside, which may run in either direction.
        is_optional: true where the column is left out if none of its cells holds anything.
    """

    name: str
    title: str
    is_number: bool = False
    is_text: bool = False
    is_optional: bool = False


COLUMNS = (
    Column("source", "Source", is_text=True),
    Column("verdict", "Verdict"),
    Column("fake", "Fake probability", is_number=True),
    Column("calibrated", "Calibrated", is_number=True, is_optional=True),
    Column("faces", "Faces", is_number=True),
    Column("poor", "Poor faces", is_number=True, is_optional=True),
    Column("people", "People", is_number=True),
    Column("duration", "Duration", is_optional=True),
    Column("frames", "Frames", is_number=True),
    Column("credentials", "Credentials", is_text=True, is_optional=True),
    Column("notes", "Notes", is_text=True),
)
"""Columns of the index, from left to right."""


@dataclass(frozen=True)
class IndexRow:
    """One result, as the index shows it: small, so that the result itself need not be kept.

    Attributes:
        source: source as it was given.
        verdict: one of ``VERDICTS``.
        fake_probability: score of the video; None without one, and with untrained weights.
        calibrated_probability: calibrated probability; None without one.
        faces: number of faces that were scored.
        poor_faces: count of poor faces among those that the score rests on, in words; empty where none were measured.
        people: number of people, as far as boxes can tell; None where the result knows faces and no people.
        duration_seconds: duration in seconds; None where it is unknown.
        frames: counts of the frames that were searched and of all, in words; empty where nothing was read.
        credentials: standing of the file's Content Credentials; empty where they were not asked for.
        notes: everything that a reader must know of this result.
        basis: lines on the networks and detectors, the rule of the label, and the weights.
        page: path of the video's own page, relative to the index; None where there is none.
    """

    source: str
    verdict: str
    fake_probability: float | None
    calibrated_probability: float | None
    faces: int
    poor_faces: str
    people: int | None
    duration_seconds: float | None
    frames: str
    credentials: str
    notes: tuple[str, ...]
    basis: tuple[str, ...]
    page: str | None

    @classmethod
    def of(cls, result: VideoResult, page: str | None) -> IndexRow:
        """Make the row of a result.

        Args:
            result: answer for a video.
            page: path of the video's own page, relative to the index, with ``/`` between its parts and nothing escaped
                in it; None where there is none.

        Raises:
            ValueError: the page's path is not relative.
        """
        if page is not None and (not page or page.startswith(("/", "\\"))):
            raise ValueError(f"a page's path is relative to the index; got {page!r}: give one such as 'clip.html'")
        trained, poor = result.provenance.weights.trained, result.poor_faces
        searched, count = len(result.provenance.frame_indices), result.provenance.frame_count
        return cls(
            source=result.source,
            verdict=result.headline,
            fake_probability=result.fake_probability if trained else None,
            calibrated_probability=result.calibrated_probability if trained else None,
            faces=len(result.faces),
            poor_faces="" if poor is None else f"{poor.poor} of {poor.counted}",
            people=result.lasting_tracks if result.tracks or not result.faces else None,
            duration_seconds=result.provenance.duration_seconds,
            frames="" if count is None else f"{searched} of {count}",
            credentials=result.credentials.standing if result.credentials else "",
            notes=(*result.warnings, *result.notes, *filter(None, [result.reason])),
            basis=tuple(_basis(result)),
            page=page,
        )


def _basis(result: VideoResult) -> Iterator[str]:
    yield basis_of(result.provenance)
    if result.decision is not None:
        yield result.decision.summary
    if result.provenance.weights.about is not None:
        yield result.provenance.weights.about


def index_page(rows: Iterable[IndexRow]) -> str:
    """Make the index of results as one HTML page that asks for nothing else.

    It sorts and filters by a script; without one it is a table that reads.

    Args:
        rows: rows, in the order that they are shown in at first; there may be none.
    """
    known = list(rows)
    shared = shared_notes([row.notes for row in known if row.faces])
    cells = [_cells(row, shared) for row in known]
    columns = [column for column in COLUMNS if not column.is_optional or any(each[column.name] for each in cells)]
    return html_page(
        "index.html",
        styles=("base.css", "index.css"),
        scripts=("theme.js", "index.js"),
        columns=columns,
        rows=[(each, _link(row.page)) for each, row in zip(cells, known, strict=True)],
        counts=_counts(known),
        histogram=_histogram(known),
        bases=_bases(known, shared),
    )


def _cells(row: IndexRow, shared: Sequence[str]) -> dict[str, str]:
    return {
        "source": row.source,
        "verdict": row.verdict,
        "fake": _number(row.fake_probability),
        "calibrated": _number(row.calibrated_probability),
        "faces": str(row.faces),
        "poor": row.poor_faces,
        "people": "" if row.people is None else str(row.people),
        "duration": "" if row.duration_seconds is None else _duration(row.duration_seconds),
        "frames": row.frames,
        "credentials": row.credentials,
        "notes": "; ".join(note for note in row.notes if note not in shared),
    }


def _link(page: str | None) -> str | None:
    return None if page is None else quote(page, errors="surrogateescape")  # the bytes of a name that is no UTF-8


def _number(probability: float | None) -> str:
    return "" if probability is None else f"{probability:.3f}"


def _duration(seconds: float) -> str:
    """Hours, minutes and seconds, all of them always, so that durations are sorted as texts with numbers in them."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}"


def _counts(rows: Sequence[IndexRow]) -> Mapping[str, int]:
    found = Counter(row.verdict for row in rows)
    return {verdict: found[verdict] for verdict in VERDICTS if found[verdict]}


def _histogram(rows: Sequence[IndexRow]) -> Markup | None:
    """Histogram of the calibrated probabilities where every score has one, else of the scores; None without scores."""
    scored = [row for row in rows if row.fake_probability is not None]
    scores = [row.fake_probability for row in scored if row.fake_probability is not None]
    calibrated = [row.calibrated_probability for row in scored if row.calibrated_probability is not None]
    if not scores:
        return None
    if len(calibrated) == len(scores):
        return Markup(histogram(calibrated, what="calibrated fake probability").text)  # noqa: S704 - the renderer's own
    return Markup(histogram(scores).text)  # noqa: S704 - the renderer's own


def _bases(rows: Sequence[IndexRow], shared: Sequence[str]) -> list[str]:
    lines = dict.fromkeys(line for row in rows for line in row.basis)
    all_of_them = "all of them" if all(row.faces for row in rows) else "all that have faces"
    lines.update(dict.fromkeys(f"{all_of_them}: {note}" for note in shared if note not in lines))
    found = list(lines)
    more = len(found) - _MOST_BASES
    return found if more <= 0 else [*found[:_MOST_BASES], f"and {more} more, which the results name"]
