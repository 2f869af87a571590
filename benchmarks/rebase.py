"""Rebase and drift on two made fab files: ``python benchmarks/rebase.py DATA`` prints what docs/experiments.md says.

DATA is a folder with ``after_maintenance.csv.gz`` and ``etch_600_wafers_labelled.csv.gz``.
"""
