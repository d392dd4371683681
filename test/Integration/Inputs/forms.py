# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A result that several layers read: as it is, padded, widened or moved.

    forms.py WORK-DIR [CASE ...]

The exact reference answers for all samples; no program copies what a kernel has made.
"""

import json
import re

from chain import Chain, check, finish
from harness import cases, main, qbias, require
from plans import SHORT_DOT8, machine_options, runnable_plans

COPY = re.compile(r"\((pad|widen|move)\)$")
# Shape of the network's input, channels of the result, attributes of its layer.
MAKERS = {
    "dense": ([1, 7, 9, 5], 45, {}),
    "batch": ([3, 16, 5, 6], 24, {}),
    "winograd": ([1, 32, 9, 10], 35, dict(taps=3, pads=[1, 1, 1, 1])),
    "strided": ([2, 24, 15, 14], 33, dict(taps=3, pads=[1, 0, 0, 1], strides=[2, 2])),
    "depthwise": ([2, 64, 6, 7], 64, dict(taps=3, pads=[1, 1, 1, 1], group=64)),
    "grouped": ([1, 24, 7, 8], 24, dict(taps=3, pads=[1, 1, 1, 1], group=3)),
    "row": ([1, 70, 1, 25], 48, {}),
}
# What reads it: padded on all sides, as it is, padded elsewhere, depthwise, on a grid.
READERS = {
    "padded": dict(taps=3, pads=[1, 1, 1, 1]),
    "plain": dict(taps=1),
    "wide": dict(taps=5, pads=[3, 0, 1, 4]),
    "depthwise": dict(taps=3, pads=[1, 1, 1, 1], depthwise=True),
    "grouped": dict(taps=3, pads=[1, 1, 1, 1], dilations=[1, 1], grouped=True),
}
# Readers, whether a sum reads it as well, and whether it is one.
SETS = {"residual": (["padded"], True, False), "all": (list(READERS), True, True),
        "one": (["padded"], False, True)}


def layer(net, x, inputs, outputs, scale, zero, taps=1, group=1, depthwise=False, grouped=False,
          **attributes):
    """A layer of so many taps in both directions."""
    group = outputs if depthwise else 3 if grouped and outputs % 3 == 0 else group
    weights = net.random(outputs, inputs // group, taps, taps)
    return net.layer(x, weights, scale, zero, group=group, **attributes)


def network(folder, maker, names, is_summed, is_sum):
    """The maker, perhaps a sum in its store, its readers, and the sum of what they make."""
    shape, channels, attributes = MAKERS[maker]
    net = Chain("uint8" if is_sum else "int8")
    zero = 100 if is_sum else -3
    x = net.quantized_input("x", shape, 0.02, zero)
    y = layer(net, x, shape[1], channels, 0.05, zero, **attributes)
    if is_sum:
        side = layer(net, x, shape[1], channels, 0.03, zero + 2, **attributes)
        y = net.requantize(net.node("Add", [y, side]), 0.06, zero - 1)
    parts = [layer(net, y, channels, channels, 0.1, zero + i, **READERS[name])
             for i, name in enumerate(names)] + [y] * is_summed
    total = parts[0]
    for part in parts[1:]:
        total = net.requantize(net.node("Add", [total, part]), 0.12, zero)
    stride = attributes.get("strides", [1])[0]
    return finish(net, folder, total,
                  [shape[0], channels] + [-(-(n - 1) // stride) if stride > 1 else n
                                          for n in shape[2:]])


def machines():
    """Options for the machines whose programs this one can run."""
    pairs = runnable_plans()
    options = [[f"--cpu={cpu}"] for cpu in ("x86-64", "x86-64-v3", "x86-64-v4")
               if (cpu, "pair16") in pairs]
    if (SHORT_DOT8, "dot8") in pairs:
        options.append(machine_options(SHORT_DOT8))
    return options + [[]]


@cases({f"{maker}_{readers}": (maker, readers) for maker in MAKERS for readers in SETS})
def read(folder, maker, readers):
    """Every machine's programs answer with the reference's integers, and copy the input only."""
    made = network(folder, maker, *SETS[readers])
    for options in machines():
        check(folder, made, options + ["--threads=2"])
    check(folder, made, [])
    done = qbias("bench", made.model, "--per-layer", "--format=json", "--runs=1", "--quiet")
    copies = [step["name"] for step in json.loads(done.stdout)["steps"]
              if COPY.search(step["name"])]
    of_input = re.compile("Conv_[01] " if SETS[readers][2] else "Conv_0 ")
    require(all(of_input.match(name) for name in copies), f"copies: {copies}")


if __name__ == "__main__":
    main(__doc__)
