# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Aten operators that compute, in the vocabulary of the oracle (see pt2_reader.py)."""

import numpy as np

from pt2_translations import translates


# --- quantize and dequantize --------------------------------------------------


def _number(reader, call, name, dtype):
    """Input name of a scale or zero point that may be a literal."""
    if call.is_tensor(name):
        return call.get(name)
    value = call.get(name)
    return None if value is None else reader.constant(np.asarray(value, dtype=dtype))


@translates("quantized_decomposed.quantize_per_tensor",
            "quantized_decomposed.quantize_per_channel")
def quantize(reader, call, names):
    """Scales stay doubles; the range is quant_min..quant_max."""
    plural = "s" if "per_channel" in call.node["target"] else ""
    limits = []
    for name in ("quant_min", "quant_max"):
        limit = call.get(name)
        if call.is_tensor(name):
            limit = int(reader.tensors[reader.graph.initializers[limit]])
        limits.append(limit)
    reader.emit("QuantizeLinear",
                [call.get("input"), _number(reader, call, "scale" + plural, np.float64),
                 _number(reader, call, "zero_point" + plural, np.int64)], names[0],
                axis=call.get("axis", 1), quant_range=limits, storage=call.get("dtype"),
                formula="reciprocal")


@translates("quantized_decomposed.dequantize_per_tensor",
            "quantized_decomposed.dequantize_per_channel")
def dequantize(reader, call, names):
    """(q - z) * s; the limits do not matter."""
    plural = "s" if "per_channel" in call.node["target"] else ""
    reader.emit("DequantizeLinear",
                [call.get("input"), _number(reader, call, "scale" + plural, np.float64),
                 _number(reader, call, "zero_point" + plural, np.int64)], names[0],
                axis=call.get("axis", 1))


# --- sums of products ---------------------------------------------------------


@translates("aten.conv1d", "aten.conv2d", "aten.convolution")
def convolution(reader, call, names):
    """Padding as numbers or words."""
    kernel = reader.shape(call.node["inputs"][1]["arg"]["as_tensor"]["name"])[2:]
    rank = len(kernel)
    stride, dilation = call.pair("stride", rank, [1]), call.pair("dilation", rank, [1])
    padding = call.get("padding", [0])
    if isinstance(padding, str):
        total = [(k - 1) * d if padding == "same" else 0 for k, d in zip(kernel, dilation)]
        pads = [t // 2 for t in total] + [t - t // 2 for t in total]
    else:
        pads = call.pair("padding", rank, [0]) * 2
    if call.get("transposed", False):
        conv_transpose(reader, call, names)
        return
    source, result = call.get("input"), names[0]
    single = len(reader.shape(names[0])) == rank + 1  # no batch dimension
    if single:
        source = reader.emit("Unsqueeze", [source, reader.constant(np.array([0]))])
        result = f"{names[0]}.batched"
    reader.emit("Conv", [source, call.get("weight"), call.get("bias")], result,
                strides=stride, dilations=dilation, pads=pads, group=call.get("groups", 1))
    if single:
        reader.emit("Squeeze", [result, reader.constant(np.array([0]))], names[0])


def _add_bias(reader, product, bias, output):
    if bias is None:
        return reader.emit("Identity", [product], output)
    return reader.emit("Add", [product, bias], output)


@translates("aten.linear")
def linear(reader, call, names):
    """x W' + b."""
    weight = reader.emit("Transpose", [call.get("weight")], perm=[1, 0])
    product = reader.emit("MatMul", [call.get("input"), weight])
    _add_bias(reader, product, call.get("bias"), names[0])


@translates("aten.addmm")
def addmm(reader, call, names):
    """self + mat1 mat2."""
    product = reader.emit("MatMul", [call.get("mat1"), call.get("mat2")])
    _add_bias(reader, product, call.get("self"), names[0])


@translates("aten.mm", "aten.bmm", "aten.matmul")
def matmul(reader, call, names):
    """numpy's matmul."""
    second = call.get("mat2") or call.get("other")
    reader.emit("MatMul", [call.get("self"), second], names[0])


# --- elementwise --------------------------------------------------------------


def _operand(reader, call, name):
    if call.is_tensor(name):
        return call.get(name)
    return reader.constant(np.float32(call.get(name)))


@translates("aten.add", "aten.sub", "aten.mul", "aten.rsub", "aten.div")
def binary(reader, call, names):
    """With alpha times the second operand."""
    op = call.node["target"].split(".")[3].rstrip("_")
    left, right = call.get("self"), _operand(reader, call, "other")
    if call.get("alpha", 1) != 1:
        right = reader.emit("Mul", [right, reader.constant(np.float32(call.get("alpha")))])
    if op == "rsub":
        left, right, op = right, left, "sub"
    reader.emit(op.capitalize(), [left, right], names[0])


@translates("aten.maximum", "aten.minimum")
def extremum(reader, call, names):
    """b + max(a - b, 0), or a - max(a - b, 0)."""
    left, right = call.get("self"), call.get("other")
    above = reader.emit("Relu", [reader.emit("Sub", [left, right])])
    if "maximum" in call.node["target"]:
        reader.emit("Add", [right, above], names[0])
    else:
        reader.emit("Sub", [left, above], names[0])


@translates("aten.conv_transpose1d", "aten.conv_transpose2d")
def conv_transpose(reader, call, names):
    """Weight [C, O / groups, KH, KW]."""
    rank = len(reader.shape(call.node["inputs"][1]["arg"]["as_tensor"]["name"])) - 2
    reader.emit("ConvTranspose", [call.get("input"), call.get("weight"), call.get("bias")],
                names[0], strides=call.pair("stride", rank, [1]),
                dilations=call.pair("dilation", rank, [1]),
                pads=call.pair("padding", rank, [0]) * 2,
                output_padding=call.pair("output_padding", rank, [0]),
                group=call.get("groups", 1))


@translates("aten.batch_norm", "aten._native_batch_norm_legit_no_training")
def batch_norm(reader, call, names):
    """With running statistics; weight and bias may be missing."""
    channels = reader.shape(names[0])[1]
    numbers = [call.get(name) or reader.constant(np.full(channels, otherwise, np.float32))
               for name, otherwise in (("weight", 1), ("bias", 0))]
    reader.emit("BatchNormalization",
                [call.get("input"), *numbers, call.get("running_mean"),
                 call.get("running_var")], names[0], epsilon=call.get("eps"))


def _nearest(extent, count, factor, exact):
    """Elements that float32 arithmetic finds, as PyTorch's kernels do it."""
    half = np.float32(0.5)
    step = np.float32(1 / factor) if factor else np.float32(extent) / np.float32(count)
    places = np.arange(count, dtype=np.float32)
    if exact:
        places = np.maximum(step * (places + half) - half, np.float32(0)) + half
    else:
        places = places * step
    return np.minimum(np.floor(places).astype(np.int64), extent - 1)


@translates("aten.upsample_nearest1d", "aten.upsample_nearest2d",
            "aten._upsample_nearest_exact1d", "aten._upsample_nearest_exact2d")
def upsample(reader, call, names):
    """Gathers of whole rows and columns."""
    source = call.node["inputs"][0]["arg"]["as_tensor"]["name"]
    value, extents = call.get("input") or call.get("self"), reader.shape(source)
    axes = range(2, len(extents))
    named = [call.get(name) for name in
             (("scales",) if len(axes) == 1 else ("scales_h", "scales_w"))]
    factors = call.get("scale_factors") or named
    for axis, factor in zip(axes, factors):
        indices = _nearest(extents[axis], reader.shape(names[0])[axis], factor,
                           "exact" in call.node["target"])
        value = reader.emit("Gather", [value, reader.constant(indices)],
                            names[0] if axis == axes[-1] else None, axis=axis)


def _clip(reader, source, low, high, output):
    bounds = [None if bound is None or np.isinf(float(bound)) else
              reader.constant(np.float64(bound)) for bound in (low, high)]
    reader.emit("Clip", [source] + bounds, output)


@translates("aten.relu", "aten.relu6", "aten.hardtanh", "aten.clamp", "aten.clamp_min",
            "aten.clamp_max")
def clip(reader, call, names):
    """Everything that limits."""
    op = call.node["target"].split(".")[3].rstrip("_")
    low, high = {"relu": (0, None), "relu6": (0, 6),
                 "hardtanh": (call.get("min_val", -1.0), call.get("max_val", 1.0))}.get(
                     op, (call.get("min"), call.get("max")))
    _clip(reader, call.get("self"), low, high, names[0])


@translates("aten.hardswish", "aten.sigmoid", "aten.tanh", "aten.exp", "aten.abs", "aten.sqrt",
            "aten.neg", "aten.erf", "aten.log", "aten.floor", "aten.ceil", "aten.round",
            "aten.sign", "aten.mish", "aten.reciprocal")
def unary(reader, call, names):
    """Functions without parameters."""
    op = call.node["target"].split(".")[3].rstrip("_")
    spelled = {"hardswish": "HardSwish"}.get(op, op.capitalize())
    reader.emit(spelled, [call.get("self")], names[0])


@translates("aten.gelu")
def gelu(reader, call, names):
    """Exact, or with tanh."""
    reader.emit("Gelu", [call.get("self")], names[0],
                approximate=call.get("approximate", "none"))


@translates("aten.pow", "aten.square", "aten.rsqrt")
def power(reader, call, names):
    """A constant exponent."""
    op = call.node["target"].split(".")[3].rstrip("_")
    exponent = {"square": 2.0, "rsqrt": -0.5}.get(op, call.get("exponent"))
    reader.emit("Pow", [call.get("self"), reader.constant(np.float32(exponent))], names[0])


@translates("aten.prelu")
def prelu(reader, call, names):
    """One slope, or one per channel (dimension 1)."""
    slope = reader.tensors[reader.graph.initializers[call.get("weight")]]
    if slope.size == 1:
        reader.emit("LeakyRelu", [call.get("self")], names[0], exact_alpha=float(slope.item()))
        return
    rank = len(reader.shape(call.get("self")))
    shape = [-1] + [1] * (rank - 2)
    reader.emit("PRelu", [call.get("self"), reader.constant(slope.reshape(shape))], names[0])


@translates("aten.silu")
def silu(reader, call, names):
    """x sigmoid(x)."""
    factor = reader.emit("Sigmoid", [call.get("self")])
    reader.emit("Mul", [call.get("self"), factor], names[0])


@translates("aten.softmax", "aten._softmax")
def softmax(reader, call, names):
    """Over one dimension."""
    reader.emit("Softmax", [call.get("self")], names[0], axis=call.get("dim"))


@translates("aten.hardsigmoid")
def hard_sigmoid(reader, call, names):
    """relu6(x + 3) / 6."""
    shifted = reader.emit("Add", [call.get("self"), reader.constant(np.float32(3))])
    _clip(reader, shifted, 0, 6, limited := f"{names[0]}.limited")
    reader.emit("Div", [limited, reader.constant(np.float32(6))], names[0])


@translates("aten.elu")
def elu(reader, call, names):
    """x or alpha (e^x - 1)."""
    reader.emit("Elu", [call.get("self")], names[0], alpha=call.get("alpha", 1.0))


@translates("aten.leaky_relu")
def leaky_relu(reader, call, names):
    """x or slope x; the slope is the stored double."""
    reader.emit("LeakyRelu", [call.get("self")], names[0],
                exact_alpha=call.get("negative_slope", 0.01))


# --- pools and means ----------------------------------------------------------


@translates("aten.max_pool1d", "aten.max_pool2d", "aten.max_pool2d_with_indices",
            "aten.avg_pool1d", "aten.avg_pool2d")
def pool(reader, call, names):
    """An empty stride is the kernel."""
    target = call.node["target"]
    rank = 1 if "1d" in target else 2
    kernel = call.pair("kernel_size", rank)
    stride = call.get("stride", [])
    reader.emit("MaxPool" if "max" in target else "AveragePool", [call.get("self")], names[0],
                kernel_shape=kernel, strides=call.pair("stride", rank) if stride else kernel,
                pads=call.pair("padding", rank, [0]) * 2,
                dilations=call.pair("dilation", rank, [1]),
                ceil_mode=int(call.get("ceil_mode", False)),
                count_include_pad=int(call.get("count_include_pad", True)))


def uneven_pool(reader, call, output, extents, parts):
    """Entry i of p covers rows floor(i e / p) to ceil((i + 1) e / p)."""
    op = "GlobalMaxPool" if "max" in call.node["target"] else "GlobalAveragePool"

    def cut(value, axis, index):
        size, count = extents[axis], parts[axis]
        bounds = (index * size // count, -(-(index + 1) * size // count), axis + 2, 1)
        return reader.emit("Slice", [value] + [reader.constant(np.array([bound]))
                                               for bound in bounds])

    def assemble(value, axis, name=None):
        if axis == len(parts):
            return reader.emit(op, [value])
        pieces = [assemble(cut(value, axis, index), axis + 1) for index in range(parts[axis])]
        return reader.emit("Concat", pieces, name, axis=axis + 2)
    assemble(call.get("self"), 0, output)


@translates("aten.adaptive_avg_pool1d", "aten.adaptive_avg_pool2d",
            "aten._adaptive_avg_pool2d", "aten.adaptive_max_pool2d")
def adaptive_pool(reader, call, names):
    """Output extents that divide the input's, or each window on its own."""
    target = call.node["target"]
    source = call.node["inputs"][0]["arg"]["as_tensor"]["name"]
    rank = 1 if "1d" in target else 2
    extents, parts = reader.shape(source)[-rank:], call.pair("output_size", rank)
    if any(e % p for e, p in zip(extents, parts)):
        uneven_pool(reader, call, names[0], extents, parts)
        return
    kernel = [e // p for e, p in zip(extents, parts)]
    reader.emit("MaxPool" if "max" in target else "AveragePool", [call.get("self")], names[0],
                kernel_shape=kernel, strides=kernel)


@translates("aten.mean", "aten.sum", "aten.amax")
def reduction(reader, call, names):
    """Over the listed axes, or all."""
    op = {"mean": "ReduceMean", "sum": "ReduceSum",
          "amax": "ReduceMax"}[call.node["target"].split(".")[3]]
    axes = call.get("dim", [])
    reader.emit(op, [call.get("self")], names[0],
                axes=[axes] if isinstance(axes, int) else axes or None,
                keepdims=int(call.get("keepdim", False)))
