# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Max pools behind layers: of their sums, in the same kernel, where windows lie side by side.

    pools.py WORK-DIR [CASE ...]

The exact reference answers for all samples; the report says whose kernel computes a pool.
"""

import json

from chain import Chain, check, finish
from harness import cases, equal, main, qbias
from plans import machine_options, runnable_plans

# Shape of the network's input, channels of the result, attributes of its layer.
LAYERS = {
    "dense": ([1, 7, 9, 12], 45, dict(taps=1)),
    "stem": ([2, 3, 14, 13], 24, dict(taps=5, pads=[1, 2, 1, 2])),
    "winograd": ([1, 32, 12, 13], 35, dict(taps=3, pads=[1, 1, 1, 1])),
    "valid": ([2, 64, 10, 14], 16, dict(taps=3)),
    "strided": ([1, 24, 23, 26], 33, dict(taps=3, pads=[1, 1, 1, 1], strides=[2, 2])),
    "grouped": ([1, 24, 8, 8], 24, dict(taps=3, pads=[1, 1, 1, 1], group=3)),
    "depthwise": ([1, 24, 8, 9], 24, dict(taps=3, pads=[1, 1, 1, 1], group=24)),
}
POOLS = {"2x2": dict(kernel_shape=[2, 2], strides=[2, 2]),
         "1x3": dict(kernel_shape=[1, 3], strides=[1, 3]),
         "4x1": dict(kernel_shape=[4, 1], strides=[4, 1]),
         "3x3": dict(kernel_shape=[3, 3], strides=[3, 3]),
         "5x5": dict(kernel_shape=[5, 5], strides=[5, 5]),
         "overlapping": dict(kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1]),
         "apart": dict(kernel_shape=[1, 1], strides=[2, 2]),
         "padded": dict(kernel_shape=[2, 2], strides=[2, 2], pads=[1, 1, 1, 1])}
OVER = ("overlapping", "apart", "padded")


def extent(size, kernel, stride, padding):
    """Windows on one axis."""
    return (size + padding - kernel) // stride + 1


def network(folder, layer, pool):
    """A layer, a pool, and two layers that read it in forms of their own."""
    shape, channels, attributes = LAYERS[layer]
    attributes = dict(attributes)
    taps, group = attributes.pop("taps"), attributes.get("group", 1)
    net = Chain("uint8")
    x = net.quantized_input("x", shape, 0.02, 100)
    weights = net.random(channels, shape[1] // group, taps, taps)
    y = net.layer(x, weights, 0.05, 90, **attributes)
    size = [extent(n, taps, attributes.get("strides", [1, 1])[i],
                   sum(attributes.get("pads", [0] * 4)[i::2])) for i, n in enumerate(shape[2:])]
    settings = POOLS[pool]
    z = net.requantize(net.node("MaxPool", [y], **settings), 0.05, 90)
    size = [extent(n, settings["kernel_shape"][i], settings["strides"][i],
                   sum(settings.get("pads", [0] * 4)[i::2])) for i, n in enumerate(size)]
    a = net.layer(z, net.random(8, channels, 3, 3), 0.3, 80, pads=[1, 1, 1, 1])
    b = net.layer(z, net.random(8, channels, 1, 1), 0.2, 70)
    out = net.requantize(net.node("Add", [a, b]), 0.4, 85)
    return finish(net, folder, out, [shape[0], 8] + size)


def reason_of(made, *options):
    """What the report says about the pool."""
    done = qbias("report", made.model, "--format=json", *options)
    pool, = [layer for layer in json.loads(done.stdout)["layers"] if layer["op"] == "max_pool"]
    return pool.get("plan_reason", "")


@cases({f"{layer}_{pool}": (layer, pool) for layer in LAYERS for pool in POOLS
        if layer in ("dense", "winograd") or pool in ("2x2", "3x3", "overlapping")})
def behind(folder, layer, pool):
    """Every layer and window; in the layer's kernel where that holds whole windows."""
    made = network(folder, layer, pool)
    # Not tiles of 4x4 that hold parts of windows; not more sums than there are registers.
    is_cut = layer in ("winograd", "valid") and pool in ("1x3", "3x3")
    is_fused = pool not in OVER + ("5x5",) and layer != "depthwise" and not is_cut
    equal("in the store of" in reason_of(made, "--cpu=x86-64-v3"), is_fused, "fused")
    for cpu, plan in runnable_plans():
        if plan in ("auto", "winograd4", "pair8"):
            check(folder, made, [f"--plan={plan}", "--threads=2"] + machine_options(cpu))
    check(folder, made, [])


if __name__ == "__main__":
    main(__doc__)
