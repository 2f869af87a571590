"""The numbers that describe a MOMENT network, read from the JSON next to its weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from waferwatch.errors import ModelError

# Flan-T5 sizes behind the three official checkpoints; older revisions of their config.json name only the backbone.
_BACKBONES: dict[str, dict[str, int]] = {
    "google/flan-t5-small": {"d_model": 512, "d_kv": 64, "d_ff": 1024, "num_layers": 8, "num_heads": 6},
    "google/flan-t5-base": {"d_model": 768, "d_kv": 64, "d_ff": 2048, "num_layers": 12, "num_heads": 12},
    "google/flan-t5-large": {"d_model": 1024, "d_kv": 64, "d_ff": 2816, "num_layers": 24, "num_heads": 16},
}

_LARGEST = 65_536  # far above any size in use; keeps a damaged file from asking for all memory


@dataclass(frozen=True)
class MomentConfig:
    """Sizes of one MOMENT network. Field names follow the T5 configuration they come from."""

    d_model: int
    d_kv: int
    d_ff: int
    num_layers: int
    num_heads: int
    seq_len: int = 512
    patch_len: int = 8
    relative_attention_num_buckets: int = 32
    relative_attention_max_distance: int = 128
    layer_norm_epsilon: float = 1e-6
    fault_head: bool = False

    def __post_init__(self) -> None:
        """Refuse sizes that no network can have, so that nothing later runs into them.

        Raises:
            ModelError: naming the size.
        """
        for name, value in asdict(self).items():
            if name in ("fault_head", "layer_norm_epsilon"):
                continue
            if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= _LARGEST:
                raise _impossible(name, value)
        if self.d_model % 2:  # sines and cosines take turns
            raise _impossible("d_model", self.d_model)
        if self.seq_len % self.patch_len:
            raise _impossible("patch_len", self.patch_len)
        if not isinstance(self.layer_norm_epsilon, float) or not 0 < self.layer_norm_epsilon < 1:
            raise _impossible("layer_norm_epsilon", self.layer_norm_epsilon)
        if not isinstance(self.fault_head, bool):
            raise _impossible("fault_head", self.fault_head)

    @property
    def num_patches(self) -> int:
        return self.seq_len // self.patch_len

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> MomentConfig:
        """Read what :meth:`to_dict` wrote."""
        return cls(**values)

    @classmethod
    def from_official(cls, values: Mapping[str, Any]) -> MomentConfig:
        """Read the ``config.json`` of an ``AutonLab/MOMENT-1-*`` checkpoint.

        Raises:
            ModelError: when the file describes another kind of network.
        """
        sizes: dict[str, Any] = dict(_BACKBONES.get(str(values.get("transformer_backbone")), {}))
        t5 = values.get("t5_config") or {}
        if not isinstance(t5, Mapping):
            raise _impossible("t5_config", t5)
        sizes.update({name: t5[name] for name in ("d_model", "d_kv", "d_ff", "num_layers", "num_heads") if name in t5})
        if values.get("d_model"):
            sizes["d_model"] = values["d_model"]
        missing = {"d_model", "d_kv", "d_ff", "num_layers", "num_heads"} - set(sizes)
        if missing:
            raise ModelError(
                "config.json does not describe a MOMENT network: {fields} is missing.",
                hint="Give a folder or hub id of an AutonLab/MOMENT-1 checkpoint.",
                fields=", ".join(sorted(missing)),
            )
        _refuse_other_shapes(values, t5)
        return cls(
            **sizes,
            seq_len=values.get("seq_len", 512),
            patch_len=values.get("patch_len", 8),
            relative_attention_num_buckets=t5.get("relative_attention_num_buckets", 32),
            relative_attention_max_distance=t5.get("relative_attention_max_distance", 128),
            layer_norm_epsilon=t5.get("layer_norm_epsilon", 1e-6),
        )


def _impossible(field: str, found: Any) -> ModelError:
    return ModelError(
        "A MOMENT network cannot have {setting} = {found!r}.",
        hint="The file that describes the checkpoint is damaged. Download or import it again.",
        setting=field,
        found=found,
    )


def _refuse_other_shapes(values: Mapping[str, Any], t5: Mapping[str, Any]) -> None:
    """Settings that this network does not have must not be read as if they were not there."""
    expected = {
        "transformer_type": (values.get("transformer_type", "encoder_only"), "encoder_only"),
        "patch_stride_len": (values.get("patch_stride_len", values.get("patch_len", 8)), values.get("patch_len", 8)),
        "revin_affine": (bool(values.get("revin_affine", False)), False),
        "value_embedding_bias": (bool(values.get("value_embedding_bias", False)), False),
        "feed_forward_proj": (t5.get("feed_forward_proj", "gated-gelu"), "gated-gelu"),
    }
    for field, (found, wanted) in expected.items():
        if found != wanted:
            raise ModelError(
                "config.json asks for {setting} = {found}, which waferwatch does not support.",
                hint="Only checkpoints with {setting} = {wanted}, like the official MOMENT-1 ones, can be imported.",
                setting=field,
                found=found,
                wanted=wanted,
            )
