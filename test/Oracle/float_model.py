# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""PyTorch's floating-point evaluation of a quantized network, segment by segment.

    steps = evaluate(read_model("net.pt2"), {"x": array}, np.float32)
    steps.quantized["q"], steps.reals["q"], steps.output

Every operator is computed in the given type, with sums in the order of the elements, as
PyTorch does in float32 (N3: an approximation of the exact meaning).  With `given`, each
segment starts from those integers instead of its own: {name: array}.

Errors: KeyError for an operator that is not here.
"""

from dataclasses import dataclass, field

import numpy as np

from exact_tensor import Unsupported


@dataclass
class Steps:
    """What each quantize made, the numbers it rounded (in steps of its scale), the output."""

    quantized: dict = field(default_factory=dict)
    reals: dict = field(default_factory=dict)
    output: np.ndarray = None


def _spread(parameter, axis, rank):
    """One number per channel, to broadcast."""
    parameter = np.asarray(parameter)
    if parameter.size == 1:
        return parameter.reshape(())
    return parameter.reshape([-1 if i == axis else 1 for i in range(rank)])


def _quantize(node, inputs, dtype, steps, given):
    x, scale, zero = inputs
    low, high = node.attribute("quant_range")
    axis = node.attribute("axis", 1)
    inverse = (1.0 / np.float64(_spread(scale, axis, x.ndim))).astype(dtype)
    real = (x * inverse).astype(dtype)
    name = node.outputs[0]
    zero = _spread(zero, axis, x.ndim)
    steps.quantized[name] = np.clip(np.rint(real) + zero, low, high).astype(np.int64)
    steps.reals[name] = real
    return steps.quantized[name] if given is None else given[name]


def _dequantize(node, inputs, dtype):
    q, scale, zero = inputs
    axis = node.attribute("axis", 1)
    centred = q.astype(dtype) - _spread(zero, axis, q.ndim).astype(dtype)
    return centred * _spread(scale, axis, q.ndim).astype(dtype)


def _taps(x, kernel, node, fill):
    """[taps, N, C, OH, OW]: what each position of a window sees."""
    pads, strides = node.attribute("pads") or [0] * 4, node.attribute("strides")
    dilations = node.attribute("dilations") or [1, 1]
    if node.attribute("ceil_mode", 0):
        raise Unsupported("ceil_mode")
    x = np.pad(x, ((0, 0), (0, 0), (pads[0], pads[2]), (pads[1], pads[3])),
               constant_values=fill)
    out = [(x.shape[2 + i] - (kernel[i] - 1) * dilations[i] - 1) // strides[i] + 1
           for i in range(2)]

    def at(row, column):
        return x[:, :, row:row + (out[0] - 1) * strides[0] + 1:strides[0],
                 column:column + (out[1] - 1) * strides[1] + 1:strides[1]]
    return np.stack([at(i * dilations[0], j * dilations[1])
                     for i in range(kernel[0]) for j in range(kernel[1])])


def _convolve(node, inputs):
    x, weight, bias = inputs
    groups, kernel = node.attribute("group", 1), weight.shape[2:]
    taps = _taps(x, kernel, node, 0)
    count, samples, channels, high, wide = taps.shape
    columns = taps.transpose(1, 2, 0, 3, 4).reshape(samples, groups, -1, high * wide)
    result = np.matmul(weight.reshape(groups, weight.shape[0] // groups, -1), columns)
    result = result.reshape(samples, weight.shape[0], high, wide)
    return result if bias is None else result + bias.reshape(1, -1, 1, 1)


def _average(node, inputs):
    taps = _taps(inputs[0], node.attribute("kernel_shape"), node, 0)
    total = taps[0]
    for tap in taps[1:]:
        total = total + tap
    return total / inputs[0].dtype.type(len(taps))


def _clip(node, inputs):
    x, low, high = inputs
    x = x if low is None else np.maximum(x, low.astype(x.dtype))
    return x if high is None else np.minimum(x, high.astype(x.dtype))


FUNCTIONS = {
    "Conv": _convolve,
    "AveragePool": _average,
    "Clip": _clip,
    "MaxPool": lambda node, inputs: _taps(inputs[0], node.attribute("kernel_shape"), node,
                                          -np.inf).max(0),
    "Add": lambda node, inputs: inputs[0] + inputs[1],
    "MatMul": lambda node, inputs: np.matmul(inputs[0], inputs[1]),
    "Identity": lambda node, inputs: inputs[0],
    "Transpose": lambda node, inputs: np.transpose(inputs[0], node.attribute("perm")),
    "Reshape": lambda node, inputs: inputs[0].reshape([int(extent) for extent in inputs[1]]),
}


def evaluate(model, arrays, dtype, given=None):
    """Steps of all samples at once; see the top of the file."""
    graph, steps = model.graph, Steps()
    values = {name: tensor.array for name, tensor in graph.initializers.items()}
    values.update({name: array.astype(dtype) for name, array in arrays.items()})
    for node in graph.nodes:
        inputs = [values[name] if name else None for name in node.inputs]
        if node.op_type == "QuantizeLinear":
            result = _quantize(node, inputs, dtype, steps, given)
        elif node.op_type == "DequantizeLinear":
            result = _dequantize(node, inputs, dtype)
        else:
            result = FUNCTIONS[node.op_type](node, inputs)
        values[node.outputs[0]] = result
    steps.output = values[graph.outputs[0].name]
    return steps
