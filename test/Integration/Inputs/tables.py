# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Functions of one tensor behind a layer: in its kernel's store, or on their own.

    tables.py WORK-DIR [CASE ...]

The exact reference answers for all samples; the report says where each table is computed.
"""

import json

import numpy as np

from chain import Chain, check, finish
from harness import cases, equal, main, qbias, require
from plans import runnable_plans

CPU = "x86-64-v3"
FUNCTIONS = {"HardSwish": {}, "Sigmoid": {}, "Tanh": {}, "LeakyRelu": {"alpha": 0.125}}
LAYERS = {
    "dense": dict(shape=[1, 7, 9, 5], outputs=45),
    "batch": dict(shape=[3, 16, 6, 6], outputs=8, dtype="int8"),
    "winograd": dict(shape=[1, 32, 9, 10], outputs=35, taps=3),
    "depthwise": dict(shape=[2, 37, 8, 7], outputs=37, taps=3, group=37),
    "residual": dict(shape=[1, 24, 5, 7], outputs=24, residual=True),
    "wide": dict(shape=[1, 64, 16, 40], outputs=64, readers=2),
}


def network(folder, function, shape, outputs, dtype="uint8", taps=1, group=1, residual=False,
            readers=1):
    """A layer, perhaps a sum, the function, and a layer behind it."""
    net = Chain(dtype)
    zero = 100 if dtype == "uint8" else -3
    x = net.quantized_input("x", shape, 0.02, 0)
    pads = [taps // 2] * 4
    y = net.layer(x, net.random(outputs, shape[1] // group, taps, taps), 0.04, zero, group=group,
                  pads=pads)
    if residual:
        y = net.requantize(net.node("Add", [y, x]), 0.05, zero + 1)
    real = y
    y = net.requantize(net.node(function, [real], **FUNCTIONS[function]), 0.03, zero)
    if readers > 1:
        y = net.requantize(net.node("Add", [y, real]), 0.05, zero)
    y = net.layer(y, net.random(11, outputs, 1, 1), 0.1, zero)
    return finish(net, folder, y, [shape[0], 11] + shape[2:])


def plan_of(made, op, *options):
    """(plan, reason) of the only layer of a kind."""
    done = qbias("report", made.model, "--format=json", *options)
    layer, = [layer for layer in json.loads(done.stdout)["layers"] if layer["op"] == op]
    return layer["plan"], layer.get("plan_reason", "")


@cases({f"{layer}_{function}": (layer, function) for layer in LAYERS for function in FUNCTIONS})
def behind(folder, layer, function):
    """Fused where nothing else reads what the function reads."""
    made = network(folder, function, **LAYERS[layer])
    plan, reason = plan_of(made, "lookup", f"--cpu={CPU}")
    is_alone = LAYERS[layer].get("readers", 1) == 1
    equal("in the store of" in reason, is_alone, f"stored by a kernel ({plan}: {reason})")
    equal(plan_of(made, "lookup", "--cpu=x86-64")[0], "reference", "plan without byte shuffles")
    machines = [["--cpu=x86-64"], []]
    if (CPU, "auto") in runnable_plans():
        machines += [[f"--cpu={CPU}"], [f"--cpu={CPU}", "--plan=pair16"]]
    for options in machines:
        check(folder, made, options)
        check(folder, made, options + ["--threads=2"])


@cases({str(count): (count,) for count in (1, 31, 32, 33, 97, 40000)})
def alone(folder, count):
    """Every key, in rows of any length."""
    net = Chain("int8")
    x = net.quantized_input("x", [2, count], 0.05, -7)
    y = net.requantize(net.node("HardSwish", [x]), 0.04, 3)
    made = finish(net, folder, y, [2, count])
    require(count < 97 or len(np.unique(made.inputs[0])) > 64, "too few different keys")
    for options in ([], ["--cpu=x86-64"], ["--threads=2"]):
        check(folder, made, options)


if __name__ == "__main__":
    main(__doc__)
