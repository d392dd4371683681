# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What the TensorFlow Lite table of README.md is tested with.

CASES[operator]   functions of an element type that return a `Net`, which has to be exact;
                  the first one is built for every type of the table
LIMITS[operator]  {words of the table: function}: a network that has to be refused
"""

import numpy as np

from tflite_writer import Graph

RANGES = {"int4": (-8, 7), "int8": (-128, 127), "uint8": (0, 255), "int16": (-32768, 32767)}
SAMPLES = 3
SAME, VALID = 0, 1
RELU, RELU_N1_TO_1, RELU6 = 1, 2, 3
NUMBERS = {"L2_NORMALIZATION": 11, "LSTM": 16, "RESIZE_BILINEAR": 23, "RNN": 24, "SVDF": 27,
           "GATHER": 36, "DIV": 42, "UNIDIRECTIONAL_SEQUENCE_LSTM": 44, "LOG_SOFTMAX": 50,
           "VAR_HANDLE": 142}  # codes of operators that are refused


class Net(Graph):
    """A network around one operator; every activation is of type `dtype`."""

    def __init__(self, dtype):
        super().__init__()
        self.dtype, self.arrays, self.shapes = dtype, {}, {}
        low, high = RANGES[dtype]
        self.zero = 0 if dtype == "int16" else low + (high - low + 1) // 2 - 5
        self.scale = 2.3 / (high - low + 1)
        self.rng = np.random.default_rng(13)
        self.inputs, self.outputs = [], []

    def save(self, path, inputs=None, outputs=None):
        """Write the file."""
        super().save(path, inputs or self.inputs, outputs or self.outputs)

    # Tensors.

    def activation(self, shape, gain=1.0, name=None):
        """A tensor that an operator computes."""
        index = self.tensor(name or f"t{len(self.tensors)}", self.dtype, shape,
                            self.scale * gain, self.zero)
        self.shapes[index] = list(shape)
        return index

    def source(self, shape, name="x", gain=1.25):
        """An input behind a change of scale."""
        low, high = RANGES[self.dtype]
        x = self.activation(shape, name=name)
        self.arrays[name] = self.rng.integers(low, high + 1, [SAMPLES, *shape]).astype(self.dtype)
        self.arrays[name].reshape(-1)[:2] = low, high
        self.inputs.append(x)
        return self.apply("QUANTIZE", [x], shape, gain)

    def apply(self, name, inputs, shape, gain=1.25, **options):
        """An operator with one result."""
        return self.operator(name, inputs, [self.activation(shape, gain)], **options)

    def end(self, *outputs):
        """Outputs of the network."""
        self.outputs = list(outputs)
        return self

    def result(self, name, inputs, shape, gain=1.7, **options):
        """The operator whose result is the output."""
        return self.end(self.apply(name, inputs, shape, gain, **options))

    def ints(self, *values):
        """A list of int32."""
        array = np.array(values, np.int32)
        return self.tensor(f"ints{len(self.tensors)}", "int32", array.shape, data=array)

    def weights(self, shape, axis=0, dtype="int8", per_channel=True, zero=0):
        """Constant weights; those with a zero point have one scale."""
        low, high = RANGES[dtype]
        count = shape[axis] if per_channel else 1
        self.weight_scales = (self.rng.uniform(0.5, 2, count) / 2 / (high + 1)).astype(np.float32)
        data = self.rng.integers(low + 1, high + 1, shape)
        return self.tensor("weights", dtype, shape, self.weight_scales, zero, data,
                           axis if per_channel else None)

    def bias(self, count, gain=1.25, scale=1.0):
        """Integers in units of input scale times the scales of the last weights."""
        dtype = "int64" if self.dtype == "int16" else "int32"
        reach = 400 if self.dtype != "int16" else 50000
        unit = np.float32(self.scale * gain) * self.weight_scales * np.float32(scale)
        return self.tensor("bias", dtype, [count], unit, 0,
                           self.rng.integers(-reach, reach, count),
                           0 if len(unit) > 1 else None)


# --- convolutions and matrix products ---------------------------------------


def window(extent, kernel, stride, dilation, padding):
    """Positions of a window."""
    reach = (kernel - 1) * dilation + 1
    return -(-extent // stride) if padding == SAME else (extent - reach) // stride + 1


def conv(kernel=3, stride=1, dilation=1, padding=SAME, activation=RELU, groups=1, bias=True,
         channels=6, gain=3.0, scale=1.0, **weights):
    """A CONV_2D of 4 channels."""
    def build(dtype):
        net = Net(dtype)
        inputs = [net.source([1, 7, 6, 4]),
                  net.weights([channels, kernel, kernel, 4 // groups], **weights)]
        inputs += [net.bias(channels, scale=scale)] if bias else []
        shape = [1] + [window(n, kernel, stride, dilation, padding) for n in (7, 6)] + [channels]
        return net.result("CONV_2D", inputs, shape, gain, padding=padding, stride_w=stride,
                          stride_h=stride, dilation_w=dilation, dilation_h=dilation,
                          activation=activation)
    return build


def depthwise(multiplier=1, stride=1, padding=SAME, activation=RELU6, dilation=1, **weights):
    """A DEPTHWISE_CONV_2D of 4 channels."""
    def build(dtype):
        net = Net(dtype)
        x = net.source([1, 7, 6, 4])
        inputs = [x, net.weights([1, 3, 3, 4 * multiplier], axis=3, **weights),
                  net.bias(4 * multiplier)]
        shape = [1] + [window(n, 3, stride, dilation, padding) for n in (7, 6)]
        return net.result("DEPTHWISE_CONV_2D", inputs, shape + [4 * multiplier], 2.0,
                          padding=padding, stride_w=stride, stride_h=stride,
                          depth_multiplier=multiplier, activation=activation,
                          dilation_w=dilation, dilation_h=dilation)
    return build


def transposed(kernel=3, stride=2, padding=SAME, size=(8, 6), bias=True):
    """A TRANSPOSE_CONV of a 4 x 3 image."""
    def build(dtype):
        net = Net(dtype)
        x = net.source([1, 4, 3, 5])
        inputs = [net.ints(1, *size, 6), net.weights([6, kernel, kernel, 5]), x]
        inputs += [net.bias(6)] if bias else []
        return net.result("TRANSPOSE_CONV", inputs, [1, *size, 6], 3.0, padding=padding,
                          stride_w=stride, stride_h=stride)
    return build


def dense(shape=(1, 32), result=(1, 10), bias=True, keep=0, activation=0, **weights):
    """A FULLY_CONNECTED with 10 outputs."""
    def build(dtype):
        net = Net(dtype)
        inputs = [net.source(list(shape)), net.weights([10, 32], **weights)]
        inputs += [net.bias(10)] if bias else [-1]
        return net.result("FULLY_CONNECTED", inputs, list(result), 4.0, keep_num_dims=keep,
                          activation=activation)
    return build


def products(adj_x=0, adj_y=0, batches=((2,), (2,))):
    """A BATCH_MATMUL of two activations."""
    def build(dtype):
        net = Net(dtype)
        left = net.source([*batches[0], *([8, 3] if adj_x else [3, 8])])
        right = net.source([*batches[1], *([5, 8] if adj_y else [8, 5])], "y", 0.7)
        shape = [*np.broadcast_shapes(*batches), 3, 5]
        return net.result("BATCH_MATMUL", [left, right], shape, 4.0, adj_x=adj_x, adj_y=adj_y)
    return build


# --- elementwise, windows, movement -----------------------------------------


def unary(name, gain=0.9, **options):
    """A function of one tensor."""
    def build(dtype):
        net = Net(dtype)
        return net.result(name, [net.source([1, 256])], [1, 256], gain, **options)
    return build


def binary(name, shapes=((1, 3, 4, 5), (1, 3, 4, 5)), gains=(1.25, 0.7), constant=False,
           **options):
    """Of two tensors of these scales."""
    def build(dtype):
        net = Net(dtype)
        x = net.source(list(shapes[0]), gain=gains[0])
        if constant:
            low, high = RANGES[dtype]
            y = net.tensor("c", dtype, shapes[1], net.scale * gains[1], net.zero,
                           net.rng.integers(low, high + 1, shapes[1]))
        else:
            y = net.source(list(shapes[1]), "y", gains[1])
        return net.result(name, [x, y], list(np.broadcast_shapes(*shapes)), **options)
    return build


def pool(name, size=(2, 2), strides=(2, 2), padding=VALID, activation=0, gain=1.25):
    """Windows over a 7 x 6 image."""
    def build(dtype):
        net = Net(dtype)
        shape = [1] + [window(n, k, s, 1, padding) for n, k, s in zip((7, 6), size, strides)]
        return net.result(name, [net.source([1, 7, 6, 3])], shape + [3], gain, padding=padding,
                          filter_h=size[0], filter_w=size[1], stride_h=strides[0],
                          stride_w=strides[1], activation=activation)
    return build


def reduced(name, axes, shape, keep=0, gain=0.8):
    """Over constant axes of [1, 3, 5, 4]."""
    def build(dtype):
        net = Net(dtype)
        return net.result(name, [net.source([1, 3, 5, 4]), net.ints(*axes)], shape, gain,
                          keep_dims=keep)
    return build


def indices(axis, shape, index_type="int32", source=(1, 5, 7, 3), coarse=True):
    """ARG_MAX; a coarse scale in between makes many elements equal."""
    def build(dtype):
        net = Net(dtype)
        x = net.source(list(source))
        if coarse:
            low, high = RANGES[dtype]
            x = net.apply("QUANTIZE", [x], list(source), (high - low) / 6)
        y = net.tensor("places", index_type, list(shape))
        return net.end(net.operator("ARG_MAX", [x, net.ints(axis)], [y],
                                    output_type=4 if index_type == "int64" else 2))
    return build


def index_of_indices(dtype):
    """Indices are read by an operator."""
    net = Net(dtype)
    places = net.operator("ARG_MAX", [net.source([1, 4, 8]), net.ints(1)],
                          [net.tensor("places", "int32", [1, 8])], output_type=2)
    return net.result("RESHAPE", [places, net.ints(8)], [8])


def fixed_scale(name, narrow, wide, zero, gain):
    """A function whose kernel has one output scale for 8 bits and one for 16."""
    def build(dtype):
        net = Net(dtype)
        x = net.source([1, 300], gain=gain)
        y = net.tensor("y", dtype, [1, 300], wide if dtype == "int16" else narrow,
                       0 if dtype == "int16" else zero)
        return net.end(net.operator(name, [x], [y]))
    return build


def softmax(gain, beta=1.0, shape=(1, 20)):
    """With the output scale that the kernels have."""
    def build(dtype):
        net = Net(dtype)
        low, high = RANGES[dtype]
        x = net.source(list(shape), gain=gain * (high - low + 1))
        scale = 2.0**-15 if dtype == "int16" else 2.0**-8
        y = net.tensor("y", dtype, list(shape), scale, 0 if dtype == "int16" else low)
        return net.end(net.operator("SOFTMAX", [x], [y], beta=beta))
    return build


def moved(name, shape, result, *lists, gain=1.25, **options):
    """A movement; `lists` are further inputs."""
    def build(dtype):
        net = Net(dtype)
        inputs = [net.source(list(shape))] + [net.ints(*values) for values in lists]
        return net.result(name, inputs, list(result), gain, **options)
    return build


def joined(name, shape, result, gains=(1.25, 1.25), **options):
    """Of two tensors."""
    def build(dtype):
        net = Net(dtype)
        inputs = [net.source(list(shape), gain=gains[0]), net.source(list(shape), "y", gains[1])]
        return net.result(name, inputs, list(result), 1.25, **options)
    return build


def parted(name, place, results, sizes=None, **options):
    """Parts of [1, 4, 6]."""
    def build(dtype):
        net = Net(dtype)
        x = net.source([1, 4, 6])
        inputs = {"SPLIT": lambda: [net.ints(place), x], "UNPACK": lambda: [x],
                  "SPLIT_V": lambda: [x, net.ints(*sizes), net.ints(place)]}[name]()
        outputs = [net.activation(shape, 1.25) for shape in results]
        net.operator(name, inputs, outputs, **options)
        return net.end(*outputs)
    return build


def padded(value):
    """PADV2 with an integer of the input's parameters."""
    def build(dtype):
        net = Net(dtype)
        x = net.source([1, 3, 4, 2])
        pads = net.ints([0, 0], [1, 2], [0, 1], [0, 0])
        number = net.tensor("value", dtype, [1], net.scale * 1.25, net.zero,
                            np.array([net.zero + value]))
        return net.result("PADV2", [x, pads, number], [1, 6, 5, 2], 1.25)
    return build


def of_shape(dtype):
    """SHAPE, STRIDED_SLICE and PACK make the shape of a RESHAPE."""
    net = Net(dtype)
    x = net.source([1, 2, 3, 4])
    shape = net.operator("SHAPE", [x], [net.tensor("shape", "int32", [4])])
    rows = net.operator("STRIDED_SLICE", [shape, net.ints(0), net.ints(1), net.ints(1)],
                        [net.tensor("rows", "int32", [])], shrink_axis_mask=1)
    packed = net.operator("PACK", [rows, net.tensor("24", "int32", [], data=np.array(24))],
                          [net.tensor("packed", "int32", [2])], values_count=2, axis=0)
    return net.result("RESHAPE", [x, packed], [1, 24], 1.25)


def computed_shape(dtype):
    """SLICE, MUL, ADD, SUB and CONCATENATION of extents."""
    net = Net(dtype)
    x = net.source([1, 2, 3, 4])

    def ints(shape):
        return net.tensor(f"i{len(net.tensors)}", "int32", shape)

    def one(values):
        return net.tensor(f"c{len(net.tensors)}", "int32", [], data=np.array(values))
    shape = net.operator("SHAPE", [x], [ints([4])])
    head = net.operator("SLICE", [shape, net.ints(1), net.ints(2)], [ints([2])])  # 2, 3
    more = net.operator("ADD", [head, net.ints(0, 1)], [ints([2])])  # 2, 4
    less = net.operator("SUB", [more, one(1)], [ints([2])])  # 1, 3
    product = net.operator("MUL", [more, less], [ints([2])])  # 2, 12
    whole = net.operator("CONCATENATION", [product, net.ints(-1)], [ints([3])], axis=0)
    return net.result("RESHAPE", [x, whole], [2, 12, 1], 1.25)


def ends_in_float(dtype):
    """A float input and output outside the integer program."""
    net = Net(dtype)
    net.inputs = [net.tensor("x", "float32", [1, 32])]
    x = net.operator("QUANTIZE", net.inputs, [net.activation([1, 32])])
    low, high = RANGES[dtype]
    net.arrays["x"] = net.rng.integers(low, high + 1, [SAMPLES, 1, 32]).astype(dtype)
    y = net.apply("FULLY_CONNECTED", [x, net.weights([10, 32]), net.bias(10, 1.0)], [1, 10], 4.0)
    return net.end(net.operator("DEQUANTIZE", [y], [net.tensor("y", "float32", [1, 10])]))


# --- what is refused ----------------------------------------------------------


def float_beside_integers(dtype):
    """A float layer in a quantized model."""
    net = Net(dtype)
    x = net.source([1, 32])
    real = net.operator("DEQUANTIZE", [x], [net.tensor("real", "float32", [1, 32])])
    w = net.tensor("w", "float32", [4, 32], data=np.ones([4, 32], np.float32))
    return net.end(net.operator("FULLY_CONNECTED", [real, w, -1],
                                [net.tensor("y", "float32", [1, 4])]))


def hybrid(dtype):
    """Integer weights on a float input."""
    net = Net(dtype)
    net.inputs = [net.tensor("x", "float32", [1, 32])]
    y = net.tensor("y", "float32", [1, 10])
    return net.end(net.operator("FULLY_CONNECTED", [net.inputs[0], net.weights([10, 32]), -1],
                                [y]))


def named(name):
    """An operator of this name on one tensor; a name without number is a custom one."""
    net = Net("int8")
    return net.result(NUMBERS.get(name, name), [net.source([1, 4, 4, 4])], [1, 4, 4, 4])


def variable(dtype):
    """A tensor that lives from run to run."""
    net = Net(dtype)
    state = net.tensor("state", dtype, [1, 8], net.scale, net.zero, variable=True)
    return net.result("ADD", [net.source([1, 8]), state], [1, 8])


# Unsigned weights with a zero point, as uint8 files before quantization aware of signs have.
LEGACY = {"dtype": "uint8", "per_channel": False, "zero": 117}

CASES = {
    "CONV_2D": [conv(), conv(kernel=1, padding=VALID, bias=False), conv(stride=2, scale=1.5),
                conv(dilation=2, activation=0), conv(groups=2, activation=RELU_N1_TO_1),
                conv(dtype="int4"), conv(per_channel=False, kernel=4, stride=3),
                conv(dilation=2, padding=VALID), conv(kernel=2, stride=2), conv(kernel=4, stride=2),
                conv(activation=RELU6, bias=False), conv(**LEGACY)],
    "DEPTHWISE_CONV_2D": [depthwise(), depthwise(multiplier=2, activation=0),
                          depthwise(stride=2, padding=VALID), depthwise(dilation=2),
                          depthwise(multiplier=3, stride=2, activation=RELU_N1_TO_1),
                          depthwise(dtype="int4"), depthwise(**LEGACY)],
    "TRANSPOSE_CONV": [transposed(), transposed(padding=VALID, size=(9, 7)),
                       transposed(padding=VALID, size=(10, 8), bias=False),
                       transposed(kernel=2, stride=3, size=(12, 9))],
    "FULLY_CONNECTED": [dense(), dense(bias=False, dtype="int4"),
                        dense((2, 4, 8), (2, 10), activation=RELU),
                        dense((1, 3, 32), (1, 3, 10), keep=1, per_channel=False),
                        dense((3, 32), (3, 10), activation=RELU6), dense(**LEGACY)],
    "BATCH_MATMUL": [products(), products(adj_x=1), products(adj_y=1),
                     products(batches=((1, 3), (2, 1))), products(batches=((2,), (1,))),
                     products(batches=((1,), (2, 3)))],
    "ADD": [binary("ADD"), binary("ADD", ((1, 3, 4, 5), (5,)), constant=True, activation=RELU),
            binary("ADD", ((1, 3, 4, 5), (1, 1, 1, 1)), activation=RELU6),
            binary("ADD", ((1, 1, 4, 5), (1, 3, 1, 5)), activation=RELU_N1_TO_1)],
    "SUB": [binary("SUB"), binary("SUB", activation=RELU),
            binary("SUB", ((1, 3, 4, 5), (4, 1)), constant=True, activation=RELU6),
            binary("SUB", ((1, 1, 1, 5), (1, 3, 4, 1)))],
    "MUL": [binary("MUL"), binary("MUL", ((1, 3, 4, 5), (1, 1, 1, 5)), activation=RELU),
            binary("MUL", ((1, 3, 4, 5), (5,)), constant=True, activation=RELU6)],
    "MAXIMUM": [binary("MAXIMUM", gains=(1.25, 1.25)),
                binary("MAXIMUM", ((1, 3, 4, 5), (1, 1, 4, 1)), (1.25, 1.25))],
    "MINIMUM": [binary("MINIMUM", gains=(1.25, 1.25)),
                binary("MINIMUM", ((1, 3, 4, 5), (5,)), (1.25, 1.25), constant=True)],
    "AVERAGE_POOL_2D": [pool("AVERAGE_POOL_2D"), pool("AVERAGE_POOL_2D", (3, 3), (1, 2), SAME),
                        pool("AVERAGE_POOL_2D", (6, 6), (1, 1), activation=RELU),
                        pool("AVERAGE_POOL_2D", (2, 2), (2, 2), SAME, RELU6),
                        pool("AVERAGE_POOL_2D", (4, 2), (3, 3), SAME)],
    "MAX_POOL_2D": [pool("MAX_POOL_2D"), pool("MAX_POOL_2D", (3, 3), (1, 2), SAME, RELU),
                    pool("MAX_POOL_2D", (2, 2), (2, 2), SAME, RELU6)],
    "MEAN": [reduced("MEAN", [1, 2], [1, 4]), reduced("MEAN", [1, 2], [1, 1, 1, 4], keep=1),
             reduced("MEAN", [-1], [1, 3, 5]), reduced("MEAN", [-2, -3, 3], [1])],
    "SUM": [reduced("SUM", [1, 2], [1, 4], gain=9.0),
            reduced("SUM", [3], [1, 3, 5, 1], keep=1, gain=4.0),
            reduced("SUM", [-2, 3, 1], [1], gain=30.0)],
    "RELU": [unary("RELU")], "RELU6": [unary("RELU6", 0.7)],
    "RELU_N1_TO_1": [unary("RELU_N1_TO_1")], "RELU_0_TO_1": [unary("RELU_0_TO_1")],
    "ARG_MAX": [indices(3, (1, 5, 7)), indices(-2, (1, 5, 3), "int64"), indices(1, (1, 7, 3)),
                indices(-1, (1, 5, 7), coarse=False), indices(0, (5, 7, 3)),
                indices(-1, (1,), source=(1, 300))],
    "LOGISTIC": [unary("LOGISTIC", 0.4)], "TANH": [unary("TANH", 0.8)],
    "HARD_SWISH": [unary("HARD_SWISH")], "LEAKY_RELU": [unary("LEAKY_RELU", alpha=0.15)],
    "ELU": [unary("ELU")], "ABS": [unary("ABS")], "EXP": [unary("EXP", 2.5)],
    "SQUARE": [unary("SQUARE")], "SQRT": [unary("SQRT")],
    "GELU": [unary("GELU"), unary("GELU", approximate=1)],
    "SOFTMAX": [softmax(0.2), softmax(0.05, beta=0.5, shape=(1, 3, 40))],
    "QUANTIZE": [unary("QUANTIZE"), ends_in_float],
    "DEQUANTIZE": [ends_in_float],
    "RESHAPE": [moved("RESHAPE", (1, 2, 3, 4), (1, 6, 4), (1, -1, 4))],
    "SQUEEZE": [moved("SQUEEZE", (1, 4, 1, 3), (1, 4, 3), squeeze_dims=[2]),
                moved("SQUEEZE", (1, 4, 1, 3), (1, 4, 3), squeeze_dims=[-2])],
    "EXPAND_DIMS": [moved("EXPAND_DIMS", (1, 4, 3), (1, 4, 3, 1), (-1,)),
                    moved("EXPAND_DIMS", (1, 4, 3), (1, 1, 4, 3), (1,))],
    "TRANSPOSE": [moved("TRANSPOSE", (1, 4, 3, 2), (1, 2, 4, 3), (0, 3, 1, 2))],
    "PAD": [moved("PAD", (1, 3, 4, 2), (1, 6, 5, 2), ([0, 0], [1, 2], [0, 1], [0, 0]))],
    "PADV2": [padded(-9)],
    "SLICE": [moved("SLICE", (1, 4, 5, 3), (1, 2, 4, 3), (0, 1, 1, 0), (1, 2, -1, 3))],
    "STRIDED_SLICE": [moved("STRIDED_SLICE", (1, 6, 5, 3), (1, 3, 3), (0, 0, -2, 0),
                            (1, 6, 9, 3), (1, 2, 1, 1), begin_mask=1, end_mask=2,
                            shrink_axis_mask=4),
                      moved("STRIDED_SLICE", (1, 6, 5, 3), (1, 2, 2, 3), (0, -5, 1), (1, -1, 99),
                            (1, 2, 2), begin_mask=1, end_mask=1),
                      moved("STRIDED_SLICE", (1, 6, 5, 3), (6, 2), (-1, 3, -3, -2),
                            (0, 0, 0, 99), (1, 1, 1, 1), begin_mask=2, end_mask=2,
                            shrink_axis_mask=5)],
    "CONCATENATION": [joined("CONCATENATION", (1, 3, 4, 2), (1, 3, 4, 4), axis=3),
                      joined("CONCATENATION", (1, 3, 4, 2), (1, 6, 4, 2), (1.25, 0.9), axis=1),
                      joined("CONCATENATION", (1, 3, 4, 2), (1, 3, 8, 2), axis=-2)],
    "PACK": [joined("PACK", (1, 3, 4), (1, 2, 3, 4), values_count=2, axis=1), of_shape],
    "UNPACK": [parted("UNPACK", 1, [[1, 6]] * 4, num=4, axis=1),
               parted("UNPACK", 1, [[1, 4]] * 6, num=6, axis=-1)],
    "SPLIT": [parted("SPLIT", 2, [[1, 4, 2]] * 3, num_splits=3),
              parted("SPLIT", -2, [[1, 2, 6]] * 2, num_splits=2)],
    "SPLIT_V": [parted("SPLIT_V", 2, [[1, 4, 1], [1, 4, 5]], (1, -1), num_splits=2)],
    "SHAPE": [of_shape, computed_shape],
    "RESIZE_NEAREST_NEIGHBOR": [
        moved("RESIZE_NEAREST_NEIGHBOR", (1, 3, 4, 2), (1, 7, 8, 2), (7, 8)),
        moved("RESIZE_NEAREST_NEIGHBOR", (1, 3, 4, 2), (1, 5, 3, 2), (5, 3), align_corners=1),
        moved("RESIZE_NEAREST_NEIGHBOR", (1, 3, 4, 2), (1, 5, 3, 2), (5, 3),
              half_pixel_centers=1)],
}

KERNELS = {  # in mode tflite, with the scales of the reference kernels
    "SOFTMAX": CASES["SOFTMAX"],
    "LOGISTIC": [fixed_scale("LOGISTIC", 2.0**-8, 2.0**-15, -128, gain) for gain in (9.0, 0.7)],
    "TANH": [fixed_scale("TANH", 2.0**-7, 2.0**-15, 0, gain) for gain in (5.0, 0.4)],
    "LEAKY_RELU": CASES["LEAKY_RELU"] + [unary("LEAKY_RELU", 0.6, alpha=0.02)],
    "HARD_SWISH": [unary("HARD_SWISH"), unary("HARD_SWISH", 3.0)],
    "RELU": [unary("RELU"), unary("RELU", 0.9)], "RELU6": [unary("RELU6", 0.7)],
    "QUANTIZE": [unary("QUANTIZE", 0.3), unary("QUANTIZE", 5.0)],
}

LIMITS = {
    "FULLY_CONNECTED": {"weights and activations both quantized": hybrid,
                        "no float layers": float_beside_integers},
    "STRIDED_SLICE": {"positive strides": moved(
        "STRIDED_SLICE", (1, 4), (1, 4), (0, 3), (1, -5), (1, -1), end_mask=3)},
    "ADD": {"no variables": variable},
    "ARG_MAX": {"an output of the model": index_of_indices},
}
