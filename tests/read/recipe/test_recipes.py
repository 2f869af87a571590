"""Import recipes: strict documents, options over a recipe, and the form by which files find theirs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import waferwatch
from waferwatch.errors import InputError, NotFoundError, WaferwatchError
from waferwatch.read.findings import findings_of
from waferwatch.read.limits import Limits
from waferwatch.read.recipe.making import recipe_for
from waferwatch.read.recipe.options import ImportOptions
from waferwatch.read.recipe.reading import Reading, choose_recipe, read_by
from waferwatch.read.recipe.recipe import (
    FORMAT,
    ImportRecipe,
    read_recipe,
    recipe_from_json,
    recipe_from_text,
    recipe_text,
)
from waferwatch.read.table import Role, Table

OPTIONS = ImportOptions(
    encoding="cp949",
    header_line=3,
    units_line=4,
    shape="wide",
    time=("일자", "시각"),
    group=("호기",),
    roles={"상태": "context"},
    no_value=("-", "999"),
    bad_cells=0.1,
    date_order="day-first",
    time_zone="Asia/Seoul",
    keep_values=True,
    leave_out_rows=(("상태", "PM"),),
)


def trace(
    folder: Path, name: str = "a.csv", *, above: int = 2, unit: str = "Torr", names: str = "일자;시각;호기;압력;상태"
) -> Path:
    """A file of a logger with lines above the table, units, and a date and a time of day apart."""
    lines = [*["장비 보고서"] * above, names, f";;;{unit};"]
    for at in range(40):
        value = "-" if at == 7 else f"{at % 9},5"
        lines.append(f"{1 + at // 20:02d}/03/2026;08:{at % 20:02d}:00;E1;{value};{'PM' if at < 3 else 'RUN'}")
    path = folder / name
    path.write_bytes("\n".join(lines).encode("cp949"))
    return path


def choose(path: Path, *recipes: ImportRecipe, said: ImportOptions | None = None) -> Reading:
    return choose_recipe(path, said or ImportOptions(), recipes, limits=Limits.of())


def made(folder: Path, name: str = "etch", options: ImportOptions = OPTIONS) -> ImportRecipe:
    return recipe_for(trace(folder), name, options)[0]


def codes(table: Table) -> list[str]:
    return [finding.code for finding in findings_of(table.notes)]


def test_a_recipe_comes_back_from_its_document(tmp_path: Path) -> None:
    recipe = made(tmp_path)
    assert recipe_from_text(recipe_text(recipe)) == recipe
    document = recipe.to_json()
    assert document["waferwatch_recipe"] == FORMAT
    assert document["options"]["leave_out_rows"] == [{"column": "상태", "value": "PM"}]
    assert "features" not in document["options"]
    assert document["fingerprint"]["columns"] == ["일자", "시각", "호기", "압력", "상태"]
    assert document["fingerprint"]["units"] == ["", "", "", "Torr", ""]
    assert (document["fingerprint"]["delimiter"], document["fingerprint"]["header_line"]) == ("semicolon", 3)


def test_a_file_is_read_as_its_recipe_says(tmp_path: Path) -> None:
    table = read_by(trace(tmp_path, "b.csv"), Reading(recipe=made(tmp_path)))
    assert table.roles["시각"] is Role.TIME
    assert table.frame["시각"].iloc[20].isoformat() == "2026-03-02T08:00:00"
    assert table.zone == "UTC+09:00"
    assert table.columns(Role.SENSOR) == ["압력"]
    assert table.frame["압력"].isna().sum() == 4  # three rows of maintenance, and one without a value


def test_a_later_file_of_the_form_uses_the_recipe_by_itself_and_says_so(tmp_path: Path) -> None:
    reading = choose(trace(tmp_path, "b.csv"), made(tmp_path))
    assert reading.recipe is not None
    table = read_by(tmp_path / "b.csv", reading)
    assert "recipe_used" in codes(table)
    assert any("with the import recipe etch, since it has its form" in str(note) for note in table.notes)


@pytest.mark.parametrize(
    ("other", "word"),
    [
        ({"above": 1}, None),  # the recipe names the line of the header: elsewhere there are no such names
        ({"unit": "Pa"}, "other units"),
        ({"names": "일자;시각;호기;유량;상태"}, None),
    ],
)
def test_a_file_of_another_form_does_not(tmp_path: Path, other: dict[str, Any], word: str | None) -> None:
    recipe = made(tmp_path)
    reading = choose(trace(tmp_path, "b.csv", **other), recipe)
    assert reading.recipe is None
    assert [word in str(note) for note in reading.notes] == ([True] if word else [])


def test_a_header_in_another_line_is_another_form_and_is_reported(tmp_path: Path) -> None:
    recipe = made(tmp_path, options=ImportOptions(date_order="day-first"))
    reading = choose(trace(tmp_path, "b.csv", above=5), recipe)
    assert reading.recipe is None
    assert "but in another line; it was not used" in str(reading.notes[0])


def test_of_two_recipes_that_fit_none_is_used_and_both_are_named(tmp_path: Path) -> None:
    reading = choose(trace(tmp_path), made(tmp_path, "one"), made(tmp_path, "two"))
    assert reading.recipe is None
    assert "2 import recipes (one, two); none of them was used" in str(reading.notes[0])


def test_a_recipe_without_a_fingerprint_is_used_by_name_only(tmp_path: Path) -> None:
    assert choose(trace(tmp_path), ImportRecipe("etch", OPTIONS)).recipe is None


def test_a_recipe_that_names_a_column_which_is_not_there_is_refused_by_name_and_field(tmp_path: Path) -> None:
    path = trace(tmp_path, names="일자;시각;호기;압력;모드")
    with pytest.raises(InputError, match=r"recipe etch does not fit a.csv: its field roles names the column 상태"):
        read_by(path, Reading(recipe=ImportRecipe("etch", OPTIONS)))
    with pytest.raises(InputError, match=r"recipe etch does not fit a.csv: its field header_line cannot be used there"):
        read_by(path, Reading(recipe=ImportRecipe("etch", ImportOptions(header_line=400))))
    with pytest.raises(NotFoundError, match="has no column 유량"):  # of somebody who reads the file, not of the recipe
        read_by(path, Reading(ImportOptions(roles={"유량": "sensor"}), ImportRecipe("etch", ImportOptions())))


def test_what_is_said_wins_over_the_recipe() -> None:
    base = ImportOptions(
        encoding="cp949", time=("t",), group=("tool",), label="bad", roles={"a": "sensor", "b": "context", "c": "time"}
    )
    over = ImportOptions(encoding="utf-8", roles={"a": "context", "tool": "ignored"}, label="wrong").over(base)
    assert (over.encoding, over.label, over.group, over.time) == ("utf-8", "wrong", None, ("t",))
    assert over.roles == {"a": "context", "b": "context", "c": "time", "tool": "ignored"}
    timed = ImportOptions(time=("x",), features=("p",)).over(base)
    assert (timed.time, timed.roles) == (("x",), {"b": "context"})
    assert ImportOptions(roles={"x": "time"}).over(base).time is None
    assert ImportOptions(keep_values=False).over(ImportOptions(keep_values=True)).keep_values is False


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"waferwatch_recipe": 2}, "written in format 2; this waferwatch reads format 1"),
        ({"waferwatch_recipe": None}, "written in format None"),
        ({"nme": "x"}, "There is no field nme here. The fields are: waferwatch_recipe, name, options, fingerprint."),
        ({"name": 7}, "The field name cannot be 7."),
        ({"name": "a/b"}, "An import recipe cannot be called a/b."),
        ({"name": "none"}, "An import recipe cannot be called none."),
        ({"options": []}, "The field options cannot be []."),
        ({"options": {"encodin": "x"}}, "There is no field encodin here."),
        ({"options": {"encoding": "klingon"}}, "There is no encoding klingon."),
        ({"options": {"delimiter": "comet"}}, "'comet' is not possible here."),
        ({"options": {"header_line": -1}}, "The field header_line cannot be -1."),
        ({"options": {"header_line": True}}, "The field header_line cannot be True."),
        ({"options": {"shape": "round"}}, "'round' is not possible here."),
        ({"options": {"roles": {"a": "sensr"}}}, "sensr is not a role"),
        ({"options": {"roles": ["a"]}}, "The field roles cannot be ['a']."),
        ({"options": {"bad_cells": 3}}, "3.0 is not a share of cells."),
        ({"options": {"bad_cells": "x"}}, "The field bad_cells cannot be 'x'."),
        ({"options": {"date_order": "noon-first"}}, "noon-first is not an order"),
        ({"options": {"time_zone": "Mars/Olympus"}}, "There is no time zone Mars/Olympus."),
        ({"options": {"keep_values": 1}}, "The field keep_values cannot be 1."),
        ({"options": {"leave_out_rows": [{"column": "a"}]}}, "The field leave_out_rows cannot be"),
        ({"fingerprint": {"format": "CSV"}}, "The field delimiter cannot be None."),
        ({"fingerprint": "x"}, "The field fingerprint cannot be 'x'."),
    ],
)
def test_a_document_with_a_fault_is_refused_in_a_sentence(change: dict[str, Any], words: str) -> None:
    document = {"waferwatch_recipe": FORMAT, "name": "etch", "options": {}, "fingerprint": None} | change
    with pytest.raises(WaferwatchError) as refused:
        recipe_from_json(document)
    assert words in str(refused.value)
    assert refused.value.hint()


def test_a_file_that_holds_no_recipe_is_refused_by_its_path(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    for content, words in (
        ("{", "not valid JSON"),
        ("[]", "not an import recipe"),
        ('{"waferwatch_recipe": 9}', "format 9"),
    ):
        path.write_text(content)
        with pytest.raises(InputError, match=words) as refused:
            read_recipe(path)
        assert str(path) in str(refused.value)
    with pytest.raises(NotFoundError, match="There is no import recipe in"):
        read_recipe(tmp_path / "nowhere.json")


def test_a_workbook_and_json_have_a_form_too(tmp_path: Path) -> None:
    records = [json.dumps({"ts": f"2026-03-01 08:00:{at:02d}", "p": at % 7}) for at in range(50)]
    path = tmp_path / "a.ndjson"
    path.write_text("\n".join(records))
    recipe = recipe_for(path, "json", ImportOptions(roles={"p": "sensor"}))[0]
    assert recipe.fingerprint is not None
    assert (recipe.fingerprint.format, recipe.fingerprint.columns) == ("JSON", ("ts", "p"))
    assert choose(path, recipe).recipe == recipe
    path.write_text("\n".join(records).replace('"p"', '"q"'))
    assert choose(path, recipe).recipe is None


def test_the_form_is_known_from_the_head_whatever_the_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "long.csv"
    path.write_text("time,p\n" + "".join(f"{at},{at % 7}\n" for at in range(200_000)))
    recipe = ImportRecipe("long", ImportOptions(), recipe_for(path, "long", ImportOptions())[0].fingerprint)
    monkeypatch.setattr("waferwatch.read.text.head.read_delimited", None)  # nothing is parsed for it
    assert choose(path, recipe).recipe == recipe


def test_python_reads_files_by_recipes_and_detects_on_what_it_read(tmp_path: Path) -> None:
    path, data_dir = trace(tmp_path), tmp_path / "data"
    said = {"time": ("일자", "시각"), "leave_out_rows": {"상태": "PM"}, "no_value": "-", "date_order": "day-first"}
    waferwatch.save_recipe("etch", path, data_dir=data_dir, **said)
    table = waferwatch.read_file(trace(tmp_path, "b.csv"), data_dir=data_dir)
    assert "recipe_used" in codes(table)
    found = waferwatch.detect(table, detector="pca")
    assert (len(found.scores), list(found.features)) == (40, ["압력"])
    model = waferwatch.fit(table, detector="pca")
    assert len(model.detect(table).scores) == 40
    with pytest.raises(InputError, match=r"columns of b.csv were settled .* Give features to read_file"):
        waferwatch.detect(table, features="압력")
    with pytest.raises(InputError, match="There is no field colour here"):
        waferwatch.read_file(path, colour="red")
    assert "recipe_used" not in codes(waferwatch.read_file(path, recipe="none", data_dir=data_dir, **said))


def test_of_two_dates_the_one_that_is_named_is_that_of_the_clock(tmp_path: Path) -> None:
    rows = "".join(f"2025-12-01,2026-03-0{1 + at // 20},08:{at % 20:02d}:00,{at * 7 % 11}\n" for at in range(40))
    path = tmp_path / "a.csv"
    path.write_text("Date,shipped,Time,p\n" + rows)
    table = read_by(path, Reading(ImportOptions(time=("shipped", "Time"))))
    assert table.frame["Time"].iloc[[0, 20]].map(str).tolist() == ["2026-03-01 08:00:00", "2026-03-02 08:00:00"]
    assert table.columns(Role.SENSOR) == ["p"]
