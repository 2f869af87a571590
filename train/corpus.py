"""Fault-free windows for pre-training: generic shapes, made on the spot, and traces of the virtual fab.

Every family is a function ``(rng, points) -> (points,) float64`` in arbitrary units. They are families of behaviour,
not copies of any data set: what a normal sensor may do, so that the network learns to tell it from a fault.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np

from train.processes import bursts, calendar, clustered_noise, heart, kernel_process, regimes
from train.signals import (
    Array,
    Rng,
    coloured,
    first_order,
    log_uniform,
    repeat,
    second_order,
    smooth,
    standardise,
)
from waferwatch.read.virtual_fab.generate import generate

Family = Callable[[Rng, int], Array]

FAB_SEEDS = range(1000, 1012)  # seeds of the virtual fab kept for training; demo, tests and benchmarks use others
FAB_ROWS = 24_000


def harmonic(rng: Rng, points: int) -> Array:
    """A few harmonics of one period, sometimes with a slower cycle on top or as an envelope."""
    time = np.arange(points)
    period = log_uniform(rng, 5, points)
    wave = np.zeros(points)
    for k in range(1, int(rng.integers(1, 6)) + 1):
        wave += rng.normal() / k * np.sin(2 * np.pi * k * time / period + rng.uniform(0, 2 * np.pi))
    slow = np.sin(2 * np.pi * time / (period * rng.uniform(4, 15)) + rng.uniform(0, 2 * np.pi))
    choice = rng.random()
    if choice < 0.25:
        return wave + rng.uniform(0.2, 2) * slow
    return wave * (1 + 0.7 * slow) if choice < 0.4 else wave


def repeated_shape(rng: Rng, points: int) -> Array:
    """A random smooth shape repeated, with small changes of length and height from one repeat to the next."""
    period = int(log_uniform(rng, 12, points / 1.5))
    knots = rng.normal(size=int(rng.integers(4, 16)))
    shape = np.interp(np.linspace(0, 1, period), np.linspace(0, 1, len(knots)), knots)
    return repeat(rng, smooth(shape, int(rng.integers(1, max(2, period // 8)))), points)


def beats(rng: Rng, points: int) -> Array:
    """Heart-beat-like repeats: a flat line with two to five bumps of differing width and sign."""
    period = int(log_uniform(rng, 24, points / 2))
    at = np.linspace(0, 1, period)
    shape = np.zeros(period)
    for _ in range(int(rng.integers(2, 6))):
        shape += rng.normal() * np.exp(-0.5 * ((at - rng.uniform(0.1, 0.9)) / log_uniform(rng, 0.008, 0.1)) ** 2)
    return repeat(rng, shape, points)


def recipe(rng: Rng, points: int) -> Array:
    """Recipe steps run again and again: ramps and holds with first-order settling, idle time in between."""
    levels = rng.normal(size=int(rng.integers(2, 8)))
    lengths = [int(log_uniform(rng, 4, 70)) for _ in levels]
    ramp = rng.random(len(levels)) < 0.4
    target: list[Array] = []
    previous = levels[-1]
    total = 0
    jitter = rng.choice([0, 0, 1, 3])
    while total < 2 * points:
        for level, length, is_ramp in zip(levels, lengths, ramp, strict=True):
            steps = max(2, length + int(rng.integers(-jitter, jitter + 1)))
            target.append(np.linspace(previous, level, steps) if is_ramp else np.full(steps, level))
            previous, total = level, total + steps
    start = int(rng.integers(points))
    settle = rng.choice([0.0, rng.uniform(0.3, 0.95)])
    return first_order(np.concatenate(target), settle)[start : start + points]


def switching(rng: Rng, points: int) -> Array:
    """On and off, or one of a few levels, for random times (pumps, valves, states)."""
    levels = rng.normal(size=int(rng.integers(2, 5)))
    mean_stay = log_uniform(rng, 5, 120)
    regular = rng.random() < 0.5
    stays = np.full(points, round(mean_stay)) if regular else rng.geometric(1 / mean_stay, points)
    count = int(np.searchsorted(np.cumsum(stays), points)) + 1
    order = np.arange(count) % len(levels) if regular else rng.integers(len(levels), size=count)
    return np.repeat(levels[order], stays[:count].astype(int))[:points]


def pulses(rng: Rng, points: int) -> Array:
    """A flat line with short pulses, regular or at random times."""
    period = log_uniform(rng, 8, 160)
    starts = np.arange(rng.uniform(0, period), points, period)
    if rng.random() < 0.3:
        starts = np.sort(rng.uniform(0, points, len(starts)))
    width = max(1, int(period * rng.uniform(0.03, 0.4)))
    line = np.zeros(points + width)
    heights = 1 + rng.choice([0, 0.1, 0.4]) * rng.normal(size=len(starts))
    pulse = np.hanning(width + 2)[1:-1] if rng.random() < 0.5 else np.ones(width)
    for start, height in zip(starts.astype(int), heights, strict=True):
        line[start : start + width] += height * pulse
    return line[:points] * rng.choice([-1, 1])


def autoregressive(rng: Rng, points: int) -> Array:
    """A stationary noise process of order one or two, from almost white to slowly wandering or ringing."""
    noise = rng.standard_t(rng.choice([3, 8, 100]), size=points + 200)
    if rng.random() < 0.5:
        return first_order(noise, 1 - log_uniform(rng, 0.005, 1))[200:]
    radius, angle = rng.uniform(0.7, 0.995), rng.uniform(0.02, 1.2)
    return second_order(noise, 2 * radius * np.cos(angle), -(radius**2))[200:]


def wandering(rng: Rng, points: int) -> Array:
    """A random walk, smoothed or not: levels that drift without being a fault."""
    return smooth(np.cumsum(rng.normal(size=points)), int(rng.choice([1, 1, 5, 20])))


def counts(rng: Rng, points: int) -> Array:
    """Counted events at a rate with a cycle: many small whole numbers, often zero."""
    rate = log_uniform(rng, 0.3, 60) * np.exp(rng.uniform(0, 1.2) * standardise(harmonic(rng, points)))
    return rng.poisson(np.clip(rate, 0, 1e4)).astype(float)


def trending(rng: Rng, points: int) -> Array:
    """A straight, bent or saw-tooth trend under a cycle."""
    time = np.linspace(0, 1, points)
    trend = rng.normal() * time + rng.normal() * time**2
    if rng.random() < 0.4:
        trend = (np.arange(points) % int(log_uniform(rng, 30, points))) / points * rng.choice([-1, 1])
    return standardise(trend) + rng.uniform(0, 1) * standardise(harmonic(rng, points))


def uneven_noise(rng: Rng, points: int) -> Array:
    """Noise whose spread follows a cycle."""
    spread = np.exp(rng.uniform(0.2, 1.2) * standardise(harmonic(rng, points)))
    return rng.normal(size=points) * spread


def fab(rng: Rng, points: int) -> Array:
    """One sensor of the virtual fab, a stretch of it at a random speed."""
    traces = fab_traces()
    trace = traces[int(rng.integers(len(traces)))]
    stride = int(rng.choice([one for one in (1, 1, 1, 2, 4) if one * points < len(trace)]))
    start = int(rng.integers(len(trace) - points * stride))
    return trace[start : start + points * stride : stride].copy()


@cache
def fab_traces() -> list[Array]:
    """Every sensor of every equipment of a few fault-free virtual fabs."""
    traces = []
    for seed in FAB_SEEDS:
        frame = generate(FAB_ROWS, equipment=3, seed=seed, faults=False)
        sensors = frame.drop(columns=["anomaly"]).select_dtypes("floating").columns
        for _, rows in frame.groupby("equipment", sort=True):
            traces += [rows[name].to_numpy(float) for name in sensors]
    return traces


FAMILIES: dict[Family, float] = {
    harmonic: 0.08,
    repeated_shape: 0.1,
    beats: 0.05,
    heart: 0.08,
    recipe: 0.1,
    switching: 0.04,
    pulses: 0.05,
    autoregressive: 0.06,
    wandering: 0.03,
    counts: 0.04,
    trending: 0.04,
    uneven_noise: 0.02,
    kernel_process: 0.12,
    calendar: 0.1,
    regimes: 0.04,
    clustered_noise: 0.05,
    bursts: 0.03,
    fab: 0.15,
}


def clean_window(rng: Rng, points: int) -> Array:
    """One fault-free stretch of mean 0 and spread 1, of a random family, with the marks of real instruments."""
    families, weights = list(FAMILIES), np.array(list(FAMILIES.values()))
    family = families[int(rng.choice(len(families), p=weights / weights.sum()))]
    window = standardise(family(rng, points))
    if family is not fab:
        if rng.random() < 0.15:  # two behaviours in one sensor
            other = families[int(rng.integers(len(families)))]
            window = window + rng.uniform(0.1, 1) * standardise(other(rng, points))
        window = window + rng.choice([0.0, log_uniform(rng, 0.005, 0.5)]) * rng.normal(size=points)
    window = _normal_change(rng, window)
    if rng.random() < 0.1:
        step = log_uniform(rng, 0.05, 0.5)
        window = np.round(window / step) * step
    if rng.random() < 0.05:
        window = np.clip(window, *np.sort(rng.uniform(-2, 2, 2)))
    if rng.random() < 0.1:
        window = window[::-1]
    return standardise(window) * rng.choice([-1, 1])


def _normal_change(rng: Rng, window: Array) -> Array:
    """What changes without being a fault: a slow drift, a gain that wanders, maintenance after which a level stays."""
    points, kind = len(window), rng.random()
    if kind < 0.06:
        return window + rng.uniform(0.1, 1) * coloured(rng, points, points / 3, 0)
    if kind < 0.12:
        return window * (1 + rng.uniform(0.05, 0.3) * coloured(rng, points, points / 4, 0))
    if kind < 0.16:
        return window + rng.normal() * (np.arange(points) >= rng.integers(points))
    return window
