"""Lines that do not fit the table: padded, cut, joined or left out, and counted by what was wrong with them."""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Iterator

from waferwatch.errors import InputError
from waferwatch.read.cells.kinds import CellKind, cell_kind, is_value
from waferwatch.read.text.records import fields_of
from waferwatch.read.text.table_start import COMMENT_SIGNS, TableStart, fits, is_comment, is_row
from waferwatch.read.text.text_form import TextForm

_MOST_KEPT = 10  # line numbers for each sort
_LONGEST_LINE = 16 << 20  # bytes
_MOST_OPEN = 50  # lines that one record may take by line ends between quotation marks
_COMMENT_BYTES = tuple(sign.encode() for sign in COMMENT_SIGNS)


class LineCounts:
    """How many lines there were of each sort, and where the first ones stand."""

    def __init__(self) -> None:
        self.counts: dict[str, int] = defaultdict(int)
        self.lines: dict[str, list[int]] = defaultdict(list)

    def add(self, sort: str, line: int) -> None:
        self.counts[sort] += 1
        if len(self.lines[sort]) < _MOST_KEPT:
            self.lines[sort].append(line)


class LineRepair:
    """Makes every line of a text as wide as the table, chunk by chunk.

    Args:
        form: of the table.
        padded_by_zeros: NUL bytes pad every text of the file, so that they say nothing of a line.
    """

    def __init__(self, form: TextForm, *, padded_by_zeros: bool = False) -> None:
        self.found = LineCounts()
        self.rows = 0
        self.delimiter = b"\t" if form.has_blanks else form.delimiter.encode()
        self._form = form
        self._start = TableStart(0, form.width, form.kinds)
        self._joins = form.header.joined_time
        self.padded_by_zeros = padded_by_zeros
        self._commas = form.width - 1
        self._again = {line.encode() for line in form.header_lines}
        self._line = form.first_row - 1
        self._held = b""
        self._notes: list[int] = []  # lines that are no rows; below the table when no row follows
        self._open: list[bytes] = []  # lines of a record whose quotation mark is still open

    def feed(self, chunk: bytes, *, final: bool) -> bytes:
        """The lines of a chunk as they should be; a line that is cut off waits for the next chunk."""
        data = self._held + chunk
        if not final and data.endswith(b"\r"):
            data, self._held = data[:-1], b"\r"
        else:
            self._held = b""
        if b"\r" in data:
            data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        lines = data.split(b"\n")
        last = lines.pop()
        self._held = b"" if final else last + self._held
        if len(self._held) > _LONGEST_LINE:
            raise InputError(
                "A line of the file is too long: line {line} has more than {limit} MB.",
                hint="Check that each row is on a line of its own.",
                line=self._line + 1,
                limit=_LONGEST_LINE >> 20,
            )
        kept = list(self._mended(lines))
        if final:
            kept.extend(self._ended(last))
        self.rows += len(kept)
        if final:
            self._add_notes("footer")
        return b"".join(line + b"\n" for line in kept)

    def _add_notes(self, sort: str) -> None:
        for number in self._notes:
            self.found.add(sort, number)
        self._notes.clear()

    def _ended(self, last: bytes) -> Iterator[bytes]:
        """The last line of the file, which has no line end, and lines of a quotation mark that is never closed."""
        if last:
            if not self._open and self._is_cut_off(last):
                self._line += 1
                self.found.add("cut_off", self._line)
            else:
                yield from self._mended([last])
        yield from self._unquoted()

    def _is_cut_off(self, last: bytes) -> bool:
        """Whether writing stopped in the middle of the last line: its last number may lack digits."""
        fields = self._fields(last)
        return 1 < len(fields) < self._form.width and fits(fields, self._form.kinds)

    def _mended(self, lines: list[bytes]) -> Iterator[bytes]:
        wanted, delimiter, plain = self._commas, self.delimiter, not self._form.has_blanks
        comments = tuple(sign for sign in _COMMENT_BYTES if sign != delimiter)
        for line in lines:
            self._line += 1
            if self._open or b'"' in line:
                yield from self._quoted(line)
            elif (
                plain
                and line.count(delimiter) == wanted
                and wanted
                and b"\0" not in line
                and not line.startswith(comments)
                and line not in self._again
            ):
                if self._notes:
                    self._add_notes("note")
                yield line
            else:
                yield from self._odd(line, self._line)

    def _quoted(self, line: bytes) -> Iterator[bytes]:
        self._open.append(line)
        record = b"\n".join(self._open)
        if record.count(b'"') % 2 == 0:
            first, self._open = self._line - len(self._open) + 1, []
            yield from self._odd(record, first)
        elif len(self._open) >= _MOST_OPEN:
            yield from self._unquoted()

    def _unquoted(self) -> Iterator[bytes]:
        """The lines after a quotation mark that is never closed, which is no quotation mark then."""
        lines, self._open = self._open, []
        first = self._line - len(lines) + 1
        for number, line in enumerate(lines, first):
            if number == first:
                self.found.add("open_quote", number)
                line = line.replace(b'"', b"")
            yield from self._odd(line, number)

    def _odd(self, line: bytes, number: int) -> Iterator[bytes]:
        """The line as it should be, or nothing when it is left out."""
        if b"\0" in line:
            cleaned = self._without_zeros(line, number)
            if cleaned is None:
                return
            line = cleaned
        if not line.strip():
            if self._form.width == 1:
                yield b'""'
            else:
                self.found.add("blank", number)
            return
        fields = self._fields(line)
        if len(fields) != self._form.width and not any(cell.strip() for cell in fields):
            self.found.add("blank", number)
        elif line in self._again:
            self.found.add("header_again", number)
        elif is_comment(line.decode("utf-8", "replace"), self._form.delimiter) and not is_row(fields, self._start):
            self.found.add("comment", number)
        elif len(fields) == self._form.width:
            yield self._written(fields, line)
        else:
            fitted = self._fitted(fields, number)
            if fitted is not None:
                yield self._written(fitted, None)

    def _without_zeros(self, line: bytes, number: int) -> bytes | None:
        """The line without NUL bytes, unless they may have swallowed a part of it."""
        if self.padded_by_zeros:
            return line.replace(b"\0", b"")
        self.found.add("zeros", number)
        rest = line.lstrip(b"\0 ")
        return None if b"\0" in rest or not rest else rest

    def _fields(self, line: bytes) -> list[str]:
        return list(fields_of(line.decode("utf-8", "replace"), self._form.delimiter))

    def _fitted(self, fields: list[str], number: int) -> list[str] | None:
        width, kinds = self._form.width, self._form.kinds
        if len(fields) > width:
            return self._shortened(fields, number)
        if (
            2 * len(fields) >= min(width, 4)
            and fits(fields, kinds)
            and not (is_value(kinds[0]) and _is_text(fields[0]))
        ):
            self.found.add("short", number)
            return fields + [""] * (width - len(fields))
        self._notes.append(number)
        if len(fields) > 1 and 2 * sum(is_value(cell_kind(cell)) for cell in fields) > len(fields):
            self.found.add("other_table", number)
        return None

    def _shortened(self, fields: list[str], number: int) -> list[str] | None:
        width, kinds = self._form.width, self._form.kinds
        if not any(cell.strip() for cell in fields[width:]):
            self.found.add("trailing", number)
            return fields[:width]
        texts = [at for at, kind in enumerate(kinds) if kind is CellKind.TEXT]
        if len(texts) == 1:
            at, more = texts[0], len(fields) - width
            joined = [*fields[:at], self._form.delimiter.join(fields[at : at + more + 1]), *fields[at + more + 1 :]]
            if fits(joined, kinds):
                self.found.add("joined", number)
                return joined
        self.found.add("long", number)
        return None

    def _written(self, fields: list[str], line: bytes | None) -> bytes:
        """The fields as a line; the line as it stands where that is the same."""
        self._add_notes("note")
        if self._joins:
            fields = [f"{fields[0]} {fields[1]}", *fields[2:]]
        elif line is not None and not self._form.has_blanks:
            return line
        text = io.StringIO()
        csv.writer(text, delimiter=self.delimiter.decode(), lineterminator="").writerow(fields)
        return text.getvalue().encode()


def _is_text(cell: str) -> bool:
    return cell_kind(cell) is CellKind.TEXT
