"""The clock's columns to one time line: times, zones, days that are not written, places on the axis."""
