# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Mode tflite against outputs that the TensorFlow Lite kernels wrote (CMSIS-NN's test data).

    kernel_goldens.py WORK-DIR CMSIS-NN-FOLDER

Each vector gives integers, a multiplier and a shift per channel.  A layer with scales
s_x = s_y = 1 and s_w = multiplier * 2^(shift - 31) has exactly these.  Every element of
the compiled program's output has to equal the vector's.
"""

import glob
import json
import os
import sys

import numpy as np

from harness import QBIAS, Failed, run

TYPES = {"int8_t": np.int8, "int16_t": np.int16, "int32_t": np.int64, "int64_t": np.int64}
LARGEST_ELEMENTS = 200_000  # of the weights, to keep the files small


class Vector:
    """One JSON file: defines without their prefix, arrays by the end of their name."""

    def __init__(self, path):
        with open(path, encoding="utf-8") as file:
            data = json.load(file)
        self.name, self.arrays = os.path.basename(path)[:-len(".json")], {}
        self.types = {array["type"] for array in data["arrays"].values()}
        self.defines = {}
        prefix = self.name.upper() + "_"
        for key, value in data["defines"].items():
            self.defines[key[len(prefix):] if key.startswith(prefix) else key] = value
        for key, array in data["arrays"].items():
            values = np.array(array["data"], np.int64).astype(TYPES[array["type"]])
            self.arrays[key[len(self.name) + 1:]] = values

    def __getitem__(self, key):
        return int(self.defines[key])

    def get(self, key, default=None):
        """A define, or `default`."""
        value = self.defines.get(key, default)
        return value if value is None else int(value)

    def array(self, *ends):
        """The array with one of these names, or None."""
        for end in ends:
            if end in self.arrays:
                return self.arrays[end]
        return None


def numbers(values):
    """Elements of a dense attribute."""
    return "[" + ", ".join(str(int(v)) for v in np.asarray(values).reshape(-1)) + "]"


def dense(array):
    """dense<...> of any shape."""
    array = np.asarray(array)
    text = json.dumps(array.tolist())
    return f"dense<{text}>"


def quant(bits, scales, zero=0, axis=None):
    """A quantized type."""
    if axis is None:
        return f"!quant.uniform<i{bits}:f32, {float(scales)!r}:{zero}>"
    return f"!quant.uniform<i{bits}:f32:{axis}, {{{', '.join(repr(float(s)) for s in scales)}}}>"


def shape(dims, element):
    """tensor<...>."""
    return "tensor<" + "x".join(str(d) for d in dims) + f"x{element}>"


def scales_of(multipliers, shifts):
    """Real multipliers, exact in double."""
    return [float(m) * 2.0**(int(s) - 31) for m, s in zip(multipliers, shifts)]


class Program:
    """Lines of a function with one quantized result."""

    def __init__(self, bits):
        self.bits, self.lines, self.arguments, self.count = bits, [], [], 0

    def emit(self, text, result=None):
        """One line; the result's name."""
        self.count += 1
        name = f"%v{self.count}"
        self.lines.append(f"  {name} = {text}")
        return name if result is None else result

    def argument(self, dims, kind):
        """A quantized argument, dequantized."""
        name = f"%q{len(self.arguments)}"
        self.arguments.append(f"{name}: {shape(dims, kind)}")
        return self.emit(f"qbias.dequantize {name} : {shape(dims, kind)} -> {shape(dims, 'f32')}")

    def constant(self, array, bits, kind):
        """A quantized constant, dequantized."""
        dims = array.shape
        raw, real = shape(dims, f"i{bits}"), shape(dims, "f32")
        stored = self.emit(f"arith.constant {dense(array)} : {raw}")
        cast = self.emit(f"quant.scast {stored} : {raw} to {shape(dims, kind)}")
        return self.emit(f"qbias.dequantize {cast} : {shape(dims, kind)} -> {real}")

    def finish(self, real, dims, kind, clamp=None):
        """The text of the module."""
        if clamp:
            real = self.emit(f"qbias.clamp {real} lo {float(clamp[0])!r} hi {float(clamp[1])!r} : "
                             f"{shape(dims, 'f32')}")
        out = shape(dims, kind)
        result = self.emit(f"qbias.quantize {real} : {shape(dims, 'f32')} -> {out}")
        body = "\n".join(self.lines)
        return (f"func.func @main({', '.join(self.arguments)}) -> {out} {{\n{body}\n"
                f"  return {result} : {out}\n}}\n")


def activation(v):
    """Clamp of the output in real numbers, s_y = 1."""
    zero = v.get("OUTPUT_OFFSET", 0)
    return v["OUT_ACTIVATION_MIN"] - zero, v["OUT_ACTIVATION_MAX"] - zero


def unpack(weights, count):
    """4-bit weights, two per byte, low nibble first."""
    bytes_ = weights.astype(np.uint8)
    both = np.stack([bytes_ & 15, bytes_ >> 4], axis=1).reshape(-1)[:count].astype(np.int64)
    return np.where(both > 7, both - 16, both)


def add_bias(program, v, channels, scales):
    """(text, type) of the bias operand."""
    bias = v.array("biases", "bias", "input_bias")
    if bias is None or bias.size != channels or not bias.any():
        return "", ""
    if np.abs(bias).max() >= 2**31:
        return None, None
    name = program.constant(bias, 32, quant(32, scales, axis=0))
    return f" bias {name}", f", {shape([channels], 'f32')}"


def convolution(v, depthwise):
    """(module, inputs, expected) of a convolution vector, or None."""
    x = v.array("input")
    expected = v.array("output_ref", "output")
    multipliers = v.array("output_mult", "output_multiplier")
    weights = v.array("weights", "input_weights")
    if any(item is None for item in (x, expected, multipliers, weights)):
        return None
    bits, outputs, inputs = (16 if x.dtype == np.int16 else 8), v["OUT_CH"], v["IN_CH"]
    kernel = v["FILTER_Y"], v["FILTER_X"]
    per_group = 1 if depthwise else inputs
    count = outputs * kernel[0] * kernel[1] * per_group
    if "int4" in v.name:
        weights = unpack(weights, count)
    if weights.size != count or weights.size > LARGEST_ELEMENTS or multipliers.size != outputs:
        return None
    weights = weights.reshape(kernel + (outputs,)).transpose(2, 0, 1)[..., None] if depthwise \
        else weights.reshape((outputs,) + kernel + (inputs,))
    scales = scales_of(multipliers, v.array("output_shift"))
    zero, program = -v.get("INPUT_OFFSET", 0), Program(bits)
    dims = [v.get("INPUT_BATCHES", 1), v["INPUT_H"], v["INPUT_W"], inputs]
    out = [dims[0], v["OUTPUT_H"], v["OUTPUT_W"], outputs]
    real = program.argument(dims, quant(bits, 1.0, zero))
    w = program.constant(weights, 8, quant(8, scales, axis=0))
    bias, bias_type = add_bias(program, v, outputs, scales)
    if bias is None:
        return None
    pads = [v["PAD_Y"], v["PAD_X"]]
    strides, dilations = [v["STRIDE_Y"], v["STRIDE_X"]], [v["DILATION_Y"], v["DILATION_X"]]
    for i in (0, 1):
        reach = (out[1 + i] - 1) * strides[i] + (kernel[i] - 1) * dilations[i] + 1
        pads.append(reach - dims[1 + i] - pads[i])
    if any(pad < 0 for pad in pads):
        pads = [max(pad, 0) for pad in pads]
    groups = inputs if depthwise else 1
    # Without a 64-bit bias the convolution kernel has 32-bit sums.
    wide = "int64_t" in v.types
    source = "" if depthwise or wide else ', qbias.source = "CONV_2D"'
    acc = program.emit(
        f"qbias.conv2d {real}, {w}{bias} {{pads = array<i64: {numbers(pads)[1:-1]}>, "
        f"strides = array<i64: {numbers(strides)[1:-1]}>, "
        f"dilations = array<i64: {numbers(dilations)[1:-1]}>, groups = {groups}{source}}} : "
        f"({shape(dims, 'f32')}, {shape(weights.shape, 'f32')}{bias_type}) -> {shape(out, 'f32')}")
    text = program.finish(acc, out, quant(bits, 1.0, v.get("OUTPUT_OFFSET", 0)), activation(v))
    return text, [x.reshape(dims)], expected.reshape(out)


def fully_connected(v):
    """A matrix product with one multiplier."""
    x, expected, weights = (v.array("input"), v.array("output_ref", "output"),
                            v.array("weights", "packed_weights"))
    if any(item is None for item in (x, expected, weights)):
        return None
    depth, outputs = v["ACCUMULATION_DEPTH"], v["OUT_CH"]
    bits = 16 if x.dtype == np.int16 else 8
    if "int4" in v.name:
        weights = unpack(weights, depth * outputs)
    scale = scales_of([v["OUTPUT_MULTIPLIER"]], [v["OUTPUT_SHIFT"]])[0]
    program, rows = Program(bits), v["INPUT_BATCHES"]
    real = program.argument([rows, depth], quant(bits, 1.0, -v["INPUT_OFFSET"]))
    w = program.constant(weights.reshape(outputs, depth), 8, quant(8, scale))
    bias, bias_type = add_bias(program, v, outputs, [scale] * outputs)
    if bias is None or weights.size > LARGEST_ELEMENTS or v.get("FILTER_OFFSET", 0):
        return None
    out = [rows, outputs]
    acc = program.emit(
        f"qbias.matmul {real}, {w}{bias} : ({shape([rows, depth], 'f32')}, "
        f"{shape([outputs, depth], 'f32')}{bias_type}) -> {shape(out, 'f32')}")
    text = program.finish(acc, out, quant(bits, 1.0, v["OUTPUT_OFFSET"]), activation(v))
    return text, [x.reshape(rows, depth)], expected.reshape(out)


def pair(v, operator):
    """Sum or product of two tensors of one shape."""
    a, b, expected = v.array("input1"), v.array("input2"), v.array("output_ref")
    bits, program = (16 if a.dtype == np.int16 else 8), Program(8)
    real = scales_of([v["OUTPUT_MULT"]], [v["OUTPUT_SHIFT"]])[0]
    if operator == "mul":
        scales, out_scale, clamp = (real, 1.0), 1.0, activation(v)
    else:  # both inputs at scale 1, so 2 * max = 2
        scales, out_scale = (1.0, 1.0), 2.0 / (2**v["LEFT_SHIFT"] * real)
        clamp = tuple(level * out_scale for level in activation(v))
    dims, kinds = [1, a.size], [quant(bits, s, -v[f"INPUT{i}_OFFSET"])
                                for i, s in zip((1, 2), scales)]
    names = [program.argument(dims, kind) for kind in kinds]
    value = program.emit(f"qbias.{operator} {names[0]}, {names[1]} : {shape(dims, 'f32')}, "
                         f"{shape(dims, 'f32')} -> {shape(dims, 'f32')}")
    text = program.finish(value, dims, quant(bits, out_scale, v["OUTPUT_OFFSET"]), clamp)
    return text, [a.reshape(dims), b.reshape(dims)], expected.reshape(dims)


def average_pool(v):
    """A pool of one scale."""
    x, expected = v.array("input_tensor"), v.array("output")
    bits, program = (16 if x.dtype == np.int16 else 8), Program(8)
    dims = [v["BATCH_SIZE"], v["INPUT_H"], v["INPUT_W"], v["INPUT_C"]]
    out = [dims[0], v["OUTPUT_H"], v["OUTPUT_W"], dims[3]]
    kernel, strides = [v["FILTER_H"], v["FILTER_W"]], [v["STRIDE_H"], v["STRIDE_W"]]
    pads = [v.get("PADDING_H", 0), v.get("PADDING_W", 0)]
    for i in (0, 1):
        pads.append(max((out[1 + i] - 1) * strides[i] + kernel[i] - dims[1 + i] - pads[i], 0))
    kind = quant(bits, 1.0)
    real = program.argument(dims, kind)
    value = program.emit(
        f"qbias.pool avg {real} {{kernel = array<i64: {numbers(kernel)[1:-1]}>, "
        f"strides = array<i64: {numbers(strides)[1:-1]}>, "
        f"pads = array<i64: {numbers(pads)[1:-1]}>}} : "
        f"{shape(dims, 'f32')} -> {shape(out, 'f32')}")
    clamp = v["ACTIVATION_MIN"], v["ACTIVATION_MAX"]
    return program.finish(value, out, kind, clamp), [x.reshape(dims)], expected.reshape(out)


def build(v):
    """(module, inputs, expected), or None for vectors of other kernels."""
    if "OUTPUT_MULT" in v.defines and "INPUT1_OFFSET" in v.defines:
        return pair(v, "mul" if v.name.startswith("mul") else "add")
    if v.name.startswith("avgpooling"):
        return average_pool(v)
    if "ACCUMULATION_DEPTH" in v.defines and "OUTPUT_MULTIPLIER" in v.defines:
        return fully_connected(v)
    if "FILTER_Y" in v.defines and "transpose" not in v.name and "svdf" not in v.name:
        return convolution(v, "CH_MULT" in v.defines)
    return None


def check(vector, built, folder):
    """Number of elements compared.  Errors: Failed."""
    text, inputs, expected = built
    model = os.path.join(folder, f"{vector.name}.mlir")
    with open(model, "w", encoding="utf-8") as file:
        file.write(text)
    command = [QBIAS, "run", model, "--requant=tflite", "--raw", "--quiet"]
    for number, array in enumerate(inputs):
        path = os.path.join(folder, f"{vector.name}.{number}.npy")
        np.save(path, array)
        command += ["--input", path]
    output = os.path.join(folder, f"{vector.name}.out.npy")
    run(*command, "--output", output)
    got = np.load(output).reshape(expected.shape)
    wrong = int(np.sum(got != expected))
    if wrong:
        raise Failed(f"{wrong} of {expected.size} elements differ, largest difference "
                     f"{np.abs(got.astype(int) - expected.astype(int)).max()}")
    return expected.size


def main():
    """Run every vector of the folder that one of the builders knows."""
    work, data = sys.argv[1:3]
    os.makedirs(work, exist_ok=True)
    only, vectors, elements, failed = sys.argv[3:], 0, 0, 0
    for path in sorted(glob.glob(os.path.join(data, "*.json"))):
        vector = Vector(path)
        if only and vector.name not in only:
            continue
        built = build(vector)
        if built is None:
            continue
        vectors += 1
        try:
            elements += check(vector, built, work)
        except Failed as error:
            failed += 1
            print(f"FAILED {vector.name}: {str(error)[:600]}", flush=True)
    print(f"{vectors} vectors, {elements} elements, {failed} failed")
    return 1 if failed or not vectors else 0


if __name__ == "__main__":
    sys.exit(main())
