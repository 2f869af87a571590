from __future__ import annotations

import json
from typing import Any

import pytest

from waferwatch.errors import ModelError
from waferwatch.models.moment.config import MomentConfig

SIZES = {"d_model": 512, "d_kv": 64, "d_ff": 1024, "num_layers": 8, "num_heads": 6}


def test_the_description_of_the_tiny_checkpoint_is_read(tiny_moment):
    config = MomentConfig.from_official(json.loads((tiny_moment / "config.json").read_text()))

    assert (config.d_model, config.num_layers, config.num_patches) == (16, 2, 64)


@pytest.mark.parametrize(("backbone", "width"), [("small", 512), ("base", 768), ("large", 1024)])
def test_an_older_description_names_only_its_backbone(backbone, width):
    config = MomentConfig.from_official({"transformer_backbone": f"google/flan-t5-{backbone}", "d_model": None})

    assert config.d_model == width


def test_what_is_written_is_read_back():
    config = MomentConfig(**SIZES, fault_head=True)

    assert MomentConfig.from_dict(json.loads(json.dumps(config.to_dict()))) == config


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"t5_config": {}}, "d_ff, d_kv, d_model, num_heads, num_layers is missing"),
        ({"transformer_type": "encoder_decoder"}, "transformer_type = encoder_decoder"),
        ({"patch_stride_len": 4}, "patch_stride_len = 4"),
        ({"revin_affine": True}, "revin_affine = True"),
        ({"value_embedding_bias": True}, "value_embedding_bias = True"),
        ({"t5_config": {**SIZES, "feed_forward_proj": "relu"}}, "feed_forward_proj = relu"),
        ({"t5_config": [1]}, "t5_config"),
        ({"t5_config": {**SIZES, "num_layers": "8"}}, "num_layers = '8'"),
        ({"t5_config": {**SIZES, "num_heads": 0}}, "num_heads = 0"),
        ({"t5_config": {**SIZES, "d_ff": 10**9}}, "d_ff = 1000000000"),
        ({"d_model": 511}, "d_model = 511"),
        ({"patch_len": 7, "patch_stride_len": 7}, "patch_len = 7"),
        ({"seq_len": None}, "seq_len = None"),
        ({"t5_config": {**SIZES, "layer_norm_epsilon": 0}}, "layer_norm_epsilon = 0"),
    ],
)
def test_another_kind_of_network_is_refused_with_the_setting_that_differs(change: dict[str, Any], sentence):
    with pytest.raises(ModelError, match=sentence):
        MomentConfig.from_official({"t5_config": SIZES} | change)
