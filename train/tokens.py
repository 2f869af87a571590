"""What the detector does with tokens, as something to train for: normal ones close together, faulty ones far away.

Windows come in groups cut from one series. Every few tokens in a row are measured against those of the group's other
windows that hold no fault, in the two ways of ``models/moment/reader.py``: the distance to the nearest ones, and
the length of what they do not explain (the posterior variance of a linear Gaussian process, which is what a distance
from principal components is in the limit). A fault's distance must exceed the normal ones' of the same group, so the
absolute size of tokens does not matter.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

IN_A_ROW = 6
NEAREST = 3
MARGIN = 4.0  # how many times the mean normal squared distance a faulty one should exceed by far
FLOOR = 0.01  # share of the tokens' variance below which distances do not differ
NOISE = 0.05  # share of the rows' variance that needs no explanation
TINY = 1e-6  # beside tokens that do not differ at all
EVERY = 2  # of the normal rows explain the others


def token_loss(tokens: Tensor, label: Tensor, usable: Tensor, group: int) -> Tensor:
    """Mean over both ways to measure of how little faulty rows of tokens stand out.

    Args:
        tokens: (B, N, D), windows of one series next to each other.
        label: (B, T) 1 where a fault is.
        usable: (B, N) 1 where a patch holds data and is not hidden.
        group: windows of one series; B is a multiple.

    Returns:
        A number; 0 when there is no fault or nothing to compare it with.
    """
    patches = tokens.shape[1]
    faulty_patch = label.reshape(*label.shape[:1], patches, -1).amax(-1)
    rows = patches - IN_A_ROW + 1
    whole = _in_a_row(usable).amin(-1) > 0
    touched = _in_a_row(faulty_patch)
    normal = whole & (touched.amax(-1) == 0)
    faulty = whole & (touched[..., 1:-1].amax(-1) > 0)  # a fault that begins in the last token is neither
    products, floor = _products(tokens, usable, group, rows)
    total = tokens.new_zeros(())
    normal, faulty = normal.reshape(-1, group, rows), faulty.reshape(-1, group, rows)
    for distance in (_nearest(products, normal), _unexplained(products, normal)):
        total = total + _ranking(distance + floor, normal, faulty)
    return total / 2


def _in_a_row(values: Tensor) -> Tensor:
    return values.unfold(1, IN_A_ROW, 1)  # (B, N) -> (B, rows, IN_A_ROW)


def _products(tokens: Tensor, usable: Tensor, group: int, rows: int) -> tuple[Tensor, Tensor]:
    """Inner products of all rows of tokens of a group, (G, group, rows, group, rows), around the group's mean; and the
    floor of distances, (G, 1, 1).
    """
    patches, width = tokens.shape[1:]
    known = usable.reshape(-1, group * patches, 1)
    count = known.sum(1, keepdim=True).clamp(min=1)
    grouped = tokens.float().reshape(-1, group * patches, width)
    grouped = (grouped - (grouped * known).sum(1, keepdim=True) / count) * known
    single = (grouped @ grouped.transpose(1, 2)).reshape(-1, group, patches, group, patches)
    products = single[:, :, :rows, :, :rows]
    for step in range(1, IN_A_ROW):
        products = products + single[:, :, step : step + rows, :, step : step + rows]
    variance = grouped.detach().square().sum((1, 2), keepdim=True) / count
    return products, FLOOR * IN_A_ROW * variance + TINY


def _nearest(products: Tensor, normal: Tensor) -> Tensor:
    """Mean squared distance to the nearest normal rows of the other windows, (G, group, rows)."""
    groups, group, rows = normal.shape
    square = products.reshape(groups, group * rows, -1).diagonal(dim1=1, dim2=2).reshape(groups, group, rows)
    distance = square[..., None, None] + square[:, None, None] - 2 * products
    own = torch.eye(group, dtype=torch.bool, device=products.device)[None, :, None, :, None]
    shut = own | ~normal[:, None, None]
    found = distance.masked_fill(shut, 1e9).flatten(3).topk(NEAREST, largest=False).values
    there = found < 1e8
    mean = (found.clamp(min=0) * there).sum(-1) / there.sum(-1).clamp(min=1)
    return torch.where(there.any(-1), mean, torch.zeros_like(mean))


def _unexplained(products: Tensor, normal: Tensor) -> Tensor:
    """Squared length of each row that the normal rows of the other windows leave, (G, group, rows)."""
    groups, group, rows = normal.shape
    square = products.reshape(groups, group * rows, -1).diagonal(dim1=1, dim2=2).reshape(groups, group, rows)
    noise = NOISE * square.detach().mean((1, 2)) + TINY
    left = []
    for window in range(group):
        others = [other for other in range(group) if other != window]
        known = normal[:, others, ::EVERY].flatten(1).to(products.dtype)
        within = products[:, others, ::EVERY][:, :, :, others, ::EVERY].reshape(groups, known.shape[1], -1)
        across = products[:, others, ::EVERY, window].reshape(groups, known.shape[1], rows) * known[..., None]
        within = within * known[:, None] * known[..., None] + torch.diag_embed(noise[:, None].expand_as(known))
        half = torch.linalg.solve_triangular(torch.linalg.cholesky(within), across, upper=False)
        left.append(square[:, window] - half.square().sum(1))
    return torch.stack(left, 1).clamp(min=0)


def _ranking(distance: Tensor, normal: Tensor, faulty: Tensor) -> Tensor:
    """For each faulty row how far it lies below a multiple of the normal ones' mean, on a logarithmic scale."""
    count = normal.sum((1, 2))
    mean = (distance * normal).sum((1, 2)) / count.clamp(min=1)
    short = F.softplus((MARGIN * mean.clamp(min=1e-9)).log()[:, None, None] - distance.log())
    weight = faulty * (count > 0)[:, None, None]
    return (short * weight).sum() / weight.sum().clamp(min=1)
