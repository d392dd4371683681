# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""CMSIS-NN's unit test vectors: multiplier and shift arrays instead of scales.

    cmsis_vectors.py WORK-DIR DATA [CASE ...]

A layer becomes a program of real operations whose scales give exactly the vector's
multipliers: inputs and outputs have scale 1, weights m * 2^(shift - 31), which is a double.
It runs in mode tflite, on integers; every element has to be equal.
"""

import copy
import glob
import json
import os
import re
import sys

import numpy as np

from harness import equal, qbias, require, run_all, save

BITS = {"int8_t": 8, "int16_t": 16, "int32_t": 32, "int64_t": 64}
# States; transposes, of which shape and order are not in the data.
SKIPPED = re.compile(r"lstm|svdf|transpose_(?!conv)")


class Case:
    """Defines and arrays of a vector, without their prefixes."""

    def __init__(self, path):
        with open(path, encoding="utf-8") as file:
            data = json.load(file)
        self.name, prefix = data["name"], data["name"] + "_"
        self.defines = {key[len(prefix):]: value for key, value in data["defines"].items()
                        if key.lower().startswith(prefix)}
        self.all_defines = data["defines"]
        self.types = {key[len(prefix):]: BITS[array["type"]]
                      for key, array in data["arrays"].items()}
        self.arrays = {key[len(prefix):]: np.array(array["data"], dtype=np.int64)
                       for key, array in data["arrays"].items()}

    def number(self, *names, default=None):
        """The first define that is there."""
        for name in names:
            if name in self.defines:
                return self.defines[name]
        require(default is not None, f"{self.name}: none of {names}")
        return default

    def array(self, *names):
        """(elements, bits) of the first array that is there, or (None, 0)."""
        for name in names:
            if name in self.arrays:
                return self.arrays[name], self.types[name]
        return None, 0


class Program:
    """Text of a function of real operations, line by line."""

    def __init__(self):
        self.lines, self.arguments, self.files, self.count = [], [], [], 0

    def emit(self, text):
        """`%n = text`; returns the name."""
        self.count += 1
        self.lines.append(f"  %{self.count} = {text}")
        return f"%{self.count}"

    def input(self, values, bits, shape, zero, scale=1.0):
        """A quantized argument as reals."""
        name, kind = f"%x{len(self.arguments)}", quantized(bits, scale, zero)
        self.arguments.append(f"{name}: tensor<{dims(shape)}x{kind}> "
                              f"{{qbias.name = \"x{len(self.arguments)}\"}}")
        self.files.append(values.reshape(shape).astype(f"int{bits}"))
        return self.emit(f"qbias.dequantize {name} : tensor<{dims(shape)}x{kind}> -> "
                         f"{real(shape)}")

    def weights(self, values, bits, shape, scales):
        """A quantized constant as reals, a scale per entry of dimension 0."""
        kind = f"tensor<{dims(shape)}xi{max(bits, 8)}>"
        constant = self.emit(f"arith.constant dense<{values.reshape(shape).tolist()}> : {kind}")
        listed = ", ".join(f"{scale!r}" for scale in scales)
        storage = "i8<-8:7>" if bits == 4 else f"i{bits}"
        cast = f"tensor<{dims(shape)}x!quant.uniform<{storage}:f32:0, {{{listed}}}>>"
        stored = self.emit(f"quant.scast {constant} : {kind} to {cast}")
        return self.emit(f"qbias.dequantize {stored} : {cast} -> {real(shape)}")

    def bias(self, values, bits, scales):
        """Integers that start a sum."""
        kind = f"tensor<{len(values)}xi{bits}>"
        dense = f"dense<{values.tolist()}> : {kind}"
        units = f"dense<[{', '.join(repr(s) for s in scales)}]> : tensor<{len(scales)}xf64>"
        return self.emit(f"qbias.bias on_grid {dense} value {dense} unit {units} scales 1.0, "
                         f"{units} : {real([len(values)])}")

    def quantize(self, value, shape, bits, zero, least, most, scale=1.0):
        """Clamp and quantize; returns the integers and their type."""
        low, high = -2**(bits - 1), 2**(bits - 1) - 1
        bounds = (f" lo {float((least - zero) * scale)!r}" if least > low else "") + \
                 (f" hi {float((most - zero) * scale)!r}" if most < high else "")
        if bounds:
            value = self.emit(f"qbias.clamp {value}{bounds} : {real(shape)}")
        kind = f"tensor<{dims(shape)}x{quantized(bits, scale, zero)}>"
        return self.emit(f"qbias.quantize {value} : {real(shape)} -> {kind}"), kind

    def requantize(self, value, shape, zero, scale=1.0):
        """The reals behind a quantize to int8."""
        integers, kind = self.quantize(value, shape, 8, zero, -128, 127, scale)
        return self.emit(f"qbias.dequantize {integers} : {kind} -> {real(shape)}")

    def finish(self, value, shape, *arguments):
        """Clamp and quantize as the output; returns the text."""
        result, kind = self.quantize(value, shape, *arguments)
        return "\n".join(
            [f"func.func @main({', '.join(self.arguments)}) -> ({kind} {{qbias.name = \"y\"}}) {{",
             *self.lines, f"  return {result} : {kind}", "}", ""])


def dims(shape):
    """"1x8x8x3"."""
    return "x".join(str(extent) for extent in shape)


def real(shape):
    """The type of a tensor of reals."""
    return f"tensor<{dims(shape)}xf32>"


def quantized(bits, scale, zero):
    """An element type."""
    return f"!quant.uniform<i{bits}:f32, {float(scale)!r}:{zero}>"


def multipliers(case):
    """m * 2^(shift - 31), per channel or one."""
    m, _ = case.array("output_mult", "output_multiplier")
    k, _ = case.array("output_shift")
    if m is None:
        m, k = [case.number("OUTPUT_MULTIPLIER", "OUTPUT_MULT")], [case.number("OUTPUT_SHIFT")]
    return [float(int(a)) * 2.0 ** (int(b) - 31) for a, b in zip(m, k)]


def expected(case):
    """Output elements and their bits."""
    return case.array("output_ref", "output", "output_tensor")


def limits(case, bits):
    """Zero point and clamp of the output."""
    full = (-2**(bits - 1), 2**(bits - 1) - 1)
    return (case.number("OUTPUT_OFFSET", default=0),
            case.number("OUT_ACTIVATION_MIN", "ACTIVATION_MIN", default=full[0]),
            case.number("OUT_ACTIVATION_MAX", "ACTIVATION_MAX", default=full[1]))


def unpacked(values, count):
    """int4, two in a byte, the low half first."""
    halves = np.stack([values & 15, (values >> 4) & 15], axis=1).reshape(-1)[:count]
    return np.where(halves > 7, halves - 16, halves)


def constant_weights(case, program, shape, order=None):
    """Weights of a stored shape, reordered; a list of one scale is for all channels."""
    values, bits = case.array("weights", "input_weights")
    if "int4" in case.name:
        values, bits = unpacked(values, int(np.prod(shape))), 4
    values = values.reshape(shape)
    if order:
        values = values.transpose(order)
    scales = multipliers(case)
    scales = scales * (values.shape[0] if len(scales) == 1 else 1)
    bias, width = case.array("biases", "bias", "input_bias")
    zero = case.number("FILTER_OFFSET", default=0)
    require(zero == 0, "weights with a zero point")
    name = program.weights(values, bits, values.shape, scales)
    bound = None if bias is None else program.bias(bias, width, scales)
    return name, bound, list(values.shape)


def window(case, height, width):
    """strides, pads and dilations of a convolution, and the output's extents."""
    strides = [case.number(f"STRIDE_{d}", f"STRIDE_{e}") for d, e in ("YH", "XW")]
    dilations = [case.number(f"DILATION_{d}", default=1) for d in "YX"]
    begin = [case.number(f"PAD_{d}", f"PADDING_{e}", default=0) for d, e in ("YH", "XW")]
    kernel = [case.number(f"FILTER_{d}", f"FILTER_{e}") for d, e in ("YH", "XW")]
    output = [case.number(f"OUTPUT_{d}") for d in "HW"]
    end = [max(0, (n - 1) * s + (k - 1) * d + 1 - b - x) for n, s, k, d, b, x in
           zip(output, strides, kernel, dilations, begin, (height, width))]
    return strides, begin + end, dilations, kernel, output


def listed(name, values):
    """An attribute that is an array."""
    return f"{name} = array<i64: {', '.join(map(str, values))}>"


def build_conv(case):
    """CONV_2D, with or without groups, and DEPTHWISE_CONV_2D."""
    program, (x, bits) = Program(), case.array("input")
    shape = [case.number("INPUT_BATCHES", default=1), case.number("INPUT_H"), case.number("INPUT_W"),
             case.number("IN_CH")]
    r = program.input(x, bits, shape, -case.number("INPUT_OFFSET"))
    v, result = convolve(case, program, r, "CH_MULT" in case.defines)
    y, out_bits = expected(case)
    return program, program.finish(v, result, out_bits, *limits(case, out_bits)), y


def convolve(case, program, r, isdeep):
    """The sums of a convolution of reals, and their shape."""
    height, width = case.number("INPUT_H"), case.number("INPUT_W")
    depth, channels = case.number("IN_CH"), case.number("OUT_CH")
    batch = case.number("INPUT_BATCHES", default=1)
    strides, pads, dilations, kernel, output = window(case, height, width)
    if isdeep:
        w, b, shape = constant_weights(case, program, [1, *kernel, channels], (3, 1, 2, 0))
    else:
        each = case.number("FILTER_CH", default=depth)
        w, b, shape = constant_weights(case, program, [channels, *kernel, each])
    source = "DEPTHWISE_CONV_2D" if isdeep else "CONV_2D"
    result = [batch, *output, channels]
    attributes = ", ".join([listed("strides", strides), listed("pads", pads),
                            listed("dilations", dilations),
                            f"groups = {depth // shape[3]} : i64", f'qbias.source = "{source}"'])
    operands = [real([batch, height, width, depth]), real(shape)] + ([real([channels])] if b else [])
    v = program.emit(f"qbias.conv2d {r}, {w}{f' bias {b}' if b else ''} {{{attributes}}} : "
                     f"({', '.join(operands)}) -> {real(result)}")
    return v, result


def build_transposed(case):
    """TRANSPOSE_CONV."""
    program, (x, bits) = Program(), case.array("input")
    height, width = case.number("INPUT_H"), case.number("INPUT_W")
    depth, channels = case.number("IN_CH"), case.number("OUT_CH")
    batch, output = case.number("INPUT_BATCHES"), [case.number(f"OUTPUT_{d}") for d in "HW"]
    kernel, strides = ([case.number(f"{what}_{d}") for d in "YX"] for what in ("FILTER", "STRIDE"))
    begin = [case.number(f"PAD_{d}") for d in "YX"]
    ends = [(n - 1) * s + k - b - m for n, s, k, b, m in
            zip((height, width), strides, kernel, begin, output)]
    w, b, shape = constant_weights(case, program, [channels, *kernel, depth])
    r = program.input(x, bits, [batch, height, width, depth], -case.number("INPUT_OFFSET"))
    result, (y, out_bits) = [batch, *output, channels], expected(case)
    attributes = ", ".join([listed("strides", strides),
                            listed("pads", begin + [max(0, e) for e in ends]),
                            listed("output_pads", [max(0, -e) for e in ends])])
    operands = [real([batch, height, width, depth]), real(shape)] + ([real([channels])] if b else [])
    v = program.emit(f"qbias.conv_transpose2d {r}, {w}{f' bias {b}' if b else ''} {{{attributes}, "
                     f'qbias.source = "TRANSPOSE_CONV"}} : ({", ".join(operands)}) -> {real(result)}')
    return program, program.finish(v, result, out_bits, *limits(case, out_bits)), y


def build_connected(case):
    """FULLY_CONNECTED; the source is left out, as its kernel would round s_x * s_w."""
    program, (x, bits) = Program(), case.array("input")
    rows, depth = case.number("INPUT_BATCHES"), case.number("ACCUMULATION_DEPTH")
    channels = case.number("OUT_CH")
    w, b, shape = constant_weights(case, program, [channels, depth])
    r = program.input(x, bits, [rows, depth], -case.number("INPUT_OFFSET"))
    result, (y, out_bits) = [rows, channels], expected(case)
    operands = [real([rows, depth]), real(shape)] + ([real([channels])] if b else [])
    v = program.emit(f"qbias.matmul {r}, {w}{f' bias {b}' if b else ''} : ({', '.join(operands)}) "
                     f"-> {real(result)}")
    zero, *bounds = limits(case, out_bits)
    out_bits = 16 if zero == 128 else out_bits  # no zero point of int8: the same in 16 bits
    return program, program.finish(v, result, out_bits, zero, *bounds), y


def build_product(case):
    """BATCH_MATMUL of two tensors of 16 bits."""
    program, (y, bits) = Program(), expected(case)
    batch = [case.number(f"OUTPUT_{d}") for d in ("BATCH", "HEIGHT")]
    rows, columns = case.number("OUTPUT_ROWS"), case.number("OUTPUT_COLS")
    depth = case.number("LHS_ROWS" if case.number("ADJ_X") else "LHS_COLS")
    scale = multipliers(case)[0]
    sides = []
    for side, adjoint, stored, gain in (
            ("LHS", case.number("ADJ_X"), [rows, depth], 1.0),
            ("RHS", not case.number("ADJ_Y"), [columns, depth], scale)):
        values, width = case.array(f"{side.lower()}_input_tensor")
        lead = [case.number(f"{side}_BATCH"), case.number(f"{side}_HEIGHT")]
        values = values.reshape(lead + (stored[::-1] if adjoint else stored))
        values = values.swapaxes(2, 3) if adjoint else values
        values = np.broadcast_to(values, batch + stored)
        sides.append(program.input(values, width, batch + stored, -case.number(f"{side}_OFFSET"),
                                   gain))
    result = batch + [rows, columns]
    v = program.emit(f"qbias.matmul {sides[0]}, {sides[1]} : ({real(batch + [rows, depth])}, "
                     f"{real(batch + [columns, depth])}) -> {real(result)}")
    return program, program.finish(v, result, bits, *limits(case, bits)), y


def build_pool(case):
    """AVERAGE_POOL_2D and MAX_POOL_2D."""
    program, (x, bits) = Program(), case.array("input_tensor")
    height, width, depth = (case.number(f"INPUT_{d}") for d in "HWC")
    batch = case.number("BATCH_SIZE", "INPUT_N")
    strides, pads, _, kernel, output = window(case, height, width)
    result, (y, out_bits) = [batch, *output, depth], expected(case)
    r = program.input(x, bits, [batch, height, width, depth], 0)
    kind = "max" if "max" in case.name else "avg"
    attributes = ", ".join([listed("kernel", kernel), listed("strides", strides),
                            listed("pads", pads), 'qbias.source = "AVERAGE_POOL_2D"'])
    v = program.emit(f"qbias.pool {kind} {r} {{{attributes}}} : "
                     f"{real([batch, height, width, depth])} -> {real(result)}")
    return program, program.finish(v, result, out_bits, *limits(case, out_bits)), y


def build_sum(case):
    """ADD: multipliers s / (2 max(s1, s2)), and 2 max(s1, s2) / (s_y * 2^left shift)."""
    program, (y, out_bits) = Program(), expected(case)
    value = {side: float(case.number(f"{side}_MULT")) * 2.0 ** (case.number(f"{side}_SHIFT") - 31)
             for side in ("INPUT1", "INPUT2", "OUTPUT")}
    scale = 1 / (value["OUTPUT"] * 2.0 ** case.number("LEFT_SHIFT"))
    names = []
    for number in (1, 2):
        x, bits = case.array(f"input{number}")
        names.append(program.input(x, bits, [len(x)], -case.number(f"INPUT{number}_OFFSET"),
                                   value[f"INPUT{number}"]))
    shape = [len(x)]
    v = program.emit(f"qbias.add {names[0]}, {names[1]} : {real(shape)}, {real(shape)} -> "
                     f"{real(shape)}")
    return program, program.finish(v, shape, out_bits, *limits(case, out_bits), scale), y


def build_elementwise_product(case):
    """MUL."""
    program, (y, out_bits) = Program(), expected(case)
    names = []
    for number, scale in ((1, 1.0), (2, multipliers(case)[0])):
        x, bits = case.array(f"input{number}")
        names.append(program.input(x, bits, [len(x)], -case.number(f"INPUT{number}_OFFSET"), scale))
    shape = [len(x)]
    v = program.emit(f"qbias.mul {names[0]}, {names[1]} : {real(shape)}, {real(shape)} -> "
                     f"{real(shape)}")
    return program, program.finish(v, shape, out_bits, *limits(case, out_bits)), y


def build_extremum(case):
    """MAXIMUM and MINIMUM of equal scales."""
    program, (y, out_bits) = Program(), expected(case)
    shapes = [[case.number(f"{d}_{n}") for d in ("BATCH", "HEIGHT", "WIDTH", "CHANNEL")]
              for n in (1, 2)]
    names = [program.input(*case.array(f"input_{n}", f"input{n}", f"input_tensor_{n}",
                                       f"input_{n}_tensor"), shape, 0)
             for n, shape in zip((1, 2), shapes)]
    result = list(np.broadcast_shapes(*shapes))
    v = program.emit(f"qbias.{case.name.split('_')[0]} {names[0]}, {names[1]} : {real(shapes[0])}, "
                     f"{real(shapes[1])} -> {real(result)}")
    return program, program.finish(v, result, out_bits, 0, -128, 127), y


def build_softmax(case):
    """8 bits to 8 or 16."""
    program, (x, bits), (y, out_bits) = Program(), case.array("input"), expected(case)
    shape = [case.number("NUM_ROWS"), case.number("ROW_SIZE")]
    scale = float(case.number("INPUT_MULT")) * 2.0 ** (case.number("INPUT_LEFT_SHIFT") - 31 - 26)
    r = program.input(x, bits, shape, 0, scale)
    v = program.emit(f"qbias.softmax {r} beta 1.0 : {real(shape)}")
    low, high = -2**(out_bits - 1), 2**(out_bits - 1) - 1
    return program, program.finish(v, shape, out_bits, low, low, high, 2.0**-out_bits), y


def build_pad(case):
    """PAD in all four dimensions."""
    program, (x, bits) = Program(), case.array("input_tensor")
    sides = [[case.number(f"{side}_PAD_{d}") for d in "NHWC"] for side in ("PRE", "POST")]
    shape = [case.number(f"INPUT_{d}") for d in "NHWC"]
    result = [a + b + c for a, b, c in zip(shape, *sides)]
    r = program.input(x, bits, shape, 0)
    low, high = (f"[{', '.join(map(str, side))}]" for side in sides)
    v = program.emit(f"qbias.pad {r} low {low} high {high} value "
                     f"{float(case.number('PAD_VALUE'))!r} : {real(shape)} -> {real(result)}")
    return program, program.finish(v, result, bits, 0, -128, 127), expected(case)[0]


def layer_of(case, number, kind):
    """A layer of a network as a case of its own."""
    layer, prefix = copy.copy(case), f"{kind}_{number}_"
    layer.defines = {key[len(prefix):]: value for key, value in case.all_defines.items()
                     if key.startswith(prefix)}
    prefix = f"layer_{number}_{kind.lower()}_"
    layer.arrays = {key[len(prefix):]: values for key, values in case.arrays.items()
                    if key.startswith(prefix)}
    layer.types = {key[len(prefix):]: bits for key, bits in case.types.items()
                   if key.startswith(prefix)}
    return layer


def build_network(case):
    """DS-CNN: convolutions in turn, a mean, a fully connected layer, a softmax."""
    program, first = Program(), layer_of(case, 1, "CONV_2D")
    x, bits = case.array("input")
    r = program.input(x, bits, [1, first.number("INPUT_H"), first.number("INPUT_W"), 1],
                      -first.number("INPUT_OFFSET"))
    for number in range(1, 10):
        isdeep = number % 2 == 0
        layer = layer_of(case, number, "DEPTHWISE_CONV_2D" if isdeep else "CONV_2D")
        v, shape = convolve(layer, program, r, isdeep)
        r = program.requantize(v, shape, layer.number("OUTPUT_OFFSET"))
    kernel, shape = shape[1:3], [1, 1, 1, shape[3]]
    v = program.emit(f"qbias.pool avg {r} {{{listed('kernel', kernel)}, "
                     f'qbias.source = "AVERAGE_POOL_2D"}} : {real([1, *kernel, shape[3]])} -> '
                     f"{real(shape)}")
    r = program.requantize(v, shape, -128)
    softmax = layer_of(case, 13, "SOFTMAX")
    scale = float(softmax.number("MULT")) * 2.0 ** (softmax.number("SHIFT") - 31 - 26)
    last = layer_of(case, 12, "FULLY_CONNECTED")
    sizes = [softmax.number("ROW_SIZE"), shape[3]]
    scales = [multipliers(last)[0] * scale] * sizes[0]
    w = program.weights(*last.array("weights"), sizes, scales)
    b = program.bias(*last.array("bias"), scales)
    r = program.emit(f"tensor.collapse_shape {r} [[0], [1, 2, 3]] : {real(shape)} into "
                     f"{real([1, sizes[1]])}")
    v = program.emit(f"qbias.matmul {r}, {w} bias {b} : ({real([1, sizes[1]])}, {real(sizes)}, "
                     f"{real(sizes[:1])}) -> {real([1, sizes[0]])}")
    r = program.requantize(v, [1, sizes[0]], last.number("OUTPUT_OFFSET"), scale)
    v = program.emit(f"qbias.softmax {r} beta 1.0 : {real([1, sizes[0]])}")
    y, bits = expected(case)
    return program, program.finish(v, [1, sizes[0]], bits, -128, -128, 127, 2.0**-bits), y


BUILDERS = [(r"pad_int8", build_pad), (r"ds_cnn", build_network),
            (r"softmax", build_softmax), (r"maximum|minimum", build_extremum),
            (r"add", build_sum), (r"mul", build_elementwise_product),
            (r"batch_matmul", build_product), (r"fully|fc_", build_connected),
            (r"avgpool|maxpool", build_pool), (r"(reverse_)?transpose_conv", build_transposed),
            (r"", build_conv)]


def check(path, folder):
    """One vector."""
    case = Case(path)
    build = next(function for pattern, function in BUILDERS if re.match(pattern, case.name))
    program, text, golden = build(case)
    model, target = os.path.join(folder, "layer.mlir"), os.path.join(folder, "y.npy")
    with open(model, "w", encoding="utf-8") as file:
        file.write(text)
    inputs = []
    for number, values in enumerate(program.files):
        inputs += ["--input", f"x{number}={save(folder, f'x{number}.npy', values)}"]
    qbias("run", model, *inputs, "--output", target, "--raw", "--quiet", "--requant=tflite")
    got = np.load(target).reshape(-1)
    equal(got.size, golden.size, "elements")
    equal(int(np.sum(got != golden)), 0, f"elements of {got.size} that differ")


def main():
    """Command line; see the top of the file."""
    folder, data, *names = sys.argv[1:]
    os.makedirs(folder, exist_ok=True)
    paths = sorted(glob.glob(os.path.join(data, "conformance", "cmsis_nn_unit", "*.json")))
    paths = [path for path in paths if not SKIPPED.match(os.path.basename(path))]
    paths = [path for path in paths if not names or os.path.basename(path)[:-5] in names]
    run_all([(os.path.basename(path), lambda path=path: check(path, folder)) for path in paths],
            "vectors")


if __name__ == "__main__":
    main()
