"""The Trends page: indicators wafer by wafer against their limits."""
