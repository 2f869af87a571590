"""Small pieces that families and faults are made of."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

Array = NDArray[np.float64]
Rng = np.random.Generator


def standardise(values: Array) -> Array:
    """Mean 0 and spread 1; a constant becomes zeros."""
    spread = values.std()
    return (values - values.mean()) / spread if spread > 1e-9 else np.zeros_like(values)


def smooth(values: Array, width: int) -> Array:
    """Centred moving average with the ends held."""
    if width <= 1:
        return values
    padded = np.pad(values, (width // 2, width - 1 - width // 2), mode="edge")
    return np.convolve(padded, np.full(width, 1 / width), mode="valid")


def log_uniform(rng: Rng, low: float, high: float) -> float:
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def first_order(target: Array, memory: float) -> Array:
    """Each value moves ``1 - memory`` of the way from where it is to its target."""
    return lfilter([1 - memory], [1, -memory], target, zi=[memory * target[0]])[0]


def second_order(noise: Array, first: float, second: float) -> Array:
    return lfilter([1.0], [1, -first, -second], noise)


def repeat(rng: Rng, shape: Array, points: int) -> Array:
    """Repeat a shape from a random phase on, each time a little longer or shorter, higher or lower."""
    stretch, height = rng.choice([0, 0.01, 0.06]), rng.choice([0, 0.03, 0.15])
    parts, total = [], 0
    while total < points + len(shape):
        length = max(4, round(len(shape) * (1 + stretch * rng.normal())))
        part = np.interp(np.linspace(0, 1, length), np.linspace(0, 1, len(shape)), shape)
        parts.append(part * (1 + height * rng.normal()))
        total += length
    start = int(rng.integers(len(shape)))
    return np.concatenate(parts)[start : start + points]


def coloured(rng: Rng, points: int, length: float, roughness: float) -> Array:
    """A stationary process sampled by its spectrum: noise shaped by a decay at frequencies above ``1 / length``.

    Args:
        points: how many.
        length: over how many points values resemble each other.
        roughness: 0 as smooth as a Gaussian kernel; else the exponent of the power law of a rational spectrum.
    """
    padded = points + min(points, round(2 * length))  # a Fourier series comes back to where it began
    ratio = np.fft.rfftfreq(padded) * length * 2 * np.pi
    power = np.exp(-0.5 * np.minimum(ratio, 30) ** 2) if roughness == 0 else (1 + ratio**2) ** -roughness
    return standardise(np.fft.irfft(np.fft.rfft(rng.normal(size=padded)) * np.sqrt(power), padded)[:points])
