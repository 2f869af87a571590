"""The wishes for a plan, completed by what a first file shows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as parquet

from waferwatch.errors import InputError, WaferwatchError
from waferwatch.models.registry import check_name, create
from waferwatch.monitors.levels.settling import FEWEST
from waferwatch.read.frames import table_from_frame
from waferwatch.read.recipe.option_fields import options_to_json
from waferwatch.read.recipe.options import ImportOptions
from waferwatch.read.table import Role, Table
from waferwatch.read.time_axis.places import place_of
from waferwatch.scale.plans.contents import (
    UNIT_NS,
    damaged,
    is_parquet,
    path_keys,
    whole_file,
    with_keys,
    without_dates,
)
from waferwatch.scale.plans.plan import ScalePlan
from waferwatch.scale.storage import Storage
from waferwatch.scoring.detecting.learnt import roles_of
from waferwatch.scoring.model import Model
from waferwatch.scoring.thresholds.threshold import AUTO, Thresholds

NEIGHBOURHOOD = 16_384  # rows on each side where no model says how many it needs
MARGIN = 512  # rows beyond a unit that are scored too, to find where its events begin and end
_SAMPLE = 50_000  # rows
_FIRST = 5  # files that are tried


@dataclass(frozen=True, kw_only=True)
class PlanWish:
    """The options of a plan, as they are typed."""

    source: str
    out: str
    by: Sequence[str] = ("equipment", "day")
    reference: str | None = None  # first and last day or time, with .. between them
    model: Model | None = None  # instead: one model for all
    options: ImportOptions = field(default_factory=ImportOptions)  # how files are read
    detector: str = "moment"
    checkpoint: str | None = None
    device: str | None = None
    threshold: float | str = AUTO
    contamination: float | None = None
    false_alarms: float | None = None
    wafers: int = 25
    neighbourhood: int | None = None


def asked(wish: PlanWish) -> ScalePlan:
    """The plan without its units.

    Raises:
        InputError, NotFoundError: an option cannot be used, or the first files cannot be read.
    """
    if (wish.reference is None) == (wish.model is None):
        raise InputError(
            "Either a reference period or a model is needed.",
            hint="Give one of --reference, --monitor and --model.",
            field="reference",
        )
    _check_threshold(wish)
    _check_learning(wish)
    unit, out = _unit(wish.by), Storage.at(wish.out, "out")
    source, only = source_of(wish)
    if only is None and source.child("_delta_log").is_folder():
        raise _delta(wish.source)
    table = _sample(source, only, wish)
    time, equipment = _clock(table), _equipment(table, wish)
    return ScalePlan(
        source=source.url,
        out=out.url,
        unit=unit,
        time=time,
        equipment=equipment,
        roles=_roles(table, wish),
        imports=options_to_json(wish.options),
        also=_also(table, wish),
        features=tuple(wish.model.features) if wish.model else wish.options.features,
        reference=None if wish.reference is None else period(wish.reference, unit, table.zone),
        model=None if wish.model is None else wish.model.digest,
        wafers=wish.wafers,
        neighbourhood=_neighbourhood(wish),
        detector=wish.model.name if wish.model else wish.detector,
        checkpoint=wish.checkpoint,
        device=wish.device,
        threshold=wish.threshold,
        false_alarms=wish.false_alarms,
        notes=tuple(str(note) for note in table.notes),
    )


def source_of(wish: PlanWish) -> tuple[Storage, str | None]:
    """The folder of the source, and the name of the file where it is a single one.

    Raises:
        InputError: its address cannot be used.
    """
    return Storage.at(wish.source, "source").folder_and_name()


def _check_threshold(wish: PlanWish) -> None:
    if wish.contamination is not None:
        raise InputError(
            "A share of anomalies cannot be asked for here: it would rest on the scores of all units together.",
            hint="Leave it out, or give --false-alarms.",
            field="contamination",
        )
    _ = Thresholds(AUTO if isinstance(wish.threshold, str) else wish.threshold, None, wish.false_alarms)


def _check_learning(wish: PlanWish) -> None:
    """What every unit would stumble over is refused before any is planned."""
    check_name(wish.detector)
    if wish.model is None and wish.checkpoint is not None:
        create(wish.detector, checkpoint=wish.checkpoint, device="cpu")
    if wish.wafers < FEWEST:
        raise InputError(
            "The level of an equipment cannot be learnt from {wafers} wafers: at least {fewest} are needed.",
            hint="Give a larger number, or leave --wafers out.",
            field="wafers",
            wafers=wish.wafers,
            fewest=FEWEST,
        )


def _delta(source: str) -> InputError:
    return InputError(
        "{path} is a Delta table: its folder also holds files that are no longer part of it.",
        hint="Write its rows as plain Parquet files into another folder, and plan that.",
        field="source",
        path=source,
    )


def period(text: str, unit: str = "day", zone: str | None = None) -> tuple[int, int]:
    """First and last moment of a period, in nanoseconds since 1970; a last day counts as a whole.

    Raises:
        InputError: it is no period.
    """
    first, dots, last = text.partition("..")
    if not dots:
        raise InputError(
            "The period {period} cannot be read.",
            hint="Write its first and last day like 2026-01-01..2026-01-14.",
            field="reference",
            period=text[:60],
        )
    places = [place_of(part, True, "reference", zone) for part in (first, last)]
    start, end = (int(place.astype(np.int64)) if place is not None else None for place in places)
    if start is None or end is None or end < start:
        raise InputError(
            "The period {period} has no first and last day.",
            hint="Write them like 2026-01-01..2026-01-14.",
            field="reference",
            period=text[:60],
        )
    whole_day = ":" not in last and "T" not in last
    return start, end + (UNIT_NS["day"] - 1 if whole_day else 0)


def _unit(by: Sequence[str]) -> str:
    """
    Raises:
        InputError: it is not equipment and day, or equipment and hour.
    """
    words = [word.strip().lower() for word in by]
    if len(words) == 2 and words[0] == "equipment" and words[1] in UNIT_NS:
        return words[1]
    raise InputError(
        "Work cannot be split by {by}.", hint="Write equipment,day or equipment,hour.", field="by", by=", ".join(by)
    )


def _sample(source: Storage, only: str | None, wish: PlanWish) -> Table:
    """The first rows of the first file that can be read, as a table."""
    error: WaferwatchError | None = None
    for number, file in enumerate(source.files(only)):
        if number == _FIRST:
            break
        try:
            return _table(_first_rows(source, file.name, wish.options), file.name, wish)
        except WaferwatchError as found:
            error = error or found
    if error is not None:
        raise error
    raise InputError("There is no file in {path}.", hint="Check the path.", field="source", path=wish.source)


def _first_rows(source: Storage, name: str, options: ImportOptions) -> pd.DataFrame:
    if not is_parquet(name) or options.form != ImportOptions().form:
        return whole_file(source, name, options)
    try:
        with source.child(name).open() as raw:
            batch = next(parquet.ParquetFile(raw).iter_batches(batch_size=_SAMPLE), None)
    except (pa.ArrowException, OSError) as error:
        raise damaged(name, error) from error
    frame = pd.DataFrame() if batch is None else batch.to_pandas()
    return with_keys(frame, path_keys(name))


def _table(frame: pd.DataFrame, name: str, wish: PlanWish) -> Table:
    """The first rows as a table, in which what only the folders say is no sensor and no clock."""
    there = {str(column) for column in frame.columns}
    said = wish.options
    roles = dict(said.roles)
    if wish.model is not None:
        roles = {column: role for column, role in wish.model.roles.items() if column in there} | roles
    keys = [key for key in path_keys(name) if key not in roles]
    options: dict[str, Any] = {
        "features": wish.model.features if wish.model else said.features,
        "time": said.time,
        "group": said.group,
        "name": name,
        "rules": replace(said, leave_out_rows=None).rules,
    }
    table = table_from_frame(frame, roles=roles, **options)
    wrong = [key for key in keys if table.roles[key] in (Role.SENSOR, Role.TIME, Role.LABEL, Role.STATUS)]
    if not wrong:
        return table
    return table_from_frame(frame, roles=roles | dict.fromkeys(wrong, "ignored"), **options)


def _clock(table: Table) -> str:
    time = table.column(Role.TIME)
    if time is None:
        raise InputError(
            "{table} has no time column, so that rows cannot be split by day.",
            hint="Name the column that holds dates and times.",
            field="time",
            table=table.name,
        )
    if table.frame[time].dtype.kind != "M":
        raise without_dates(time)
    return time


def _equipment(table: Table, wish: PlanWish) -> tuple[str, ...]:
    found = tuple(table.columns(Role.EQUIPMENT))
    runs = (Role.LOT, Role.WAFER)
    return found or tuple(name for name in wish.options.group or () if table.roles[name] not in runs)


def _roles(table: Table, wish: PlanWish) -> dict[str, str]:
    """As they are asked for in every file: those by which a table is read, and what the user named."""
    keys: Iterable[str] = path_keys(table.name)
    ignored = {key: "ignored" for key in keys if table.roles.get(key) is Role.IGNORED}
    return ignored | roles_of(table) | dict(wish.options.roles)


def _also(table: Table, wish: PlanWish) -> tuple[str, ...]:
    """Columns that say which values of sensors count."""
    out = [column for column, _ in wish.options.leave_out_rows or ()]
    return tuple(dict.fromkeys([*table.columns(Role.STATUS), *out]))


def _neighbourhood(wish: PlanWish) -> int:
    needed = 0 if wish.model is None else max(wish.model.context, wish.model.delay) + 2 * MARGIN
    if wish.neighbourhood is None:
        return max(needed, NEIGHBOURHOOD)
    if wish.neighbourhood < needed:
        raise InputError(
            "The model needs a neighbourhood of {needed} rows on each side of a unit; {found} were asked for.",
            hint="Leave --neighbourhood out, or give a larger number.",
            field="neighbourhood",
            needed=needed,
            found=wish.neighbourhood,
        )
    return wish.neighbourhood
