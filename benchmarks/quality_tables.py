"""What the lines of quality.py amount to: means with their intervals, and the tables for people."""

from __future__ import annotations

from typing import Any

import pandas as pd
from bootstrap import formatted, interval

DEFAULT = "moment"  # what the others are compared with
BEST_SHOWN = 12  # published methods in the table by family; the document has all


def document_of(lines: pd.DataFrame, methods: pd.DataFrame | None) -> dict[str, Any]:
    """Everything that is known; empty when there is neither a series that every detector scored nor a run.

    Args:
        lines: the fields of ``Line``.
        methods: (TSB-AD files, methods) published VUS-PR.
    """
    if lines.empty:
        return {}
    lines = lines.assign(name=lines["detector"] + (" " + lines["sha256"].str[:8]).where(lines["sha256"] != "", ""))
    runs = lines["window"] == 0
    series = on_the_same_series(lines[~runs])
    document: dict[str, Any] = {}
    if not series.empty:
        document |= _series(series)
        if methods is not None and series["tsb_ad_name"].isin(methods.index).any():
            document["published"] = _beside_published(series, methods)
    if runs.any():
        document["runs"] = _runs(lines[runs])
    return document


def on_the_same_series(lines: pd.DataFrame) -> pd.DataFrame:
    """The lines of the series that every detector scored: means are worth comparing only over the same series."""
    return lines[lines.groupby("file")["name"].transform("nunique") == lines["name"].nunique()]


def _series(lines: pd.DataFrame) -> dict[str, Any]:
    scores = lines.pivot(index="file", columns="name", values="vus_pr")
    names = list(dict.fromkeys(lines["name"]))
    detectors = {}
    for name in names:
        mine = lines[lines["name"] == name]
        detectors[name] = {
            **mine[["vus_pr", "auc_pr"]].mean().round(4).to_dict(),
            "interval": interval(scores[name]),
            "unjudged": int(mine["unjudged"].sum()),
            "seconds": round(float(mine["seconds"].sum()), 1),
            "seconds_a_series": round(float(mine["seconds"].mean()), 3),
            "device": "; ".join(sorted(set(mine["device"]))),
        }
    return {
        "series": len(scores),
        "families": {
            family: {"series": part["file"].nunique(), **part.groupby("name")["vus_pr"].mean().round(4).to_dict()}
            for family, part in lines.groupby("family")
        },
        "detectors": detectors,
        "differences": {name: _differences(scores[name], scores) for name in _defaults(names)},
    }


def _beside_published(lines: pd.DataFrame, methods: pd.DataFrame) -> dict[str, Any]:
    """Ours and theirs on the series that have published scores. A method that lacks one of them is left out, and one
    that lacks one of a family is left out there.
    """
    lines = lines[lines["tsb_ad_name"].isin(methods.index)]
    ours = lines.pivot(index="tsb_ad_name", columns="name", values="vus_pr")
    every = pd.concat([ours, methods.reindex(ours.index)], axis=1)
    scores = every.dropna(axis=1)
    scores = scores[scores.mean().sort_values(ascending=False, kind="stable").index]
    families = lines.drop_duplicates("tsb_ad_name").set_index("tsb_ad_name")["family"].reindex(every.index)
    return {
        "series": len(scores),
        "vus_pr": scores.mean().round(4).to_dict(),
        "interval": {name: interval(scores[name]) for name in scores},
        "families": {
            family: {"series": len(part), **part.dropna(axis=1).mean().round(4).to_dict()}
            for family, part in every.groupby(families)
        },
        "differences": {name: _differences(scores[name], scores) for name in _defaults([str(one) for one in ours])},
    }


def _defaults(names: list[str]) -> list[str]:
    """The lines of the default detector, one for each checkpoint."""
    return [name for name in names if name.split()[0] == DEFAULT]


def _differences(mine: pd.Series, scores: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """Mean of mine less each other one, series by series."""
    return {
        str(name): {"vus_pr": round(float((mine - scores[name]).mean()), 4), "interval": interval(mine - scores[name])}
        for name in scores
        if name != mine.name
    }


def _runs(lines: pd.DataFrame) -> dict[str, Any]:
    """File -> detector -> average precision over runs: the mean over the seeds, and each."""
    return {
        str(file): {
            str(name): {
                "average_precision": round(float(mine["auc_pr"].mean()), 4),
                "by_seed": mine.sort_values("seed")["auc_pr"].round(4).tolist(),
                "unjudged": int(mine["unjudged"].sum()),
                "seconds": round(float(mine["seconds"].mean()), 2),
            }
            for name, mine in part.groupby("name", sort=False)
        }
        for file, part in lines.groupby("file")
    }


def print_tables(document: dict[str, Any]) -> None:
    if "series" in document:
        families = pd.DataFrame(document["families"]).T.astype({"series": int})
        print(f"Mean VUS-PR by family\n{families.to_string()}\n")
        detectors = pd.DataFrame(document["detectors"]).T
        print(f"Over all {document['series']} series that every detector scored\n{detectors.to_string()}\n")
        _print_differences(document["differences"], "on the same series")
    if "published" in document:
        _print_published(document["published"])
    for file, detectors in document.get("runs", {}).items():
        print(f"Average precision over the runs of {file}\n{pd.DataFrame(detectors).T.to_string()}\n")


def _print_published(document: dict[str, Any]) -> None:
    means = pd.Series(document["vus_pr"])
    print(f"Mean VUS-PR compared with published methods, on the same {document['series']} series")
    print(
        f"{pd.Series({name: formatted(means[name], document['interval'][name]) for name in means.index}).to_string()}\n"
    )
    families = pd.DataFrame(document["families"]).rename(columns=lambda name: f"{name} ({_count(document, name)})")
    print(f"By family (series), the {BEST_SHOWN} best\n{families.loc[means.index[:BEST_SHOWN]].round(3).to_string()}\n")
    _print_differences(document["differences"], f"on these {document['series']} series")


def _count(document: dict[str, Any], family: str) -> int:
    return int(document["families"][family]["series"])


def _print_differences(differences: dict[str, Any], where: str) -> None:
    for name, others in differences.items():
        rows = {other: formatted(one["vus_pr"], one["interval"]) for other, one in others.items()}
        if rows:
            print(f"{name} less each other {where}\n{pd.Series(rows).to_string()}\n")
