"""What a fault costs to find: recall and delay in the virtual fab at a budget of false events.

    python benchmarks/fab.py
    python benchmarks/fab.py --detectors moment,pca --seeds 2 --rows 100000 --false-events 1,10
    python benchmarks/fab.py --guilty 8 50

Each seed is another fab of ``waferwatch generate``; the first third of every chamber's rows, which has no fault, is the
reference, the rest is judged. Every detector gets the lowest threshold that keeps to the budget, so many false events
for each chamber and week, counted over all seeds; an event is false when it touches no faulty row. A fault is found
when an event overlaps it, and its delay runs from its first row to the first flagged one of that event.

``--guilty`` puts faults of single sensors into correlated tables of so many sensors instead: see guilty.py.

Tables go to stdout, progress to stderr, and the last line of stdout is one JSON document.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from fab_truth import FAULT, FabFault, faults_of, faulty_rows
from false_events import threshold_within
from guilty import guilty_sensors, print_guilty
from numpy.typing import NDArray

from waferwatch.errors import WaferwatchError
from waferwatch.events.event import Event, Kind
from waferwatch.read.frames import table_from_frame
from waferwatch.read.table import Role, Table
from waferwatch.read.virtual_fab.faults import FAULT_KINDS
from waferwatch.read.virtual_fab.generate import generate
from waferwatch.scoring.question import Question
from waferwatch.scoring.result import Detection
from waferwatch.scoring.run import detect_table
from waferwatch.scoring.thresholds.rethreshold import with_threshold

WEEK_S = 7 * 24 * 3600  # rows of one chamber in a week: one a second
REFERENCE_SHARE = 3  # the first third
MOST_TOLD = 20  # false events in the document, those with the highest scores
MISSED = "missed"


@dataclass(frozen=True)
class Fab:
    """One virtual fab and what is wrong in it."""

    table: Table
    equipment: int
    faults: list[FabFault]
    faulty: NDArray[np.bool_]  # (rows,)

    @property
    def reference_rows(self) -> int:
        """Of each chamber."""
        return len(self.table.frame) // self.equipment // REFERENCE_SHARE

    @property
    def judged_from(self) -> int:
        """First row of the table behind every chamber's reference."""
        return self.reference_rows * self.equipment


@dataclass(frozen=True)
class Outcome:
    """What became of one fault."""

    fault: FabFault
    event: Event | None  # the one with the highest score of those that overlap it
    delay_s: int | None


def main(arguments: Sequence[str] | None = None) -> int:
    options = read_options(arguments)
    names = options.detectors.split(",")
    try:
        if options.guilty:
            document: dict[str, Any] = {
                "guilty": {str(count): guilty_sensors(names, count, options.tables) for count in options.guilty}
            }
            print_guilty(document["guilty"])
        else:
            document = judged_fabs(names, options)
            print_fabs(document)
    except WaferwatchError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    print(json.dumps(document))
    return 0


def read_options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__.splitlines()[0] if __doc__ else None, epilog="See the module docstring for more."
    )
    parser.add_argument("--detectors", default="moment,statistical,isolation_forest,pca", help="default: %(default)s")
    parser.add_argument("--seeds", type=int, default=7, help="fabs (default: %(default)s)")
    parser.add_argument("--rows", type=int, default=130_000, help="of each fab (default: %(default)s)")
    parser.add_argument("--equipment", type=int, default=1, help="chambers of each fab (default: %(default)s)")
    parser.add_argument(
        "--false-events",
        type=lambda text: [float(one) for one in text.split(",")],
        default=[1.0, 10.0],
        metavar="A,B",
        help="budgets for each chamber and week (default: 1,10)",
    )
    parser.add_argument("--guilty", type=int, nargs="+", metavar="SENSORS", help="tables of so many sensors instead")
    parser.add_argument("--tables", type=int, default=4, help="with --guilty, of each size (default: %(default)s)")
    return parser.parse_args(arguments)


def made(rows: int, equipment: int, seed: int) -> Fab:
    faulty, clean = (generate(rows, equipment, seed, faults=some) for some in (True, False))
    table = table_from_frame(faulty.drop(columns=FAULT), name=f"fab {seed}")
    faults = faults_of(faulty, clean, table.columns(Role.SENSOR))
    return Fab(table, equipment, faults, faulty_rows(faulty, faults))


def judged_fabs(names: Sequence[str], options: argparse.Namespace) -> dict[str, Any]:
    fabs = [made(options.rows, options.equipment, seed) for seed in range(options.seeds)]
    judged_s = sum(len(fab.table.frame) // fab.equipment - fab.reference_rows for fab in fabs) * options.equipment
    weeks = judged_s / WEEK_S
    # A simulation that is a few rows short of a week is one.
    budgets = {f"{budget:g}": math.floor(budget * round(weeks, 2)) for budget in options.false_events}
    document: dict[str, Any] = {
        "seeds": options.seeds,
        "rows": options.rows,
        "chambers": options.equipment,
        "chamber_weeks_judged": round(weeks, 3),
        "faults": sum(len(fab.faults) for fab in fabs),
        "false_events_allowed": budgets,
        "detectors": {},
    }
    for name in names:
        found = [scored(name, fab) for fab in fabs]
        document["detectors"][name] = {
            "model": found[0].model,
            "seconds": round(sum(one.seconds for one in found), 1),
            "budgets": {budget: within(fabs, found, allowed) for budget, allowed in budgets.items()},
        }
    return document


def scored(name: str, fab: Fab) -> Detection:
    """Scores of the judged rows alone."""
    found = detect_table(fab.table, Question(detector=name, reference_rows=fab.reference_rows))
    print(f"{name} {fab.table.name}: {found.seconds:.1f} s", file=sys.stderr)
    scores = found.scores.copy()
    scores[: fab.judged_from] = np.nan
    return replace(found, scores=scores)


def within(fabs: Sequence[Fab], found: Sequence[Detection], allowed: int) -> dict[str, Any]:
    """How one detector does with so many false events."""
    stretches = [
        (one.scores[at :: fab.equipment], fab.faulty[at :: fab.equipment])
        for fab, one in zip(fabs, found, strict=True)
        for at in range(fab.equipment)
    ]
    threshold = threshold_within([scores for scores, _ in stretches], [truth for _, truth in stretches], allowed)
    flagged = [with_threshold(fab.table, one, threshold) for fab, one in zip(fabs, found, strict=True)]
    outcomes = [outcome for fab, one in zip(fabs, flagged, strict=True) for outcome in outcomes_of(fab, one)]
    rows = sum(int(one.flags.sum()) for one in flagged)
    outside = sum(int((one.flags & ~fab.faulty).sum()) for fab, one in zip(fabs, flagged, strict=True))
    wrong = [event for fab, one in zip(fabs, flagged, strict=True) for event in false_events(fab, one)]
    return {
        "threshold": threshold,
        "false_events": len(wrong),
        "highest_false_events": sorted(wrong, key=lambda event: -float(event["peak_score"]))[:MOST_TOLD],
        "flagged_rows_outside_faults": outside / rows if rows else 0.0,
        "faults": {"all": summary(outcomes)}
        | {kind: summary([one for one in outcomes if one.fault.fault == kind]) for kind in FAULT_KINDS},
        "kinds": confusion(outcomes),
    }


def overlaps(fault: FabFault, event: Event) -> bool:
    return event.equipment == fault.equipment and event.start_row <= fault.last and event.end_row >= fault.first


def false_events(fab: Fab, found: Detection) -> list[dict[str, Any]]:
    """Those that overlap no fault, with what somebody would look at first."""
    return [
        {
            "fab": fab.table.name,
            **{name: getattr(event, name) for name in ("equipment", "start_row", "rows", "kind", "peak_score")},
            "step": event.context.get("step"),
            "sensor": event.sensors[0].sensor if event.sensors else None,
        }
        for event in found.events
        if not any(overlaps(fault, event) for fault in fab.faults)
    ]


def outcomes_of(fab: Fab, found: Detection) -> list[Outcome]:
    return [outcome(fab, found, fault) for fault in fab.faults]


def outcome(fab: Fab, found: Detection, fault: FabFault) -> Outcome:
    events = [event for event in found.events if overlaps(fault, event)]
    if not events:
        return Outcome(fault, None, None)
    rows = np.arange(fault.first, max(event.end_row for event in events) + 1, fab.equipment)
    first = rows[np.isin(found.event_ids[rows], [event.id for event in events])][0]
    return Outcome(fault, max(events, key=lambda event: event.peak_score), int(first - fault.first) // fab.equipment)


def summary(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Counts, and the shares and the delay that follow from them. Ranks are those of faults that were found."""
    hits = [(one, [share.sensor for share in one.event.sensors]) for one in outcomes if one.event is not None]
    delays = [one.delay_s for one, _ in hits if one.delay_s is not None]
    return {
        "faults": len(outcomes),
        "found": len(hits),
        "recall": round(len(hits) / len(outcomes), 4) if outcomes else None,
        "median_delay_s": float(np.median(delays)) if delays else None,
        "changed_first": sum(bool(sensors) and sensors[0] in one.fault.changed for one, sensors in hits),
        "guilty_first": sum(one.fault.guilty in sensors[:1] for one, sensors in hits),
        "guilty_top3": sum(one.fault.guilty in sensors[:3] for one, sensors in hits),
    }


def confusion(outcomes: Sequence[Outcome]) -> dict[str, dict[str, int]]:
    """Kind of the fault -> kind of its event, or missed -> faults."""
    table = {kind.value: dict.fromkeys([*(one.value for one in Kind), MISSED], 0) for kind in Kind}
    for one in outcomes:
        table[one.fault.kind.value][MISSED if one.event is None else one.event.kind.value] += 1
    return table


def print_fabs(document: dict[str, Any]) -> None:
    weeks = document["chamber_weeks_judged"]
    print(f"{document['faults']} faults in {weeks} chamber-weeks of {document['seeds']} fabs")
    for budget, allowed in document["false_events_allowed"].items():
        results = {name: one["budgets"][budget] for name, one in document["detectors"].items()}
        print(f"\nAt {budget} false events for each chamber and week: at most {allowed} in these {weeks} chamber-weeks")
        recall, sensors = {}, {}
        for name, one in results.items():
            recall[name] = {kind: _recall_and_delay(part) for kind, part in one["faults"].items()}
            whole = one["faults"]["all"]
            sensors[name] = {
                "found": whole["found"],
                **{
                    column.replace("_", " "): _share(whole[column], whole["found"])
                    for column in ("changed_first", "guilty_first", "guilty_top3")
                },
                "false events": one["false_events"],
                "flagged rows outside faults": f"{one['flagged_rows_outside_faults']:.0%}",
            }
        print(f"Recall (median delay in seconds)\n{pd.DataFrame(recall).T.to_string()}")
        print(f"Sensors, of the faults found\n{pd.DataFrame(sensors).T.to_string()}")
        for name, one in results.items():
            print(f"{name}: kind of fault (row) and of its event\n{pd.DataFrame(one['kinds']).T.to_string()}")


def _recall_and_delay(part: dict[str, Any]) -> str:
    if part["recall"] is None:
        return "no fault"
    delay = part["median_delay_s"]
    return f"{part['recall']:.2f}" + ("" if delay is None else f" ({delay:g})")


def _share(some: int, of: int) -> str:
    return f"{some / of:.2f}" if of else ""


if __name__ == "__main__":
    sys.exit(main())
