"""The MOMENT network as an ONNX graph, written operator by operator from the weights.

Neither exporter of torch is used: the newer one refuses this network's attention (torch 2.13), the older one leaves
attention and norms in some 500 small operators that ONNX Runtime does not fuse. The graph below names ONNX Runtime's
own fused operators (domain ``com.microsoft``) and runs about twice as many windows a second as that export on a CPU
(``benchmarks/moment_speed.py``). It computes what ``Moment.forward`` computes; export.py checks each one it writes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from waferwatch.models.moment.config import MomentConfig

FUSED = "com.microsoft"
OPSET = 18  # SimplifiedLayerNormalization and the fused operators need no newer one
IR_VERSION = 8
LOWEST = float(np.finfo(np.float32).min)  # added to the attention score of a patch that holds no data

Weights = Mapping[str, NDArray[np.float32]]  # official parameter name -> array
_Shapes = dict[str, list[str | int]]


def build_graph(config: MomentConfig, weights: Weights, relative_buckets: NDArray[np.int64]) -> onnx.ModelProto:
    """Write the graph of one network.

    Args:
        config: its sizes.
        weights: every parameter of the network, and its position buffer, by official name.
        relative_buckets: (N, N) T5's bucket of each key minus query distance.

    Returns:
        A model with inputs ``x`` (B, T), ``observed`` (B, N), ``visible`` (B, N) and outputs ``restored`` (B, T),
        ``fault_logit`` (B, T; only with a fault head) and ``tokens`` (B, N, D), all float32.
    """
    graph = _Graph(weights)
    _write_network(graph, config, relative_buckets)
    batch, points, patches = "windows", config.seq_len, config.num_patches
    inputs: _Shapes = {"x": [batch, points], "observed": [batch, patches], "visible": [batch, patches]}
    outputs: _Shapes = {"restored": [batch, points]}
    if config.fault_head:
        outputs["fault_logit"] = [batch, points]
    outputs["tokens"] = [batch, patches, config.d_model]
    model = helper.make_model(
        helper.make_graph(graph.nodes, "moment", _floats(inputs), _floats(outputs), graph.constants),
        opset_imports=[helper.make_opsetid("", OPSET), helper.make_opsetid(FUSED, 1)],
        ir_version=IR_VERSION,
        producer_name="waferwatch",
    )
    return model


def cut_to(model: onnx.ModelProto, output: str) -> onnx.ModelProto:
    """The part of a graph that one of its outputs needs: ONNX Runtime computes all of a graph whatever is asked of it.

    Embeddings are an output of a middle layer, so this takes half of the time and gives the same numbers, bit for bit.
    """
    needed, nodes = {output}, []
    for node in reversed(model.graph.node):
        if needed & set(node.output):
            nodes.append(node)
            needed.update(node.input)
    cut = helper.make_graph(
        nodes[::-1],
        f"{model.graph.name} to {output}",
        [one for one in model.graph.input if one.name in needed],
        [one for one in model.graph.output if one.name == output],
        [one for one in model.graph.initializer if one.name in needed],
    )
    return helper.make_model(
        cut, opset_imports=model.opset_import, ir_version=model.ir_version, producer_name=model.producer_name
    )


def _floats(shapes: _Shapes) -> list[onnx.ValueInfoProto]:
    return [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in shapes.items()]


class _Graph:
    """Nodes and constants in the order they are written."""

    def __init__(self, weights: Weights) -> None:
        self.weights = weights
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def constant(self, name: str, array: NDArray[Any]) -> str:
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def weight(self, name: str) -> str:
        return self.constant(name, self.weights[name])

    def add(self, kind: str, *inputs: str, output: str = "", domain: str = "", **attributes: Any) -> str:
        """Write an operator with one output and return the name of that output."""
        name = output or f"{kind}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [name], name=name, domain=domain, **attributes))
        return name

    def linear(self, x: str, layer: str) -> str:
        weight = self.constant(f"{layer}.weight.T", self.weights[f"{layer}.weight"].T)
        return self.add("MatMul", x, weight)

    def skip_norm(self, x: str, change: str, layer: str, eps: float, total: str = "") -> tuple[str, str]:
        """Add ``change`` to ``x`` and norm the sum in one operator: the normed sum and the sum itself."""
        name = f"Norm_{len(self.nodes)}"
        total = total or f"{name}_sum"
        node = helper.make_node(
            "SkipSimplifiedLayerNormalization",
            [x, change, self.weight(f"{layer}.weight")],
            [name, "", "", total],
            name=name,
            domain=FUSED,
            epsilon=eps,
        )
        self.nodes.append(node)
        return name, total


def _write_network(graph: _Graph, config: MomentConfig, relative_buckets: NDArray[np.int64]) -> None:
    bias = _relative_bias(graph, relative_buckets)
    observed = graph.add("Cast", "observed", to=TensorProto.INT32)
    eps = config.layer_norm_epsilon
    total = _embed(graph, config)
    first = graph.weight("encoder.block.0.layer.0.layer_norm.weight")
    normed = graph.add("SimplifiedLayerNormalization", total, first, axis=-1, epsilon=eps)
    middle = (config.num_layers + 1) // 2
    for index in range(config.num_layers):
        block = f"encoder.block.{index}.layer"
        change = _attend(graph, config, normed, f"{block}.0.SelfAttention", observed, bias)
        normed, total = graph.skip_norm(total, change, f"{block}.1.layer_norm", eps)
        change = _feed_forward(graph, normed, f"{block}.1.DenseReluDense")
        is_last = index + 1 == config.num_layers
        layer = "encoder.final_layer_norm" if is_last else f"encoder.block.{index + 1}.layer.0.layer_norm"
        normed, total = graph.skip_norm(total, change, layer, eps, "tokens" if index + 1 == middle else "")
    _head(graph, config, normed, "head", "restored")
    if config.fault_head:
        _head(graph, config, normed, "fault_head", "fault_logit")


def _embed(graph: _Graph, config: MomentConfig) -> str:
    """Patches to tokens in one product: a ninth column, 1 where a patch is hidden, carries the mask embedding."""
    shape = graph.constant("patch_shape", np.array([-1, config.num_patches, config.patch_len], np.int64))
    patches = graph.add("Reshape", "x", shape)
    shown = graph.add("Unsqueeze", "visible", graph.constant("last_axis", np.array([-1], np.int64)))
    hidden = graph.add("Sub", graph.constant("one", np.array(1, np.float32)), shown)
    columns = graph.add("Concat", graph.add("Mul", patches, shown), hidden, axis=-1)
    weights = graph.weights
    table = np.vstack(
        [weights["patch_embedding.value_embedding.weight"].T, weights["patch_embedding.mask_embedding"][None]]
    )
    tokens = graph.add("MatMul", columns, graph.constant("patch_embedding", table))
    positions = weights["patch_embedding.position_embedding.pe"][:, : config.num_patches]
    return graph.add("Add", tokens, graph.constant("positions", positions))


def _relative_bias(graph: _Graph, relative_buckets: NDArray[np.int64]) -> str:
    """The bias of every pair of patches, looked up once for good: (1, H, N, N)."""
    table = graph.weights["encoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight"]
    return graph.constant("relative_bias", table[relative_buckets].transpose(2, 0, 1)[None])


def _attend(graph: _Graph, config: MomentConfig, x: str, layer: str, observed: str, bias: str) -> str:
    query, key, value = (graph.linear(x, f"{layer}.{part}") for part in "qkv")
    mixed = graph.add(
        "MultiHeadAttention",
        *(query, key, value, "", observed, bias),
        domain=FUSED,
        num_heads=config.num_heads,
        scale=1.0,  # T5 does not divide by the root of the width
        mask_filter_value=LOWEST,
    )
    return graph.linear(mixed, f"{layer}.o")


def _feed_forward(graph: _Graph, x: str, layer: str) -> str:
    gate = graph.add("FastGelu", graph.linear(x, f"{layer}.wi_0"), domain=FUSED)  # the tanh form, as T5 has it
    return graph.linear(graph.add("Mul", gate, graph.linear(x, f"{layer}.wi_1")), f"{layer}.wo")


def _head(graph: _Graph, config: MomentConfig, x: str, layer: str, output: str) -> None:
    bias = graph.weight(f"{layer}.linear.bias")
    points = graph.add("Add", graph.linear(x, f"{layer}.linear"), bias)
    shape = graph.constant(f"{layer}.shape", np.array([-1, config.seq_len], np.int64))
    graph.add("Reshape", points, shape, output=output)
