# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Networks around one operator, for pytorch_cases.py."""

import numpy as np

from pt2_writer import DType, Program

RANGES = {"int8": (-128, 127), "uint8": (0, 255), "int16": (-32768, 32767)}


class Net(Program):
    """A network around one operator; every activation is of type `dtype`.

    The input is quantized twice, so that the operator stands behind an integer layer.
    """

    def __init__(self, dtype):
        super().__init__()
        self.dtype, self.arrays = dtype, {}
        low, high = RANGES[dtype]
        self.zero = 0 if dtype == "int16" else low + (high - low + 1) // 2 - 5
        self.scale = 2.3 / (high - low + 1)
        self.rng = np.random.default_rng(11)

    def source(self, shape, name="x", batch=None):
        """A float input behind two quantizes."""
        low, high = RANGES[self.dtype]
        self.arrays[name] = self.rng.integers(low, high + 1, [3, *shape]).astype(self.dtype)
        self.arrays[name].reshape(-1)[:2] = low, high
        dims = [batch or shape[0], *shape[1:]]
        real = self.input(name, dims)
        return self.again(self.again(real, self.scale), self.scale * 1.25)

    def again(self, real, scale):
        """Quantize and dequantize."""
        return self.requantize(real, scale, self.zero, self.dtype)

    def end(self, real, scale=None):
        """Quantize, dequantize, output."""
        self.finish(real, scale or self.scale * 1.7, self.zero, self.dtype)
        return self

    def ints(self, *shape):
        """Weights."""
        return self.rng.integers(-127, 128, shape)

    def floats(self, *shape):
        """Biases."""
        return self.rng.normal(size=shape).astype(np.float32)

    def scales(self, count):
        """Positive float32 numbers."""
        return (self.rng.uniform(0.5, 2, count) / 256).astype(np.float32)

    def convolved(self, x, channels=4):
        """Behind a convolution, without a quantize."""
        inputs = self.dims(x)
        weight = self.weight("stem", self.ints(channels, inputs[1], 1, 1),
                             self.scales(channels))
        return self.call("aten.conv2d.default", extents=[inputs[0], channels, *inputs[2:]],
                         input=x, weight=weight, bias=self.parameter("stem.bias",
                                                                     self.floats(channels)))


def unary(op, behind_sum=True, **arguments):
    """An elementwise function of a quantized tensor, in place, and behind a convolution."""
    def alone(dtype):
        net = Net(dtype)
        return net.end(net.call(f"{op}.default", self=net.source([1, 256]), **arguments),
                       net.scale * 0.9)

    def behind(dtype):
        net = Net(dtype)
        real = net.convolved(net.source([1, 3, 4, 5]))
        return net.end(net.call(f"{op}.default", self=real, **arguments), net.scale * 2)
    return [alone, behind] if behind_sum else [alone]


def moved(target, extents, result, rescale=1.25, **arguments):
    """A movement of a quantized tensor; the scale stays unless given."""
    def build(dtype):
        net = Net(dtype)
        return net.end(net.call(target, extents=result, self=net.source(extents), **arguments),
                       net.scale * rescale)
    return build


def binary(target, shapes=((1, 3, 4, 5), (1, 3, 4, 5)), same=False, **arguments):
    """Of two quantized tensors, of the `same` scale or not."""
    def build(dtype):
        net = Net(dtype)
        x = net.source(list(shapes[0]))
        y = net.again(net.source(list(shapes[1]), "y"), net.scale * (1.25 if same else 0.7))
        return net.end(net.call(target, extents=list(np.broadcast_shapes(*shapes)), self=x,
                                other=y, **arguments))
    return build


def scalar(target, number, **arguments):
    """Of a quantized tensor and a number."""
    def build(dtype):
        net = Net(dtype)
        return net.end(net.call(target, self=net.source([1, 256]), other=number, **arguments))
    return build


def skip(target):
    """A convolution plus a quantized tensor, in place, and a ReLU."""
    def build(dtype):
        net = Net(dtype)
        x = net.source([1, 4, 4, 5])
        total = net.call(target, self=net.convolved(x), other=x)
        return net.end(net.call("aten.relu_.default", self=total))
    return build


def convolution(target="aten.conv2d.default", shape=(1, 4, 6, 7), weight=(6, 4, 3, 3),
                result=(1, 6, 6, 7), per_channel=True, bias=True, end=True, single=False,
                turned=False, **arguments):
    """With the arguments the file would hold."""
    def build(dtype):
        net = Net(dtype)
        x = net.source(list(shape))
        if single:
            x = net.call("aten.squeeze.dim", extents=list(shape[1:]), self=x, dim=0)
        channels = weight[1] if turned else weight[0]
        scales = net.scales(channels) if per_channel else 0.004
        given = {"bias": net.parameter("conv.bias", net.floats(result[1]))} if bias else {}
        y = net.call(target, extents=list(result[1:] if single else result), input=x,
                     weight=net.weight("w", net.ints(*weight), scales, int(turned)), **given,
                     **arguments)
        if single:
            y = net.call("aten.unsqueeze.default", extents=list(result), self=y, dim=0)
        if end:
            return net.end(y, net.scale * 3)
        net.output(y)
        return net
    return build


def linear(shape, features=5, bias=True, per_channel=True):
    """A linear layer over the last dimension."""
    def build(dtype):
        net = Net(dtype)
        weight = net.weight("fc", net.ints(features, shape[-1]),
                            net.scales(features) if per_channel else 0.005)
        given = {"bias": net.parameter("fc.bias", net.floats(features))} if bias else {}
        y = net.call("aten.linear.default", extents=[*shape[:-1], features],
                     input=net.source(list(shape)), weight=weight, **given)
        return net.end(y, net.scale * 3)
    return build


def product(target, left, right, result, constant=False, second="mat2"):
    """A matrix product of two activations, or with a constant."""
    def build(dtype):
        net = Net(dtype)
        x = net.source(list(left))
        y = net.weight("m", net.ints(*right), 0.004) if constant else \
            net.source(list(right), "y")
        return net.end(net.call(target, extents=list(result), self=x, **{second: y}),
                       net.scale * 3)
    return build


def addmm(bias_shape):
    """A bias row, or a row per sample, plus a product."""
    def build(dtype):
        net = Net(dtype)
        weight = net.weight("m", net.ints(5, 7), net.scales(5))
        turned = net.call("aten.t.default", extents=[7, 5], self=weight)
        y = net.call("aten.addmm.default", extents=[2, 5],
                     self=net.parameter("b", net.floats(*bias_shape)),
                     mat1=net.source([2, 7]), mat2=turned)
        return net.end(y, net.scale * 3)
    return build


def joined(scales, dim=1):
    """Concatenation of tensors with the given scales."""
    def build(dtype):
        net = Net(dtype)
        x = net.source([1, 3, 4, 5])
        parts = [net.again(x, net.scale * factor) for factor in scales]
        shape = [1, 3, 4, 5]
        shape[dim] *= len(parts)
        return net.end(net.call("aten.cat.default", extents=shape, tensors=parts, dim=dim),
                       net.scale * scales[0])
    return build


def parted(target, sizes, **arguments):
    """Parts of a tensor, each an output."""
    def build(dtype):
        net = Net(dtype)
        shape = [1, 7, 4]
        parts = net.several(target, [[1, size, 4] for size in sizes],
                            self=net.source(shape), dim=1, **arguments)
        for part in parts:
            net.end(part, net.scale * 1.25)
        return net
    return build


def symbolic(dtype):
    """A symbolic batch, a view that reads it."""
    net = Net(dtype)
    x = net.source([1, 3, 4], batch="s0")
    size = net.symbol("aten.sym_size.int", "sym_size", self=x, dim=0)
    double = net.symbol("_operator.mul", "mul", a=size, b=2)
    half = net.symbol("_operator.floordiv", "half", a=double, b=2)
    more = net.symbol("_operator.add", "more", a=half, b=1)
    less = net.symbol("_operator.sub", "less", a=more, b=1)
    return net.end(net.call("aten.view.default", extents=["s0", 12], self=x, size=[less, 12]),
                   net.scale * 1.25)


def quantize_tensors(target, plural=""):
    """Scale and zero point as tensors."""
    def build(dtype):
        net = Net(dtype)
        x = net.source([1, 4, 3])
        scale = net.buffer("s", np.float32(net.scale * 1.3))
        zero = net.buffer("z", np.int64(net.zero))
        low, high = RANGES[dtype]
        limits = {"quant_min": low, "quant_max": high, "dtype": DType(dtype)}
        if target == "tensor2":
            limits["quant_min"] = net.buffer("low", np.int64(low))
            limits["quant_max"] = net.buffer("high", np.int64(high))
        q = net.call(f"quantized_decomposed.quantize_per_tensor.{target}", made=dtype,
                     input=x, scale=scale, zero_point=zero, **limits)
        net.output(net.call(f"quantized_decomposed.dequantize_per_tensor.{target}", input=q,
                            scale=scale, zero_point=zero, **limits))
        return net
    return build


def narrow_range(dtype):
    """A quantize that saturates inside its type."""
    net = Net(dtype)
    low, high = RANGES[dtype]
    limits = (low + 1, high // 2)
    x = net.source([1, 256])
    net.output(net.requantize(x, net.scale, net.zero, dtype, limits))
    return net


def fake_weights(dtype):
    """Float weights behind a quantize per channel."""
    net = Net(dtype)
    limits = {"axis": 0, "quant_min": -127, "quant_max": 127, "dtype": DType("int8")}
    scales = net.buffer("s", net.scales(5))
    zeros = net.buffer("z", np.zeros(5, np.int64))
    q = net.call("quantized_decomposed.quantize_per_channel.default", made="int8",
                 input=net.parameter("fc", net.floats(5, 7) / 4), scales=scales,
                 zero_points=zeros, **limits)
    weight = net.call("quantized_decomposed.dequantize_per_channel.default", input=q,
                      scales=scales, zero_points=zeros, **limits)
    y = net.call("aten.linear.default", extents=[1, 5], input=net.source([1, 7]),
                 weight=weight)
    return net.end(y, net.scale * 3)


def affine_weights(weight_type, per_channel):
    """A convolution whose weights have zero points."""
    def build(dtype):
        net = Net(dtype)
        low, high = RANGES[weight_type]
        ints = net.buffer("w", net.rng.integers(low, high + 1, (5, 4, 3, 3)).astype(weight_type))
        limits = {"quant_min": low, "quant_max": high, "dtype": DType(weight_type)}
        if per_channel:
            zeros = net.rng.integers(low, high + 1, 5).astype(np.int64)
            weight = net.call("quantized_decomposed.dequantize_per_channel.default", input=ints,
                              scales=net.buffer("s", net.scales(5)),
                              zero_points=net.buffer("z", zeros), axis=0, **limits)
        else:
            weight = net.dequantize(ints, 0.004, (low + high + 1) // 2 + 9, weight_type)
        y = net.call("aten.conv2d.default", extents=[1, 5, 6, 6], weight=weight,
                     input=net.source([1, 4, 6, 6]), padding=[1, 1],
                     bias=net.parameter("b", net.floats(5)))
        return net.end(y, net.scale * 3)
    return build


def normalized(target="aten.batch_norm.default", behind=True, relu=True, affine=True,
               shape=(1, 4, 5, 6), low=-1.5):
    """A batch normalization behind a convolution, or of a quantized tensor."""
    def build(dtype):
        net = Net(dtype)
        x = net.source(list(shape))
        if behind and len(shape) == 2:
            x = net.call("aten.linear.default", extents=[shape[0], 5], input=x,
                         weight=net.weight("fc", net.ints(5, shape[1]), net.scales(5)))
        elif behind:
            x = net.convolved(x, 6)
        channels = net.dims(x)[1]
        rng = net.rng
        given = {"running_mean": net.buffer("mean", net.floats(channels)),
                 "running_var": net.buffer("var", rng.uniform(
                     0.2, 3, channels).astype(np.float32))}
        if affine:
            gamma = rng.uniform(low, 1.5, channels).astype(np.float32)
            given["weight"] = net.parameter("gamma", gamma)
            given["bias"] = net.parameter("beta", net.floats(channels))
        if target == "aten.batch_norm.default":
            given.update(training=False, momentum=0.1, eps=1e-05, cudnn_enabled=True)
        else:
            given.update(momentum=0.1, eps=1e-05)
        y = net.call(target, input=x, **given)
        if relu:
            y = net.call("aten.relu_.default", self=y)
        return net.end(y, net.scale * 3)
    return build


def reduced(target, extents, result, scale=1.25, **arguments):
    """A reduction."""
    return moved(target, list(extents), list(result), scale, **arguments)


def stacked(dim, result):
    """Two tensors along a new dimension."""
    def build(dtype):
        net = Net(dtype)
        x, y = net.source([1, 3, 4]), net.source([1, 3, 4], "y")
        y = net.again(y, net.scale * 0.8)
        return net.end(net.call("aten.stack.default", extents=list(result), tensors=[x, y],
                                dim=dim), net.scale * 1.25)
    return build


def unbound(dtype):
    """Entries of a dimension, each an output."""
    net = Net(dtype)
    for part in net.several("aten.unbind.int", [[1, 4]] * 3, self=net.source([1, 3, 4]), dim=1):
        net.end(part, net.scale * 1.25)
    return net


def selected(dtype):
    """Slices by a stored list."""
    net = Net(dtype)
    index = net.constant("order", np.array([3, 0, 0, 2], np.int64))
    return net.end(net.call("aten.index_select.default", extents=[1, 4, 5],
                            self=net.source([1, 4, 5]), dim=1, index=index), net.scale * 1.25)


def probabilities(target, shape, dim, **arguments):
    """A softmax of a quantized tensor; the result has the scale 1/256."""
    def build(dtype):
        net = Net(dtype)
        x = net.again(net.source(list(shape)), net.scale * 9)
        low, high = RANGES[dtype]
        y = net.call(target, self=x, dim=dim, **arguments)
        net.finish(y, 1 / (high - low + 1), 0 if dtype == "int16" else low, dtype)
        return net
    return build


def sloped(shape, *slopes):
    """prelu with one slope, or one per channel."""
    def build(dtype):
        net = Net(dtype)
        slope = net.parameter("slope", np.array(slopes, np.float32))
        return net.end(net.call("aten.prelu.default", self=net.source(list(shape)), weight=slope))
    return build


def int32_bias(dtype):
    """A bias of int32 with its own scale."""
    net = Net(dtype)
    weight = net.weight("fc", net.ints(5, 7), net.scales(5))
    bias = net.weight("b", net.rng.integers(-9000, 9000, 5), net.scales(5) / 50,
                      dtype="int32")
    y = net.call("aten.linear.default", extents=[1, 5], input=net.source([1, 7]),
                 weight=weight, bias=bias)
    return net.end(y, net.scale * 3)


def dead_weights(dtype):
    """Float originals in the state dict that nothing reads."""
    net = linear([1, 7])(dtype)
    net.stored["fc.weight"] = (net.floats(5, 7), [7, 1], 0, None)
    return net


def pool(target, shape=(1, 3, 8, 9), result=(1, 3, 4, 4), scale=1.25, **arguments):
    """A pool."""
    return moved(target, list(shape), list(result), scale, **arguments)


def training(dtype):
    """Dropout that is active."""
    net = Net(dtype)
    return net.end(net.call("aten.dropout.default", input=net.source([1, 12]), p=0.5,
                            train=True))
