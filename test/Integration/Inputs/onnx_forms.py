# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Forms of operators that exporters leave: onnx_forms.py --qbias PATH/qbias [FORM ...].

The support table of README.md has a network or two for each operator; here are older operator
sets, absent and named inputs, operands the other way round, functions taken apart, and
combinations without a quantize between.  Every network of FORMS is equal to the exact oracle,
element by element, every one of REFUSED ends with an error that holds the words given, and
those of TWINS equal the oracle on another network that means the same.  The last line is `onnx forms: N networks, F failed`.
"""

import argparse
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np

import harness  # first: it finds the oracle
from support_cases import convolved, normalized
from support_net import Net
from support_table import check_exact, check_refused, check_twin, run_check

assert harness
INT64_MAX = 2**63 - 1
IMAGE = [1, 3, 6, 6]
FRAME = (0, 0, 1, 1, 0, 0, 1, 2)
FORMS, REFUSED, TWINS = {}, {}, {}


def form(opset=21, dtype="uint8", refused=None, scale=1.7):
    """A network whose output is what the decorated function of Net returns, or a list."""
    def register(build):
        def network():
            net = Net(dtype, opset=opset)
            reals = build(net)
            for real in reals if isinstance(reals, list) else [reals]:
                net.output(real, net.scale * scale)
            return net
        if refused:
            REFUSED[build.__name__] = (network, refused)
        else:
            FORMS[build.__name__] = network
        return build
    return register


def moved(opset=13, dtype="uint8"):
    """The same with the scale of the operator's input, for movements of data."""
    return form(opset, dtype, scale=1.25)


def conv_of(net, real, kernel=(5, 3, 3, 3), **attributes):
    """A Conv of a tensor."""
    weights = net.weights(list(kernel), per_channel=net.graph.opset >= 13)
    return net.node("Conv", [real, weights], **attributes)


def ints32(net, *values):
    """An int32 list."""
    return net.graph.const(np.array(values, np.int32))


# --- Pad as a node of its own -----------------------------------------------------


@form()
def pad_before_conv(net):
    """Zeros."""
    return conv_of(net, net.node("Pad", [net.input(IMAGE), net.integers(*FRAME)]))


@form()
def pad_with_value_before_conv(net):
    """A number on the grid of the tensor."""
    value = net.number(np.float32(7) * np.float32(net.input_scale))
    return conv_of(net, net.node("Pad", [net.input(IMAGE), net.integers(*FRAME), value]))


@form(refused="quantize this tensor, 'Pad_0'")
def pad_off_the_grid_before_conv(net):
    """A number the integers do not have."""
    value = net.number(7.3 * net.input_scale)
    return conv_of(net, net.node("Pad", [net.input(IMAGE), net.integers(*FRAME), value]))


@form(opset=10)
def pad_attributes(net):
    """Operator set 2 to 10."""
    return conv_of(net, net.node("Pad", [net.input(IMAGE)], pads=list(FRAME), value=0.0))


@form(opset=10)
def pad_attribute_value(net):
    """A value off the grid, quantized anew."""
    return net.node("Pad", [net.input(IMAGE)], pads=list(FRAME), value=0.25)


@form(opset=18)
def pad_of_axes(net):
    """Some axes, counted from the end too."""
    return net.node("Pad", [net.input(IMAGE), net.integers(1, 2, 0, 1), None,
                            ints32(net, -1, 2)])


@form()
def pad_before_max_pool(net):
    """Zeros that take part in the maximum."""
    padded = net.node("Pad", [net.input(IMAGE), net.integers(*FRAME)])
    return net.node("MaxPool", [padded], kernel_shape=[2, 2])


@form()
def pad_before_average_pool(net):
    """Zeros that count."""
    padded = net.node("Pad", [net.input(IMAGE), net.integers(*FRAME)])
    return net.node("AveragePool", [padded], kernel_shape=[3, 3])


@form()
def pad_of_channels_before_conv(net):
    """One more channel of zeros."""
    padded = net.node("Pad", [net.input(IMAGE), net.integers(0, 1, 0, 0, 0, 0, 0, 0)])
    return conv_of(net, padded, (5, 4, 3, 3))


@form()
def pad_behind_conv(net):
    """Around an accumulator."""
    return net.node("Pad", [convolved(net), net.integers(*FRAME)])


@form()
def pad_by_nothing(net):
    """Widths 0."""
    return conv_of(net, net.node("Pad", [net.input(IMAGE), net.integers(*[0] * 8)]))


# --- Clip ----------------------------------------------------------------------------


@form()
def clip_one_bound(net):
    """min only, max only, as inputs."""
    return [net.node("Clip", [convolved(net), net.number(-0.4)]),
            net.node("Clip", [convolved(net), None, net.number(0.9)])]


@form(opset=10)
def clip_attributes(net):
    """min only, max only, both, as attributes."""
    def conv():
        return conv_of(net, net.input(IMAGE))
    return [net.node("Clip", [conv()], min=0.0), net.node("Clip", [conv()], max=0.8),
            net.node("Clip", [conv()], min=-0.25, max=6.0), net.node("Clip", [conv()])]


@form()
def clip_bounds_from_nodes(net):
    """Constant nodes, through an Identity; of shape [1]."""
    low = net.node("Constant", [], value_float=0.0)
    high = net.node("Identity", [net.node("Constant", [], value=np.array(6.0, np.float32))])
    return [net.node("Clip", [convolved(net), low, high]),
            net.node("Clip", [convolved(net), net.graph.const(np.float32([-0.5])),
                              net.graph.const(np.float32([0.5]))])]


@form()
def clip_without_end(net):
    """The largest float32, and infinity."""
    return [net.node("Clip", [convolved(net), net.number(0), net.number(np.finfo("f").max)]),
            net.node("Clip", [convolved(net), net.number(0), net.number(np.inf)])]


@form(refused="min not above max")
def clip_of_nothing(net):
    """Bounds in the wrong order."""
    return net.node("Clip", [convolved(net), net.number(1), net.number(0.5)])


# --- functions taken apart -----------------------------------------------------------


@form()
def hard_swish_apart(net):
    """x HardSigmoid(x), and x Clip(x + 3, 0, 6) / 6."""
    x, y = net.input([1, 256]), net.input([1, 256], 0.05)
    clipped = net.node("Clip", [net.node("Add", [y, net.number(3)]), net.number(0),
                                net.number(6)])
    return [net.node("Mul", [x, net.node("HardSigmoid", [x], alpha=1 / 6, beta=0.5)]),
            net.node("Div", [net.node("Mul", [y, clipped]), net.number(6)])]


@form()
def silu_and_mish_apart(net):
    """x sigmoid(x), x tanh(softplus(x))."""
    x = net.input([1, 256], 0.03)
    return [net.node("Mul", [net.node("Sigmoid", [x]), x]),
            net.node("Mul", [x, net.node("Tanh", [net.node("Softplus", [x])])])]


@form()
def silu_with_quantize_inside(net):
    """The factor quantized, as quantize_static leaves it."""
    x = net.input([1, 64])
    return net.node("Mul", [net.requantize(net.node("Sigmoid", [x]), 1 / 256), x])


@form(refused="quantize this tensor, 'Conv_0'")
def silu_behind_conv(net):
    """No function of one quantized tensor, and not monotone."""
    x = convolved(net)
    return net.node("Mul", [net.node("Sigmoid", [x]), x])


@form()
def gelu_apart(net):
    """By Erf, and by Tanh and Pow."""
    x, half, one = net.input([1, 256], 0.03), net.number(0.5), net.number(1)
    erf = net.node("Erf", [net.node("Div", [x, net.number(np.sqrt(2))])])
    by_erf = net.node("Mul", [net.node("Mul", [x, net.node("Add", [erf, one])]), half])
    cube = net.node("Mul", [net.node("Pow", [x, net.number(3)]), net.number(0.044715)])
    inner = net.node("Mul", [net.node("Add", [x, cube]), net.number(0.7978845608)])
    tanh = net.node("Add", [net.node("Tanh", [inner]), one])
    return [by_erf, net.node("Mul", [net.node("Mul", [x, tanh]), half])]


# --- Gemm, MatMul ---------------------------------------------------------------------


@form()
def gemm_transposed_left(net):
    """transA, with and without transB."""
    return [net.node("Gemm", [net.input([2, 32]), net.weights([10, 2]), net.floats(10)],
                     transA=1, transB=1),
            net.node("Gemm", [net.input([2, 32]), net.weights([2, 10], axis=1)], transA=1)]


@form()
def gemm_factors(net):
    """alpha and beta of either sign, and 0."""
    def gemm(**attributes):
        return net.node("Gemm", [net.input([2, 32]), net.weights([32, 10], axis=1),
                                 net.floats(10)], **attributes)
    return [gemm(alpha=0.3, beta=1.7), gemm(beta=-0.7), gemm(beta=0.0), gemm(alpha=-0.5),
            gemm(alpha=-0.3, beta=1.3), gemm(alpha=0.0)]


@form()
def gemm_addends(net):
    """A number, one row, one element, an activation."""
    def gemm(addend):
        return net.node("Gemm", [net.input([2, 32]), net.weights([32, 10], axis=1), addend])
    return [gemm(net.floats()), gemm(net.floats(1)), gemm(net.floats(1, 10)),
            gemm(net.floats(1, 1)), gemm(net.input([2, 10]))]


@form()
def gemm_of_activations(net):
    """No constant."""
    return net.node("Gemm", [net.input([2, 32]), net.input([2, 32])], transB=1)


@form()
def constant_on_the_left(net):
    """Of MatMul and Gemm."""
    return [net.node("MatMul", [net.weights([10, 2]), net.input([2, 7])]),
            net.node("Gemm", [net.weights([10, 2]), net.input([2, 7])])]


@form()
def matmul_by_a_vector(net):
    """A column that the result does not have."""
    return net.node("MatMul", [net.input([2, 32]), net.weights([32], per_channel=False)])


@form()
def matmul_biases(net):
    """First operand, int32, one number, of rank 3."""
    def product():
        return net.node("MatMul", [net.input([1, 5, 32]), net.weights([32, 10], axis=1)])
    stored = net.node("DequantizeLinear", [
        net.graph.const(net.rng.integers(-900, 900, 10).astype(np.int32)), net.number(0.0007)])
    return [net.node("Add", [net.floats(10), product()]), net.node("Add", [stored, product()]),
            net.node("Add", [net.number(0.3), product()]),
            net.node("Add", [product(), net.floats(1, 1, 10)])]


@form()
def matmul_weights(net):
    """A Transpose of constants; a batch of matrices with one scale."""
    turned = net.node("Transpose", [net.weights([10, 32])], perm=[1, 0])
    return [net.node("MatMul", [net.input([1, 6, 32]), turned]),
            net.node("MatMul", [net.input([1, 3, 5, 16]),
                                net.weights([3, 16, 7], per_channel=False)])]


# --- constants per channel ---------------------------------------------------------------


@form()
def constants_behind_conv(net):
    """Added, subtracted, subtracted from, times, divided by; with a bias before or not."""
    def constant():
        return net.floats(6, 1, 1)
    return [net.node("Add", [convolved(net, bias=None), net.floats(1, 6, 1, 1)]),
            net.node("Add", [constant(), convolved(net)]),
            net.node("Sub", [convolved(net), constant()]),
            net.node("Sub", [constant(), convolved(net)]),
            net.node("Sub", [constant(), convolved(net, bias=None)]),
            net.node("Div", [convolved(net), net.divisors(6)]),
            net.node("Add", [net.node("Mul", [convolved(net), constant()]), constant()]),
            net.node("Relu", [net.node("Sub", [net.number(0.4), convolved(net)])])]


@form()
def constants_of_a_quantized_tensor(net):
    """Products, quotients, sums, differences, one after the other."""
    def x():
        return net.input([1, 6, 4, 3])

    def constant():
        return net.floats(6, 1, 1)
    return [net.node("Div", [x(), net.divisors(6)]),
            net.node("Add", [net.node("Mul", [x(), constant()]), constant()]),
            net.node("Div", [net.node("Sub", [x(), constant()]), net.divisors(6)]),
            net.node("Relu", [net.node("Mul", [net.node("Add", [x(), constant()]),
                                               constant()])])]


@form()
def quotients_on_ties(net):
    """q / 6, q / 10 and so on, which a rounded reciprocal puts beside the half."""
    net.scale, net.stem = 2.0**-6, False
    return net.node("Div", [net.input([1, 6, 16, 16], scale=2.0**-7), net.divisors(6)])


@form()
def numbers_behind_conv(net):
    """One number for all channels, and a scaled branch of a sum."""
    skip = net.input([1, 6, 6, 6])
    scaled = net.node("Mul", [convolved(net, pads=[1] * 4), net.number(0.3)])
    turned = net.node("Mul", [net.number(-0.2), convolved(net, pads=[1] * 4)])
    return [net.node("Div", [convolved(net), net.number(3)]),
            net.node("Sub", [net.number(0.3), convolved(net)]),
            net.node("Sub", [net.number(0.3), net.node("MatMul", [
                net.input([1, 5, 8]), net.weights([8, 4], axis=1)])]),
            net.node("Relu", [net.node("Add", [scaled, skip])]),
            net.node("Sub", [skip, turned])]


@form()
def skips_of_other_ranks(net):
    """A sum with a quantized tensor behind a one-dimensional convolution."""
    conv = net.node("Conv", [net.input([1, 4, 9]), net.weights([6, 4, 3]), net.floats(6)],
                    pads=[1, 1])
    product = net.node("MatMul", [net.input([1, 5, 8]), net.weights([8, 4], axis=1)])
    return [net.node("Add", [net.input([1, 6, 9]), conv]),
            net.node("Add", [product, net.input([1, 5, 4])])]


@form()
def prelu_per_channel(net):
    """Slopes of either sign along any dimension."""
    return [net.node("PRelu", [net.input([1, 3, 8, 5]), net.floats(3, 1, 1)]),
            net.node("PRelu", [net.input([1, 3, 8, 5]), net.floats(1, 3, 1, 1)]),
            net.node("PRelu", [net.input([1, 3, 8]), net.floats(3, 1)]),
            net.node("PRelu", [net.input([1, 3, 8]), net.floats(8)]),
            net.node("PRelu", [net.input([1, 9]), net.floats(9)]),
            net.node("PRelu", [net.requantize(convolved(net), 3 * net.scale),
                               net.floats(6, 1, 1)])]


@form(dtype="int8", scale=1.25)
def prelu_of_powers_of_two(net):
    """Ties: the scale stays, slopes 1/2, 1/4 and 0."""
    slopes = net.graph.const(np.float32([0.5, 0.25, 0]).reshape(3, 1, 1))
    return net.node("PRelu", [net.input([1, 3, 16, 16]), slopes])


def prelu_of_set(opset):
    """Before set 7 a list of slopes belongs to axis 1."""
    net = Net("uint8", opset=10)
    net.graph.opset = opset
    slopes = np.float32([0.1, 0.25, -0.3]).reshape([3] if opset < 7 else [3, 1, 1])
    real = net.node("PRelu", [net.input([1, 3, 4, 3]), net.graph.const(slopes)])
    return net.output(real, net.scale * 1.63)


TWINS["prelu_of_set_six"] = (lambda: prelu_of_set(6), lambda: prelu_of_set(10))


@form(dtype="int4")
def prelu_of_four_bits(net):
    """Few integers."""
    return net.node("PRelu", [net.input([1, 3, 8, 5]), net.floats(3, 1, 1)])


@form(refused="quantize it, or use one slope")
def prelu_behind_conv(net):
    """A function of its own for each channel."""
    return net.node("PRelu", [convolved(net), net.floats(6, 1, 1)])


# --- BatchNormalization --------------------------------------------------------------------


@form()
def normalizations(net):
    """Behind ConvTranspose and another one; of a quantized tensor, with Relu."""
    turned = net.node("ConvTranspose", [net.input([1, 4, 5, 5]), net.weights([4, 6, 3, 3], axis=1)],
                      strides=[2, 2])
    return [normalized(net, turned, 6), normalized(net, normalized(net, convolved(net), 6), 6),
            net.node("Relu", [normalized(net, net.input([1, 4, 5, 5]), 4)])]


@form(opset=10)
def normalization_of_set_ten(net):
    """One scale for all weights."""
    return normalized(net, conv_of(net, net.input(IMAGE), (6, 3, 3, 3)), 6)


@form(refused="quantize this tensor, 'BatchNormalization_0'")
def normalization_before_conv(net):
    """Two sums of products."""
    return conv_of(net, normalized(net, net.input(IMAGE), 3))


# --- Split, Slice, Gather --------------------------------------------------------------------


@moved(18)
def split_into_a_number(net):
    """num_outputs, a smaller last part."""
    return net.node("Split", [net.input([1, 7, 4])], 3, axis=1, num_outputs=3)


@moved(11)
def split_by_attribute(net):
    """Operator set 2 to 12."""
    return net.node("Split", [net.input([1, 7, 4])], 2, axis=1, split=[3, 4])


@moved()
def split_equally(net):
    """From the end; one part that nobody reads."""
    halves = net.node("Split", [net.input([1, 8, 4])], 2, axis=-2)
    net.node("Split", [net.input([1, 8, 4]), net.integers(2, 2, 4)], ["a", "", "c"], axis=1)
    return halves + ["c"]


@moved(9)
def slice_by_attributes(net):
    """Ends far away."""
    return net.node("Slice", [net.input([1, 8, 4])], starts=[1, -3], ends=[7, 9999], axes=[1, 2])


@moved()
def slices(net):
    """All axes; backwards; bounds at the ends of their types."""
    x = net.input([1, 8, 4])
    return [net.node("Slice", [x, net.integers(0, 2), net.integers(INT64_MAX, -1)]),
            net.node("Slice", [x, ints32(net, -1), ints32(net, -2**31), ints32(net, 1),
                               ints32(net, -3)]),
            net.node("Slice", [x, net.integers(3), net.integers(-2**63), net.integers(-1),
                               net.integers(-1)])]


@moved()
def gathers(net):
    """One index, a list, a matrix of indices."""
    x = net.input([1, 8, 4])
    return [net.node("Gather", [x, net.graph.const(np.array(-2))], axis=1),
            net.node("Gather", [x, net.graph.const(np.array([[0, 1, 2], [7, -8, 3]]))], axis=1)]


# --- shapes ------------------------------------------------------------------------------------


@moved(11)
def shapes_by_attributes(net):
    """Squeeze, Unsqueeze, ReduceMean of operator set 11."""
    x = net.input([1, 3, 1, 5])
    return [net.node("Squeeze", [x], axes=[2]), net.node("Unsqueeze", [x], axes=[0, -1]),
            net.node("ReduceMean", [net.input([1, 3, 4, 5])], axes=[-1, -2], keepdims=0)]


@moved(18)
def means(net):
    """Over nothing, over all."""
    x = net.input([1, 3, 4])
    return [net.node("ReduceMean", [x], noop_with_empty_axes=1),
            net.node("ReduceMean", [x, net.integers(-1, 1)], keepdims=0)]


@moved()
def identities(net):
    """Identity, Dropout with a mask nobody reads, Cast to the same type."""
    x = net.node("Identity", [net.node("Identity", [net.input([1, 3, 4])])])
    dropped = net.node("Dropout", [x, net.number(0.5), net.graph.const(np.array(False))], 2)[0]
    return [net.node("Cast", [dropped], to=1), net.node("Transpose", [x]),
            net.node("Flatten", [x], axis=-1)]


@form()
def constants_from_nodes(net):
    """Weights behind Identity; value_floats, value_ints."""
    bias = net.node("Constant", [], value_floats=[0.5, -0.25, 0.125, 0.0, 1.0, 2.0])
    weights = net.node("Identity", [net.weights([6, 4, 3, 3])])
    conv = net.node("Conv", [net.input([1, 4, 6, 6]), weights, bias])
    return net.node("Reshape", [conv, net.node("Constant", [], value_ints=[1, -1])])


@form()
def shape_of_a_part(net):
    """Shape with start and end."""
    x = net.input([1, 3, 4, 4])
    shape = net.node("Concat", [net.node("Shape", [x], start=0, end=2), net.integers(-1)], axis=0)
    return net.node("Reshape", [x, shape])


# --- Concat --------------------------------------------------------------------------------------


@form()
def concats(net):
    """From the end; of one; twice the same; constants; accumulators."""
    x = net.input([1, 3, 4])
    sides = [convolved(net), net.input([1, 3, 4, 4])]
    return [net.node("Concat", [x, net.input([1, 3, 2], net.scale * 0.6)], axis=-1),
            net.node("Concat", [x], axis=1), net.node("Concat", [x, x], axis=1),
            net.node("Concat", [x, net.weights([1, 2, 4], per_channel=False)], axis=1),
            net.node("Concat", [x, net.floats(1, 2, 4)], axis=1),
            net.node("Concat", sides, axis=1),
            net.node("Relu", [net.node("Concat", [convolved(net), convolved(net)], axis=1)])]


# --- Resize ---------------------------------------------------------------------------------------


def resized(net, **attributes):
    """By factors and to sizes, with every rounding rule."""
    results, x = [], net.input([1, 3, 5, 4])
    empty = net.graph.const(np.zeros(0, np.float32)) if net.graph.opset < 13 else None
    for nearest in ("round_prefer_floor", "round_prefer_ceil", "floor", "ceil"):
        for sizes in ([None, net.integers(1, 3, 7, 2)], [net.graph.const(
                np.float32([1, 1, 1.7, 0.55]))]):
            sizes = [empty if size is None else size for size in sizes]
            results.append(net.node("Resize", [x, empty, *sizes], mode="nearest",
                                    nearest_mode=nearest, **attributes))
    return results


for _coordinates in ("half_pixel", "half_pixel_symmetric", "pytorch_half_pixel", "align_corners",
                     "asymmetric", "tf_half_pixel_for_nn"):
    def _resize(net, mode=_coordinates):
        """One rule of coordinates."""
        return resized(net, coordinate_transformation_mode=mode)
    _resize.__name__ = f"resize_{_coordinates}"
    moved(11 if _coordinates.startswith("tf") else 19)(_resize)


@moved(10)
def resize_of_set_ten(net):
    """x and scales."""
    return net.node("Resize", [net.input([1, 3, 5, 4]),
                               net.graph.const(np.float32([1, 1, 2, 1.5]))], mode="nearest")


@moved(19)
def resize_that_keeps_the_ratio(net):
    """Not larger and not smaller than asked for."""
    x = net.input([1, 3, 5, 4])
    return [net.node("Resize", [x, None, None, net.integers(9, 9)], mode="nearest", axes=[2, 3],
                     keep_aspect_ratio_policy=policy) for policy in ("not_larger", "not_smaller")]


# --- QuantizeLinear, DequantizeLinear ------------------------------------------------------------


def requantized(net, *parameters, **attributes):
    """Quantize and dequantize with given inputs."""
    quantized = net.node("QuantizeLinear", [net.node("Relu", [net.input([1, 4, 6, 6])]),
                                            *parameters], **attributes)
    return net.node("DequantizeLinear", [quantized, *parameters])


@form()
def quantize_inputs(net):
    """Scales of shape [1], no zero point, the type as attribute."""
    return [requantized(net, net.graph.const(np.float32([0.02])), net.graph.const(np.uint8([128]))),
            requantized(net, net.number(0.02)), requantized(net, net.number(0.02), output_dtype=3)]


@form(opset=19)
def quantize_with_half_scales(net):
    """float16 scales."""
    return requantized(net, net.graph.const(np.float16(0.02)), net.graph.const(np.uint8(3)))


def in_float16(opset):
    """float16 inputs, outputs, scales, weights and bias."""
    net = Net("uint8", opset=opset)
    x, half = net.input([1, 4, 6, 6]), np.float16
    net.graph.inputs.clear()
    net.graph.input("x0", "float16", [1, 4, 6, 6])
    stored = net.graph.const(net.rng.normal(size=(6, 4, 3, 3)).astype(half))
    parameters = [net.graph.const(half(0.03)), net.graph.const(np.int8(0))]
    weights = net.node("DequantizeLinear", [net.node("QuantizeLinear", [stored, *parameters]),
                                            *parameters])
    conv = net.node("Conv", [x, weights, net.graph.const(net.rng.normal(size=6).astype(half))])
    net.graph.output(net.requantize(conv, 0.05), "float16", [])
    return net


FORMS["float16_ends"] = lambda: in_float16(19)


@form()
def weights_with_axis_from_the_end(net):
    """No zero point."""
    q = net.graph.const(net.rng.integers(-99, 99, (6, 4, 3, 3)).astype(np.int8))
    scales = net.graph.const(net.rng.uniform(0.001, 0.01, 6).astype(np.float32))
    return net.node("Conv", [net.input([1, 4, 6, 6]),
                             net.node("DequantizeLinear", [q, scales], axis=-4)])


# --- others ----------------------------------------------------------------------------------------


@form()
def pools(net):
    """ceil_mode with counted padding, dilations, auto_pad; indices nobody reads."""
    x = net.input([1, 3, 7, 7])
    return [net.node("AveragePool", [x], kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4,
                     ceil_mode=1, count_include_pad=1),
            net.node("AveragePool", [x], kernel_shape=[3, 3], dilations=[2, 2]),
            net.node("AveragePool", [x], kernel_shape=[2, 2], auto_pad="SAME_LOWER"),
            net.node("MaxPool", [x], ["y", ""], kernel_shape=[2, 2])[0]]


@form()
def convolution_pads(net):
    """VALID, SAME_LOWER, NOTSET; an empty name for the bias."""
    x = net.input([1, 4, 6, 6])
    return [conv_of(net, x, (8, 4, 3, 3), auto_pad="VALID"),
            conv_of(net, x, (8, 4, 2, 2), auto_pad="SAME_LOWER", strides=[2, 2]),
            conv_of(net, x, (8, 4, 2, 2), auto_pad="NOTSET", pads=[0, 1, 0, 1]),
            net.node("Conv", [x, net.weights([8, 1, 2, 2]), None], group=4)]


@form()
def squeeze_and_excite(net):
    """A factor per channel that is computed."""
    x = net.input([1, 6, 5, 5])
    pooled = net.requantize(net.node("GlobalAveragePool", [x]))
    conv = net.node("Conv", [pooled, net.weights([6, 6, 1, 1])])
    return net.node("Mul", [x, net.requantize(net.node("Sigmoid", [conv]), 1 / 256)])


@form(refused="quantize this tensor, 'Flatten_0'")
def two_reductions(net):
    """A mean and a product without a quantize between."""
    pooled = net.node("Flatten", [net.node("GlobalAveragePool", [net.input([1, 6, 5, 5])])])
    return net.node("Gemm", [pooled, net.weights([7, 6])], transB=1)


@form(refused="quantize this tensor, 'Sum_0'")
def sum_of_three(net):
    """Two sums without a quantize between."""
    return net.node("Sum", [net.input([1, 8]), net.input([1, 8]), net.input([1, 8])])


def check_form(qbias, name, folder):
    """A form against its expectation; raises Wrong."""
    if name in TWINS:
        check_twin(qbias, TWINS[name][0](), TWINS[name][1](), folder)
    elif name in REFUSED:
        build, words = REFUSED[name]
        check_refused(qbias, build(), folder, words)
    else:
        check_exact(qbias, FORMS[name](), folder)


def run_form(qbias, name):
    """'' or what is wrong."""
    return run_check(qbias, name, lambda qbias, folder: check_form(qbias, name, folder))


def main():
    """Command line; see the top of the file."""
    parser = argparse.ArgumentParser(description="forms of ONNX operators")
    parser.add_argument("--qbias", required=True)
    parser.add_argument("forms", nargs="*")
    options = parser.parse_args()
    names = options.forms or [*FORMS, *REFUSED, *TWINS]
    with ThreadPoolExecutor(2) as pool:
        failures = list(filter(None, pool.map(lambda name: run_form(options.qbias, name), names)))
    for line in failures:
        print(line)
    print(f"onnx forms: {len(names)} networks, {len(failures)} failed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
