"""More families of fault-free series: composed kernels, calendars, regimes, hearts, noise that is not even.

Kernels composed by sums and products make the corpora of Chronos (KernelSynth, arXiv 2403.07815) and of other
pre-trained forecasters; here each kernel is sampled by its spectrum, which is a thousand times cheaper than a Gram
matrix, and a product of samples stands in for a sample of the product.
"""

from __future__ import annotations

import numpy as np

from train.signals import Array, Rng, coloured, first_order, log_uniform, repeat, second_order, smooth, standardise


def kernel_process(rng: Rng, points: int) -> Array:
    """Sums and products of one to four samples of simple kernels."""
    values = _kernel_sample(rng, points)
    for _ in range(int(rng.integers(0, 4))):
        other = _kernel_sample(rng, points)
        values = values + rng.uniform(0.3, 1.5) * other if rng.random() < 0.6 else standardise(values * (1.2 + other))
    return values


def _kernel_sample(rng: Rng, points: int) -> Array:
    kind = rng.random()
    if kind < 0.25:
        return coloured(rng, points, log_uniform(rng, 2, points / 4), 0)
    if kind < 0.5:
        return coloured(rng, points, log_uniform(rng, 2, points / 4), rng.uniform(0.5, 3))
    if kind < 0.9:
        period = int(log_uniform(rng, 8, points / 3))
        cycle = np.tile(coloured(rng, period, log_uniform(rng, period / 40, period / 3), 0), 2)
        cycle = smooth(cycle, max(1, period // 30))[period // 2 : period // 2 + period]  # its ends meet
        return standardise(np.resize(cycle, points))
    return np.linspace(-1, 1, points) * rng.choice([-1.7, 1.7])


def calendar(rng: Rng, points: int) -> Array:
    """A day's course, other courses on one or two days of seven, days that differ a little, a slow trend."""
    day = int(log_uniform(rng, 12, max(16, points / 5)))
    courses = [np.abs(coloured(rng, day, day / rng.uniform(6, 40), 0) + rng.uniform(0, 2)) for _ in range(2)]
    courses = [smooth(np.pad(course, day, mode="wrap"), max(1, day // 12))[day : 2 * day] for course in courses]
    days = points // day + 2
    weekday = (np.arange(days) + int(rng.integers(7))) % 7
    quiet = weekday >= 7 - int(rng.integers(0, 3))
    rest = rng.uniform(0.2, 0.9) * (courses[0] if rng.random() < 0.5 else courses[1])
    heights = 1 + rng.choice([0, 0.05, 0.15]) * rng.normal(size=days)
    line = np.concatenate([height * (rest if off else courses[0]) for off, height in zip(quiet, heights, strict=True)])
    start = int(rng.integers(day))
    noise = rng.choice([0, 0.03, 0.1]) * rng.normal(size=points)
    values = line[start : start + points]
    return values * (1 + noise) + rng.choice([0, 0.3]) * coloured(rng, points, points / 4, 0)


def regimes(rng: Rng, points: int) -> Array:
    """Two or three ways to behave (level, memory, ringing, noise) that take turns for long stretches."""
    kinds = [(rng.normal(), rng.uniform(0, 0.98), log_uniform(rng, 0.05, 1), rng.random() < 0.3) for _ in range(3)]
    kinds = kinds[: int(rng.integers(2, 4))]
    parts: list[Array] = []
    total, stay = 0, log_uniform(rng, 60, points / 2)
    while total < points:
        level, memory, spread, ringing = kinds[int(rng.integers(len(kinds)))]
        length = max(8, int(stay * rng.uniform(0.5, 1.5)))
        noise = rng.normal(size=length)
        shaped = second_order(noise, 1.9 * memory, -0.95 * memory) if ringing else first_order(noise, memory)
        parts.append(level + spread * standardise(shaped))
        total += length
    return np.concatenate(parts)[:points]


def heart(rng: Rng, points: int) -> Array:
    """Heart beats: P, QRS and T waves whose distance varies, on a wandering base line; one extra kind of beat."""
    period = int(log_uniform(rng, 30, 400))
    shapes = [_beat(rng, period)]
    if rng.random() < 0.2:
        shapes.append(shapes[0] * rng.uniform(0.6, 1.4) + 0.3 * _beat(rng, period))
    varies, parts, total = rng.choice([0.01, 0.04, 0.1]), [], 0
    while total < points + period:
        shape = shapes[int(rng.random() < 0.3 and len(shapes) > 1)]
        length = max(8, round(period * (1 + varies * rng.normal())))
        parts.append(np.interp(np.linspace(0, 1, length), np.linspace(0, 1, period), shape))
        total += length
    start = int(rng.integers(period))
    return np.concatenate(parts)[start : start + points] + rng.uniform(0, 0.3) * coloured(rng, points, 3 * period, 0)


def _beat(rng: Rng, period: int) -> Array:
    at = np.linspace(0, 1, period)
    waves = ((0.2, 0.035, 0.15), (0.36, 0.012, -0.15), (0.39, 0.014, 1.0), (0.42, 0.014, -0.25), (0.65, 0.06, 0.3))
    return np.sum(
        [
            height * rng.uniform(0.3, 1.7) * np.exp(-0.5 * ((at - where) / (width * rng.uniform(0.7, 1.5))) ** 2)
            for where, width, height in waves
        ],
        axis=0,
    ) * rng.choice([1, 1, -1])


def clustered_noise(rng: Rng, points: int) -> Array:
    """Noise that comes in clusters (its spread wanders) and has heavy tails, around a level or in proportion to one."""
    spread = np.exp(rng.uniform(0.2, 1.0) * coloured(rng, points, log_uniform(rng, 5, 200), rng.choice([0, 1.0])))
    noise = spread * np.clip(rng.standard_t(rng.choice([2.5, 4, 30]), size=points), -12, 12)
    base = repeat(rng, coloured(rng, int(log_uniform(rng, 16, points / 3)), 8, 0), points)
    kind = rng.random()
    if kind < 0.4:
        return noise
    return base + rng.uniform(0.03, 0.4) * noise if kind < 0.7 else np.exp(base) * (1 + rng.uniform(0.02, 0.2) * noise)


def bursts(rng: Rng, points: int) -> Array:
    """Mostly quiet, with bursts that rise at once and decay, as of requests or particles; often whole numbers."""
    arrivals = (rng.random(points) < log_uniform(rng, 0.005, 0.2)) * rng.exponential(1, points)
    values = first_order(np.append(0.0, arrivals), rng.choice([0.0, rng.uniform(0.5, 0.97)]))[1:]
    values = values / max(values.max(), 1e-9) + rng.choice([0, 0.02]) * np.abs(rng.normal(size=points))
    return np.round(values * log_uniform(rng, 4, 200)) if rng.random() < 0.5 else values
