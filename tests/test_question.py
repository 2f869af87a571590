"""Every way in takes all options of a question, under the same names."""

from __future__ import annotations

import inspect
from dataclasses import fields, replace
from types import SimpleNamespace

import pytest

import waferwatch
from waferwatch.cli import build_parser
from waferwatch.errors import InputError
from waferwatch.jobs.options import Options
from waferwatch.scoring.option_rules import OPTION_RULES
from waferwatch.scoring.question import Question, question_of
from waferwatch.web.pages.compare.schemas import CompareRequest
from waferwatch.web.results.schemas import DetectRequest

NAMES = {field.name for field in fields(Question)}
GIVEN = {"detector": "pca", "checkpoint": "c", "threshold": 3.0, "reference_rows": 5}


@pytest.mark.parametrize(
    ("way_in", "without"),
    [
        (set(inspect.signature(waferwatch.detect).parameters), set()),
        (set(inspect.signature(waferwatch.compare).parameters), {"detector"}),
        (set(DetectRequest.model_fields), set()),
        (set(CompareRequest.model_fields), {"detector"}),
        (set(vars(build_parser().parse_args(["detect", "a.csv"]))), set()),
        (set(vars(build_parser().parse_args(["compare", "a.csv", "--label", "fault"]))), {"detector"}),
        ({field.name for field in fields(Options)}, set()),
    ],
    ids=["detect()", "compare()", "POST /detect", "POST /model_compare", "detect FILE", "compare FILE", "job"],
)
def test_every_way_in_takes_all_options(way_in: set[str], without: set[str]) -> None:
    assert way_in >= NAMES - without


def test_parser_schema_and_check_take_the_same_numbers() -> None:
    for name, rule in OPTION_RULES.items():
        schema = DetectRequest.model_json_schema()["properties"][name]
        assert schema["description"] == rule.full
        kinds = schema.get("anyOf", [schema])
        assert any(kind.get("maximum") == rule.at_most for kind in kinds)
    for name in ("contamination", "false_alarms"):
        Question(**{name: OPTION_RULES[name].at_most})
        with pytest.raises(InputError):
            Question(**{name: (OPTION_RULES[name].at_most or 0) * 1.01})
    assert {field.name for field in fields(Question)} == set(OPTION_RULES)


def test_a_question_is_what_was_given_and_the_rest_as_by_default() -> None:
    assert Question(**question_of(SimpleNamespace(**GIVEN, file="a.csv"))) == Question(**GIVEN)
    assert Question(**question_of(SimpleNamespace(detector=None))) == Question()


def test_a_job_keeps_every_option_of_its_question() -> None:
    options = Options("x", **GIVEN)
    assert Options.from_dict(options.to_dict()) == options
    assert question_of(options) == GIVEN
    assert Options.from_dict(Options("x").to_dict() | {"threshold": None}) == Options("x")


def test_a_question_has_one_way_to_a_threshold() -> None:
    with pytest.raises(InputError):
        Question(contamination=0.1, false_alarms=1.0)
    with pytest.raises(InputError):
        replace(Question(threshold=2.0), false_alarms=1.0)
