# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Programs that feed compiled networks from files, and what the networks should answer.

A network is `Network(model, arrays)`: the exact oracle's answer to integer inputs (one
leading sample axis), and a C program (or arguments of feed.js) that passes each sample
to `net_run` and writes what comes back.  Nothing here asks the compiler for a number.
"""

import os

import numpy as np

import all_forms
import oracle
from harness import FLOAT, Net, equal, random_weights, require, run
from model_reader import read_model

NAME = "net"  # --name of every program here
EXAMPLES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../examples")
DIGITS = os.path.join(EXAMPLES, "digits/digits_resnet.qdq.u8s8.pc.onnx")
STRICT = ["-Wall", "-Wextra", "-Wconversion", "-pedantic", "-Werror"]
SAMPLES = 20
RESNET8 = os.path.join(os.environ.get("QBIAS_DATA_DIR", ""),
                       "conformance/tflite/mlperf_ic_resnet8")
PROGRAM = """#include "net.h"
#include <stdio.h>
%(buffers)s
static uint8_t workspace[net_WORKSPACE_BYTES + 1] __attribute__((aligned(64)));
int main(int argc, char **argv) {
  FILE *in, *out;
  if (argc != 3 || !(in = fopen(argv[1], "rb")) || !(out = fopen(argv[2], "wb")))
    return 100;
  while (%(read)s) {
    int status = net_run(%(arguments)s, workspace, net_WORKSPACE_BYTES);
    if (status)
      return status;
    if (%(write)s)
      return 101;
  }
  return fclose(out) ? 101 : 0;
}
"""
STATUS = """#include "net.h"
#include <stdio.h>
static uint8_t x[net_x_ELEMENTS], y[net_y_ELEMENTS];
static uint8_t w[net_WORKSPACE_BYTES + 64] __attribute__((aligned(64)));
int main(void) {
  printf("%d", net_run(x, y, w, net_WORKSPACE_BYTES));
  printf("%d", net_run(0, y, w, net_WORKSPACE_BYTES));
  printf("%d", net_run(x, 0, w, net_WORKSPACE_BYTES));
  printf("%d", net_run(x, y, 0, net_WORKSPACE_BYTES));
  printf("%d", net_run(x, y, w + 32, net_WORKSPACE_BYTES));
  printf("%d", net_run(x, y, w, net_WORKSPACE_BYTES - 1));
  printf("%d", net_run(x, x + 1, w, net_WORKSPACE_BYTES));
  printf("%d", net_run(w + 8, y, w, net_WORKSPACE_BYTES));
  return 0;
}
"""


class Network:
    """A model, the integers to feed it, and the integers it has to answer with.

    `arrays` maps input names to arrays of shape [samples, ...input], as `qbias run`
    takes them; `mode` is what --requant asks for.  Of an output the file leaves
    unquantized, only the place is known: it is written as int32 and not compared.
    """

    def __init__(self, model, arrays, mode="exact"):
        read = read_model(model)
        result = oracle.run(read, arrays, oracle.Settings(mode=mode))
        self.model, self.samples = model, len(next(iter(arrays.values())))
        self.inputs, self.outputs, self.known = [], [], []
        self.shapes = [oracle.compiled_shape(value) for value in read.graph.inputs]
        for value in read.graph.inputs:
            name = self._neighbour(read, value.name, "QuantizeLinear", "inputs")
            integers = result.quantized.get(name, arrays.get(value.name))
            self.inputs.append(self._per_sample(integers, result.dtypes.get(name, value.dtype)))
        for value in read.graph.outputs:
            name = self._neighbour(read, value.name, "DequantizeLinear", "outputs")
            output = result.outputs[value.name]
            self.known.append(output.ints is not None)
            integers = output.ints
            if integers is None:
                integers = np.zeros(output.tensor.shape, dtype="int32")
            dtype = value.dtype if value.dtype == "int64" else "int32"  # indices or sums
            self.outputs.append(self._per_sample(integers, result.dtypes.get(name, dtype)))

    @staticmethod
    def _neighbour(model, name, op_type, side):
        """The integer tensor on the other side of a boundary's quantize or dequantize."""
        for node in model.graph.nodes:
            if node.op_type == op_type and name in getattr(node, side)[:1]:
                return (node.outputs if side == "inputs" else node.inputs)[0]
        return name

    def _per_sample(self, integers, dtype):
        return np.ascontiguousarray(integers.astype(dtype).reshape(self.samples, -1))

    def write_input(self, path):
        """All samples, each sample's inputs one behind the other."""
        with open(path, "wb") as file:
            for sample in range(self.samples):
                for array in self.inputs:
                    file.write(array[sample].tobytes())

    def write_program(self, path):
        """The C program; compile it next to net.h."""
        arrays = [("in", array) for array in self.inputs] + [("out", a) for a in self.outputs]
        names = [f"{kind}{number}" for number, (kind, _) in enumerate(arrays)]
        buffers = "".join(f"static {array.dtype}_t {name}[{array[0].size}];\n"
                          for name, (_, array) in zip(names, arrays))
        calls = {kind: [f"{call}({name}, sizeof {name}, 1, {kind})"
                        for name, (other, _) in zip(names, arrays) if other == kind]
                 for kind, call in (("in", "fread"), ("out", "fwrite"))}
        with open(path, "w", encoding="utf-8") as file:
            file.write(PROGRAM % {
                "buffers": buffers, "arguments": ", ".join(names),
                "read": " && ".join(f"{call} == 1" for call in calls["in"]),
                "write": " || ".join(f"{call} != 1" for call in calls["out"])})

    def sizes(self):
        """Bytes of each input and output of one sample."""
        return ([array[0].nbytes for array in self.inputs],
                [array[0].nbytes for array in self.outputs])

    def check_output(self, path, what):
        """Every known output at `path` is the oracle's."""
        with open(path, "rb") as file:
            got = file.read()
        equal(len(got), sum(array.nbytes for array in self.outputs), f"{what}: bytes of output")
        at = differing = 0
        for sample in range(self.samples):
            for array, known in zip(self.outputs, self.known):
                size = array[sample].nbytes
                answer = np.frombuffer(got, array.dtype, array[sample].size, at)
                differing += known and int((answer != array[sample]).sum())
                at += size
        require(not differing, f"{what}: {differing} integers differ from the exact reference")

    def feed(self, folder, what, command):
        """Run `command` + [input, output] and compare."""
        source, target = os.path.join(folder, "in.bin"), os.path.join(folder, "out.bin")
        self.write_input(source)
        run(*command, source, target)
        self.check_output(target, what)
        return self.samples


def digits(count=SAMPLES, mode="exact"):
    """The digits network and its first test images."""
    images = np.load(os.path.join(EXAMPLES, "digits/digits_test_x.npy"))[:count]
    return Network(DIGITS, {"x": images}, mode)


def resnet8(mode="exact"):
    """ResNet8 of MLPerf Tiny on the first two of its images."""
    images = np.fromfile(os.path.join(RESNET8, "int8_inputs.bin"), dtype=np.int8)
    return Network(os.path.join(RESNET8, "model_int8.tflite"),
                   {"input_1_int8": images.reshape(-1, 1, 32, 32, 3)[:2]}, mode)


def forms(folder):
    """The network of every form."""
    return named_forms(folder, "all_forms")


def named_forms(folder, name, mode="exact"):
    """A network of all_forms.py."""
    all_forms.write(folder)
    return Network(os.path.join(folder, f"{name}.onnx"),
                   {"x": np.load(os.path.join(folder, f"{name}.npy"))}, mode)


def one_layer(folder, dtype, name="x", scale=0.3, zero=7):
    """A small network with a float input `name`; its path."""
    net = Net(dtype, opset=14)
    x = net.dequantize(net.quantize(net.input(name, FLOAT, [1, 256]), scale, zero, dtype))
    weights = net.constant(random_weights([3, 256], 5), 0.01)
    y = net.node("Gemm", [x, weights], transB=1)
    net.output(net.quantize(y, 5.0, 1, dtype), dtype, [1, 3])
    path = os.path.join(folder, "model.onnx")
    net.save(path)
    return path
