"""Figures of wafers: one point each with limits, and the trace behind a point."""
