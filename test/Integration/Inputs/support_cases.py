# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What the support table of README.md is tested with.

CASES[operator]   functions of an element type that return a network which has to be exact;
                  the first one is built for every type of the table
LIMITS[operator]  {words of the table: function}: a network that has to be refused
UNKNOWN           operators whose rows say they are not supported
"""

import numpy as np

from onnx_writer import INT64
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


def arg_max(shape, coarse=False, **attributes):
    """Indices of a quantized tensor; a coarse scale makes many elements equal."""
    def build(dtype):
        net = Net(dtype)
        x = net.input(shape)
        x = net.requantize(x, 0.5) if coarse else x
        net.graph.output(net.node("ArgMax", [x], **attributes), INT64, [])
        return net
    return build


def arg_max_read(dtype):
    """Indices that become numbers again."""
    net = Net(dtype)
    places = net.node("ArgMax", [net.input([1, 8, 4])], axis=1)
    return net.output(net.node("Cast", [places], to=1))


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


def normalized(net, x, channels):
    """A BatchNormalization with factors of either sign."""
    variance = net.graph.const(net.rng.uniform(0.2, 2, channels).astype(np.float32))
    return net.node("BatchNormalization", [x, net.floats(channels), net.floats(channels),
                                           net.floats(channels), variance], epsilon=0.001)


def softmax(shape, opset=None, **attributes):
    """A Softmax of logits of some size, into steps of 1/256 or so."""
    def build(dtype):
        net = Net(dtype, opset)
        logits = net.requantize(net.input(list(shape)), 4 * net.scale)
        return net.output(net.node("Softmax", [logits], **attributes), net.scale / 2.2)
    return build


def normalization(shape):
    """A BatchNormalization of a quantized tensor."""
    return lambda net: normalized(net, net.input(list(shape)), shape[1])


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


def with_number(op_type, value):
    """A quantized tensor and a given number."""
    return rescaled(lambda net: net.node(op_type, [net.input([1, 200]), net.number(value)]))


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


def with_vector(op_type, constant_first=False):
    """A quantized tensor and a constant per channel."""
    def build_real(net):
        operands = [net.input([1, 3, 4, 4]), net.floats(1, 3, 1, 1)]
        return net.node(op_type, operands[::-1] if constant_first else operands)
    return rescaled(build_real)


def divided():
    """A quantized tensor by a number per channel."""
    return rescaled(lambda net: net.node("Div", [net.input([1, 3, 4, 4]), net.divisors(3)]))


def with_matrix(op_type):
    """A quantized tensor and a constant that varies along two dimensions."""
    return rescaled(lambda net: net.node(op_type, [net.input([1, 3, 4]), net.floats(3, 4)]))


def scaled(shape, constant, quantized=False):
    """A factor per channel behind a convolution, or (with a shape) of a quantized tensor."""
    def build_real(net):
        x = net.input(list(shape)) if shape else convolved(net)
        factor = net.weights(list(constant), per_channel=False) if quantized \
            else net.floats(*constant)
        return net.node("Mul", [x, factor] if len(constant) % 2 else [factor, x])
    return rescaled(build_real)


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


def resized(scales=None, sizes=None, shape=(1, 3, 4, 5), **attributes):
    """Nearest resize by scales or to sizes; the scale of the tensor stays."""
    def build(dtype):
        net = Net(dtype)
        inputs = [net.input(list(shape)), None,
                  None if scales is None else net.graph.const(np.array(scales, np.float32)),
                  None if sizes is None else net.integers(*sizes)]
        return net.output(net.node("Resize", inputs[:3 if sizes is None else 4], **attributes),
                          net.input_scale)
    return build


def upsampled(net):
    """Every pixel twice and three times."""
    return net.node("Upsample", [net.input([1, 3, 4, 4]),
                                 net.graph.const(np.array([1, 1, 2, 3], np.float32))])


# --- transposed convolutions, QOperator ---------------------------------------


def transposed(shape=(1, 4, 5, 4), kernel=(4, 6, 3, 2), bias=True, per_channel=True,
               **attributes):
    """A ConvTranspose with scales along its output channels."""
    def build_real(net):
        weights = net.weights(list(kernel), axis=1, per_channel=per_channel)
        channels = kernel[1] * attributes.get("group", 1)
        return net.node("ConvTranspose", [net.input(list(shape)), weights] + (
            [net.floats(channels)] if bias else []), **attributes)
    return rescaled(build_real)


class Integers:
    """Operators on quantized tensors: inputs are names of integers, scale, zero point."""

    def __init__(self, net):
        self.net = net

    def tensor(self, shape, scale=None):
        """A quantized tensor of the network with its parameters."""
        real = self.net.input(list(shape), scale)
        quantized = self.net.quantize(real, scale)
        return [quantized, *self.net.parameters(quantized)]

    def weights(self, shape, axis=0, per_channel=True, dtype="int8", zero=0):
        """Constant weights."""
        count = shape[axis] if per_channel else 1
        low = 0 if dtype == "uint8" else -128
        scales = (self.net.rng.uniform(0.5, 2, count) / 256).astype(np.float32)
        zeros = np.full(count, zero).astype(dtype)
        values = self.net.rng.integers(low, low + 256, shape).astype(dtype)
        return [self.net.graph.const(values),
                self.net.graph.const(scales if per_channel else scales[0]),
                self.net.graph.const(zeros if per_channel else zeros[0])]

    def bias(self, count):
        """int32 biases of the size of the sums."""
        return self.net.graph.const(self.net.rng.integers(-9000, 9000, count).astype(np.int32))

    def target(self, scale=None):
        """Scale and zero point of a result."""
        return [self.net.number(scale or self.net.scale * 1.7),
                self.net.graph.const(np.array(self.net.zero, self.net.dtype))]

    def finish(self, op_type, inputs, domain="", parameters=None, **attributes):
        """The operator, dequantized, as the network's output."""
        y = self.net.node(op_type, inputs, domain=domain, **attributes)
        real = self.net.node("DequantizeLinear", [y] + (parameters or self.target()))
        return self.net.real_output(real)


def on_integers(build):
    """A network from a function of Integers."""
    return lambda dtype: build(Integers(Net(dtype)))


def qlinear_conv(kernel=(6, 4, 3, 3), bias=True, weight_dtype="int8", zero=0, **attributes):
    """QLinearConv on [1, 4, 6, 6]."""
    def build(q):
        target = q.target()
        inputs = q.tensor((1, 4, 6, 6)) + q.weights(list(kernel), dtype=weight_dtype, zero=zero)
        inputs += target + ([q.bias(kernel[0])] if bias else [])
        return q.finish("QLinearConv", inputs, parameters=target, **attributes)
    return on_integers(build)


def qlinear_matmul(per_channel):
    """QLinearMatMul with a constant right operand."""
    def build(q):
        target = q.target()
        inputs = q.tensor((1, 5, 16)) + q.weights([16, 7], axis=1, per_channel=per_channel)
        return q.finish("QLinearMatMul", inputs + target, parameters=target)
    return on_integers(build)


def qgemm(quantized=True, bias=True, **attributes):
    """QGemm with transposed constant weights."""
    def build(q):
        target = q.target()
        inputs = q.tensor((1, 16)) + q.weights([7, 16])
        inputs += [q.bias(7) if bias else None] + (target if quantized else [])
        attributes.setdefault("transB", 1)
        if quantized:
            return q.finish("QGemm", inputs, "com.microsoft", target, **attributes)
        return q.net.real_output(q.net.node("QGemm", inputs, domain="com.microsoft",
                                            **attributes))
    return on_integers(build)


def qlinear_binary(op_type):
    """QLinearAdd, QLinearMul of two scales."""
    def build(q):
        target = q.target()
        inputs = q.tensor((1, 3, 8, 8)) + q.tensor((1, 3, 8, 8), q.net.scale * 0.8) + target
        return q.finish(op_type, inputs, "com.microsoft", target)
    return on_integers(build)


def qlinear_unary(op_type, shape=(1, 3, 7, 7), **attributes):
    """An operator of one quantized tensor."""
    def build(q):
        target = q.target()
        return q.finish(op_type, q.tensor(shape) + target, "com.microsoft", target, **attributes)
    return on_integers(build)


def qlinear_concat(q):
    """Two tensors of different scales."""
    target = q.target()
    inputs = target + q.tensor((1, 3, 4, 4)) + q.tensor((1, 2, 4, 4), q.net.scale * 0.6)
    return q.finish("QLinearConcat", inputs, "com.microsoft", target, axis=1)


def integer_product(op_type, shape, kernel, zero=7, **attributes):
    """ConvInteger, MatMulInteger: int32 results that are quantized again."""
    def build(q):
        x, _, zero_point = q.tensor(shape)
        values = q.net.rng.integers(0, 256, kernel).astype(np.uint8)
        inputs = [x, q.net.graph.const(values), zero_point,
                  q.net.graph.const(np.array(zero, np.uint8))]
        real = q.net.node("Cast", [q.net.node(op_type, inputs, **attributes)], to=1)
        real = q.net.node("Mul", [real, q.net.number(0.0001)])
        return q.net.output(real, q.net.scale * 1.7)
    return on_integers(build)


def integer_output(q):
    """A ConvInteger whose sums are the model's output."""
    x, _, zero_point = q.tensor((1, 4, 6, 6))
    values = q.net.rng.integers(0, 256, (6, 4, 3, 3)).astype(np.uint8)
    y = q.net.node("ConvInteger", [x, q.net.graph.const(values), zero_point])
    q.net.graph.output(y, "int32", [])
    return q.net


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


def channels(shape, axis):
    """Integers that are read with a scale and a zero point per channel."""
    def build_real(net):
        quantized, count = net.quantize(net.input(list(shape))), shape[axis]
        carrier = net.dtype if net.dtype[-1] in "68" else net.dtype.rstrip("24") + "8"
        zeros = (net.zero + np.arange(count) % 2).astype(carrier)
        scales = (net.scale * net.rng.uniform(0.3, 2, count)).astype(np.float32)
        return net.node("DequantizeLinear", [quantized, net.graph.const(scales), net.graph.const(
            zeros, dtype=net.dtype)], axis=axis)
    return build_real


def channel_input(shape, axis):
    """A float input with a scale and a zero point per channel, then one for the tensor."""
    def build(dtype):
        net = Net(dtype)
        net.graph.input("x0", "float32", list(shape))
        net.arrays["x0"] = net.samples(shape)
        count = shape[axis]
        carrier = dtype if dtype[-1] in "68" else dtype.rstrip("24") + "8"
        scales = net.graph.const((net.scale * net.rng.uniform(0.3, 2, count)).astype(np.float32))
        zeros = net.graph.const((net.zero + np.arange(count) % 2).astype(carrier), dtype=dtype)
        quantized = net.node("QuantizeLinear", ["x0", scales, zeros], axis=axis)
        real = net.node("DequantizeLinear", [quantized, scales, zeros], axis=axis)
        return net.output(real, net.scale * 1.7)
    return build


def blocked_activation(net):
    """One scale per block of an input."""
    scales = net.graph.const(np.full((1, 3, 2), 0.03, np.float32))
    q = net.node("QuantizeLinear", [net.input([1, 3, 4]), scales], axis=2, block_size=2)
    return net.node("DequantizeLinear", [q, scales], axis=2, block_size=2)


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
    "Ceil": unary("Ceil"),
    "Celu": unary("Celu", alpha=0.7),
    "ConvInteger": [integer_product("ConvInteger", (1, 4, 6, 6), (6, 4, 3, 3)),
                    integer_product("ConvInteger", (1, 4, 6, 6), (6, 2, 3, 3), group=2,
                                    pads=[1, 0, 1, 1]), on_integers(integer_output)],
    "ConvTranspose": [
        transposed(), transposed(strides=[2, 3], pads=[1, 0, 0, 1], output_padding=[1, 0]),
        transposed(kernel=(4, 3, 3, 3), group=2, strides=[2, 2]),
        transposed(kernel=(4, 1, 2, 2), group=4, bias=False, dilations=[2, 1]),
        transposed(per_channel=False, output_shape=[9, 8], strides=[2, 2]),
        transposed(auto_pad="SAME_LOWER", strides=[2, 2]),
        transposed(shape=(1, 4, 9), kernel=(4, 6, 3), strides=[2], pads=[1, 1])],
    "DepthToSpace": [layout("DepthToSpace", [1, 8, 3, 2], blocksize=2),
                     layout("DepthToSpace", [1, 8, 3, 2], blocksize=2, mode="CRD")],
    "Div": [with_scalar("Div"), divided()],
    "DynamicQuantizeLinear": [],
    "Erf": unary("Erf"),
    "Expand": [layout("Expand", [1, 3, 1, 4], [1, 2, 3, 5, 1])],
    "Floor": unary("Floor"),
    "Log": unary("Log"),
    "Max": [binary("Max"), binary("Max", (1, 3, 8, 8), (1, 3, 1, 1)), with_scalar("Max"),
            two_sums("Max")],
    "MatMulInteger": [integer_product("MatMulInteger", (1, 5, 16), (16, 7))],
    "Min": [binary("Min"), with_scalar("Min", constant_first=True)],
    "Mish": unary("Mish", behind_sum=False),
    "Neg": unary("Neg", behind_sum=False),
    "Pow": [with_number("Pow", exponent) for exponent in (2, 3, 0.5, -1, 1)],
    "QLinearConv": [qlinear_conv(), qlinear_conv(bias=False, pads=[1, 1, 1, 0]),
                    qlinear_conv(weight_dtype="uint8", zero=131),
                    qlinear_conv(kernel=(8, 1, 3, 3), group=4, strides=[2, 1])],
    "QLinearMatMul": [qlinear_matmul(False), qlinear_matmul(True)],
    "com.microsoft.QGemm": [qgemm(), qgemm(alpha=0.5), qgemm(bias=False), qgemm(quantized=False)],
    "com.microsoft.QLinearAdd": [qlinear_binary("QLinearAdd")],
    "com.microsoft.QLinearAveragePool": [
        qlinear_unary("QLinearAveragePool", kernel_shape=[3, 2], strides=[2, 1]),
        qlinear_unary("QLinearAveragePool", (1, 7, 6, 3), kernel_shape=[2, 2],
                      channels_last=1, count_include_pad=1, pads=[1, 0, 0, 1])],
    "com.microsoft.QLinearConcat": [on_integers(qlinear_concat)],
    "com.microsoft.QLinearGlobalAveragePool": [
        qlinear_unary("QLinearGlobalAveragePool"),
        qlinear_unary("QLinearGlobalAveragePool", channels_last=1)],
    "com.microsoft.QLinearLeakyRelu": [qlinear_unary("QLinearLeakyRelu", alpha=0.125)],
    "com.microsoft.QLinearMul": [qlinear_binary("QLinearMul")],
    "com.microsoft.QLinearSigmoid": [qlinear_unary("QLinearSigmoid")],
    "Reciprocal": unary("Reciprocal", behind_sum=False),
    "ReduceMax": [layout("ReduceMax", IMAGE, [1]), layout("ReduceMax", IMAGE, [1, 3], keepdims=0)],
    "ReduceSum": [rescaled(lambda net: net.node("ReduceSum", [net.input(IMAGE), net.integers(1)])),
                  rescaled(lambda net: net.node("ReduceSum", [net.input([1, 9]), net.integers(1)],
                                                keepdims=0))],
    "Resize": [
        resized(scales=[1, 1, 2, 2], coordinate_transformation_mode="asymmetric",
                nearest_mode="floor"),
        resized(scales=[1, 1, 1.5, 0.6]), resized(sizes=[1, 3, 7, 9]),
        resized(sizes=[1, 3, 3, 11], coordinate_transformation_mode="align_corners",
                nearest_mode="ceil"),
        resized(sizes=[2, 9], axes=[2, 3], coordinate_transformation_mode="pytorch_half_pixel",
                nearest_mode="round_prefer_ceil"),
        resized(scales=[1, 1, 2.3, 0.7],
                coordinate_transformation_mode="half_pixel_symmetric")],
    "Round": unary("Round"),
    "Selu": unary("Selu"),
    "Sign": unary("Sign"),
    "Softmax": [softmax((1, 20)), softmax((1, 3, 10)), softmax((1, 4, 3, 5), axis=1),
                softmax((1, 12), 12), softmax((1, 3, 4), 11, axis=2)],
    "Softplus": unary("Softplus"),
    "Softsign": unary("Softsign"),
    "SpaceToDepth": [layout("SpaceToDepth", [1, 2, 4, 6], blocksize=2)],
    "Sum": [binary("Sum"), rescaled(lambda net: net.node("Sum", [net.input([1, 8])]))],
    "ThresholdedRelu": unary("ThresholdedRelu", alpha=0.25),
    "Tile": [layout("Tile", [1, 3, 2], [1, 2, 3])],
    "Upsample": [lambda dtype: (lambda net: net.output(upsampled(net), net.input_scale))(
        Net(dtype))],
    "Add": [binary("Add"), binary("Add", (1, 3, 8, 8), (1, 3, 1, 1)), with_scalar("Add"),
            with_skip("Add"), with_skip("Add", sum_first=False), with_vector("Add")],
    "BatchNormalization": [
        rescaled(lambda net: normalized(net, convolved(net), 6)),
        rescaled(lambda net: net.node("Relu", [normalized(net, convolved(
            net, kernel=(8, 1, 3, 3), bias=None, group=4), 8)])),
        unquantized(lambda net: normalized(net, convolved(net, bias="int32"), 6)),
        rescaled(lambda net: normalized(net, net.node("Gemm", [
            net.input([1, 16]), net.weights([7, 16]), net.floats(7)], transB=1), 7)),
        rescaled(normalization((1, 5, 4, 3))), rescaled(normalization((1, 5, 7))),
        rescaled(normalization((1, 9)))],
    "ArgMax": [arg_max([1, 9, 4], axis=1), arg_max([1, 3, 5, 6], axis=-1, keepdims=0),
               arg_max([1, 3, 5, 6], True, axis=2), arg_max([2, 40], True, axis=0),
               arg_max([1, 3, 5, 6], True, axis=2, select_last_index=1)],
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
    "DequantizeLinear": [rescaled(chain), conv(bias="int32"),
                         rescaled(channels((1, 3, 4, 2), 1)), rescaled(channels((1, 5), -1)),
                         rescaled(channels((1, 2, 3, 4), 3))],
    "Dropout": [layout("Dropout", [1, 8])],
    "Elu": unary("Elu", alpha=0.7),
    "Exp": unary("Exp"),
    "Flatten": [layout("Flatten", IMAGE, axis=2)],
    "Gather": [rescaled(shape_arithmetic), layout("Gather", [1, 8, 4], [0, 2, -1], axis=1)],
    "Gelu": unary("Gelu", behind_sum=False) + unary("Gelu", behind_sum=False, approximate="tanh"),
    "Gemm": [gemm(transB=1), gemm(), gemm(alpha=0.5, beta=2.0)],
    "GlobalAveragePool": [layout("GlobalAveragePool", IMAGE),
                          layout("GlobalAveragePool", [1, 3, 6, 6])],
    "GlobalMaxPool": [layout("GlobalMaxPool", IMAGE)],
    "HardSigmoid": unary("HardSigmoid", alpha=0.4, beta=0.3),
    "HardSwish": unary("HardSwish", behind_sum=False),
    "Identity": [layout("Identity", [1, 8])],
    "LeakyRelu": unary("LeakyRelu", alpha=0.125),
    "MatMul": [rescaled(matmul), two_activations("MatMul", [1, 5, 16], [1, 16, 7]),
               two_activations("MatMul", [1, 2, 5, 16], [1, 1, 16, 7]),
               two_activations("MatMul", [1, 1, 5, 16], [1, 3, 16, 7])],
    "MaxPool": [layout("MaxPool", IMAGE, **POOL),
                layout("MaxPool", IMAGE, kernel_shape=[2, 2], dilations=[2, 2], ceil_mode=1),
                layout("MaxPool", [1, 3, 9], kernel_shape=[3])],
    "Mul": [binary("Mul"), binary("Mul", (1, 3, 8, 8), (1, 3, 1, 1)), with_scalar("Mul"),
            with_vector("Mul"), scaled(None, (1, 6, 1, 1)), scaled(None, (6, 1, 1), True),
            scaled((1, 5, 9), (9,)), scaled((1, 2, 3, 2, 2), (3, 1, 1))],
    "PRelu": [prelu([3, 1]), prelu([8]), prelu([1])],  # and LeakyRelu: see support_table.py
    "Pad": [pad(None), pad(0.25), pad(None, mode="reflect"), pad(None, mode="edge"),
            pad(None, mode="wrap"), rescaled(cropped)],
    "QuantizeLinear": [rescaled(chain), rescaled(quantized_weights),
                       with_opset(13, chain), channel_input((1, 3, 4, 2), 1),
                       channel_input((1, 5), -1), channel_input((1, 2, 3, 4), 2)],
    "ReduceMean": [layout("ReduceMean", IMAGE, [2, 3]), layout("ReduceMean", IMAGE, [1]),
                   layout("ReduceMean", IMAGE, [1, 3], keepdims=0),
                   layout("ReduceMean", IMAGE, [-1, -2], keepdims=0),
                   with_opset(13, lambda net: net.node("ReduceMean", [net.input(IMAGE)],
                                                       axes=[2, 3]))],
    "Relu": unary("Relu") + [clamped_input("Relu")],
    "Reshape": [layout("Reshape", IMAGE, [0, -1, 7])],
    "Shape": [rescaled(shape_arithmetic)],
    "Sigmoid": unary("Sigmoid"),
    "Slice": [layout("Slice", [1, 8, 4], [1], [7], [1], [2]),
              layout("Slice", [1, 8, 4], [7, 3], [0, -9], [1, 2], [-2, -1])],
    "Split": [layout("Split", [1, 8, 4], [3, 5], outputs=2, axis=1)],
    "Sqrt": unary("Sqrt"),
    "Squeeze": [layout("Squeeze", [1, 3, 1, 6], [2])],
    "Sub": [binary("Sub"), with_scalar("Sub"), with_scalar("Sub", constant_first=True),
            with_skip("Sub"), with_skip("Sub", sum_first=False), with_vector("Sub"),
            with_vector("Sub", constant_first=True)],
    "Tanh": unary("Tanh"),
    "Transpose": [layout("Transpose", [1, 3, 4, 5], perm=[0, 2, 3, 1]),
                  layout("Transpose", [1, 3, 4, 5, 2], perm=[0, 4, 2, 3, 1])],
    "Unsqueeze": [layout("Unsqueeze", [1, 3, 6], [2])],
}

ONLY_MONOTONE = "not behind a sum"

LIMITS = {
    "ArgMax": {"an output of the model": arg_max_read},
    "Abs": {ONLY_MONOTONE: refused_behind_sum("Abs")},
    "Add": {"two sums": two_sums("Add"), "one value or per channel": with_matrix("Add")},
    "BatchNormalization": {"ranks 2 to 4": rescaled(normalization((1, 3, 2, 2, 2)))},
    "AveragePool": {"one or two spatial dimensions": layout(
        "AveragePool", [1, 3, 4, 4, 4], kernel_shape=[2, 2, 2])},
    "Cast": {"no conversion of data": rescaled(in_float16)},
    "Conv": {"one or two spatial dimensions": conv(shape=(1, 2, 4, 4, 4), kernel=(3, 2, 2, 2, 2)),
             "quantized": rescaled(float_weights),
             "constant weights": two_activations("Conv", [1, 4, 6, 6], [6, 4, 3, 3])},
    "DequantizeLinear": {"no blocks": rescaled(blocked)},
    "Celu": {},
    "ConvTranspose": {"one or two spatial dimensions": transposed(
        shape=(1, 2, 4, 4, 4), kernel=(2, 3, 2, 2, 2))},
    "Div": {"by constants of one value": binary("Div"), "or per channel": with_matrix("Div"),
            "a common multiple of at most 24 bits": with_vector("Div")},
    "Gelu": {ONLY_MONOTONE: refused_behind_sum("Gelu")},
    "Mish": {ONLY_MONOTONE: refused_behind_sum("Mish")},
    "Neg": {ONLY_MONOTONE: refused_behind_sum("Neg")},
    "Pow": {"constant exponents": rescaled(
        lambda net: net.node("Pow", [net.input([1, 8]), net.number(1.5)]))},
    "Reciprocal": {ONLY_MONOTONE: refused_behind_sum("Reciprocal")},
    "Resize": {"nearest": resized(scales=[1, 1, 2, 2], mode="linear")},
    "HardSwish": {ONLY_MONOTONE: refused_behind_sum("HardSwish")},
    "MaxPool": {"one or two spatial dimensions": layout(
        "MaxPool", [1, 3, 4, 4, 4], kernel_shape=[2, 2, 2]),
                "no indices": rescaled(lambda net: net.node(
                    "MaxPool", [net.input(IMAGE)], 2, kernel_shape=[2, 2])[0])},
    "Mul": {"two sums": two_sums("Mul"), "one value or per channel": with_matrix("Mul")},
    "PRelu": {"of a quantized tensor": rescaled(
        lambda net: net.node("PRelu", [convolved(net), net.floats(6, 1, 1)]))},
    "QuantizeLinear": {"per tensor on what": rescaled(per_channel_activation),
                       "each input quantized once": input_of_two_scales,
                       "no blocks": rescaled(blocked_activation),
                       "constant scales": rescaled(computed_scale),
                       "float32 division": with_opset(23, in_float64)},
    "Sub": {"two sums": two_sums("Sub")},
}
