# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What the integration tests share: named cases, small networks, driver calls.

A test script registers functions with `@case` and ends with `main(__doc__)`:

    script.py WORK-DIR [CASE ...]

Each case gets an empty folder of its own and fails by raising.  One line per failing
case, then `N cases, F failed`; exit code 1 if any failed.
"""

import os
import shutil
import subprocess
import sys
import traceback

import numpy as np

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../Oracle"))

import compare  # noqa: E402
from onnx_writer import FLOAT, Graph  # noqa: E402

QBIAS = "qbias"  # found on PATH, as are the other programs
TIMEOUT_SECONDS = 300
MESSAGE_LIMIT = 1500  # characters of a failure
RANGES = {"int8": (-128, 127), "uint8": (0, 255), "int16": (-32768, 32767)}
_CASES = {}


class Failed(AssertionError):
    """A case found something else than it expects."""


def require(condition, text):
    """Fail with `text` unless the condition holds."""
    if not condition:
        raise Failed(text)


def equal(got, expected, what):
    """Fail unless both values are equal."""
    require(got == expected, f"{what}: got {got!r}, expected {expected!r}")


def case(function):
    """Register a case under the function's name."""
    _CASES[function.__name__] = function
    return function


def cases(parameters):
    """Register one case per entry of {name: arguments tuple}."""
    def register(function):
        for name, arguments in parameters.items():
            _CASES[f"{function.__name__}_{name}"] = \
                lambda folder, arguments=arguments: function(folder, *arguments)
        return function
    return register


def main(usage):
    """Run the cases named on the command line (default: all)."""
    if len(sys.argv) < 2:
        print(usage, file=sys.stderr)
        sys.exit(2)
    work, names = os.path.abspath(sys.argv[1]), sys.argv[2:] or list(_CASES)
    failed = 0
    for name in names:
        folder = os.path.join(work, name)
        shutil.rmtree(folder, ignore_errors=True)
        os.makedirs(folder)
        try:
            _CASES[name](folder)
            shutil.rmtree(folder)
        except (Failed, compare.DriverFailed) as reason:
            failed += 1
            print(f"FAILED {name}: {str(reason)[:MESSAGE_LIMIT]}", flush=True)
        except Exception:  # a case that breaks is a failure, the others still run
            failed += 1
            print(f"FAILED {name}:\n{traceback.format_exc()}", flush=True)
    print(f"{len(names)} cases, {failed} failed")
    sys.exit(1 if failed else 0)


def run_all(jobs, kind):
    """Run every (name, function) of a list, then end the script: exit code 1 where one failed.

    One line per failure, then `N <kind>, F failed`.
    """
    failed = 0
    for name, job in jobs:
        try:
            job()
        except Exception as reason:  # the others still run
            failed += 1
            print(f"FAILED {name}: {type(reason).__name__}: {reason}", flush=True)
    print(f"{len(jobs)} {kind}, {failed} failed")
    sys.exit(1 if failed or not jobs else 0)


# --- programs --------------------------------------------------------------


def run(*command, code=0, stdin=None):
    """Run a program that must end with exit code `code` (or one of a tuple); returns the
    finished process."""
    done = subprocess.run([str(item) for item in command], capture_output=True, text=True,
                          errors="replace", timeout=TIMEOUT_SECONDS, check=False, input=stdin)
    crashed = done.returncode < 0 or "PLEASE submit a bug report" in done.stderr
    allowed = code if isinstance(code, tuple) else (code,)
    if crashed or done.returncode not in allowed:
        raise Failed(f"{' '.join(map(str, command))}: exit code {done.returncode}, "
                     f"expected {code}\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done


def qbias(*arguments, code=0):
    """Run the driver."""
    return run(QBIAS, *arguments, code=code)


def save(folder, name, array):
    """Write an array; returns the path."""
    path = os.path.join(folder, name)
    np.save(path, array)
    return path


# --- networks --------------------------------------------------------------


class Net(Graph):
    """A quantized network under construction; `dtype` is that of its activations.

    Before opset 10 quantize and dequantize are operators of com.microsoft.
    """

    def __init__(self, dtype="int8", **options):
        super().__init__(**options)
        self.microsoft = self.opset < 10
        self.domain = "com.microsoft" if self.microsoft else ""
        self.dtype, self.samples, self._parameters = dtype, {}, {}

    def quantize(self, real, scale, zero=0, dtype=None, name=None):
        """Emit a QuantizeLinear; returns the integer tensor's name."""
        dtype = dtype or self.dtype
        names = [self.const(np.float32(scale)), self.const(np.array(zero, dtype=dtype))]
        node = self.node("QuantizeLinear", [real] + names, outputs=[name] if name else None,
                         domain=self.domain)
        self._parameters[node] = names
        return node

    def dequantize(self, q, scale=None, zero=0, dtype=None, name=None):
        """Emit a DequantizeLinear of an activation (parameters of its quantize)."""
        if scale is not None:
            self._parameters[q] = [self.const(np.float32(scale)),
                                   self.const(np.array(zero, dtype=dtype or self.dtype))]
        return self.node("DequantizeLinear", [q] + self._parameters[q],
                         outputs=[name] if name else None, domain=self.domain)

    def requantize(self, real, scale, zero=0, dtype=None):
        """Quantize, then dequantize."""
        return self.dequantize(self.quantize(real, scale, zero, dtype))

    def constant(self, ints, scale, zero=0, dtype="int8", axis=0):
        """A dequantized constant, per channel when `scale` is an array."""
        scale = np.asarray(scale, dtype=np.float32)
        axis = axis if scale.ndim else None
        zero = np.broadcast_to(np.asarray(zero), scale.shape).astype(dtype)
        inputs = [self.const(np.asarray(ints).astype(dtype)), self.const(scale),
                  self.const(zero)]
        return self.node("DequantizeLinear", inputs, axis=axis, domain=self.domain)

    def clip_node(self, real, low, high):
        """Clip with bounds as inputs (opset 11 on) or attributes."""
        if self.opset < 11:
            return self.node("Clip", [real], min=float(low), max=float(high))
        return self.node("Clip", [real] + [self.const(np.float32(v)) for v in (low, high)])

    def quantized_input(self, name, dims, scale, zero=0, dtype=None):
        """A float graph input with its quantize; returns the dequantized tensor."""
        self.samples[name] = ([d if isinstance(d, int) else 1 for d in dims], dtype or self.dtype)
        return self.requantize(self.input(name, FLOAT, dims), scale, zero, dtype)

    def integer_input(self, name, dims, scale, zero=0, dtype=None):
        """An integer graph input; returns the dequantized tensor."""
        dtype = dtype or self.dtype
        self.samples[name] = ([d if isinstance(d, int) else 1 for d in dims], dtype)
        return self.dequantize(self.input(name, dtype, dims), scale, zero, dtype)

    def finish(self, real, scale, zero=0, dtype=None):
        """Quantize, dequantize, and make that the model's output."""
        return self.output(self.requantize(real, scale, zero, dtype))

    def stimuli(self, count=4, seed=0):
        """{input: integers}: lowest, highest, extremes at random, then uniform samples."""
        rng, arrays = np.random.default_rng(seed), {}
        for name, (shape, dtype) in self.samples.items():
            low, high = RANGES[dtype]
            rows = [np.full(shape, low), np.full(shape, high),
                    np.where(rng.random(shape) < 0.5, low, high)]
            rows += [rng.integers(low, high + 1, shape) for _ in range(count)]
            arrays[name] = np.stack(rows).astype(dtype)
        return arrays

    def check(self, folder, arrays=None, raw=True, extra=(), model="model.onnx"):
        """Save, run, and compare every integer tensor with the exact reference.

        Default arrays: `stimuli`, given as integers.  Returns the model's path.
        """
        path = os.path.join(folder, model)
        self.save(path)
        agree(path, self.stimuli() if arrays is None else arrays, raw, extra)
        return path


def agree(path, arrays, raw=True, extra=()):
    """Every integer tensor and output of a model equals the exact reference."""
    boundary = "real" if "--boundary=real" in extra else "producer"
    report = compare.compare(QBIAS, path, arrays, raw, extra, boundary)
    require(not report.differing, "\n  ".join(report.lines) + f"\n  {report.summary()}")
    require(report.elements, "nothing was compared")
    return report


def random_weights(shape, seed=0, dtype="int8"):
    """Uniform integers over the symmetric range of a weight type."""
    low, high = RANGES[dtype]
    return np.random.default_rng(seed).integers(low + (low < 0), high + 1, shape)
