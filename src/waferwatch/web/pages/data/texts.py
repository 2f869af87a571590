"""Sentences of the Data page's script."""

from __future__ import annotations

from waferwatch.web.html.language import Translator


def texts(translate: Translator) -> dict[str, str]:
    """By key; ``{places}`` are filled in the script."""
    return {
        **_upload_texts(translate),
        **_list_texts(translate),
        **_quality_texts(translate),
        **_column_texts(translate),
    }


def _upload_texts(translate: Translator) -> dict[str, str]:
    return {
        "upload_limit": translate("at most {size}, {rows} rows and {columns} columns a file"),
        "in_turn": translate("Waits for its turn"),
        "sent": translate("{sent} of {all} · {speed}/s"),
        "reading": translate("Sent; the server reads it"),
        "uploaded": translate("{name} is ready: {rows} rows."),
        "upload_cancelled": translate("The upload of {name} was cancelled."),
        "empty_file": translate("{name} is empty."),
        "empty_file_hint": translate("Choose a file with data."),
        "close": translate("Close"),
    }


def _list_texts(translate: Translator) -> dict[str, str]:
    return {
        "renamed": translate("The data set is called {name} now."),
        "deleted": translate("{name} was deleted."),
        "restored": translate("{name} is back."),
    }


def _quality_texts(translate: Translator) -> dict[str, str]:
    return {
        "sensors": translate("Sensors"),
        "series": translate("Series"),
        "series_count": translate("{count} series"),
        "span": translate("Time span"),
        "sampling": translate("Sampling"),
        "jitter": translate("varies by {share}"),
        "gaps": translate("Gaps in time"),
        "together": translate("together {length}"),
        "double_times": translate("Same time twice"),
        "identical": translate("{count} with the same values"),
        "severity_serious": translate("serious"),
        "severity_warning": translate("warning"),
        "severity_note": translate("note"),
        "show_row": translate("Row {row}"),
        "show_roles": translate("Roles"),
        "nothing_found": translate("Nothing stands out: no gaps, no stuck or constant sensor, nothing missing."),
        "equipment": translate("Equipment"),
        "start": translate("Start"),
        "end": translate("End"),
        "length": translate("Length"),
        "ends_in": translate("Ends in"),
        "group": translate("Group"),
        "first_shown": translate("The first {shown} of {all} are listed."),
        "sensor": translate("Sensor"),
        "course": translate("Course"),
        "finding": translate("Finding"),
        "missing": translate("Missing"),
        "low": translate("Lowest"),
        "median": translate("Median"),
        "high": translate("Highest"),
        "distinct": translate("Different values"),
        "more_than": translate("over {count}"),
        "longest_run": translate("Longest standstill"),
        "stuck": translate("Stuck rows"),
        "far": translate("Far values"),
        "place": translate("Look at row"),
    }


def _column_texts(translate: Translator) -> dict[str, str]:
    return {
        "role_of": translate("Role of {column}"),
        "by_hand": translate("set by hand"),
        "any_role": translate("any"),
        "set_count": translate("Set {count} columns"),
        "set_count_one": translate("Set {count} column"),
        "roles_set": translate("{count} roles were set."),
        "roles_set_one": translate("{count} role was set."),
        "more_columns": translate("Show {count} more columns"),
        "row_head": translate("Row"),
        "rows_where": translate("Rows {first} to {last} of {all}"),
        "columns_where": translate("Columns {first} to {last} of {all}"),
    }
