"""Cells that a spreadsheet would run as a formula, made harmless.

OWASP, "CSV Injection": a cell that begins with = + - @, a tab or a line end is run when the file is opened. Full-width
forms count too, because Korean and Japanese spreadsheets take them for the same signs.
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

# Blanks, and letters without width, which spreadsheets leave out before they look for the sign.
_BLANK = r"\s\x00\x0b\x1c-\x1f\x85\pZ\p{Cf}"
_SIGN = r"[=+\-@＝＋－＠]"
_STARTS = rf"^[{_BLANK}]*{_SIGN}|^[\t\r\n]"
# Where the list separator is a semicolon, as in much of Europe, what follows one becomes a cell of its own; so does
# what follows a line end, since there the quotation mark is no longer the first letter of its cell.
_INSIDE = rf"([;\r\n][{_BLANK}\"]*)({_SIGN})"
# What is no formula: a number with a sign, as it is written anywhere in the world, and a dash for "no value".
_HARMLESS = r"^\s*([+-][.,]?[0-9][0-9.,]*([eE][+-]?[0-9]+)?%?|-{1,3}|[+-](inf|infinity|nan))\s*$"


def neutral(cells: pa.Array) -> pa.Array:
    """Text cells with an apostrophe before each one that would be run, and before each part that would.

    It shows the spreadsheet that text follows.

    Args:
        cells: of a string type; nulls stay.
    """
    inside = pc.match_substring_regex(cells, _INSIDE)
    if pc.any(inside).as_py():
        cells = pc.if_else(inside, pc.replace_substring_regex(cells, _INSIDE, r"\1'\2"), cells)
    risky = pc.match_substring_regex(cells, _STARTS)
    if not pc.any(risky).as_py():
        return cells
    harmless = pc.match_substring_regex(cells, _HARMLESS, ignore_case=True)
    marked = pc.binary_join_element_wise(pa.scalar("'", cells.type), cells, pa.scalar("", cells.type))
    return pc.if_else(pc.and_not(risky, harmless), marked, cells)
