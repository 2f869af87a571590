"""``waferwatch scale``: a backfill over a fleet, planned once, run and resumed on any engine."""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from waferwatch.commands.options import data_options, monitor_options, recipe_options
from waferwatch.commands.options.actions import print_json, say
from waferwatch.commands.options.monitor_options import opened_store
from waferwatch.errors import InputError
from waferwatch.scoring.option_rules import DETECTOR

if TYPE_CHECKING:
    from waferwatch.read.recipe.options import ImportOptions
    from waferwatch.scale.engines.engine import TaskEngine
    from waferwatch.scale.plans.plan import ScalePlan
    from waferwatch.scoring.model import Model

_EVERY = 2.0  # seconds between two lines of progress
_SISTERS = 5  # that are named
_NAMED = 10  # units without results


def add_scale_parser(commands: Any) -> None:
    """Add ``scale plan | run | resume | status | report`` to the command line."""
    parser = commands.add_parser("scale", help="score the past of a whole fleet, in units of an equipment and a day")
    actions = parser.add_subparsers(title="actions", required=True, metavar="ACTION")
    _add_plan(actions)
    for name, text in (("run", "do what a plan says"), ("resume", "go on with a run that was stopped")):
        _add_run(actions, name, text)
    _add(actions, "status", "how far a plan is, and what failed", run_status)
    _add(actions, "report", "what was found over the whole fleet", run_report)
    _add_open(actions)


def _add(actions: Any, name: str, text: str, run: Callable[[argparse.Namespace], int]) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = actions.add_parser(name, help=text)
    parser.add_argument("plan", metavar="PLAN", help="plan.json, or the folder that it lies in")
    data_options.add_json(parser)
    parser.set_defaults(run=run)
    return parser


def _add_plan(actions: Any) -> None:
    parser = actions.add_parser("plan", help="look at all files and write a plan")
    parser.add_argument(
        "source",
        metavar="URL",
        help="folder of Parquet or CSV files, or one file: a path, s3://, gs://, abfs://, hdfs://",
    )
    parser.add_argument("--out", required=True, metavar="URL", help="folder for the plan and the results")
    parser.add_argument(
        "--by", type=data_options.names, default=["equipment", "day"], metavar="equipment,day", help="or equipment,hour"
    )
    learnt = parser.add_mutually_exclusive_group(required=True)
    learnt.add_argument("--reference", metavar="FIRST..LAST", help="period of normal rows, each equipment learns from")
    learnt.add_argument("--monitor", metavar="NAME[@VERSION]", help="instead: a monitor for all equipment")
    learnt.add_argument("--model", metavar="FOLDER", help="instead: a model that fit --folder has saved")
    data_options.add_column_options(parser)
    data_options.add_form_options(parser)
    parser.add_argument("--recipe", metavar="NAME|FILE.json", help="an import recipe that all files are read by")
    data_options.add_detector(parser)
    data_options.add_thresholds(parser)
    parser.add_argument(
        "--wafers",
        type=int,
        default=25,
        metavar="K",
        help="first wafers of each recipe that say at what level an equipment without a reference is; default: 25",
    )
    parser.add_argument(
        "--neighbourhood",
        type=int,
        metavar="ROWS",
        help="rows read on each side of a unit; default: as the model needs",
    )
    monitor_options.add_data_dir(parser)
    data_options.add_json(parser)
    parser.set_defaults(run=run_plan)


def _add_run(actions: Any, name: str, text: str) -> None:
    parser = _add(actions, name, text, run_run)
    parser.add_argument(
        "--engine", choices=["local", "ray"], default="local", help="default: local, processes of this machine"
    )
    parser.add_argument("--address", metavar="ADDRESS", help="of a Ray cluster, such as ray://head:10001 or auto")
    parser.add_argument(
        "--workers", type=int, default=0, metavar="N", help="units done side by side; default: all cores"
    )
    parser.add_argument("--threads", type=int, default=1, metavar="N", help="threads of one unit; default: 1")
    parser.add_argument("--gpus", type=float, default=0.0, metavar="SHARE", help="share of a GPU of one unit, on Ray")


def _add_open(actions: Any) -> None:
    parser = _add(
        actions, "open", "open some days of an equipment in the pages, as a data set with its result", run_open
    )
    parser.add_argument("equipment", metavar="EQUIPMENT", help="as the report names it")
    parser.add_argument("--from", dest="first", metavar="DAY", help="first day; default: the first one")
    parser.add_argument("--to", dest="last", metavar="DAY", help="last day; default: the last one")
    monitor_options.add_data_dir(parser)


def run_plan(options: argparse.Namespace) -> int:
    """Write a plan."""
    from waferwatch.scale.plans.planning import make_plan
    from waferwatch.scale.plans.wishes import PlanWish, asked, source_of
    from waferwatch.scale.results import put_model
    from waferwatch.scale.task import SHARED

    model = _model(options)
    wish = PlanWish(
        source=options.source,
        out=options.out,
        by=options.by,
        reference=options.reference,
        model=model,
        options=_import_options(options),
        detector=options.detector or DETECTOR,
        checkpoint=options.checkpoint,
        device=options.device,
        threshold=options.threshold if options.threshold is not None else "auto",
        contamination=options.contamination,
        false_alarms=options.false_alarms,
        wafers=options.wafers,
        neighbourhood=options.neighbourhood,
    )
    plan = make_plan(asked(wish), source_of(wish)[1])
    if model is not None:
        put_model(plan.results, SHARED, model)
    _say_plan(plan)
    print_json({"plan": plan.results.child("plan.json").url, **plan.count, "notes": list(plan.notes)}, options)
    return 0


def run_run(options: argparse.Namespace) -> int:
    """Do what is not done yet. 0 when all is done, 2 when units failed by their data, 1 when some did by waferwatch."""
    from waferwatch.scale.driver import run_plan as run_stages
    from waferwatch.scale.plans.plan import ScalePlan

    plan = ScalePlan.load(options.plan)
    engine = _engine(options)
    try:
        record = run_stages(plan, engine, _Progress(plan))
    finally:
        engine.close()
    for one in record.failures:
        say(f"{one['key']}: {one['sentence']}")
    if record.failed > len(record.failures):
        more = record.failed - len(record.failures)
        say(f"... and {more:,} more. All of them: waferwatch scale status {options.plan}")
    say(f"{record.rows:,} rows scored in {record.seconds:.1f} s by {record.workers} workers ({record.engine}).")
    say(
        f"Results are in {plan.out}." if not record.failed else f"Failed: {record.failed:,}. The rest is in {plan.out}."
    )
    print_json(record.to_dict(), options)
    return record.exit_code


def run_status(options: argparse.Namespace) -> int:
    """How far a plan is."""
    from waferwatch.scale.plans.plan import ScalePlan
    from waferwatch.scale.report import status_of

    found = status_of(ScalePlan.load(options.plan))
    say(f"{found.done:,} of {found.units:,} units done, {sum(found.failed.values()):,} failed.")
    for sentence, count in found.sentences.most_common(10):
        say(f"  {count:,} x {sentence}")
    print_json(found.to_dict(), options)
    return 0


def run_report(options: argparse.Namespace) -> int:
    """What was found over the whole fleet."""
    from waferwatch.scale.plans.plan import ScalePlan
    from waferwatch.scale.report import report_of

    document = report_of(ScalePlan.load(options.plan))
    totals, done = document["totals"], document["status"]
    say(f"{done['done']:,} of {done['units']:,} units done, {sum(done['failed'].values()):,} failed.")
    say(f"{totals['rows']:,} rows, {totals['flagged']:,} flagged in {totals['events']:,} events.")
    if totals["wafers"]:
        say(f"{totals['wafers']:,} wafers, {totals['abnormal']:,} abnormal; {totals['problems']:,} problems.")
    say("Models: " + ", ".join(f"{count:,} {kind}" for kind, count in document["models"].items()))
    for one in document["problems"][:10]:
        sisters = one["also_on"].split(", ") if one["also_on"] else []
        more = f" and {len(sisters) - _SISTERS:,} more" if len(sisters) > _SISTERS else ""
        also = f" Also on {', '.join(sisters[:_SISTERS])}{more}." if sisters else ""
        say(f"  {one['severity']}: {one['title']}.{also}")
    print_json(document, options)
    return 0


def run_open(options: argparse.Namespace) -> int:
    """Open some days of an equipment in the pages."""
    from waferwatch.scale.opening import link_of, open_units
    from waferwatch.scale.plans.plan import ScalePlan

    plan = ScalePlan.load(options.plan)
    with opened_store(options.data_dir) as store:
        found = open_units(plan, options.equipment, options.first, options.last, store, monitor_options.user())
    say(f"{found.rows:,} rows of {found.units:,} units are data set {found.run.dataset_name}.")
    if found.missing:
        say(f"Left out, since they have no results: {', '.join(found.missing[:_NAMED])}.")
    say(f"Open it with: waferwatch serve, then {link_of(found)}")
    document = {"dataset": found.run.dataset, "run": found.run.id, "rows": found.rows, "page": link_of(found)}
    print_json({**document, "missing": list(found.missing)}, options)
    return 0


class _Progress:
    """A line for each stage every few seconds."""

    def __init__(self, plan: ScalePlan) -> None:
        count = plan.count
        self._totals = {"score": count["units"] + count["unreadable"], "join": count["equipment"]}
        self._shown_at = time.monotonic()

    def __call__(self, stage: str, counts: Counter[str]) -> None:
        now = time.monotonic()
        if now - self._shown_at >= _EVERY:
            self._shown_at = now
            total = f" of {self._totals[stage]:,}" if stage in self._totals else ""
            failed = f", {counts['failed']:,} failed" if counts["failed"] else ""
            say(f"{stage}: {sum(counts.values()):,}{total}{failed}")


def _engine(options: argparse.Namespace) -> TaskEngine:
    _check_engine(options)
    if options.engine == "ray":
        from waferwatch.scale.engines.ray import RayEngine

        return RayEngine(options.address, options.workers, options.threads, options.gpus)
    from waferwatch.scale.engines.local import LocalEngine

    return LocalEngine(options.workers, options.threads)


def _check_engine(options: argparse.Namespace) -> None:
    """
    Raises:
        InputError: an option has no sense, or none with this engine.
    """
    for name, least in (("workers", 0), ("threads", 1), ("gpus", 0)):
        if not getattr(options, name) >= least:
            raise InputError(
                "{found} is too small a number.",
                hint="Give at least {least}.",
                field=name,
                found=getattr(options, name),
                least=least,
            )
    only_ray = [name for name in ("address", "gpus") if getattr(options, name)]
    if options.engine != "ray" and only_ray:
        raise InputError(
            "Processes of this machine take no {option}.",
            hint="Add --engine ray, or leave it out.",
            field=only_ray[0],
            option=f"--{only_ray[0]}",
        )


def _import_options(options: argparse.Namespace) -> ImportOptions:
    """How all files are read: by the options, and by the recipe that is named."""
    if options.recipe is None:
        return data_options.import_options(options)
    return recipe_options.reading_of(options, options.source).options


def _model(options: argparse.Namespace) -> Model | None:
    """The model of all equipment, if one is named."""
    if options.model:
        from waferwatch.scoring.model import load

        return load(Path(options.model))
    if not options.monitor:
        return None
    with opened_store(options.data_dir) as store:
        return store.monitors.model(store.monitors.version(options.monitor))


def _say_plan(plan: ScalePlan) -> None:
    count = plan.count
    say(
        f"Units: {count['units']:,}, of {count['equipment']:,} equipment; files: {count['files']:,}, with "
        f"{count['rows']:,} rows and {count['bytes'] / 1e9:,.3g} GB."
    )
    if count["unreadable"]:
        say(f"Files that cannot be read: {count['unreadable']:,}. Their units fail; the others are done.")
    for note in plan.notes:
        say(f"Note: {note}")
    say(f"Run it with: waferwatch scale run {plan.results.child('plan.json').url}")
