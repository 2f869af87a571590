"""What was found while a file was read: what stands in the way, what was repaired, and what is worth knowing.

One pass collects everything, so that a file with three faults is refused once, with all three and their remedies.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from waferwatch.errors import InputError, WaferwatchError
from waferwatch.read.table import Note

_FIELDS = ("level", "code", "lines", "column", "count", "remedy", "option", "field")
_OF_ONE = ("column", "count")  # what a note says of one column alone
_MOST_ALIKE = 5  # columns of which the same is said one by one
_MOST_LINES = 10  # of a finding that are kept by number; the count tells of the others


class Level(StrEnum):
    """What a finding means for the table."""

    OBSTACLE = "obstacle"  # the file cannot be used before this is settled
    REPAIRED = "repaired"  # read all the same, in a way that its owner should know
    INFO = "info"


@dataclass(frozen=True)
class FileFinding(Note):
    """One thing found in a file: a note with its place and remedy. ``remedy`` is a template filled by ``values``."""

    level: Level = Level.INFO
    code: str = ""  # the same for the same sort of finding, such as "short_lines"
    lines: tuple[int, ...] = ()  # of the file, counted from 1: the first ones concerned
    column: str | None = None
    count: int = 1  # lines or cells concerned
    remedy: str = ""
    option: str = ""  # of the command line, exactly as it is typed: "--header-line 3"
    field: str | None = None  # of the HTTP interface

    def advice(self, translate: Callable[[str], str] = str) -> str:
        """What to do about it, as a sentence; empty when there is nothing to do."""
        return translate(self.remedy).format(**self.values) if self.remedy else ""

    @property
    def place(self) -> dict[str, Any]:
        """The first line and the column concerned, where there are such."""
        return {"line": self.lines[0] if self.lines else None, "column": self.column}

    def to_dict(self, translate: Callable[[str], str] = str) -> dict[str, Any]:
        """As JSON."""
        return {
            "level": self.level.value,
            "code": self.code,
            "sentence": translate(self.template).format(**self.values),
            "remedy": self.advice(translate),
            "option": self.option,
            "field": self.field,
            "place": self.place,
            "lines": list(self.lines),
            "column": self.column,
            "count": self.count,
        }


class ObstaclesError(InputError):
    """A file that cannot be used, with everything that stands in the way."""

    def __init__(self, findings: Sequence[FileFinding]) -> None:
        first = findings[0]
        super().__init__(first.template, hint=first.remedy, field=first.field, **first.values)
        self.findings = tuple(findings)

    def __str__(self) -> str:
        if len(self.findings) == 1:
            return super().__str__()
        return "\n".join(f"{at}. {finding} {finding.advice()}".rstrip() for at, finding in enumerate(self.findings, 1))


class Findings:
    """Collects the findings of one file while it is read.

    Args:
        notes: what is known already.
    """

    def __init__(self, notes: Iterable[Note] = ()) -> None:
        self._notes: list[Note] = list(notes)

    @property
    def notes(self) -> tuple[Note, ...]:
        """Everything that is no obstacle, in the order in which it was found."""
        return tuple(note for note in self._notes if not is_obstacle(note))

    @property
    def obstacles(self) -> tuple[FileFinding, ...]:
        return tuple(note for note in self._notes if isinstance(note, FileFinding) and is_obstacle(note))

    @property
    def everything(self) -> tuple[Note, ...]:
        """With the obstacles, to be handed on to whoever reads on."""
        return tuple(self._notes)

    def add(self, note: Note) -> None:
        self._notes.append(note)

    def extend(self, notes: Iterable[Note]) -> None:
        self._notes.extend(notes)

    def obstacle(self, code: str, template: str, values: dict[str, object], **place: Any) -> None:
        """Something without which the file cannot be used; ``place`` as the fields of ``FileFinding``."""
        self._find(Level.OBSTACLE, code, template, values, place)

    def repaired(self, code: str, template: str, values: dict[str, object], **place: Any) -> None:
        """Something that was read in another way than it is written."""
        self._find(Level.REPAIRED, code, template, values, place)

    def info(self, code: str, template: str, values: dict[str, object], **place: Any) -> None:
        self._find(Level.INFO, code, template, values, place)

    @contextmanager
    def caught(self, code: str = "bad_input") -> Iterator[None]:
        """Turn an input error of the block into an obstacle and go on after the block.

        Sizes beyond the limits are not caught: reading on would cost what the limits are to spare.
        """
        try:
            yield
        except ObstaclesError as error:
            self._notes.extend(error.findings)
        except InputError as error:
            self._notes.append(finding_of(error, code))

    def refuse(self) -> None:
        """
        Raises:
            ObstaclesError: when there is any obstacle, with all findings of which it is one.
        """
        if self.obstacles:
            raise ObstaclesError(self.obstacles)

    def _find(self, level: Level, code: str, template: str, values: dict[str, object], place: dict[str, Any]) -> None:
        lines = tuple(place.pop("lines", ()))[:_MOST_LINES]
        self._notes.append(FileFinding(template, values, level=level, code=code, lines=lines, **place))


def merged(notes: Iterable[Note]) -> tuple[Note, ...]:
    """The notes with one for all columns of which the same is said, where there are many of them."""
    groups: dict[object, list[FileFinding]] = {}
    found: list[Note | list[FileFinding]] = []
    for note in notes:
        if not isinstance(note, FileFinding) or note.column is None or "column" not in note.values:
            found.append(note)
            continue
        same = (note.template, str({key: said for key, said in note.values.items() if key not in _OF_ONE}))
        if same not in groups:
            found.append(groups.setdefault(same, []))
        groups[same].append(note)
    return tuple(note for one in found for note in (_in_one(one) if isinstance(one, list) else (one,)))


def _in_one(alike: Sequence[FileFinding]) -> Sequence[FileFinding]:
    if len(alike) <= _MOST_ALIKE:
        return alike
    first, count = alike[0], sum(one.count for one in alike)
    listed = ", ".join(str(one.values["column"]) for one in alike[:_MOST_ALIKE])
    said = {**first.values, "column": f"{listed}, ... ({len(alike)})"}
    return [replace(first, values=said | ({"count": count} if "count" in said else {}), count=count, column=None)]


def note_to_json(note: Note) -> dict[str, Any]:
    """A note as JSON, from which ``note_from_json`` makes it again."""
    kept: dict[str, Any] = {"template": note.template, "values": note.values}
    if isinstance(note, FileFinding):
        kept |= {name: getattr(note, name) for name in _FIELDS}
    return kept


def note_from_json(kept: dict[str, Any]) -> Note:
    """The note of ``note_to_json``; those of before 0.5 are no findings."""
    if "level" not in kept:
        return Note(kept["template"], kept["values"])
    about = {name: kept[name] for name in _FIELDS}
    about["level"], about["lines"] = Level(kept["level"]), tuple(kept["lines"])
    return FileFinding(kept["template"], kept["values"], **about)


def findings_of(notes: Iterable[Note]) -> tuple[FileFinding, ...]:
    """The findings among the notes of a table."""
    return tuple(note for note in notes if isinstance(note, FileFinding))


def is_obstacle(note: Note) -> bool:
    return isinstance(note, FileFinding) and note.level is Level.OBSTACLE


def finding_of(error: WaferwatchError, code: str = "bad_input") -> FileFinding:
    """An error as an obstacle."""
    row, column = error.values.get("row"), error.values.get("column")
    return FileFinding(
        error.message_template,
        error.values,
        level=Level.OBSTACLE,
        code=code,
        lines=(row,) if isinstance(row, int) else (),
        column=column if isinstance(column, str) else None,
        remedy=error.hint_template,
        field=error.field,
    )
