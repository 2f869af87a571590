"""Names of monitors, and of their versions, as people write them: ``etch-poly`` or ``etch-poly@3``."""

from __future__ import annotations

import re
import unicodedata

from waferwatch.errors import InputError, NotFoundError

LONGEST_NAME = 80
_NAME = re.compile(r"[^\W_][\w.-]*")
_TAKEN = ("compare", "import")  # /monitors/NAME would be the address of another page


def normal_name(name: str) -> str:
    """One form (NFC) for a name, however its letters are composed: files of macOS write Hangul in pieces."""
    return unicodedata.normalize("NFC", name)


def check_monitor_name(name: str) -> str:
    """The name itself, in its one form.

    Raises:
        InputError: for a name that cannot stand in an address or before ``@``.
    """
    name = normal_name(name)
    if name in _TAKEN:
        raise InputError("A monitor cannot be called {name}.", hint="Choose another name.", field="name", name=name)
    if len(name) <= LONGEST_NAME and _NAME.fullmatch(name):
        return name
    raise InputError(
        "A monitor cannot be called {name}.",
        hint="Use letters, digits, and - _ . between them, at most {longest}, such as etch-poly.",
        field="name",
        name=name[:100] or "-",
        longest=LONGEST_NAME,
    )


def split_title(title: str) -> tuple[str, int | None]:
    """
    >>> split_title("etch-poly@3"), split_title("etch-poly")
    (('etch-poly', 3), ('etch-poly', None))

    Raises:
        InputError: when what follows ``@`` is no version number.
    """
    name, at, number = normal_name(title).partition("@")
    if not at:
        return name, None
    if not (number.isascii() and number.isdigit() and len(number) < 10 and int(number) > 0):
        raise InputError(
            "{title} does not name a version of a monitor.",
            hint="Write it like etch-poly@3, or leave @ out for the version in use.",
            field="monitor",
            title=title[:100],
        )
    return name, int(number)


def no_monitor(name: str) -> NotFoundError:
    return NotFoundError(
        "There is no monitor {name}.",
        hint="Choose one from the list of monitors, or learn it first.",
        field="monitor",
        name=name[:100],
    )


def no_version(name: str, number: int, known: list[int]) -> NotFoundError:
    return NotFoundError(
        "The monitor {name} has no version {number}.",
        hint="Its versions: {known}.",
        field="monitor",
        name=name[:100],
        number=number,
        known=", ".join(str(one) for one in sorted(known)),
    )
