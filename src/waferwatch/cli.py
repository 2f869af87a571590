"""The command line. What people read goes to stderr; ``--json`` prints one JSON document as stdout's last line.

Exit codes: 0 done, 2 bad input or options, or a database or data folder that cannot be used (a sentence, no traceback),
1 a fault of ours.
"""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from waferwatch.commands import before_after, chambers, comparison, doctor, recipes, saved_models, scale, wafers
from waferwatch.commands import models as model_commands
from waferwatch.commands import monitors as monitor_commands
from waferwatch.commands.live import rows as live_rows
from waferwatch.commands.live.alarms import add_alarms_parser
from waferwatch.commands.options import data_options, recipe_options
from waferwatch.commands.options.actions import print_json, say
from waferwatch.commands.options.outputs import check_apart
from waferwatch.errors import InputError, WaferwatchError
from waferwatch.settings import read_settings

if TYPE_CHECKING:
    from waferwatch.scoring.question import Question
    from waferwatch.scoring.result import Detection

_TYPED = {"start": "from", "end": "to"}  # options that are typed by another name than that of their field
FILE_FORMATS = (
    "CSV, Parquet, Excel, OpenDocument, zip, tar, LabVIEW TDMS, LabVIEW LVM, HDF5, JSON"  # as formats.registry has them
)
INTERRUPTED = 130  # what a shell expects after Ctrl-C


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and give its exit code."""
    parser = build_parser()
    typed = sys.argv[1:] if argv is None else argv
    options = parser.parse_args(typed)
    try:
        return int(options.run(options))
    except WaferwatchError as error:
        print(f"waferwatch: {_option(error, typed)}{error}", file=sys.stderr)
        _print_refusal(error, options)
        return error.exit_code
    except KeyboardInterrupt:
        print("waferwatch: stopped.", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        sys.stderr.close()  # the reader of our output left; there is nobody to tell
        return 0
    except MemoryError:
        print(
            "waferwatch: there is not enough memory for this. Ask for fewer rows, or split the file.", file=sys.stderr
        )
        return 2
    except Exception:
        logging.getLogger("waferwatch").exception("Unexpected fault")
        print(
            "waferwatch: this is a fault of waferwatch, not of your data. Please report the lines above.",
            file=sys.stderr,
        )
        return 1


def _print_refusal(error: WaferwatchError, options: argparse.Namespace) -> None:
    """What stands in the way as JSON, where that is asked for."""
    from waferwatch.read.findings import finding_of

    if getattr(options, "json", False):
        findings = getattr(error, "findings", ()) or (finding_of(error),)
        with suppress(InputError, BrokenPipeError):  # stdout takes no more, or nobody reads it; stderr has it already
            print_json({"findings": [finding.to_dict() for finding in findings]}, options)


def _option(error: WaferwatchError, typed: Sequence[str]) -> str:
    """The option that the error is about, as it is typed; nothing when it was not given."""
    field = error.field or ""
    option = f"--{_TYPED.get(field, field).replace('_', '-')}"
    return f"{option}: " if field and any(word.partition("=")[0] == option for word in typed) else ""


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="waferwatch", description="Find anomalies in semiconductor process data with MOMENT."
    )
    parser.add_argument("--version", action="version", version=f"waferwatch {version('waferwatch')}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    _add_detect(commands)
    comparison.add_compare_parser(commands, FILE_FORMATS)
    saved_models.add_fit_parser(commands)
    before_after.add_before_after_parser(commands)
    chambers.add_match_parser(commands)
    _add_generate(commands)
    monitor_commands.add_monitors_parser(commands)
    add_alarms_parser(commands)
    monitor_commands.add_golden_parser(commands)
    recipes.add_recipes_parser(commands)
    scale.add_scale_parser(commands)
    model_commands.add_models_parser(commands)
    live_rows.add_watch_parser(commands)
    live_rows.add_replay_parser(commands)
    live_rows.add_maintenance_parser(commands)
    _add_serve(commands)
    doctor.add_doctor_parser(commands)
    return parser


def _add_detect(commands: Any) -> None:
    parser = commands.add_parser("detect", help="find anomalies in a file")
    recipe_options.add_file_options(parser, FILE_FORMATS)
    data_options.add_thresholds(parser)
    learnt = parser.add_mutually_exclusive_group()
    learnt.add_argument(
        "--monitor", metavar="NAME[@VERSION]", help="a monitor that fit has learnt, instead of learning from FILE"
    )
    learnt.add_argument("--model", metavar="FOLDER", help="instead: a model that fit --folder has saved")
    parser.add_argument("--output", type=Path, metavar="OUT", help="write all rows with their scores: .csv or .parquet")
    parser.add_argument("--label", metavar="COL", help="column of known anomalies, for precision, recall and F1")
    data_options.add_detector(parser)
    wafers.add_wafer_options(parser)
    parser.set_defaults(run=run_detect)


def _add_generate(commands: Any) -> None:
    parser = commands.add_parser("generate", help="write the data of a virtual fab with labelled faults")
    parser.add_argument("output", type=Path, metavar="OUT.csv")
    parser.add_argument("--rows", type=int, default=20_000, metavar="N", help="rows in all; default: 20000")
    parser.add_argument("--equipment", type=int, default=3, metavar="N", help="default: 3")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="the same seed gives the same file")
    parser.add_argument("--korean", action="store_true", help="Korean column names and text labels")
    parser.set_defaults(run=run_generate)


def _add_serve(commands: Any) -> None:
    parser = commands.add_parser("serve", help="start the web application")
    parser.add_argument("--host", help="address to listen on; default: 127.0.0.1, this machine only")
    parser.add_argument("--port", type=int, help="default: 5000")
    parser.set_defaults(run=run_serve)


def run_detect(options: argparse.Namespace) -> int:
    from waferwatch.read.files import read_original
    from waferwatch.read.findings import findings_of
    from waferwatch.scoring.output import check_output, with_result, write_rows
    from waferwatch.scoring.question import Question, question_of

    question = Question(**question_of(options))
    check_apart(options)
    if options.output:
        check_output(options.output)
    wafers.check_outputs(options)
    found = _detect(options, question)
    detection = found.detection
    for note in detection.notes:
        say(f"Note: {note}")
    if options.output:
        original = read_original(options.file, form=recipe_options.reading_of(options, options.file).form)
        write_rows(with_result(original, detection, found.table), options.output)
    wafers.write_outputs(options, found.table, detection)
    document = detection.to_dict() | {
        "file": options.file,
        "output": str(options.output) if options.output else None,
        "findings": [finding.to_dict() for finding in findings_of(detection.notes)],
    }
    document |= found.more
    _say_detection(options, detection, document)
    print_json(document, options)
    return 0


def _detect(options: argparse.Namespace, question: Question) -> saved_models.ScoredFile:
    """By a monitor, by the saved model if there is one, else by what is learnt now."""
    from waferwatch.scoring.run import detect_table

    limits = wafers.read_limits(options.limits)
    if options.monitor:
        return saved_models.detect_by_monitor(options, question.thresholds, limits)
    if options.model:
        return saved_models.detect_by_model(options, question.thresholds, limits)
    table, reference = recipe_options.read_tables(options)
    found = detect_table(table, question, reference=reference, limits=limits, device=options.device)
    return saved_models.ScoredFile(table, found)


def run_generate(options: argparse.Namespace) -> int:
    from waferwatch.read.virtual_fab.generate import generate
    from waferwatch.scoring.output import check_output, write_rows

    check_output(options.output)
    frame = generate(options.rows, equipment=options.equipment, seed=options.seed, korean_columns=options.korean)
    write_rows(frame, options.output)
    say(f"{len(frame):,} rows of {options.equipment} equipment written to {options.output}.")
    return 0


def run_serve(options: argparse.Namespace) -> int:
    from waferwatch.web.server import serve

    serve(read_settings(host=options.host, port=options.port))
    return 0


def _say_detection(options: argparse.Namespace, detection: Detection, found: dict[str, Any]) -> None:
    from waferwatch.explain.threshold import threshold_notes

    wafers.say_problems(detection)
    weights = f", weights {found['model_sha256'][:12]}" if found["model_sha256"] else ""
    say(f"{found['detector']} ({found['model']}{weights}) on {found['device']}: {found['seconds']:.1f} s")
    say(f"{found['rows']:,} rows, {found['anomalies']:,} anomalous ({found['anomaly_ratio']:.2%})")
    if found["metrics"]:
        say("Against the labels: " + ", ".join(f"{name} {value:.3f}" for name, value in found["metrics"].items()))
    promised = threshold_notes(detection.threshold, detection.threshold_by, detection.promise)
    for note in promised:
        if note not in detection.notes:
            say(str(note))
    events = found["events"]
    counted = "1 event" if len(events) == 1 else f"{len(events):,} events"
    say(
        counted
        + (" of rows, those with the highest peaks:" if len(events) > 10 else " of rows" + (":" if events else "."))
    )
    for event in sorted(events, key=lambda event: -event["peak_score"])[:10]:
        where = " ".join(filter(None, (str(event["end"]), event["equipment"], event["lot"])))
        sensors = ", ".join(f"{item['sensor']} {item['share']:.0%}" for item in event["sensors"][:3])
        say(f"  #{event['id']} {event['kind']} {event['start']} - {where} ({sensors})")
