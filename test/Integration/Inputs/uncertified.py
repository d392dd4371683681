# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Where 16 bits have no proof, what comes out wrong is what the report says: uncertified.py WORK.

One sum of 43 bits with weights 1, 32767, 32767, ...: inputs for every accumulator exist.  The
numbers of the report are evaluated with Python's integers at every level of the output; their
wrong accumulators are counted beside the report's count.  Around levels drawn at random the
compiled program gives these integers, and differs from the exact ones as often.
"""

import json
import os

import numpy as np

from harness import case, equal, main, qbias, require, save

TERMS, WEIGHT, SCALE = 4096, 32767, 147639504
SAMPLED = 150  # levels
PROGRAM = f"""!q = !quant.uniform<i16:f32, 1.0>
!y = !quant.uniform<i16:f32, {SCALE}.0>
func.func @main(%q: tensor<1x{TERMS}x!q> {{qbias.name = "x"}}) -> (tensor<1x1x!y> {{qbias.name = "y"}}) {{
  %x = qbias.dequantize %q : tensor<1x{TERMS}x!q> -> tensor<1x{TERMS}xf32>
  %c = arith.constant dense<[[1, {', '.join([str(WEIGHT)] * (TERMS - 1))}]]> : tensor<1x{TERMS}xi16>
  %s = quant.scast %c : tensor<1x{TERMS}xi16> to tensor<1x{TERMS}x!q>
  %w = qbias.dequantize %s : tensor<1x{TERMS}x!q> -> tensor<1x{TERMS}xf32>
  %0 = qbias.matmul %x, %w : (tensor<1x{TERMS}xf32>, tensor<1x{TERMS}xf32>) -> tensor<1x1xf32>
  %1 = qbias.quantize %0 : tensor<1x1xf32> -> tensor<1x1x!y>
  return %1 : tensor<1x1x!y>
}}
"""


def exact(acc):
    """acc / SCALE, halves to even."""
    down, rest = divmod(acc, SCALE)
    return down + (2 * rest > SCALE or (2 * rest == SCALE and down % 2))


def reported(layer):
    """The program's formula, from the numbers of the report (docs/Parameters.md)."""
    limb, m, n, r, tie = layer["low"][0]
    equal((layer["form"], n, tie), ("wide", 0, 0), "form")
    multiplier, rounding, shift = (layer[key][0] for key in
                                   ("multiplier", "rounding_constant", "shift"))

    def evaluate(acc):
        return (acc * multiplier + rounding + ((acc * m + r) >> limb)) >> shift
    return evaluate


def first(function, level, near):
    """The least accumulator that reaches a level, searched from `near`."""
    while function(near) < level:
        near += 1
    while function(near - 1) >= level:
        near -= 1
    return near


def inputs_of(acc):
    """Inputs with that sum."""
    total = round(acc / WEIGHT)
    each, more = divmod(total, TERMS - 1)
    row = np.full(TERMS, each, np.int64)
    row[1:1 + more] += 1
    row[0] = acc - WEIGHT * total
    require(abs(row).max() < 32768, f"inputs of {acc}")
    return row.astype(np.int16)


@case
def counted(folder):
    """Every wrong accumulator is in the report."""
    model = os.path.join(folder, "sum.mlir")
    with open(model, "w", encoding="utf-8") as file:
        file.write(PROGRAM)
    layer, = json.loads(qbias("report", model, "--format=json").stdout)["layers"]
    equal(layer["certified_channels"], 0, "certified channels")
    program, low, high = reported(layer), layer["acc_min"][0], layer["acc_max"][0]
    steps, wrong = [], 0
    for level in range(exact(low) + 1, exact(high) + 1):
        near = level * SCALE - SCALE // 2
        pair = sorted((first(exact, level, near), first(program, level, near)))
        steps.append(pair)
        wrong += min(pair[1], high + 1) - max(pair[0], low)
    equal(wrong, layer["wrong_accumulators"][0], "wrong accumulators")
    require(wrong > 1000 and layer["largest_error"] == [1], f"{wrong} wrong")
    drawn = np.random.default_rng(3).choice(len(steps) - 20, SAMPLED, replace=False) + 10
    sums = [acc for i in drawn for acc in range(steps[i][0] - 2, steps[i][1] + 2)]
    target = os.path.join(folder, "y.npy")
    x = save(folder, "x.npy", np.stack([inputs_of(acc) for acc in sums])[:, None])
    qbias("run", model, "--input", x, "--output", target, "--raw", "--quiet")
    got = np.load(target).reshape(-1).tolist()
    equal(got, [program(acc) for acc in sums], "integers of the program")
    differing = sum(y != exact(acc) for y, acc in zip(got, sums))
    equal(differing, sum(steps[i][1] - steps[i][0] for i in drawn), "integers unlike the exact ones")
    require(differing > 0, "nothing differs")


if __name__ == "__main__":
    main(__doc__)
