# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What the support table of README.md is tested with.

CASES[operator]   functions of an element type that return a network which has to be exact;
                  the first one is built for every type of the table
LIMITS[operator]  {words of the table: function}: a network that has to be refused
UNKNOWN           operators whose rows say they are not supported
"""

import numpy as np

from support_net import Net


def unary(op_type, behind_sum=True, **attributes):
    """An elementwise function of a quantized tensor, and behind a convolution."""
    def alone(dtype):
        net = Net(dtype)
        return net.output(net.node(op_type, [net.input([1, 256])], **attributes),
                          net.scale * 0.9)

    def behind_convolution(dtype):
        net = Net(dtype)
        return net.output(net.node(op_type, [convolved(net)], **attributes), net.scale * 2)
    return [alone, behind_convolution] if behind_sum else [alone]


def refused_behind_sum(op_type):
    """The same function behind a convolution, where it has no integer form."""
    def build(dtype):
        net = Net(dtype)
        return net.output(net.node(op_type, [convolved(net)]))
    return build


def layout(op_type, shape, *extra, outputs=None, scale=None, **attributes):
    """An operator with int64 lists as further inputs; the scale stays unless given."""
    def build(dtype):
        net = Net(dtype)
        inputs = [net.input(shape)] + [net.integers(*values) for values in extra]
        results = net.node(op_type, inputs, outputs, **attributes)
        for result in results if isinstance(results, list) else [results]:
            net.output(result, scale or net.input_scale)
        return net
    return build


def rescaled(build_real):
    """A network from a function of Net that returns the real tensor before the output."""
    def build(dtype):
        net = Net(dtype)
        return net.output(build_real(net), net.scale * 1.7)
    return build


def unquantized(build_real):
    """The same without a quantize at the end."""
    def build(dtype):
        net = Net(dtype)
        return net.real_output(build_real(net))
    return build


# --- convolutions and matrix products --------------------------------------


def convolved(net, shape=(1, 4, 6, 6), kernel=(6, 4, 3, 3), weights=None, bias="float",
              **attributes):
    """A Conv on a new input."""
    x = net.input(list(shape))
    inputs = [x, weights or net.weights(list(kernel))]
    if bias == "float":
        inputs.append(net.floats(kernel[0]))
    if bias == "int32":
        inputs.append(net.node("DequantizeLinear", [
            net.graph.const(net.rng.integers(-900, 900, kernel[0]).astype(np.int32)),
            net.number(0.0007)]))
    return net.node("Conv", inputs, **attributes)


def conv(**options):
    """A Conv that is quantized."""
    return rescaled(lambda net: convolved(net, **options))


def weighted(dtype, zero=0, per_channel=True):
    """A Conv with weights of another type."""
    def build_real(net):
        kernel = (6, 4, 3, 3)
        return convolved(net, kernel=kernel, weights=net.weights(
            list(kernel), dtype=dtype, zero=zero, per_channel=per_channel))
    return rescaled(build_real)


def gemm(**attributes):
    """A Gemm with constant weights and bias."""
    def build_real(net):
        shape = [10, 32] if attributes.get("transB") else [32, 10]
        weights = net.weights(shape, axis=0 if attributes.get("transB") else 1)
        return net.node("Gemm", [net.input([1, 32]), weights, net.floats(10)], **attributes)
    return rescaled(build_real)


def two_activations(op_type, left, right):
    """A product of two quantized tensors."""
    return rescaled(lambda net: net.node(op_type, [net.input(left), net.input(right)]))


def float_weights(net):
    """A Conv whose weights stay float."""
    return net.node("Conv", [net.input([1, 4, 6, 6]), net.floats(6, 4, 3, 3)])


def matmul(net):
    """A MatMul with a constant right operand and an added bias."""
    product = net.node("MatMul", [net.input([1, 5, 32]), net.weights([32, 10], axis=1)])
    return net.node("Add", [product, net.floats(10)])


# --- two operands -----------------------------------------------------------


def binary(op_type, left=(1, 3, 8, 8), right=(1, 3, 8, 8)):
    """Two quantized tensors of different scales."""
    def build_real(net):
        return net.node(op_type, [net.input(list(left)), net.input(list(right), net.scale * 0.8)])
    return rescaled(build_real)


def with_scalar(op_type, constant_first=False):
    """A quantized tensor and one float number."""
    def build_real(net):
        operands = [net.input([1, 200]), net.number(0.37)]
        return net.node(op_type, operands[::-1] if constant_first else operands)
    return rescaled(build_real)


def with_skip(op_type, sum_first=True):
    """A convolution and a quantized tensor without a quantize between."""
    def build_real(net):
        skip = net.input([1, 6, 6, 6])
        sides = [convolved(net, pads=[1, 1, 1, 1]), skip]
        return net.node(op_type, sides if sum_first else sides[::-1])
    return rescaled(build_real)


def two_sums(op_type):
    """Two convolutions that meet without a quantize on either side."""
    return rescaled(lambda net: net.node(op_type, [convolved(net), convolved(net)]))


def with_vector(op_type):
    """A quantized tensor and a constant per channel."""
    return rescaled(lambda net: net.node(op_type, [net.input([1, 3, 4, 4]),
                                                   net.floats(1, 3, 1, 1)]))


def clip(*bounds):
    """Clip with bounds as inputs."""
    def build_real(net):
        return net.node("Clip", [net.input([1, 256])] + [
            None if bound is None else net.number(bound) for bound in bounds])
    return rescaled(build_real)


def clamped_input(op_type):
    """A limit right behind the quantize of a model input, then the same quantize again."""
    def build(dtype):
        net = Net(dtype, stem=False)
        return net.output(net.node(op_type, [net.input([1, 8])] + (
            [net.number(-0.3)] if op_type == "Clip" else [])))
    return build


def activated(net):
    """A convolution and a Relu at the end of the network, not quantized."""
    return net.node("Relu", [convolved(net)])


def prelu(shape):
    """PRelu with random slopes."""
    def build_real(net):
        slopes = np.abs(net.rng.normal(size=shape)).astype(np.float32)
        return net.node("PRelu", [net.input([1, 3, 8]), net.graph.const(slopes)])
    return rescaled(build_real)


# --- data movement ----------------------------------------------------------


def pad(value, **attributes):
    """Pad over the spatial axes."""
    def build_real(net):
        inputs = [net.input([1, 3, 4, 4]), net.integers(0, 0, 1, 2, 0, 0, 2, 0)]
        return net.node("Pad", inputs + ([] if value is None else [net.number(value)]),
                        **attributes)
    return rescaled(build_real)


def cropped(net):
    """Pad with a negative width."""
    return net.node("Pad", [net.input([1, 3, 4, 4]), net.integers(0, 0, -1, 0, 0, 0, 0, 0)])


def concat(scale_factor):
    """Concat of two quantized tensors whose scales have the given ratio."""
    def build_real(net):
        return net.node("Concat", [net.input([1, 3, 4, 4]),
                                   net.input([1, 2, 4, 4], net.scale * scale_factor)], axis=1)
    return rescaled(build_real)


def shape_arithmetic(net):
    """A Reshape whose target is computed from the input's shape."""
    x = net.input([1, 3, 4, 4])
    shape = net.node("Shape", [x])
    batch = net.node("Gather", [shape, net.graph.const(np.array(0))], axis=0)
    batch = net.node("Unsqueeze", [batch, net.integers(0)])
    batch = net.node("Cast", [batch], to=7)
    rest = net.node("Constant", [], value=np.array([-1]))
    return net.node("Reshape", [x, net.node("Concat", [batch, rest], axis=0)])


def in_float16(net):
    """A Cast that would round."""
    return net.node("Cast", [net.node("Cast", [net.input([1, 8])], to=10)], to=1)


# --- quantize and dequantize -------------------------------------------------


def chain(net):
    """Nothing but quantizes."""
    return net.input([1, 256])


def quantized_weights(net):
    """Weights that the file stores as floats in front of a QuantizeLinear."""
    weights, scales = net.floats(6, 4, 3, 3), net.graph.const(np.full(6, 0.03, np.float32))
    zeros = net.graph.const(np.zeros(6, np.int8))
    stored = net.node("QuantizeLinear", [weights, scales, zeros], axis=0)
    stored = net.node("DequantizeLinear", [stored, scales, zeros], axis=0)
    return convolved(net, weights=stored)


def per_channel_activation(net):
    """One scale per channel on an activation."""
    carrier = net.graph.const(np.full(3, net.zero, net.dtype))
    scales = net.graph.const(np.array([0.01, 0.02, 0.03], np.float32))
    q = net.node("QuantizeLinear", [net.input([1, 3, 4, 4]), scales, carrier], axis=1)
    return net.node("DequantizeLinear", [q, scales, carrier], axis=1)


def blocked(net):
    """One scale per block of weights."""
    scales = net.graph.const(np.full((6, 2, 3, 3), 0.03, np.float32))
    weights = net.graph.const(net.rng.integers(-9, 9, (6, 4, 3, 3)).astype(np.int8))
    weights = net.node("DequantizeLinear", [weights, scales], axis=1, block_size=2)
    return convolved(net, weights=weights)


def computed_scale(net):
    """A scale that is not a constant."""
    scale = net.node("Exp", [net.number(-4)])
    names = [scale, net.graph.const(np.array(net.zero, net.dtype))]
    q = net.node("QuantizeLinear", [net.input([1, 8])] + names)
    return net.node("DequantizeLinear", [q] + names)


def in_float64(net):
    """A quantize that divides in float64."""
    names = [net.number(0.02), net.graph.const(np.array(net.zero, net.dtype))]
    q = net.node("QuantizeLinear", [net.input([1, 8])] + names, precision=11)
    return net.node("DequantizeLinear", [q] + names)


def input_of_two_scales(dtype):
    """A float input that two quantizes read, with different scales."""
    net = Net(dtype, stem=False)
    real = net.input([1, 8])
    net.output(real)
    return net.output(net.requantize("x0", 2 * net.scale))


def with_opset(opset, build_real):
    """A network of another operator set."""
    def build(dtype):
        net = Net(dtype, opset=opset)
        return net.output(build_real(net), net.scale * 1.7)
    return build


POOL = {"kernel_shape": [3, 2], "strides": [2, 1], "pads": [1, 0, 1, 1]}
IMAGE = [1, 3, 7, 7]

CASES = {
    "Abs": unary("Abs", behind_sum=False),
    "Add": [binary("Add"), binary("Add", (1, 3, 8, 8), (1, 3, 1, 1)), with_scalar("Add"),
            with_skip("Add"), with_skip("Add", sum_first=False)],
    "AveragePool": [
        layout("AveragePool", IMAGE, **POOL),
        layout("AveragePool", IMAGE, count_include_pad=1, **POOL),
        layout("AveragePool", IMAGE, kernel_shape=[2, 2], strides=[2, 2], ceil_mode=1),
        layout("AveragePool", [1, 3, 9], kernel_shape=[3])],
    "Cast": [layout("Cast", [1, 8], to=1), rescaled(shape_arithmetic)],
    "Clip": [clip(-0.7, 0.9), clip(None, 0.5), clip(-0.2), clamped_input("Clip"), rescaled(
        lambda net: net.node("Clip", [convolved(net), net.number(0), net.number(1.1)]))],
    "Concat": [concat(1), concat(0.6)],
    "Constant": [rescaled(shape_arithmetic)],
    "Conv": [conv(), conv(bias="int32"), conv(bias=None), conv(pads=[1, 0, 2, 1], strides=[2, 1]),
             conv(dilations=[2, 1], auto_pad="SAME_UPPER"),
             conv(kernel=(6, 2, 3, 3), group=2), conv(kernel=(8, 1, 3, 3), group=4),
             conv(shape=(1, 4, 9), kernel=(6, 4, 3)), weighted("int4"), weighted("uint8", 131),
             weighted("int8", -7, per_channel=False), unquantized(convolved)],
    "DequantizeLinear": [rescaled(chain), conv(bias="int32")],
    "Dropout": [layout("Dropout", [1, 8])],
    "Elu": unary("Elu", alpha=0.7),
    "Exp": unary("Exp"),
    "Flatten": [layout("Flatten", IMAGE, axis=2)],
    "Gather": [rescaled(shape_arithmetic)],
    "Gelu": [],  # not known to the oracle: see support_table.py
    "Gemm": [gemm(transB=1), gemm(), gemm(alpha=0.5, beta=2.0)],
    "GlobalAveragePool": [layout("GlobalAveragePool", IMAGE),
                          layout("GlobalAveragePool", [1, 3, 6, 6])],
    "GlobalMaxPool": [layout("GlobalMaxPool", IMAGE)],
    "HardSigmoid": unary("HardSigmoid", alpha=0.4, beta=0.3),
    "HardSwish": unary("HardSwish", behind_sum=False),
    "Identity": [layout("Identity", [1, 8])],
    "LeakyRelu": unary("LeakyRelu", alpha=0.125),
    "MatMul": [rescaled(matmul), two_activations("MatMul", [1, 5, 16], [1, 16, 7])],
    "MaxPool": [layout("MaxPool", IMAGE, **POOL),
                layout("MaxPool", IMAGE, kernel_shape=[2, 2], dilations=[2, 2], ceil_mode=1),
                layout("MaxPool", [1, 3, 9], kernel_shape=[3])],
    "Mul": [binary("Mul"), binary("Mul", (1, 3, 8, 8), (1, 3, 1, 1)), with_scalar("Mul")],
    "PRelu": [],  # twin with LeakyRelu: see support_table.py
    "Pad": [pad(None), pad(0.25)],
    "QuantizeLinear": [rescaled(chain), rescaled(quantized_weights),
                       with_opset(13, chain)],
    "ReduceMean": [layout("ReduceMean", IMAGE, [2, 3]),
                   layout("ReduceMean", IMAGE, [-1, -2], keepdims=0),
                   with_opset(13, lambda net: net.node("ReduceMean", [net.input(IMAGE)],
                                                       axes=[2, 3]))],
    "Relu": unary("Relu") + [clamped_input("Relu")],
    "Reshape": [layout("Reshape", IMAGE, [0, -1, 7])],
    "Shape": [rescaled(shape_arithmetic)],
    "Sigmoid": unary("Sigmoid"),
    "Slice": [layout("Slice", [1, 8, 4], [1], [7], [1], [2])],
    "Split": [layout("Split", [1, 8, 4], [3, 5], outputs=2, axis=1)],
    "Sqrt": [],  # not known to the oracle: see support_table.py
    "Squeeze": [layout("Squeeze", [1, 3, 1, 6], [2])],
    "Sub": [binary("Sub"), with_scalar("Sub"), with_scalar("Sub", constant_first=True),
            with_skip("Sub")],
    "Tanh": unary("Tanh"),
    "Transpose": [layout("Transpose", [1, 3, 4, 5], perm=[0, 2, 3, 1]),
                  layout("Transpose", [1, 3, 4, 5, 2], perm=[0, 4, 2, 3, 1])],
    "Unsqueeze": [layout("Unsqueeze", [1, 3, 6], [2])],
}

ONLY_MONOTONE = "not behind a sum"

LIMITS = {
    "Abs": {ONLY_MONOTONE: refused_behind_sum("Abs")},
    "Add": {"two sums": two_sums("Add"), "constants of one value": with_vector("Add")},
    "AveragePool": {"one or two spatial dimensions": layout(
        "AveragePool", [1, 3, 4, 4, 4], kernel_shape=[2, 2, 2])},
    "Cast": {"no conversion of data": rescaled(in_float16)},
    "Conv": {"one or two spatial dimensions": conv(shape=(1, 2, 4, 4, 4), kernel=(3, 2, 2, 2, 2)),
             "quantized": rescaled(float_weights),
             "constant weights": two_activations("Conv", [1, 4, 6, 6], [6, 4, 3, 3])},
    "DequantizeLinear": {"no blocks": rescaled(blocked)},
    "Gather": {"shapes only": layout("Gather", [1, 8, 4], [0, 2], axis=1)},
    "HardSwish": {ONLY_MONOTONE: refused_behind_sum("HardSwish")},
    "MatMul": {"no broadcast batches": two_activations("MatMul", [2, 5, 16], [3, 16, 7])},
    "MaxPool": {"one or two spatial dimensions": layout(
        "MaxPool", [1, 3, 4, 4, 4], kernel_shape=[2, 2, 2]),
                "no indices": rescaled(lambda net: net.node(
                    "MaxPool", [net.input(IMAGE)], 2, kernel_shape=[2, 2])[0])},
    "Mul": {"two sums": two_sums("Mul"), "constants of one value": with_vector("Mul")},
    "PRelu": {"one slope": prelu([3, 1])},
    "Pad": {"constant mode": pad(None, mode="reflect"), "no cropping": rescaled(cropped)},
    "QuantizeLinear": {"per tensor": rescaled(per_channel_activation),
                       "each input of the model with one scale": input_of_two_scales,
                       "constant scales": rescaled(computed_scale),
                       "float32 division": with_opset(23, in_float64)},
    "ReduceMean": {"all spatial axes": layout("ReduceMean", IMAGE, [1])},
    "Slice": {"positive steps": layout("Slice", [1, 8, 4], [7], [0], [1], [-1])},
    "Sub": {"two sums": two_sums("Sub"), "from a constant or a tensor":
            with_skip("Sub", sum_first=False)},
}
