# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""evaluate.py m.json IN.npy FOLDER: the parameters of `qbias compile -o m.json`, evaluated with
numpy and nothing else. IN.npy holds integers of one sample; every tensor of the program is written
to FOLDER/<id>.npy. Covers the operations of examples/digits; docs/Parameters.md has all."""
import json, os, sys
import numpy as np


def requantize(acc, p, addend=0):
    """The integers of sums; channels are the last axis."""
    if p["form"] == "table":
        return p["thresholds"].reshape(-1)[acc - p["acc_min"].reshape(-1)[0]]
    if p["form"] not in ("affine", "half_even"):
        raise SystemExit(f"form {p['form']} is not evaluated here")
    total = acc * p["multiplier"] + p["rounding"] + addend * p.get("addend_multiplier", 0)
    y, k = total >> p["shift"], p["shift"]
    if p["form"] == "half_even":
        y = ((total + (np.int64(1) << (k - 1)) - 1 + (y & 1)) >> k) + p["zero_point"]
    return np.clip(y, p["lo"], p["hi"])


def windows(x, p, kernel, fill=0):
    """[N, H, W, C, kh, kw] of the windows of x; padding is `fill`."""
    (s0, s1), (top, left, bottom, right) = p["attributes"]["strides"], p["attributes"]["pads"]
    z = np.pad(x, ((0, 0), (top, bottom), (left, right), (0, 0)), constant_values=fill)
    return np.lib.stride_tricks.sliding_window_view(z, kernel, axis=(1, 2))[:, ::s0, ::s1]


def evaluate(p, x):
    """One layer p on its operands x."""
    op, a = p["op"], p["attributes"]
    if op == "conv2d":  # weight: [O, kh, kw, C]
        taps = windows(x[0] - a["input_zp"], p, p["weight"].shape[1:3])
        return requantize(np.einsum("nhwcij,oijc->nhwo", taps, p["weight"]) + p.get("bias", 0), p)
    if op == "matmul":  # weight: [O, C]
        return requantize((x[0] - a["lhs_zp"]) @ p["weight"].T + p.get("bias", 0), p)
    if op == "max_pool":
        return windows(x[0], p, a["kernel"], np.iinfo(np.int64).min).max(axis=(4, 5))
    if op == "avg_pool":
        return requantize(windows(x[0] - a["input_zp"], p, a["kernel"]).sum(axis=(4, 5)), p)
    if op == "add":
        return requantize(x[0], p, x[1])
    assert op in ("transpose", "reshape"), f"no evaluation of {op}"
    return x[0].transpose(a["permutation"]) if op == "transpose" else x[0].reshape(p["shape"])


path, source, target = sys.argv[1:]
program = json.load(open(path, encoding="utf-8"))
folder = os.path.join(os.path.dirname(path), program["folder"])
shapes = {tensor["id"]: tensor["shape"] for tensor in program["tensors"]}
first = program["inputs"][0]["tensor"]
values = {first: np.load(source).astype(np.int64).reshape(shapes[first])}
for layer in program["layers"]:
    arrays = {key: np.load(os.path.join(folder, name)).astype(np.int64)
              for key, name in layer["arrays"].items()}
    values[layer["output"]] = evaluate(dict(layer, **arrays, shape=shapes[layer["output"]]),
                                       [values[i] for i in layer["inputs"]])
for name, value in values.items():
    np.save(os.path.join(target, name), value)
