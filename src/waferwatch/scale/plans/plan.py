"""A plan: what is to be scored by what, as a small JSON file and a table of units that is read bit by bit."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from itertools import groupby
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import quote

import pyarrow as pa
import pyarrow.parquet as parquet

from waferwatch.errors import InputError, NotFoundError
from waferwatch.scale.storage import Storage

if TYPE_CHECKING:
    from waferwatch.read.recipe.options import ImportOptions
    from waferwatch.scoring.thresholds.threshold import Thresholds

FORMAT = 1
FILE, UNITS = "plan.json", "_plan/units.parquet"
_BATCH = 1024  # units held in memory
_SCHEMA = pa.schema(
    [
        ("equipment", pa.list_(pa.string())),
        ("begin", pa.timestamp("ns")),
        ("rows", pa.int64()),
        ("first_row", pa.int64()),
        ("since", pa.timestamp("ns")),
        ("until", pa.timestamp("ns")),
        ("files", pa.list_(pa.string())),
        ("sizes", pa.list_(pa.int64())),
        ("error", pa.string()),
    ]
)


@dataclass(frozen=True)
class WorkUnit:
    """One equipment in one stretch of time, a day as a rule. Times are nanoseconds since 1970, by the data's clock."""

    equipment: tuple[str, ...]  # values of the equipment columns
    begin: int
    rows: int
    first_row: int  # number of its first row among those of the equipment, in time order, from 0
    since: int  # of the neighbourhood that its scores may rest on
    until: int  # its end, not part of it
    files: tuple[str, ...]  # below the source
    sizes: tuple[int, ...]  # of the files, in bytes
    error: str | None = None  # why it can never be scored: its file could not be read

    @property
    def name(self) -> str:
        """What messages call it."""
        return " / ".join(self.equipment) or self.files[0]

    @property
    def key(self) -> str:
        """What its files are named by: equipment, a slash, and when it begins."""
        return f"{folder_of(self.equipment)}/{name_of(self.begin)}"


@dataclass(frozen=True)
class ScalePlan:
    """What is to be done. Everything but the units, which :meth:`units` reads."""

    source: str
    out: str
    unit: str  # "day" or "hour"
    time: str  # column
    equipment: tuple[str, ...]  # columns; none: everything is one equipment
    roles: dict[str, str]  # column -> role, of columns that are no sensors
    imports: dict[str, Any]  # how files are read, as far as somebody has said so: see ``options``
    also: tuple[str, ...]  # columns that say which values count, and are read with the sensors
    features: tuple[str, ...] | None  # sensors; None: found in the reference of each equipment
    reference: tuple[int, int] | None  # first and last moment of what is normal, ns; None where a model is given
    model: str | None  # digest of the one model for all
    wafers: int  # of each recipe, that the level of an equipment without a reference is learnt from
    neighbourhood: int  # rows on each side of a unit
    detector: str
    checkpoint: str | None
    device: str | None
    threshold: float | str  # "auto", or a score
    false_alarms: float | None
    count: dict[str, int] = field(default_factory=dict)  # units, equipment, rows, files, bytes, unreadable
    notes: tuple[str, ...] = ()

    @property
    def results(self) -> Storage:
        return Storage(self.out)

    @cached_property
    def options(self) -> ImportOptions:
        """What was said of how files are read, by a recipe or by options."""
        from waferwatch.read.recipe.option_fields import options_from_json

        return options_from_json(self.imports)

    @property
    def wish(self) -> Thresholds:
        """How the thresholds are chosen."""
        from waferwatch.scoring.thresholds.threshold import AUTO, Thresholds

        return Thresholds(AUTO if isinstance(self.threshold, str) else self.threshold, None, self.false_alarms)

    @property
    def settings(self) -> str:
        """SHA-256 over all that results rest on, but for the files and the models."""
        said = {name: value for name, value in asdict(self).items() if name not in ("out", "count", "notes")}
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()

    def units(self) -> Iterator[WorkUnit]:
        """By equipment, and of each by time."""
        with self.results.child(UNITS).open() as raw:
            for batch in parquet.ParquetFile(raw).iter_batches(batch_size=_BATCH):
                for begin, since, until, row in zip(
                    *(batch.column(name).cast(pa.int64()).to_pylist() for name in ("begin", "since", "until")),
                    batch.drop_columns(["begin", "since", "until"]).to_pylist(),
                    strict=True,
                ):
                    lists = {name: tuple(row[name] or ()) for name in ("equipment", "files", "sizes")}
                    yield WorkUnit(**(row | lists), begin=begin, since=since, until=until)

    def by_equipment(self) -> Iterator[tuple[tuple[str, ...], list[WorkUnit]]]:
        """The units of each equipment that can be read."""
        readable = (one for one in self.units() if one.error is None)
        for equipment, mine in groupby(readable, key=lambda one: one.equipment):
            yield equipment, list(mine)

    def save(self, units: Iterable[WorkUnit]) -> None:
        """Write the plan; ``plan.json`` last.

        Args:
            units: by equipment, and of each by time.
        """
        self.results.child(UNITS).write(_table_of(units))
        document = {"format": FORMAT, **asdict(self)}
        self.results.child(FILE).write(json.dumps(document, ensure_ascii=False, indent=1).encode())

    @classmethod
    def load(cls, place: str) -> Self:
        """A plan by its file, or by the folder that it lies in.

        Raises:
            NotFoundError: there is no plan.
            InputError: it is damaged, or of another version.
        """
        found = Storage.at(place, "plan")
        file = found if found.path.endswith(".json") else found.child(FILE)
        try:
            document = json.loads(file.read())
            if document.pop("format") != FORMAT:
                raise ValueError("another format")
            plan = cls(**document)
        except (FileNotFoundError, NotADirectoryError) as error:
            raise NotFoundError(
                "There is no plan at {path}.", hint="Make one with: waferwatch scale plan", field="plan", path=place
            ) from error
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise InputError(
                "The plan at {path} cannot be read: it is damaged, or of another version of waferwatch.",
                hint="Make it again with: waferwatch scale plan",
                field="plan",
                path=place,
            ) from error
        lists = {name: _tuple(getattr(plan, name)) for name in ("equipment", "also", "features", "reference", "notes")}
        return replace(plan, **lists)


def folder_of(equipment: Sequence[str]) -> str:
    """An equipment as the name of a folder."""
    return quote(" / ".join(equipment), safe=" ") or "all"


def name_of(begin: int) -> str:
    """When a unit begins, as the name of a file: 2026-01-31, or 2026-01-31T07."""
    text = str(_moment(begin))
    return text[:10] if text[11:13] == "00" else text[:13]


def _moment(value: int) -> Any:
    import numpy as np

    return np.datetime64(value, "ns")


def _tuple(values: Any) -> Any:
    return None if values is None else tuple(values)


def _table_of(units: Iterable[WorkUnit]) -> bytes:
    buffer = io.BytesIO()
    with parquet.ParquetWriter(buffer, _SCHEMA, compression="zstd") as writer:
        some: list[dict[str, Any]] = []
        for unit in units:
            some.append(asdict(unit))
            if len(some) == _BATCH:
                writer.write_table(pa.Table.from_pylist(some, _SCHEMA))
                some = []
        if some:
            writer.write_table(pa.Table.from_pylist(some, _SCHEMA))
    return buffer.getvalue()
