"""Scores that others have published, series by series."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

# Columns of the published tables that are facts about the series, not methods.
FACTS = ("ts_len", "anomaly_len", "num_anomaly", "avg_anomaly_len", "anomaly_ratio", "point_anomaly", "seq_anomaly")


def published(folder: Path) -> pd.DataFrame:
    """(TSB-AD files, methods) published VUS-PR; NaN where a method has none for the whole series."""
    merged = [pd.read_csv(path, index_col="file") for path in sorted(folder.glob("*_mergedTable_VUS-PR.csv"))]
    lengths = pd.concat([table["ts_len"] for table in merged])
    scores = pd.concat([table.drop(columns=list(FACTS)) for table in merged])
    for path in sorted(folder.glob("*.csv")):
        if "mergedTable" in path.name:
            continue
        method = path.stem.rsplit("_", 1)[0]
        table = pd.read_csv(path, index_col="file")
        if "scored_rows" in table:  # a part of a series is another task
            table = table[table["scored_rows"] == lengths.reindex(table.index)]
        table = table.filter(regex="^(VUS-PR|leaderboard_.*)$")  # the others are scores of single heads
        table.columns = table.columns.str.replace("VUS-PR", method).str.replace("leaderboard", method)
        scores = scores.combine_first(table)
    return scores
