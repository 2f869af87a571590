"""What is said of the lines of a text table: what was found around it, and what had to be mended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from waferwatch.read.findings import Findings
from waferwatch.read.text.text_form import TextForm

_MOST_NOTES = 0.05  # share of the lines that may be left out as notes or as too long
_FEW = 20
_QUIET_ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp949")
# Sentences for each sort of line, in the order in which they are reported.
_LINE_TEXTS = {
    "blank": "{table} has blank lines; they were skipped, and row numbers count without them.",
    "comment": "{table}: comment lines among the rows were left out: {count} (lines {lines}).",
    "header_again": "{table}: the header comes again among the rows and was left out: {count} (lines {lines}).",
    "short": "{table}: lines that are too short were filled with empty cells: {count} (lines {lines}).",
    "trailing": "{table}: empty fields beyond the last column were cut off: {count} lines (lines {lines}).",
    "joined": "{table}: lines with delimiters in an unquoted text were put together again: {count} (lines {lines}).",
    "long": "{table}: lines with more fields than columns were left out: {count} (lines {lines}).",
    "note": "{table}: lines that are not rows of the table were left out: {count} (lines {lines}).",
    "footer": "{table}: lines below the table were left out: {count} (lines {lines}).",
    "cut_off": "{table}: the last line is cut off and was left out (line {lines}).",
    "zeros": "{table}: lines with NUL bytes, as a loss of power leaves them: {count} (lines {lines}). "
    "What they had swallowed was left out.",
    "open_quote": "{table}: quotation marks that are never closed were taken as part of the text: {count} "
    "(lines {lines}).",
}
_LOST = ("long", "note")  # rows may be lost with these


def find_form(form: TextForm, name: str, findings: Findings) -> None:
    """Report what was found around the table."""
    _find_names(form, name, findings)
    _find_left_out(form, name, findings)
    if form.decimal == ",":
        findings.info("decimal_comma", "{table} was read with decimal commas.", {"table": name})
    if form.encoding not in _QUIET_ENCODINGS:
        findings.info(
            "encoding",
            "{table} was read in the encoding {encoding}.",
            {"table": name, "encoding": form.encoding},
            option=f"--encoding {form.encoding}",
            field="encoding",
        )


def find_lines(
    counts: Mapping[str, int], lines: Mapping[str, Sequence[int]], rows: int, name: str, findings: Findings
) -> None:
    """Report what was done to lines, and refuse the file where too many of them are none of the table."""
    for sort, template in _LINE_TEXTS.items():
        if sort in counts:
            values = {"table": name, "count": counts[sort], "lines": _listed(lines.get(sort, ()), counts[sort])}
            findings.repaired(sort + "_lines", template, values, lines=lines.get(sort, ()), count=counts[sort])
    lost = sum(counts.get(sort, 0) for sort in _LOST)
    below = min(counts.get("footer", 0), counts.get("other_table", 0))
    if lost > max(min(_FEW, rows / 4), _MOST_NOTES * rows) or below > max(_FEW, rows / 4):
        places = sorted({line for sort in (*_LOST, "footer") for line in lines.get(sort, ())})
        lost += below
        findings.obstacle(
            "ragged",
            "{table}: {count} lines do not have the {rows} other lines' number of fields, the first in line {line}.",
            {"table": name, "count": lost, "rows": rows, "line": places[0]},
            lines=places,
            count=lost,
            remedy="Split the file into one for each table, name the delimiter, or name the line with the names.",
            option="--header-line N",
            field="header_line",
        )


def find_replaced(count: int, lines: Sequence[int], name: str, findings: Findings) -> None:
    """Report bytes that are not of the encoding."""
    if count:
        findings.repaired(
            "damaged_bytes",
            "{table}: damaged bytes that are not letters of its encoding were replaced: {count} (lines {lines}).",
            {"table": name, "count": count, "lines": _listed(lines, count)},
            lines=lines,
            count=count,
            remedy="Name the encoding if letters are wrong.",
            option="--encoding NAME",
            field="encoding",
        )


def _find_names(form: TextForm, name: str, findings: Findings) -> None:
    header = form.header
    if not header.found:
        findings.repaired(
            "no_header",
            "{table} has no line with names; its columns are called by their position.",
            {"table": name},
            remedy="Put a line with the names on top, or name the line that holds them.",
            option="--header-line N",
            field="header_line",
        )
    elif form.nameless:
        findings.repaired(
            "nameless_columns",
            "{table} has columns without a name; they are called by their position: {columns}.",
            {"table": name, "columns": _names(form.nameless)},
        )
    if header.unsure:
        findings.obstacle(
            "missing_name",
            "{table}: line {line} has {found} names for {expected} columns, and nothing tells which column has none.",
            {"table": name, "line": header.names_line, "found": header.unsure, "expected": form.width},
            lines=(header.names_line,),
            remedy="Write a name for every column, or read the file without its names.",
            option="--header-line 0",
            field="header_line",
        )
    if form.repeated:
        findings.repaired(
            "repeated_names",
            "{table} has more than one column named {columns}; the later ones were numbered.",
            {"table": name, "columns": _names(form.repeated)},
        )
    if header.extra_names:
        findings.repaired(
            "extra_names",
            "{table}: the header has names for which there are no cells: {columns}.",
            {"table": name, "columns": _names(header.extra_names)},
        )


def _find_left_out(form: TextForm, name: str, findings: Findings) -> None:
    header = form.header
    if header.names_line and header.group_line:
        findings.info(
            "two_header_lines",
            "{table}: the names were put together from lines {first} and {second}.",
            {"table": name, "first": header.group_line, "second": header.names_line},
        )
    if header.units_line and form.units:
        listed = ", ".join(f"{column}: {unit}" for column, unit in list(form.units.items())[:10])
        findings.info(
            "units_line",
            "{table}: line {line} holds the units ({units}).",
            {"table": name, "line": header.units_line, "units": listed},
            lines=(header.units_line,),
            option=f"--units-line {header.units_line}",
            field="units_line",
        )
    if header.left_out:
        findings.info(
            "lines_above",
            "{table}: {count} lines above the table were left out (lines {lines}); the names are in line {header}."
            if header.names_line
            else "{table}: {count} lines above the table were left out (lines {lines}).",
            {
                "table": name,
                "count": len(header.left_out),
                "lines": _listed(header.left_out, len(header.left_out)),
                "header": header.names_line or 0,
            },
            lines=header.left_out,
            count=len(header.left_out),
            option=f"--header-line {header.names_line or 0}",
            field="header_line",
        )


def _names(names: Sequence[str]) -> str:
    return ", ".join(names[:10]) + (", ..." if len(names) > 10 else "")


def _listed(lines: Sequence[int], count: int) -> str:
    """The first line numbers."""
    shown = list(lines)[:5]
    return ", ".join(map(str, shown)) + (", ..." if count > len(shown) else "")
