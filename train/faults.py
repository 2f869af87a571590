"""Faults put into fault-free windows, with the points they touch.

A fault is a function ``(rng, window, start, stop, donor) -> (stop - start,)`` that gives the faulty stretch. Severity
is drawn anew each time, from barely visible to obvious, in units of the window's spread and of its own noise.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from train.signals import Array, Rng, first_order, log_uniform, smooth

Fault = Callable[[Rng, Array, int, int, Array], Array]

VISIBLE = 0.5  # a change smaller than this share of the window's fine noise is no fault to be found


def spike(rng: Rng, window: Array, start: int, stop: int, _donor: Array) -> Array:
    stretch = window[start:stop].copy()
    at = int(rng.integers(len(stretch)))
    width = int(rng.integers(1, 4))
    stretch[at : at + width] += rng.choice([-1, 1]) * severity(rng, window)
    return stretch


def level_shift(rng: Rng, window: Array, start: int, stop: int, _donor: Array) -> Array:
    return window[start:stop] + rng.choice([-1, 1]) * severity(rng, window)


def drift(rng: Rng, window: Array, start: int, stop: int, _donor: Array) -> Array:
    """A slow ramp away, as of a mass-flow controller that loses its calibration."""
    return window[start:stop] + np.linspace(0, 1, stop - start) * rng.choice([-1, 1]) * 2 * severity(rng, window)


def noise_burst(rng: Rng, window: Array, start: int, stop: int, _donor: Array) -> Array:
    return window[start:stop] + rng.normal(size=stop - start) * severity(rng, window)


def stuck(_rng: Rng, window: Array, start: int, stop: int, _donor: Array) -> Array:
    return np.full(stop - start, window[start])


def gain_change(rng: Rng, window: Array, start: int, stop: int, _donor: Array) -> Array:
    stretch = window[start:stop]
    factor = rng.uniform(0, 0.7) if rng.random() < 0.5 else rng.uniform(1.4, 4)
    return stretch.mean() + factor * (stretch - stretch.mean())


def tempo_change(rng: Rng, window: Array, start: int, stop: int, _donor: Array) -> Array:
    """The same shapes, faster or slower."""
    factor = rng.choice([rng.uniform(0.3, 0.8), rng.uniform(1.3, 3)])
    source = start + np.arange(stop - start) * factor
    source = np.abs(source) % (2 * (len(window) - 1))
    source = np.where(source > len(window) - 1, 2 * (len(window) - 1) - source, source)
    return np.interp(source, np.arange(len(window)), window)


def late(rng: Rng, window: Array, start: int, stop: int, _donor: Array) -> Array:
    """Everything happens some points too late or too early: a late step."""
    shift = int(log_uniform(rng, 3, 60)) * int(rng.choice([-1, 1]))
    return window[np.clip(np.arange(start, stop) - shift, 0, len(window) - 1)]


def mirrored(rng: Rng, window: Array, start: int, stop: int, _donor: Array) -> Array:
    stretch = window[start:stop]
    return stretch[::-1] if rng.random() < 0.5 else 2 * stretch.mean() - stretch


def foreign(rng: Rng, window: Array, start: int, stop: int, donor: Array) -> Array:
    """A stretch of another series at this one's level."""
    piece = donor[start:stop]
    spread = piece.std() or 1.0
    own = window[start:stop]
    return own.mean() + (piece - piece.mean()) / spread * window.std() * rng.uniform(0.3, 1.5)


def missing_shape(rng: Rng, window: Array, start: int, stop: int, _donor: Array) -> Array:
    """What should happen does not: a straight line, with the window's noise, from one end to the other."""
    return np.linspace(window[start], window[stop - 1], stop - start) + rng.normal(size=stop - start) * fine_noise(
        window
    )


def drop_out(rng: Rng, window: Array, start: int, stop: int, _donor: Array) -> Array:
    """The signal is lost: it reads the lowest value, or a little below."""
    return np.full(stop - start, window.min() - rng.choice([0.0, severity(rng, window)]))


def chatter(rng: Rng, window: Array, start: int, stop: int, _donor: Array) -> Array:
    """A valve or controller that hunts: a fast oscillation on top."""
    time = np.arange(stop - start)
    wave = np.sin(2 * np.pi * time / rng.uniform(2, 16) + rng.uniform(0, 6))
    wave = np.sign(wave) if rng.random() < 0.5 else wave
    return window[start:stop] + wave * severity(rng, window)


def smeared(rng: Rng, window: Array, start: int, stop: int, _donor: Array) -> Array:
    return smooth(window, int(rng.integers(5, 40)))[start:stop]


def sluggish(rng: Rng, window: Array, start: int, stop: int, _donor: Array) -> Array:
    """Slow settling: a clogged line or a tired valve."""
    return first_order(window[start:stop], rng.uniform(0.6, 0.97))


def clipped(rng: Rng, window: Array, start: int, stop: int, _donor: Array) -> Array:
    low, high = np.quantile(window[start:stop], sorted(rng.uniform(0, 1, 2)))
    return np.clip(window[start:stop], low, high)


def swelled(rng: Rng, window: Array, start: int, stop: int, _donor: Array) -> Array:
    """One cycle higher or lower than the others: the change of gain comes and goes."""
    stretch = window[start:stop]
    ends = np.linspace(stretch[0], stretch[-1], len(stretch))
    factor = rng.uniform(0, 0.8) if rng.random() < 0.5 else rng.uniform(1.2, 3)
    return ends + (stretch - ends) * (1 + (factor - 1) * np.hanning(len(stretch)))


def warped(rng: Rng, window: Array, start: int, stop: int, _donor: Array) -> Array:
    """Early or late in the middle, on time at both ends."""
    at = np.arange(stop - start)
    shift = np.sin(np.pi * at / max(1, len(at) - 1)) * rng.uniform(0.05, 0.3) * len(at) * rng.choice([-1, 1])
    return np.interp(at + shift, at, window[start:stop])


def swapped(_rng: Rng, window: Array, start: int, stop: int, _donor: Array) -> Array:
    """The second half comes before the first."""
    return np.roll(window[start:stop], (stop - start) // 2)


def another_time(rng: Rng, window: Array, start: int, stop: int, _donor: Array) -> Array:
    """What this sensor does at another time, at the level of this one."""
    length = stop - start
    other = int(rng.integers(0, len(window) - length + 1))
    piece = window[other : other + length]
    return piece + (window[start] - piece[0])


def other_noise(rng: Rng, window: Array, start: int, stop: int, _donor: Array) -> Array:
    """The same course with far more or less of its own fine movement."""
    course = smooth(window, 7)[start:stop]
    factor = rng.choice([rng.uniform(0, 0.4), log_uniform(rng, 1.8, 6)])
    return course + factor * (window[start:stop] - course)


def plateau(rng: Rng, window: Array, start: int, stop: int, _donor: Array) -> Array:
    """A value is held for a while somewhere in the stretch, and what was due goes by."""
    stretch = window[start:stop].copy()
    first, last = np.sort(rng.integers(0, len(stretch), 2))
    stretch[first : last + 1] = stretch[first]
    return stretch


def leaking(rng: Rng, window: Array, start: int, stop: int, donor: Array) -> Array:
    """Something of another series on top."""
    piece = donor[start:stop] - donor[start:stop].mean()
    return window[start:stop] + piece / (piece.std() or 1.0) * severity(rng, window)


FAULTS: dict[Fault, float] = {
    spike: 3,
    level_shift: 2,
    drift: 1.5,
    noise_burst: 1.5,
    stuck: 1.5,
    gain_change: 1.5,
    tempo_change: 1.5,
    late: 1.5,
    mirrored: 1,
    foreign: 1.5,
    missing_shape: 1.5,
    drop_out: 1,
    chatter: 1,
    smeared: 1,
    sluggish: 0.7,
    clipped: 0.7,
    swelled: 1.5,
    warped: 1.5,
    swapped: 0.7,
    another_time: 1.5,
    other_noise: 1,
    plateau: 1,
    leaking: 0.7,
}
DOSED = (foreign, gain_change, missing_shape, mirrored, sluggish, smeared, swelled, another_time)  # may be partial


def inject(rng: Rng, clean: Array, donor: Array, *, first: int = 0) -> tuple[Array, NDArray[np.bool_]]:
    """Put one to three faults into a window.

    Args:
        clean: (T,) the fault-free window.
        donor: (T,) another window, for stretches that do not belong.
        first: faults start at or after this point (what lies before is padding).

    Returns:
        (T,) faulty values and (T,) which points a fault has visibly changed.
    """
    faulty, label = clean.copy(), np.zeros(len(clean), bool)
    kinds, weights = list(FAULTS), np.array(list(FAULTS.values()))
    noise = VISIBLE * max(fine_noise(clean), 0.02 * clean.std(), 1e-6)
    for _ in range(int(rng.choice([1, 2, 3], p=[0.7, 0.2, 0.1]))):
        fault = kinds[int(rng.choice(len(kinds), p=weights / weights.sum()))]
        length = min(_length(rng, clean), len(clean) - first)
        start = int(rng.integers(first, len(clean) - length + 1))
        stretch = fault(rng, faulty, start, start + length, donor)
        if fault in DOSED and rng.random() < 0.4:
            normal = faulty[start : start + length]
            stretch = normal + log_uniform(rng, 0.15, 1) * (stretch - normal)
        changed = np.abs(stretch - clean[start : start + length]) > noise
        faulty[start : start + length] = stretch
        label[start : start + length] |= _whole_stretch(changed, short=fault is spike)
    return faulty, label


def _length(rng: Rng, window: Array) -> int:
    """Points of a fault: any number, or a whole cycle of a window that has one."""
    if rng.random() < 0.3:
        period = cycle(window)
        if period:
            return min(period * int(rng.choice([1, 1, 1, 2])), 260)
    return int(log_uniform(rng, 6, 260))


def cycle(window: Array) -> int:
    """Points from one repeat to the next, by the highest autocorrelation after it first fell below 0; 0 if none."""
    centred = window - window.mean()
    spectrum = np.abs(np.fft.rfft(centred, 2 * len(window))) ** 2
    correlation = np.fft.irfft(spectrum)[: len(window) // 2]
    below = np.flatnonzero(correlation < 0)
    if not len(below):
        return 0
    peak = int(below[0] + np.argmax(correlation[below[0] :]))
    return peak if peak >= 6 and correlation[peak] > 0.3 * correlation[0] else 0


def severity(rng: Rng, window: Array) -> float:
    """From a few times the fine noise up to several spreads of the window, small ones more often.

    In a trace that steps between levels the fine noise is far below the spread, and so are most real faults.
    """
    low = max(3 * fine_noise(window), 0.03 * window.std(), 1e-3)
    return log_uniform(rng, low, max(6 * window.std(), 2 * low))


def fine_noise(window: Array) -> float:
    """Spread of what a short moving average does not explain, robust to steps (median absolute second difference)."""
    return float(np.median(np.abs(np.diff(window, 2)))) / (0.6745 * np.sqrt(6)) if len(window) > 2 else 0.0


def _whole_stretch(changed: NDArray[np.bool_], *, short: bool) -> NDArray[np.bool_]:
    """A fault lasts from its first to its last visible point, also where it crosses the normal curve in between."""
    if short or not changed.any():
        return changed
    first, last = np.flatnonzero(changed)[[0, -1]]
    whole = np.zeros_like(changed)
    whole[first : last + 1] = True
    return whole
