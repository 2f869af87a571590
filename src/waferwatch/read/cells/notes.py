"""What to say of the cells of a sensor that were read in another way than they are written."""

from __future__ import annotations

from waferwatch.read.cells.values import Cells
from waferwatch.read.findings import FileFinding, Level
from waferwatch.read.numbers.fillers import Filler
from waferwatch.read.table import Note

_TEXTS = {
    "thousands": "Numbers in {column} were read without their thousands signs: {count}.",
    "decimal comma": "Numbers in {column} were read with a decimal comma: {count}.",
    "unit": "Numbers in {column} were read without their unit {unit}: {count}.",
    "scaled unit": "Numbers in {column} were converted to the unit {unit}: {count}.",
    "bound": "Bounds in {column} such as <0.05 were taken for the value: {count}.",
    "sign": "Numbers in {column} were read from an unusual form, such as 123- or 1.5D+03: {count}.",
}
_WORDS_SHOWN = 5


def notes_of_cells(cells: Cells, name: str) -> tuple[Note, ...]:
    """What stood around the numbers of a column, and which words were taken for no value."""
    notes: list[Note] = []
    for mark, template in _TEXTS.items():
        if count := cells.marks.get(mark, 0):
            said: dict[str, object] = {"column": name, "count": count, "unit": cells.unit}
            notes.append(_repaired("marked_numbers", template, said, count))
    if cells.words:
        notes.append(_no_value(name, cells.words))
    return tuple(notes)


def _no_value(name: str, words: dict[str, int]) -> FileFinding:
    often = sorted(words, key=lambda word: -words[word])
    listed = ", ".join(f"{word} ({words[word]} x)" for word in often[:_WORDS_SHOWN])
    if len(often) > _WORDS_SHOWN:
        listed += ", ..."
    said: dict[str, object] = {"column": name, "count": sum(words.values()), "words": listed}
    text = "Words in {column} were taken for no value: {words}."
    return _repaired("no_value_words", text, said, sum(words.values()))


def note_of_filler(filler: Filler, name: str) -> Note:
    """That a value which comes back far outside of the rest was taken for no value, or may be one."""
    said: dict[str, object] = {"column": name, "count": filler.count, "value": f"{filler.value:.15g}"}
    if filler.known:
        text = "{value} in {column} was taken for no value ({count} x): it lies far outside of the other values."
        return _repaired(
            "filler_number",
            text,
            said,
            filler.count,
            remedy="Use --keep-values if it was measured.",
            option="--keep-values",
        )
    text = "{value} in {column} ({count} x) lies far outside of the other values; it was kept as measured."
    return FileFinding(
        text,
        said,
        code="strange_number",
        column=name,
        count=filler.count,
        remedy="If it stands for no value, say so: --no-value {value}.",
        option=f"--no-value {filler.value:.15g}",
        field="no_value",
    )


def note_of_bad_cells(name: str, count: int, row: int, value: str) -> Note:
    """That a few cells are no numbers and were taken for no value."""
    said: dict[str, object] = {"column": name, "count": count, "row": row, "value": value}
    text = "Cells of {column} that are not numbers count as no value: {count}, the first of them {value} in row {row}."
    return _repaired(
        "bad_cells",
        text,
        said,
        count,
        lines=(row,),
        remedy="Use --bad-cells 0 to refuse such a file.",
        option="--bad-cells 0",
        field="bad_cells",
    )


def _repaired(
    code: str,
    text: str,
    said: dict[str, object],
    count: int,
    *,
    lines: tuple[int, ...] = (),
    remedy: str = "",
    option: str = "",
    field: str | None = None,
) -> FileFinding:
    column = str(said["column"])
    return FileFinding(text, said, Level.REPAIRED, code, lines, column, count, remedy, option, field)
