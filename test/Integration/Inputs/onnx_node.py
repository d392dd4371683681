# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""ONNX's own test cases: onnx_node.py quantized|float WORK DATA.

quantized  models whose operators are quantized: every input but the data is bound with
           --bind, and the program's output is the stored one, bit for bit
float      models of one float operator: the imported shape is the stored output's, and the
           operator between QuantizeLinear and DequantizeLinear equals the exact oracle

Known wrong outputs (DATA/conformance/index.md) are left out: qlinearmatmul of int8 wraps.
"""

import os
import re
import sys

import numpy as np

from harness import qbias  # first: it finds the oracle

import compare
import oracle
from onnx_reader import Tensor, read_model, read_tensor
from onnx_writer import FLOAT, Graph

QUANTIZED = {  # case: inputs that are data
    "test_qlinearconv": ["x"], "test_qlinearmatmul_2D_uint8_float16": ["a"],
    "test_qlinearmatmul_3D_uint8_float32": ["a"], "test_convinteger_with_padding": ["x"],
    "test_matmulinteger": ["A"], "test_quantizelinear": ["x"], "test_dequantizelinear": ["x"],
    "test_quantizelinear_int16": ["x"], "test_dequantizelinear_int16": ["x"],
    "test_dequantizelinear_axis": ["x"], "test_dequantizelinear_int4": ["x"],
    "test_dequantizelinear_int2": ["x"], "test_quantizelinear_axis": ["x"],
    "test_quantizelinear_int4": ["x"], "test_quantizelinear_int2": ["x"],
}
NOT_IMPORTED = re.compile(  # arithmetic on integers that are not quantized, scales that are
    # computed or belong to blocks, types without integers, tensors without elements
    r"test_(add_u?int|cast_|dynamicquantize|.*(e4m3fn|blocked)|clip_default_int8|"
    r"maxpool_2d_uint8|reshape_allowzero_reordered)")


def load(path):
    """The array and type of a stored tensor."""
    with open(path, "rb") as file:
        return read_tensor(file.read())


def stored(folder, kind, index):
    """test_data_set_0/input_0.pb."""
    return os.path.join(folder, "test_data_set_0", f"{kind}_{index}.pb")


def check_quantized(folder, work, data):
    """'' or what differs."""
    model = os.path.join(folder, "model.onnx")
    graph = read_model(model).graph
    command = ["run", model, "--quiet", "--raw"]
    for index, value in enumerate(graph.inputs):
        path = stored(folder, "input", index)
        if value.name not in data:
            command += ["--bind", f"{value.name}={path}"]
            continue
        array = load(path).array
        if array.dtype == np.float32:
            command.remove("--raw")
        np.save(os.path.join(work, "in.npy"), array)
        command += ["--input", f"{value.name}={work}/in.npy"]
    expected = load(stored(folder, "output", 0))
    if expected.dtype == "float32" and "--raw" in command:
        command.remove("--raw")
    qbias(*command, "--output", os.path.join(work, "out.npy"))
    got = np.load(os.path.join(work, "out.npy"))
    same = got.shape == expected.array.shape and np.array_equal(got, expected.array)
    return "" if same else f"got {got.reshape(-1)[:8]}, expected {expected.array.reshape(-1)[:8]}"


def imported_shape(model, bindings, work):
    """Shape of the only result of the imported function."""
    path = os.path.join(work, "import.mlir")
    qbias("compile", model, *bindings, "--stage=import", "-o", path)
    with open(path, encoding="utf-8") as file:
        text = file.read()
    result = re.search(r"func\.func @main\(.*?\) -> \(?tensor<([\dx]*)", text, re.S).group(1)
    return [int(extent) for extent in result.rstrip("x").split("x") if extent]


def scale_of(array):
    """An int8 scale that uses the range of the data."""
    return np.float32(max(float(np.abs(array).max()), 1e-3) / 120)


class Wrapped:
    """The case's only node between quantizes; weights and biases are constants."""

    def __init__(self, model, inputs, output):
        self.graph = Graph(opset=max(model.opsets.get("", 13), 13))
        self.zero = self.graph.const(np.int8(3))
        self.arrays = {}
        node = model.graph.nodes[0]
        names = [self.operand(index, node, name, inputs) for index, name in
                 enumerate(node.inputs)]
        attributes = {key: value.array if isinstance(value, Tensor) else value
                      for key, value in node.attributes.items()}
        real = self.graph.node(node.op_type, names, domain=node.domain, **attributes)
        self.graph.output(self.requantize(real, scale_of(output)), FLOAT, [])

    def requantize(self, real, scale, axis=None, zero=None):
        """Quantize and dequantize."""
        names = [self.graph.const(scale), zero or self.zero]
        q = self.graph.node("QuantizeLinear", [real] + names, axis=axis)
        return self.graph.node("DequantizeLinear", [q] + names, axis=axis)

    def operand(self, index, node, name, inputs):
        """Data is quantized twice (so that the program has a layer), weights per tensor."""
        if not name:
            return None
        array = inputs[name]
        if array.dtype != np.float32:
            return self.graph.const(array)
        is_data = index == 0 or node.op_type in ("Concat", "Add", "MatMul") or \
            (node.op_type == "Gemm" and index == 2 and array.ndim == 2 and len(array) > 1)
        if is_data:
            self.graph.input(name, FLOAT, list(array.shape))
            self.arrays[name] = array
            return self.requantize(self.requantize(name, scale_of(array)),
                                   scale_of(array) * np.float32(1.1))
        stored_as = self.graph.const(array)
        if index == 1 and node.op_type in ("Conv", "Gemm", "ConvTranspose"):
            return self.requantize(stored_as, scale_of(array), zero=self.graph.const(np.int8(0)))
        return stored_as


def check_float(folder, work):
    """'' or what is wrong."""
    model = read_model(os.path.join(folder, "model.onnx"))
    inputs = dict(model.graph.initializers)
    inputs = {name: tensor.array for name, tensor in inputs.items()}
    bindings = []
    free = [value for value in model.graph.inputs if value.name not in inputs]
    for index, value in enumerate(free):
        tensor = load(stored(folder, "input", index))
        inputs[value.name] = tensor.array
        if index and model.graph.nodes[0].op_type not in ("Concat", "Add", "MatMul"):
            bindings += ["--bind", f"{value.name}={stored(folder, 'input', index)}"]
    output = load(stored(folder, "output", 0)).array
    shape = imported_shape(os.path.join(folder, "model.onnx"), bindings, work)
    if shape != list(output.shape):
        return f"imported shape {shape}, stored {list(output.shape)}"
    if len(model.graph.nodes) != 1:
        return f"{len(model.graph.nodes)} nodes"
    net = Wrapped(model, inputs, output)
    path = os.path.join(work, "wrapped.onnx")
    net.graph.save(path)
    command = ["run", path, "--quiet", "--dump-dir", os.path.join(work, "dump")]
    arrays = {}
    for name, array in net.arrays.items():
        arrays[name] = array
        np.save(os.path.join(work, f"{len(arrays)}.npy"), array)
        command += ["--input", f"{name}={work}/{len(arrays)}.npy"]
    qbias(*command)
    expected = oracle.run(read_model(path), arrays)
    report = compare.compare_arrays(expected, compare.load_dump(os.path.join(work, "dump")),
                                    {}, False)
    wrong = [line for line in report.lines if "output" not in line]
    return wrong[0] if wrong else ""


def main():
    """Command line; see the top of the file."""
    kind, work, data = sys.argv[1:]
    os.makedirs(work, exist_ok=True)
    nodes = os.path.join(data, "conformance", "onnx_node")
    failed, count = 0, 0
    if kind == "quantized":
        cases = [(os.path.join(nodes, name), names) for name, names in QUANTIZED.items()]
    else:
        folders = [nodes, os.path.join(data, "conformance", "onnx_pytorch_converted")]
        cases = [(os.path.join(folder, name), None) for folder in folders
                 for name in sorted(os.listdir(folder))
                 if name not in QUANTIZED and not NOT_IMPORTED.match(name)
                 and "qlinear" not in name]
    for folder, names in cases:
        count += 1
        place = os.path.join(work, os.path.basename(folder))
        os.makedirs(place, exist_ok=True)
        try:
            complaint = check_quantized(folder, place, names) if names else \
                check_float(folder, place)
        except Exception as error:  # a case that cannot run is a failed one
            complaint = f"{type(error).__name__}: {error}"
        if complaint:
            failed += 1
            print(f"{os.path.basename(folder)}: {complaint}")
    print(f"{kind}: {count} cases, {failed} failed")
    return 1 if failed or not count else 0


if __name__ == "__main__":
    sys.exit(main())
