"""MOMENT's encoder in torch. Nothing that runs without the extra ``torch`` imports this module.

Written after the MOMENT paper (Goswami et al., "MOMENT: A Family of Open Time-series Foundation Models", ICML 2024)
and the T5 encoder (Raffel et al., JMLR 2020). Parameter names and shapes are those of the official
``AutonLab/MOMENT-1-small|base|large`` checkpoints, so their safetensors load unchanged. The fault head is
waferwatch's own addition and lives under a name of its own.

Shapes: B windows, T points (512), N patches (64), P points a patch (8), D model width, H attention heads.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from waferwatch.models.moment.config import MomentConfig

NORMALISER_EPS = 1e-5  # added to the spread, as the reference implementation does


class MomentOutput(NamedTuple):
    """What one pass over normalised windows gives."""

    restored: Tensor  # (B, T) the series as the network would draw it, in normalised units
    fault_logit: Tensor | None  # (B, T) log-odds that a point is faulty; None without a fault head
    tokens: Tensor  # (B, N, D) output of the middle layer


class SinusoidalPositions(nn.Module):
    """Fixed sine and cosine positions (Vaswani et al., 2017); a buffer, because official checkpoints store it."""

    def __init__(self, d_model: int, max_len: int = 5000) -> None:
        super().__init__()
        position = torch.arange(max_len, dtype=torch.float32)[:, None]
        frequency = torch.exp(torch.arange(0, d_model, 2, dtype=torch.float32) * (-math.log(10000.0) / d_model))
        pe = torch.zeros(1, max_len, d_model)
        pe[0, :, 0::2] = torch.sin(position * frequency)
        pe[0, :, 1::2] = torch.cos(position * frequency)
        self.register_buffer("pe", pe)
        self.pe: Tensor

    def forward(self, num_patches: int) -> Tensor:
        return self.pe[:, :num_patches]


class PatchEmbedding(nn.Module):
    """Patches to tokens; a hidden patch becomes the learned mask embedding."""

    def __init__(self, config: MomentConfig) -> None:
        super().__init__()
        self.value_embedding = nn.Linear(config.patch_len, config.d_model, bias=False)
        self.mask_embedding = nn.Parameter(torch.zeros(config.d_model))
        self.position_embedding = SinusoidalPositions(config.d_model)
        nn.init.orthogonal_(self.value_embedding.weight, gain=1.41)

    def forward(self, patches: Tensor, visible: Tensor) -> Tensor:
        """``patches`` (B, N, P), ``visible`` (B, N) of 0 and 1 -> (B, N, D)."""
        shown = visible[..., None]
        tokens: Tensor = shown * self.value_embedding(patches) + (1 - shown) * self.mask_embedding
        positions: Tensor = self.position_embedding(patches.shape[1])
        return tokens + positions


class RMSNorm(nn.Module):
    """T5's layer norm: root mean square, no mean removed, no bias (Zhang and Sennrich, 2019)."""

    def __init__(self, width: int, eps: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.eps = eps

    def forward(self, x: Tensor) -> Tensor:
        return self.weight * (x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.eps))


class SelfAttention(nn.Module):
    """T5 attention: no 1/sqrt(d) scaling; a bias learned per head and relative distance is added to the scores."""

    def __init__(self, config: MomentConfig, *, has_relative_bias: bool) -> None:
        super().__init__()
        inner = config.num_heads * config.d_kv
        self.num_heads = config.num_heads
        self.q = nn.Linear(config.d_model, inner, bias=False)
        self.k = nn.Linear(config.d_model, inner, bias=False)
        self.v = nn.Linear(config.d_model, inner, bias=False)
        self.o = nn.Linear(inner, config.d_model, bias=False)
        if has_relative_bias:
            self.relative_attention_bias = nn.Embedding(config.relative_attention_num_buckets, config.num_heads)

    def forward(self, x: Tensor, bias: Tensor) -> Tensor:
        """``x`` (B, N, D), ``bias`` (B, H, N, N) -> (B, N, D)."""
        q, k, v = (self._split(layer(x)) for layer in (self.q, self.k, self.v))
        mixed = F.scaled_dot_product_attention(q, k, v, attn_mask=bias, scale=1.0)
        output: Tensor = self.o(mixed.transpose(1, 2).flatten(2))
        return output

    def _split(self, x: Tensor) -> Tensor:
        return x.reshape(*x.shape[:2], self.num_heads, -1).transpose(1, 2)  # (B, H, N, d_kv)


class AttentionLayer(nn.Module):
    def __init__(self, config: MomentConfig, *, has_relative_bias: bool) -> None:
        super().__init__()
        self.SelfAttention = SelfAttention(config, has_relative_bias=has_relative_bias)
        self.layer_norm = RMSNorm(config.d_model, config.layer_norm_epsilon)

    def forward(self, x: Tensor, bias: Tensor) -> Tensor:
        change: Tensor = self.SelfAttention(self.layer_norm(x), bias)
        return x + change


class GatedGelu(nn.Module):
    def __init__(self, config: MomentConfig) -> None:
        super().__init__()
        self.wi_0 = nn.Linear(config.d_model, config.d_ff, bias=False)
        self.wi_1 = nn.Linear(config.d_model, config.d_ff, bias=False)
        self.wo = nn.Linear(config.d_ff, config.d_model, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        output: Tensor = self.wo(F.gelu(self.wi_0(x), approximate="tanh") * self.wi_1(x))
        return output


class FeedForwardLayer(nn.Module):
    def __init__(self, config: MomentConfig) -> None:
        super().__init__()
        self.DenseReluDense = GatedGelu(config)  # T5's historical name, kept for the official weights
        self.layer_norm = RMSNorm(config.d_model, config.layer_norm_epsilon)

    def forward(self, x: Tensor) -> Tensor:
        change: Tensor = self.DenseReluDense(self.layer_norm(x))
        return x + change


class Block(nn.Module):
    def __init__(self, config: MomentConfig, *, has_relative_bias: bool) -> None:
        super().__init__()
        self.layer = nn.ModuleList(
            [AttentionLayer(config, has_relative_bias=has_relative_bias), FeedForwardLayer(config)]
        )

    def forward(self, x: Tensor, bias: Tensor) -> Tensor:
        attention, feed_forward = self.layer
        output: Tensor = feed_forward(attention(x, bias))
        return output


class EncoderStack(nn.Module):
    """A T5 encoder stack over ready-made embeddings."""

    def __init__(self, config: MomentConfig) -> None:
        super().__init__()
        self.config = config
        self.block = nn.ModuleList([Block(config, has_relative_bias=index == 0) for index in range(config.num_layers)])
        self.final_layer_norm = RMSNorm(config.d_model, config.layer_norm_epsilon)
        buckets = relative_position_buckets(
            config.num_patches, config.relative_attention_num_buckets, config.relative_attention_max_distance
        )
        self.register_buffer("relative_buckets", buckets, persistent=False)
        self.relative_buckets: Tensor

    def forward(self, x: Tensor, observed: Tensor) -> tuple[Tensor, Tensor]:
        """``x`` (B, N, D), ``observed`` (B, N) of 0 and 1 -> last and middle layer's output, each (B, N, D)."""
        bias = self._attention_bias(observed)
        middle = x
        for index, block in enumerate(self.block, start=1):
            x = block(x, bias)
            if index == (len(self.block) + 1) // 2:
                middle = x
        return self.final_layer_norm(x), middle

    def _attention_bias(self, observed: Tensor) -> Tensor:
        embedding = self.block[0].layer[0].SelfAttention.relative_attention_bias  # type: ignore[union-attr, index]
        relative: Tensor = embedding(self.relative_buckets).permute(2, 0, 1)[None]  # (1, H, N, N)
        unseen = (1 - observed)[:, None, None, :] * torch.finfo(torch.float32).min
        return relative + unseen


class PatchHead(nn.Module):
    """One linear map from each token to the points of its patch."""

    def __init__(self, config: MomentConfig) -> None:
        super().__init__()
        self.linear = nn.Linear(config.d_model, config.patch_len)
        nn.init.orthogonal_(self.linear.weight, gain=1.41)
        nn.init.zeros_(self.linear.bias)

    def forward(self, tokens: Tensor) -> Tensor:
        points: Tensor = self.linear(tokens)  # (B, N, D) -> (B, N, P)
        return points.flatten(1)


class MomentNetwork(nn.Module):
    """MOMENT for restoring masked or faulty windows of one sensor."""

    def __init__(self, config: MomentConfig) -> None:
        super().__init__()
        self.config = config
        self.patch_embedding = PatchEmbedding(config)
        self.encoder = EncoderStack(config)
        self.head = PatchHead(config)
        self.fault_head = PatchHead(config) if config.fault_head else None

    def forward(self, x: Tensor, observed: Tensor, visible: Tensor) -> MomentOutput:
        """Run the network on windows that are already normalised.

        Args:
            x: (B, T) normalised values; anything finite where not observed.
            observed: (B, N) 1 where a patch holds data, 0 where it is padding or a gap.
            visible: (B, N) 1 where the network may see the patch, 0 where it must fill it in.
        """
        patches = x.reshape(-1, self.config.num_patches, self.config.patch_len)
        last, middle = self.encoder(self.patch_embedding(patches, visible), observed)
        fault_logit = self.fault_head(last) if self.fault_head is not None else None
        return MomentOutput(self.head(last), fault_logit, middle)

    def restore(self, x: Tensor, input_mask: Tensor | None = None, mask: Tensor | None = None) -> Tensor:
        """MOMENT's reconstruction of raw windows, as the reference implementation computes it.

        Args:
            x: (B, T) raw values of one sensor.
            input_mask: (B, T) 1 where observed; all ones by default.
            mask: (B, T) 1 where visible, constant over each patch; all ones by default.

        Returns:
            (B, T) the restored series in the input's own units.
        """
        input_mask = torch.ones_like(x) if input_mask is None else input_mask
        mask = torch.ones_like(x) if mask is None else mask
        mean, spread = masked_statistics(x, input_mask * mask)
        normalised = torch.nan_to_num((x - mean) / spread, nan=0.0, posinf=0.0, neginf=0.0)
        output = self(normalised, self._whole_patches(input_mask), self._whole_patches(mask))
        restored: Tensor = output.restored
        return restored * spread + mean

    def _whole_patches(self, mask: Tensor) -> Tensor:
        """(B, T) -> (B, N): 1 where every point of the patch is 1."""
        return mask.reshape(-1, self.config.num_patches, self.config.patch_len).amin(-1)


def masked_statistics(x: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and spread of each window over the points where ``mask`` is 1; NaN where there is none. Both (B, 1)."""
    count = mask.sum(-1, keepdim=True)
    mean = torch.where(mask > 0, x, 0).sum(-1, keepdim=True) / count
    variance = torch.where(mask > 0, (x - mean).square(), 0).sum(-1, keepdim=True) / count
    return mean, variance.sqrt() + NORMALISER_EPS


def relative_position_buckets(num_patches: int, num_buckets: int, max_distance: int) -> Tensor:
    """T5's bidirectional buckets of key minus query distance, (N, N): exact when near, logarithmic when far."""
    position = torch.arange(num_patches)
    distance = position[None, :] - position[:, None]
    half = num_buckets // 2
    exact = half // 2
    far = torch.log(distance.abs().clamp(min=1).float() / exact) / math.log(max_distance / exact) * (half - exact)
    far = (exact + far.long()).clamp(max=half - 1)
    return torch.where(distance > 0, half, 0) + torch.where(distance.abs() < exact, distance.abs(), far)
