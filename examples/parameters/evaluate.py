# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Evaluates the parameters that `qbias compile -o m.json` writes, with numpy and nothing else.

    evaluate.py m.json IN.npy OUT-FOLDER

IN.npy holds integers of the first input, one sample; every tensor of the program is written
to OUT-FOLDER/<id>.npy.  Covers the operations of examples/digits; docs/Parameters.md has all.
"""
import json, os, sys
import numpy as np


def requantize(acc, layer, addend=None):
    """The program's integers from sums; channels are the last axis."""
    if layer["form"] == "accumulator":
        return acc
    if layer["form"] == "table":
        return layer["thresholds"].reshape(-1)[acc - layer["acc_min"].reshape(-1)[0]]
    if layer["form"] == "threshold":
        t = layer["thresholds"]
        return layer["lo"] + (acc[..., None] >= t).sum(axis=-1)
    if layer["form"] not in ("affine", "half_even"):
        raise SystemExit(f"form {layer['form']} is that of another mode than exact")
    total = acc * layer["multiplier"] + layer["rounding"]
    if addend is not None:
        total = total + addend * layer["addend_multiplier"]
    y, k = total >> layer["shift"], layer["shift"]
    if layer["form"] == "half_even":
        y = ((total + (np.int64(1) << (k - 1)) - 1 + (y & 1)) >> k) + layer["zero_point"]
    return np.clip(y, layer["lo"], layer["hi"])


def windows(x, layer, kernel, fill):
    """[N, H, W, C, kh, kw] of the windows of x; padding is `fill`."""
    a = layer["attributes"]
    (s0, s1), (d0, d1), (top, left, bottom, right) = a["strides"], a["dilations"], a["pads"]
    z = np.pad(x, ((0, 0), (top, bottom), (left, right), (0, 0)), constant_values=fill)
    extent = ((kernel[0] - 1) * d0 + 1, (kernel[1] - 1) * d1 + 1)
    view = np.lib.stride_tricks.sliding_window_view(z, extent, axis=(1, 2))
    h, w = layer["shape"][1:3]
    return view[:, ::s0, ::s1, :, ::d0, ::d1][:, :h, :w]


def evaluate(layer, x):
    """One layer on its operands x."""
    op, a, bias = layer["op"], layer["attributes"], layer.get("bias", 0)
    if op == "conv2d":  # weight: [O, kh, kw, C / groups]
        w, groups = layer["weight"], a["groups"]
        taps = windows(x[0] - a["input_zp"], layer, w.shape[1:3], 0)
        parts = [np.einsum("nhwcij,oijc->nhwo", t, v) for t, v in
                 zip(np.split(taps, groups, 3), np.split(w, groups, 0))]
        return requantize(np.concatenate(parts, -1) + bias, layer, *x[1:])
    if op == "matmul":  # weight: [O, C]
        return requantize((x[0] - a["lhs_zp"]) @ layer["weight"].T + bias, layer, *x[1:])
    if op == "max_pool":
        return windows(x[0], layer, a["kernel"], np.iinfo(np.int64).min).max(axis=(4, 5))
    if op == "avg_pool":
        return requantize(windows(x[0] - a["input_zp"], layer, a["kernel"], 0).sum(axis=(4, 5)), layer)
    if op == "add":
        return requantize(x[0], layer, x[1])
    if op == "transpose":
        return x[0].transpose(a["permutation"])
    assert op == "reshape", f"no evaluation of {op}"
    return x[0].reshape(layer["shape"])


def main(path, source, target):
    """Command line; see the top of the file."""
    with open(path, encoding="utf-8") as file:
        program = json.load(file)
    folder = os.path.join(os.path.dirname(path), program["folder"])
    shapes = {tensor["id"]: tensor["shape"] for tensor in program["tensors"]}
    first = program["inputs"][0]["tensor"]
    values = {first: np.load(source).astype(np.int64).reshape(shapes[first])}
    for layer in program["layers"]:
        arrays = {key: np.load(os.path.join(folder, name)).astype(np.int64)
                  for key, name in layer["arrays"].items()}
        layer = dict(layer, **arrays, shape=shapes[layer["output"]])
        values[layer["output"]] = evaluate(layer, [values[i] for i in layer["inputs"]])
    for name, value in values.items():
        np.save(os.path.join(target, name), value)


if __name__ == "__main__":
    main(*sys.argv[1:4])
