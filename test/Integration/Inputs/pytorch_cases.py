# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What the PyTorch table of README.md is tested with.

CASES[operator]   functions of an element type that return a `Net`, which has to be exact;
                  the first one is built for every type of the table
LIMITS[operator]  {words of the table: function}: a network that has to be refused
"""

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
        given = {"bias": net.parameter("conv.bias", net.floats(channels))} if bias else {}
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


AVG = "aten.avg_pool2d.default"
MAX = "aten.max_pool2d.default"

CASES = {
    "_operator.add": [symbolic], "_operator.sub": [symbolic], "_operator.mul": [symbolic],
    "_operator.floordiv": [symbolic], "aten.sym_size": [symbolic],
    "aten.abs": unary("aten.abs", behind_sum=False),
    "aten.adaptive_avg_pool1d": [pool("aten.adaptive_avg_pool1d.default", (1, 3, 8), (1, 3, 2),
                                      1.1, output_size=[2])],
    "aten.adaptive_avg_pool2d": [
        pool("aten.adaptive_avg_pool2d.default", (1, 3, 6, 6), (1, 3, 1, 1), output_size=[1, 1]),
        pool("aten.adaptive_avg_pool2d.default", (1, 3, 6, 9), (1, 3, 2, 3), output_size=[2, 3])],
    "aten._adaptive_avg_pool2d": [pool("aten._adaptive_avg_pool2d.default", (1, 3, 6, 6),
                                       (1, 3, 1, 1), 1.1, output_size=[1, 1])],
    "aten.adaptive_max_pool2d": [pool("aten.adaptive_max_pool2d.default", (1, 3, 6, 6),
                                      (1, 3, 2, 2), output_size=[2, 2])],
    "aten.add": [binary("aten.add.Tensor"), binary("aten.add_.Tensor"), skip("aten.add_.Tensor"), skip("aten.add.Tensor"),
                 scalar("aten.add.Tensor", 0.5),
                 binary("aten.add.Tensor", ((1, 3, 4, 5), (1, 3, 1, 1)))],
    "aten.addmm": [addmm((5,))],
    "aten.avg_pool1d": [pool("aten.avg_pool1d.default", (1, 3, 9), (1, 3, 3), 1.1,
                             kernel_size=[3])],
    "aten.avg_pool2d": [
        pool(AVG, kernel_size=[2, 2]),
        pool(AVG, kernel_size=[3, 3], stride=[2, 2], padding=[1, 1], result=(1, 3, 4, 5)),
        pool(AVG, kernel_size=[3, 3], stride=[2, 2], padding=[1, 1], ceil_mode=True,
             count_include_pad=False, result=(1, 3, 5, 5)),
        pool(AVG, kernel_size=[3, 2], stride=[2, 2], ceil_mode=True, result=(1, 3, 4, 5))],
    "aten.bmm": [product("aten.bmm.default", (1, 3, 4), (1, 4, 5), (1, 3, 5))],
    "aten.cat": [joined([1.25, 1.25]), joined([1, 1.5, 0.8]), joined([1.25, 1.25], dim=2)],
    "aten.chunk": [parted("aten.chunk.default", [4, 3], chunks=2)],
    "aten.clamp": [*unary("aten.clamp", min=-0.4, max=0.6), *unary("aten.clamp", min=0),
                   *unary("aten.clamp_", max=0.3), *unary("aten.clamp", min=-0.8, max=-0.4)],
    "aten.clamp_max": unary("aten.clamp_max", max=0.3),
    "aten.clamp_min": unary("aten.clamp_min", min=-0.3),
    "aten.constant_pad_nd": [moved("aten.constant_pad_nd.default", [1, 3, 4, 5], [1, 3, 5, 8],
                                   pad=[1, 2, 0, 1])],
    "aten.conv1d": [convolution("aten.conv1d.default", (1, 4, 9), (6, 4, 3), (1, 6, 9),
                                padding=[1])],
    "aten.conv2d": [
        convolution(padding=[1, 1]), convolution(padding=[1, 1], bias=False),
        convolution(per_channel=False, result=(1, 6, 2, 3), stride=[2, 2]),
        convolution(weight=(8, 1, 3, 3), result=(1, 8, 6, 7), stride=[1, 1], padding=[1, 1],
                    dilation=[1, 1], groups=4),
        convolution(result=(1, 6, 2, 3), dilation=[2, 2]),
        convolution("aten.conv2d.padding", padding="same"),
        convolution("aten.conv2d.padding", weight=(6, 4, 2, 4), padding="same"),
        convolution("aten.conv2d.padding", result=(1, 6, 4, 5), padding="valid"),
        convolution(padding=[1, 1], end=False), convolution(padding=[1, 1], single=True)],
    "aten.convolution": [convolution(
        "aten.convolution.default", stride=[1, 1], padding=[1, 1], dilation=[1, 1],
        transposed=False, output_padding=[0, 0], groups=1)],
    "aten.conv_transpose2d": [
        convolution("aten.conv_transpose2d.input", (1, 4, 5, 6), (4, 6, 3, 3), (1, 6, 10, 12),
                    turned=True, stride=[2, 2], padding=[1, 1], output_padding=[1, 1]),
        convolution("aten.conv_transpose2d.input", (1, 4, 5, 6), (4, 6, 2, 3), (1, 6, 6, 8),
                    turned=True, per_channel=False)],
    "aten.div": [scalar("aten.div.Tensor", 3.0)],
    "aten.maximum": [binary("aten.maximum.default", same=True)],
    "aten.minimum": [binary("aten.minimum.default", same=True)],
    "aten.upsample_nearest2d": [
        moved("aten.upsample_nearest2d.default", [1, 3, 4, 5], [1, 3, 8, 10],
              output_size=[8, 10]),
        moved("aten.upsample_nearest2d.vec", [1, 3, 4, 5], [1, 3, 12, 10],
              output_size=[12, 10])],
    "aten.elu": unary("aten.elu"),
    "aten.exp": unary("aten.exp"),
    "aten.flatten": [moved("aten.flatten.using_ints", [1, 3, 4, 5], [1, 60], start_dim=1),
                     moved("aten.flatten.using_ints", [1, 3, 4, 5], [1, 12, 5], start_dim=1,
                           end_dim=2)],
    "aten.hardsigmoid": unary("aten.hardsigmoid"),
    "aten.hardswish": unary("aten.hardswish", behind_sum=False),
    "aten.hardtanh": [*unary("aten.hardtanh", min_val=0.0, max_val=6.0),
                      *unary("aten.hardtanh_"), *unary("aten.hardtanh")],
    "aten.leaky_relu": [*unary("aten.leaky_relu", negative_slope=0.125),
                        *unary("aten.leaky_relu_")],
    "aten.linear": [linear([1, 7]), linear([1, 7], bias=False), linear([1, 3, 7]),
                    linear([1, 7], per_channel=False), dead_weights],
    "aten.matmul": [product("aten.matmul.default", (1, 3, 4), (4, 5), (1, 3, 5), True, "other"),
                    product("aten.matmul.default", (1, 3, 4), (1, 4, 5), (1, 3, 5),
                            second="other")],
    "aten.max_pool1d": [pool("aten.max_pool1d.default", (1, 3, 9), (1, 3, 4), kernel_size=[2])],
    "aten.max_pool2d": [
        pool(MAX, kernel_size=[2, 2]), pool(MAX, kernel_size=[2, 2], stride=[2, 2]),
        pool(MAX, kernel_size=[3, 3], stride=[2, 2], padding=[1, 1], dilation=[1, 1],
             ceil_mode=True, result=(1, 3, 5, 5)),
        pool("aten.max_pool2d_with_indices.default", kernel_size=[2, 2])],
    "aten.mean": [pool("aten.mean.dim", (1, 3, 4, 4), (1, 3), dim=[-1, -2]),
                  pool("aten.mean.dim", (1, 3, 6, 6), (1, 3, 1, 1), dim=[2, 3], keepdim=True)],
    "aten.mm": [product("aten.mm.default", (1, 4), (4, 5), (1, 5), True)],
    "aten.mul": [binary("aten.mul.Tensor"), binary("aten.mul_.Tensor"),
                 scalar("aten.mul.Tensor", 0.75)],
    "aten.pad": [moved("aten.pad.default", [1, 3, 4, 5], [1, 3, 5, 8], pad=[1, 2, 0, 1],
                       mode="constant", value=0.0)],
    "aten.permute": [moved("aten.permute.default", [1, 3, 4, 5], [1, 4, 5, 3],
                           dims=[0, 2, 3, 1])],
    "aten.relu": [*unary("aten.relu"), *unary("aten.relu_")],
    "aten.relu6": unary("aten.relu6"),
    "aten.reshape": [moved("aten.reshape.default", [1, 3, 4, 5], [1, 5, 12], shape=[1, 5, -1])],
    "aten.rsub": [scalar("aten.rsub.Scalar", 0.5)],
    "aten.select": [moved("aten.select.int", [1, 3, 4, 5], [1, 4, 5], dim=1, index=-1)],
    "aten.sigmoid": unary("aten.sigmoid"),
    "aten.silu": unary("aten.silu", behind_sum=False),
    "aten.slice": [moved("aten.slice.Tensor", [1, 3, 7, 5], [1, 3, 3, 5], dim=2, start=1,
                         end=9223372036854775807, step=2)],
    "aten.split": [parted("aten.split.Tensor", [3, 3, 1], split_size=3)],
    "aten.split_with_sizes": [parted("aten.split_with_sizes.default", [2, 5],
                                     split_sizes=[2, 5])],
    "aten.squeeze": [moved("aten.squeeze.dims", [1, 3, 1, 5], [1, 3, 5], dim=[2])],
    "aten.sub": [binary("aten.sub.Tensor"), scalar("aten.sub.Tensor", 0.25)],
    "aten.t": [addmm((5,))],
    "aten.tanh": unary("aten.tanh"),
    "aten.transpose": [moved("aten.transpose.int", [1, 3, 4], [1, 4, 3], dim0=1, dim1=2)],
    "aten.unsqueeze": [moved("aten.unsqueeze.default", [1, 3, 4], [1, 1, 3, 4], dim=1)],
    "aten.view": [moved("aten.view.default", [1, 3, 4], [1, 12], size=[1, -1]), symbolic],
    "aten._unsafe_view": [moved("aten._unsafe_view.default", [1, 3, 4], [1, 12], size=[1, 12])],
    "quantized_decomposed.quantize_per_tensor": [
        quantize_tensors("tensor"), quantize_tensors("tensor2"), narrow_range],
    "quantized_decomposed.dequantize_per_tensor": [
        quantize_tensors("tensor"), affine_weights("uint8", False),
        affine_weights("int8", False)],
    "quantized_decomposed.quantize_per_channel": [fake_weights],
    "quantized_decomposed.dequantize_per_channel": [
        int32_bias, fake_weights, affine_weights("int8", True), affine_weights("uint8", True)],
}
for name in ("alias", "clone", "contiguous", "detach", "lift_fresh", "lift_fresh_copy",
             "_to_copy", "to"):
    CASES[f"aten.{name}"] = [moved(f"aten.{name}.default", [1, 3, 4], None)]
for name in ("dropout", "feature_dropout"):
    def dropped(dtype, name=name):
        """Inference."""
        net = Net(dtype)
        x = net.source([1, 12])
        return net.end(net.call(f"aten.{name}.default", input=x, p=0.5, train=False),
                       net.scale * 1.25)
    CASES[f"aten.{name}"] = [dropped]
CASES["aten.max_pool2d_with_indices"] = CASES["aten.max_pool2d"][3:]


def training(dtype):
    """Dropout that is active."""
    net = Net(dtype)
    return net.end(net.call("aten.dropout.default", input=net.source([1, 12]), p=0.5,
                            train=True))


def batched_product(dtype):
    """A product whose batches would be broadcast."""
    return product("aten.matmul.default", (2, 3, 4), (1, 2, 4, 5), (1, 2, 3, 5),
                   second="other")(dtype)


LIMITS = {
    "aten.add": {"alpha 1": binary("aten.add.Tensor", alpha=2)},
    "aten.addmm": {"bias of one row": addmm((2, 5))},
    "aten.adaptive_avg_pool2d": {"output extents divide the input's": pool(
        "aten.adaptive_avg_pool2d.default", (1, 3, 7, 7), (1, 3, 2, 2), output_size=[2, 2])},
    "aten.avg_pool2d": {"no divisor_override": pool(AVG, kernel_size=[2, 2],
                                                    divisor_override=3)},
    "aten.dropout": {"inference": training},
    "aten.matmul": {"no broadcast batches": batched_product},
    "aten.pad": {"constant mode": moved("aten.pad.default", [1, 3, 4], [1, 3, 6], pad=[1, 1],
                                        mode="reflect")},
    "aten.slice": {"positive steps": moved("aten.slice.Tensor", [1, 3, 4], [1, 3, 4], dim=2,
                                           step=-1)},
    "aten._to_copy": {"no conversion of data": moved("aten._to_copy.default", [1, 3, 4], None,
                                                     dtype=DType("int8"))},
}
