# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Channels in an order in which pairs of products fit 16 bits: plans, and the same integers.

    pairs.py WORK-DIR [CASE ...]

Networks widen, convolve every channel by itself, and narrow again.  In weights of a kind
`conflicts`, inputs 2i and 2i + 1 of the last layer may not stand side by side, all others may;
`alone` adds inputs that may stand beside none.
"""

import json

import numpy as np

from chain import Chain, check, finish
from harness import cases, equal, main, qbias
from plans import runnable_plans

CPU = "x86-64-v3"
OPTIONS = [f"--cpu={CPU}"]


def last_weights(kind, outputs, inputs, taps):
    """[output, input, ...]: small, with 70 twice for inputs that are neighbours."""
    rng = np.random.default_rng(outputs * inputs)
    weights = rng.integers(2, 20, [outputs, inputs, *taps]) * rng.choice([-1, 1])
    sign = np.sign(weights)
    for i in range(inputs):
        weights[i // 2 % outputs, i] = 70 * sign[i // 2 % outputs, i]
    if kind == "alone":  # |127| and at least 2: more than 128, of one sign
        weights[0, 3::11] = 127 * sign[0, 3::11]
    return weights


def widened(folder, kind, dtype="uint8", inputs=48, depthwise=(1,), taps=(1, 1), batch=1,
            outputs=24, residual=False):
    """Dense, depthwise with these strides, dense."""
    net = Chain(dtype)
    zero = 0 if dtype == "uint8" else -128
    x = net.quantized_input("x", [batch, 6, 9, 7], 0.02, 0)
    y = net.layer(x, net.random(inputs, 6, 1, 1), 0.03, zero)
    for stride in depthwise:
        y = net.layer(y, net.random(inputs, 1, 3, 3), 0.06, zero, group=inputs, pads=[1] * 4,
                      strides=[stride] * 2)
    if residual:
        y = net.requantize(net.node("Add", [y, net.layer(
            y, net.random(inputs, 1, 3, 3), 0.06, zero, group=inputs, pads=[1] * 4)]), 0.08, zero)
    weights = last_weights(kind, outputs, inputs, taps)
    y = net.layer(y, weights, 0.1, 3, pads=[taps[0] // 2, taps[1] // 2] * 2, strides=[2, 1])
    rows, columns = 9, 7
    for stride in depthwise:
        rows, columns = (rows - 1) // stride + 1, (columns - 1) // stride + 1
    return finish(net, folder, y, [batch, outputs, (rows - 1) // 2 + 1, columns])


def products(folder, kind):
    """Two matrix products: the channels of the first are free."""
    net = Chain("uint8")
    y = net.layer(net.quantized_input("x", [5, 31], 0.02, 0), net.random(44, 31), 0.03, 0,
                  transB=1)
    y = net.layer(y, last_weights(kind, 19, 44, ()), 0.1, 3, transB=1)
    return finish(net, folder, y, [5, 19])


def last_plan(made, *options):
    """(plan, reason) of the last layer."""
    done = qbias("report", made.model, "--format=json", *OPTIONS, *options)
    layer = json.loads(done.stdout)["layers"][-1]
    return layer["plan"], layer["plan_reason"]


NETWORKS = {
    "conflicts": dict(kind="conflicts"),
    "signed": dict(kind="conflicts", dtype="int8"),
    "alone": dict(kind="alone", inputs=96),
    "signed_alone": dict(kind="alone", dtype="int8", inputs=96),
    "tail": dict(kind="alone", inputs=90, outputs=13),
    "two_depthwise": dict(kind="conflicts", depthwise=(2, 1), batch=2),
    "dense_only": dict(kind="conflicts", depthwise=()),
    "taps": dict(kind="conflicts", inputs=32, taps=(3, 3)),
    "row": dict(kind="conflicts", inputs=34, taps=(1, 3)),
}


@cases({name: (name,) for name in NETWORKS})
def widened_chain(folder, name):
    """pair8 where an order lets it be proven, with groups read twice where inputs stay alone."""
    made = widened(folder, **NETWORKS[name])
    plan, reason = last_plan(made)
    equal(plan, "pair8", f"plan ({reason})")
    equal(last_plan(made, "--cpu=znver3")[0], "pair8", "plan on Zen 3")
    equal("read twice" in reason, "alone" in NETWORKS[name]["kind"], f"read twice in {reason!r}")
    runs = [pair for pair in runnable_plans() if pair[0] == CPU and pair[1] in ("auto", "pair8")]
    for threads in (1, 2) if runs else ():
        check(folder, made, OPTIONS + [f"--threads={threads}"])
        check(folder, made, OPTIONS + [f"--threads={threads}", "--plan=pair8"])
    check(folder, made, [])  # this machine


@cases({kind: (kind,) for kind in ("conflicts", "alone")})
def matrix_products(folder, kind):
    """The same for matrix products."""
    made = products(folder, kind)
    equal(last_plan(made)[0], "pair8", "plan")
    if (CPU, "auto") in runnable_plans():
        check(folder, made, OPTIONS)
    check(folder, made, [])


@cases({"sum": ({"residual": True}, ()), "odd": ({"inputs": 147}, ()),
        "asked": ({}, ("--plan=pair16",))})
def not_ordered(folder, changes, options):
    """Inputs that a sum reads as well, odd counts, other plans."""
    made = widened(folder, **{"kind": "conflicts", "inputs": 200, **changes})
    equal(last_plan(made, *options)[0], "pair16", "plan")
    if (CPU, "auto") in runnable_plans():
        check(folder, made, OPTIONS + list(options))


if __name__ == "__main__":
    main(__doc__)
