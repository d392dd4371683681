# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Run the driver on a model and compare every integer tensor with the exact oracle.

    compare.py --qbias PATH/qbias MODEL.onnx --input [NAME=]X.npy [--samples N] [--raw]
               [-- extra driver options]

One line per tensor that differs (name, count, largest difference, first index, got,
expected), then `tensors: T, elements: E, differing: D`.  A quantize output missing
from the dump counts as one differing element.  Exit code 1 if anything differs or the
driver fails, 2 for usage.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np

import oracle
from exact_tensor import Unsupported
from model_reader import read_model

# A float output of a final layer is float32(acc * scale + offset): the product may be
# rounded twice (scale, result), relative to the larger summand.
FLOAT_OUTPUT_TOLERANCE = Fraction(1, 2**21)
TIMEOUT_SECONDS = 600


class DriverFailed(RuntimeError):
    """The driver returned a failure; the text is its error output."""


@dataclass
class Report:
    """Totals of a comparison and the lines to print."""

    tensors: int = 0
    elements: int = 0
    differing: int = 0
    lines: list = field(default_factory=list)
    wrong: list = field(default_factory=list)  # names of tensors that differ

    def add(self, name, got, expected):
        """Compare two arrays exactly, or note that `got` is missing (None)."""
        self.tensors += 1
        self.elements += expected.size
        if got is None:
            self.note(name, "missing")
        elif got.shape != expected.shape:
            self.note(name, f"expects shape {list(expected.shape)}, got {list(got.shape)}")
        else:
            self._differences(name, got, expected)

    def note(self, name, text, count=1):
        """Count `count` wrong elements of a tensor and keep what is said of them."""
        self.differing += count
        self.lines.append(f"{name}: {text}")
        self.wrong.append(name)

    def merge(self, other):
        """Add the totals of another report."""
        self.tensors += other.tensors
        self.elements += other.elements
        self.differing += other.differing

    def _differences(self, name, got, expected):
        wrong = np.argwhere(got != expected)
        if not len(wrong):
            return
        largest = np.abs(got.astype(np.float64) - expected.astype(np.float64)).max()
        first = tuple(int(i) for i in wrong[0])
        self.note(name, f"{len(wrong)} differ, max abs diff {largest:g}, first at "
                  f"{list(first)}: got {got[first]}, expected {expected[first]}", len(wrong))

    def summary(self):
        """The last line of the report."""
        return f"tensors: {self.tensors}, elements: {self.elements}, differing: {self.differing}"


def run_driver(qbias, model_path, inputs, outputs, dump, raw, extra):
    """Run `qbias run`; inputs and outputs map tensor names to file paths, dump may be None."""
    command = [qbias, "run", model_path]
    for name, path in inputs.items():
        command += ["--input", f"{name}={path}"]
    for name, path in outputs.items():
        command += ["--output", f"{name}={path}"]
    command += ["--dump-dir", dump] if dump else []
    command += ["--quiet"] + (["--raw"] if raw else []) + list(extra)
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_SECONDS,
                              check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise DriverFailed(str(error)) from error
    if done.returncode != 0:
        raise DriverFailed(f"exit code {done.returncode}: {done.stderr.strip()}")


def load_dump(folder):
    """{tensor name: array} from index.json."""
    with open(os.path.join(folder, "index.json"), encoding="utf-8") as file:
        index = json.load(file)
    return {name: np.load(os.path.join(folder, path)) for name, path in index.items()}


def _first_axis(array, expected_shape):
    """Drop or merge a leading sample axis the driver may add to its outputs."""
    if array.ndim == len(expected_shape) + 1:
        return array.reshape((-1,) + array.shape[2:])
    return array


def _producer_dequantize(output):
    """ONNX DequantizeLinear in float32: (q - z) * s (N2b)."""
    tensor = output.tensor

    def dense(item):
        return np.array([float(value) for value in item.values])[item.index]
    centred = (output.ints - dense(tensor.zero_point)).astype(np.float32)
    return centred * dense(tensor.scale).astype(np.float32)


def _check_real_output(report, name, got, output, raw):
    """A final layer without quantize: its accumulator (raw) or its value in float."""
    if raw:
        try:
            report.add(name, got, output.accumulator(np.asarray(got, dtype=np.int64)))
        except Unsupported:
            report.lines.append(f"{name}: not a single accumulator, not compared")
        return
    intervals = output.intervals()
    report.tensors += 1
    report.elements += len(intervals)
    if got is None or got.size != len(intervals):
        report.note(name, f"expects {len(intervals)} floats")
        return
    largest = max((max(abs(low), abs(high)) for low, high in intervals), default=Fraction(0))
    slack = largest * FLOAT_OUTPUT_TOLERANCE
    flat = got.reshape(-1)
    wrong = [i for i, (low, high) in enumerate(intervals)
             if not np.isfinite(flat[i])
             or not low - slack <= Fraction(float(flat[i])) <= high + slack]
    if wrong:
        first = wrong[0]
        report.note(name, f"{len(wrong)} differ, first at flat index {first}: got "
                    f"{flat[first]}, expected {float(intervals[first][0])}", len(wrong))


def _check_output(report, name, got, output, raw):
    if output.kind == "real":
        _check_real_output(report, name, got, output, raw)
        return
    expected = output.ints
    if output.kind == "dequantized" and not raw:
        expected = _producer_dequantize(output)
    report.add(name, got if got is None else _first_axis(got, expected.shape), expected)


def compare_arrays(result, dump, outputs, raw):
    """Report of an oracle Result against dumped tensors and outputs (name -> array)."""
    report = Report()
    for name, expected in result.quantized.items():
        got = dump.get(name)
        report.add(name, got if got is None else _first_axis(got, expected.shape), expected)
    for name in sorted(set(dump) - set(result.quantized)):
        report.lines.append(f"note: {name} is dumped but is no quantize output")
    for name, output in result.outputs.items():
        _check_output(report, f"output {name}", outputs.get(name), output, raw)
    return report


def settings_of(extra, boundary="producer"):
    """The oracle's settings for driver options (--requant, --bias, --boundary)."""
    given = dict(option[2:].split("=", 1) for option in extra if option.startswith("--")
                 and "=" in option)
    return oracle.Settings(given.get("boundary", boundary), given.get("requant", "exact"),
                           given.get("bias", "residue"))


def compare(qbias, model_path, arrays, raw=False, extra=(), boundary="producer", dumps=True):
    """Run driver and oracle on {input name: array}; returns a Report.

    dumps: compare every quantized tensor, not the outputs only; tensors that are dumped keep
    layers apart that become one kernel otherwise.
    Errors: DriverFailed, OnnxError, Unsupported (the oracle cannot evaluate the model).
    """
    model = read_model(model_path)
    result = oracle.run(model, arrays, settings_of(extra, boundary))
    names = [value.name for value in model.graph.outputs]
    dump, outputs = run_on_arrays(qbias, model_path, arrays, names, raw, extra, dumps)
    if not dumps:
        result.quantized.clear()
    return compare_arrays(result, dump, outputs, raw)


def run_on_arrays(qbias, model_path, arrays, outputs, raw=False, extra=(), dumps=True):
    """The driver on {input name: array}: ({tensor: dumped array}, {output: array}).

    outputs: names of the model's outputs.  Errors: DriverFailed.
    """
    with tempfile.TemporaryDirectory() as folder:
        inputs = {}
        for number, (name, array) in enumerate(arrays.items()):
            inputs[name] = os.path.join(folder, f"in{number}.npy")
            np.save(inputs[name], array)
        paths = {name: os.path.join(folder, f"out{number}.npy")
                 for number, name in enumerate(outputs)}
        dump = os.path.join(folder, "dump")
        os.mkdir(dump)
        run_driver(qbias, model_path, inputs, paths, dump if dumps else None, raw, extra)
        return load_dump(dump) if dumps else {}, {name: np.load(path) for name, path in paths.items()
                                 if os.path.exists(path)}


def main():
    """Command line; see the top of the file."""
    arguments = sys.argv[1:]
    extra = []
    if "--" in arguments:
        cut = arguments.index("--")
        arguments, extra = arguments[:cut], arguments[cut + 1:]
    parser = argparse.ArgumentParser(description="compare the driver with the exact oracle")
    parser.add_argument("model")
    parser.add_argument("--qbias", required=True, help="the driver")
    parser.add_argument("--input", action="append", required=True, metavar="[NAME=]X.npy")
    parser.add_argument("--samples", type=int, help="use the first N samples only")
    parser.add_argument("--raw", action="store_true", help="inputs and outputs are integers")
    options = parser.parse_args(arguments)
    arrays = oracle.named_inputs(read_model(options.model), options.input)
    if options.samples:
        arrays = {name: array[:options.samples] for name, array in arrays.items()}
    boundary = "real" if "--boundary=real" in extra else "producer"
    try:
        report = compare(options.qbias, options.model, arrays, options.raw, extra, boundary)
    except DriverFailed as error:
        print(f"{options.model}: driver failed: {error}")
        return 1
    for line in report.lines:
        print(line)
    print(report.summary())
    return 1 if report.differing else 0


if __name__ == "__main__":
    sys.exit(main())
