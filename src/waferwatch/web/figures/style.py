"""What all figures share: colours, safe names, short numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

# Okabe and Ito, "Color Universal Design" (2008): distinct to the colour-blind, and readable on light and dark.
NORMAL = "#0072b2"
ANOMALY = "#d55e00"
REFERENCE = "#8a94a0"
SHADE = "rgba(213,94,0,0.16)"
EDGE, FAINT_EDGE = "rgba(213,94,0,0.35)", "rgba(213,94,0,0.12)"
LINES = ("#0072b2", "#009e73", "#cc79a7", "#b58900", "#56b4e9", "#7f6aa8", "#8a5a44", "#5f6b76")
# ColorBrewer's RdBu, blue for negative: safe for the colour-blind.
DIVERGING = [[0, "#2166ac"], [0.25, "#92c5de"], [0.5, "#f7f7f7"], [0.75, "#f4a582"], [1, "#b2182b"]]

Figure = dict[str, Any]


def safe(name: object, longest: int = 60) -> str:
    """A name that came with the data as Plotly, which reads some HTML in every text, shows it unchanged. Shortened."""
    text = str(name)
    text = text if len(text) <= longest else text[: longest - 1] + "…"
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def short(values: ArrayLike) -> list[float | None]:
    """Six significant digits: what a screen can show, in a third of the bytes. NaN becomes None."""
    numbers = np.asarray(values, dtype=np.float64)
    return [float(f"{number:.6g}") if np.isfinite(number) else None for number in numbers.tolist()]


def axis_values(values: NDArray[Any]) -> list[Any]:
    """Places on a time axis: ISO 8601 text for times, numbers as they are."""
    if np.issubdtype(values.dtype, np.datetime64):
        texts = pd.DatetimeIndex(values).strftime("%Y-%m-%dT%H:%M:%S.%f").tolist()
        return [text.removesuffix(".000000") for text in texts]
    return short(values) if np.issubdtype(values.dtype, np.floating) else values.tolist()


def layout(**own: Any) -> dict[str, Any]:
    """A calm layout; the page adds the theme's colours."""
    return {
        "margin": {"l": 56, "r": 16, "t": 16, "b": 44},
        "hovermode": "closest",
        "showlegend": False,
        "legend": {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
    } | own


def empty(sentence: str) -> Figure:
    """A figure that says why there is nothing to see."""
    note = {"text": safe(sentence, 300), "showarrow": False, "xref": "paper", "yref": "paper", "x": 0.5, "y": 0.5}
    hidden = {"visible": False}
    return {"data": [], "layout": layout(xaxis=hidden, yaxis=hidden, annotations=[note])}
