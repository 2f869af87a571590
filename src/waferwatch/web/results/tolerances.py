"""Tolerances of sensors as they stand in an address."""

from __future__ import annotations

from waferwatch.errors import InputError


def tolerances_of(text: str) -> dict[str, float]:
    """Sensor to tolerance.

    Raises:
        InputError: where it is not written as SENSOR=0.5.
    """
    found = {}
    for part in filter(None, (one.strip() for one in text.split(","))):
        sensor, _, value = part.rpartition("=")
        try:
            found[sensor.strip()] = float(value)
        except ValueError:
            sensor = ""
        if not sensor:
            raise InputError(
                "The tolerance {part} cannot be read.",
                hint="Write it as SENSOR=0.5, several separated by commas.",
                field="tolerances",
                part=part[:60],
            )
    return found
