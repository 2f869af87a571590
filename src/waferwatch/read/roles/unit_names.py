"""Rows between the names and the data that hold no data: units, rulers, kinds of averaging, types."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from waferwatch.read.roles.name_parts import vocabulary

_UNITS = vocabulary(
    "s sec secs second seconds ms msec us µs μs ns min mins minute minutes h hr hour hours d day days "
    "pa kpa hpa mpa bar mbar µbar μbar ubar torr mtorr utorr psi psia psig atm mmhg inhg inh2o "
    "c k f degc degf °c °f ℃ ℉ deg degrees celsius kelvin rad mrad "
    "w kw mw µw watt watts v kv mv µv volt volts vdc vac a ma µa ua na amp amps ampere ohm kohm mohm ω kω va kva var "
    "kwh wh sccm slm slpm sccs lpm l/min ml/min cc/min m3/h m³/h cfm gpm ml l cc kg g mg µg t kg/h g/s g/min "
    "hz khz mhz ghz rpm 1/min 1/s m/s mm/s cm/s m/min mm/min um/s m mm cm µm μm um nm å angstrom angstroms in inch mil "
    "% pct percent %rh rh ppm ppb ppt mol mol/l ph db dbm count counts cnt cts ea pcs # no. n nm nmm n·m "
    "nm/min å/min a/min å/s nm/s um/min mm/h mbar·l/s pa·m3/s g/cm3 kg/m3 cp mpas "
    "- – -- bool boolean on/off 0/1 text enum step state unitless none n/a arb a.u. au "
    "초 분 시 도 개 회 毫秒 秒 分 度 帕 瓦 伏 安"
)
_PROCESSING = vocabulary(
    "avg average mean smp sample min minimum max maximum std sd sdev tot total med median inst instant last first sum "
    "rms"
)
_TYPES = vocabulary(
    "int int8 int16 int32 int64 integer uint uint8 uint16 uint32 long short byte word dword float float32 float64 real "
    "double lreal single string str text char varchar bool boolean datetime date time timestamp number numeric decimal "
    "object"
)
_STAMPS = vocabulary("ts rn timestamp datetime recnum")  # of the clock and the row number, in a row of units
_BRACKETED = re.compile(r"[(\[<{]\s*[^()\[\]<>{}]{0,12}\s*[)\]>}]")
_COMPOUND = re.compile(r"[^\W\d]{1,6}(?:[/·*^⋅]-?[\w²³]{1,6})+")
_RULER = re.compile(r"[-=_+*~:|\s]*[-=_]{2,}[-=_+*~:|\s]*|[-=+|:]")
_MOSTLY = 0.7


def is_ruler(cells: Sequence[str]) -> bool:
    """A line of dashes."""
    filled = _filled(cells)
    return bool(filled) and all(_RULER.fullmatch(cell) for cell in filled) and any(len(cell) > 1 for cell in filled)


def is_units(cells: Sequence[str]) -> bool:
    """Whether most filled cells are units, in brackets or not."""
    return _mostly(cells, is_unit)


def is_processing(cells: Sequence[str]) -> bool:
    """Whether the filled cells say how each value was made of several: Avg, Smp, Max."""
    return _mostly(cells, lambda cell: cell.lower() in _PROCESSING)


def is_types(cells: Sequence[str]) -> bool:
    """Whether the filled cells are types of a programming language or database."""
    return _mostly(cells, lambda cell: cell.lower() in _TYPES)


def is_unit(text: str) -> bool:
    """Whether a text is a unit."""
    plain = text.strip().strip("()[]<>{}").strip().lower()
    if not plain or plain in _UNITS or plain in _STAMPS:
        return True
    return bool(_BRACKETED.fullmatch(text.strip()) or (_COMPOUND.fullmatch(plain) and "/" in plain and len(plain) < 10))


def unit_of(text: str) -> str:
    """The unit without brackets; empty for a sign that stands for none."""
    plain = text.strip().strip("()[]<>{}").strip()
    return "" if plain.lower() in {"", "-", "–", "--", "none", "n/a", "unitless"} | _STAMPS else plain


def _mostly(cells: Sequence[str], fits: Callable[[str], bool]) -> bool:
    filled = _filled(cells)
    return bool(filled) and sum(map(fits, filled)) >= _MOSTLY * len(filled)


def _filled(cells: Sequence[str]) -> list[str]:
    return [cell.strip() for cell in cells if cell.strip()]
