"""A bank of normal patches: tokens of the reference, against which tokens are compared by distance.

Nearest neighbours in a bank of normal patch embeddings are what the best open methods rest on (PaAno, arXiv 2602.01359;
PatchCore, CVPR 2022); here the embeddings are the output of MOMENT's middle layer.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MOST_TOKENS = 512  # of one sensor: more cost time and hardly change the distances
SHARE = 0.5  # of the reference's tokens that go into the bank, so that a fault among them is not its own neighbour
NEIGHBOURS = slice(1, 4)  # the nearest is left out: a token that is in the bank is its own
ROWS_AT_ONCE = 8192  # tokens compared together; the matrix of distances then has 16 MB

Tokens = NDArray[np.float32]


@dataclass(frozen=True)
class Bank:
    """Normal tokens of each sensor."""

    tokens: tuple[Tokens, ...]  # for each sensor (m, D); m may be 0 where the sensor was never observed

    def of(self, sensors: slice) -> Bank:
        """The same for some of the sensors."""
        return Bank(self.tokens[sensors])

    def distance(self, tokens: Tokens, sensor: NDArray[np.int64]) -> NDArray[np.float32]:
        """Mean distance to the nearest normal tokens of the same sensor.

        Args:
            tokens: (W, N, D).
            sensor: (W,) whose window it is.

        Returns:
            (W, N), NaN for a sensor without normal tokens.
        """
        found = np.full(tokens.shape[:2], np.nan, np.float32)
        for number in np.unique(sensor):
            mine = sensor == number
            if len(self.tokens[number]) >= NEIGHBOURS.stop:
                flat = tokens[mine].reshape(-1, tokens.shape[-1])
                found[mine] = _nearest(flat, self.tokens[number]).reshape(-1, tokens.shape[1])
        return found


def fill(tokens: Tokens, observed: NDArray[np.float32], sensor: NDArray[np.int64], sensors: int) -> Bank:
    """Take a random share of the observed tokens of each sensor; the same ones each time.

    Args:
        tokens: (W, N, D) of the reference.
        observed: (W, N) 0 where a patch holds no data.
        sensor: (W,) whose window it is, 0 to ``sensors`` - 1.
    """
    rng = np.random.default_rng(0)
    kept = []
    for number in range(sensors):
        normal = tokens[sensor == number][observed[sensor == number] > 0]
        count = min(MOST_TOKENS, max(NEIGHBOURS.stop, round(SHARE * len(normal))), len(normal))
        kept.append(normal[rng.choice(len(normal), count, replace=False)])
    return Bank(tuple(kept))


def _nearest(tokens: Tokens, normal: Tokens) -> NDArray[np.float32]:
    lengths = np.square(normal).sum(axis=1)
    found = np.empty(len(tokens), np.float32)
    for start in range(0, len(tokens), ROWS_AT_ONCE):
        part = tokens[start : start + ROWS_AT_ONCE]
        squares = lengths - 2 * part @ normal.T  # less each token's own length, which changes no order
        nearest = np.partition(squares, NEIGHBOURS.stop - 1, axis=1)[:, : NEIGHBOURS.stop]
        nearest = np.sort(nearest, axis=1)[:, NEIGHBOURS] + np.square(part).sum(axis=1, keepdims=True)
        found[start : start + ROWS_AT_ONCE] = np.sqrt(np.maximum(nearest, 0)).mean(axis=1)
    return found
