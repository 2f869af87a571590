"""How a file is written, as far as its owner says so."""

from __future__ import annotations

from dataclasses import dataclass

from waferwatch.errors import InputError

SHAPES = ("wide", "long", "clock-per-sensor", "run-per-row", "transposed")
DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t", "bar": "|", "blanks": " "}


@dataclass(frozen=True)
class Form:
    """What the user says of how a file is written. None: to be found.

    Raises:
        InputError: for an encoding, delimiter or shape that does not exist.
    """

    encoding: str | None = None  # a name that Python knows, such as "cp949"
    delimiter: str | None = None  # one of DELIMITERS, or the sign itself
    header_line: int | None = None  # line of the file that holds the names, counted from 1; 0: there is none
    units_line: int | None = None  # line with the units; 0: there is none
    shape: str | None = None  # one of SHAPES
    sheet: str | None = None  # of a workbook, or the file of an archive

    def __post_init__(self) -> None:
        _check(self.delimiter, "delimiter", [*DELIMITERS, *DELIMITERS.values()])
        _check(self.shape, "shape", SHAPES)
        _check_encoding(self.encoding)

    @property
    def sign(self) -> str | None:
        """The delimiter itself; one blank stands for any number of them."""
        return None if self.delimiter is None else DELIMITERS.get(self.delimiter, self.delimiter)


def _check(given: str | None, field: str, known: list[str] | tuple[str, ...]) -> None:
    if given is not None and given not in known:
        raise InputError(
            "{value} is not possible here.",
            hint="Choose one of: {known}.",
            field=field,
            value=repr(given),
            known=", ".join(name for name in known if name.strip()),
        )


def _check_encoding(encoding: str | None) -> None:
    try:
        b"a".decode(encoding or "utf-8")  # not of nothing: Python looks no codec up for that
    except UnicodeDecodeError:
        return  # it exists, and a character of it has more bytes
    except (LookupError, ValueError) as error:
        raise InputError(
            "There is no encoding {value}.",
            hint="Choose utf-8, utf-16, cp949, cp1252, gbk or shift_jis.",
            field="encoding",
            value=encoding,
        ) from error
