# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Exact integer kernels: matmul, convolution, window sums and maxima.

Operands are integer numpy arrays (int64), or object arrays of Python integers
where int64 could overflow.  Products of small integers run through float64 BLAS,
which is exact while every partial sum stays below 2^53; the bound is computed
first, and wider operands are split into limbs until it holds.
"""

import itertools
from dataclasses import dataclass

import numpy as np

FLOAT64_EXACT = 1 << 53  # integers up to here are exact in float64
INT64_SAFE = 1 << 62  # leaves a spare bit for one addition
MAX_COLUMN_ELEMENTS = 1 << 23  # im2col block: 64 MB of float64


def magnitude(ints):
    """Largest absolute value as a Python int; 0 for an empty array."""
    if ints.size == 0:
        return 0
    return max(abs(int(ints.max())), abs(int(ints.min())))


def narrow(ints):
    """int64 array if every value fits with a spare bit, else the object array."""
    if ints.dtype != object:
        return ints.astype(np.int64, copy=False)
    return ints.astype(np.int64) if magnitude(ints) < INT64_SAFE else ints


def times(left, right):
    """Elementwise product with broadcasting, widened to Python ints when needed."""
    if magnitude(left) * magnitude(right) >= INT64_SAFE:
        left, right = left.astype(object), right.astype(object)
    return left * right


def plus(left, right):
    """Elementwise sum with broadcasting, widened to Python ints when needed."""
    if magnitude(left) + magnitude(right) >= INT64_SAFE:
        left, right = left.astype(object), right.astype(object)
    return left + right


def matmul(left, right):
    """Exact integer matrix product with numpy's batching rules.

    left: [..., m, k], right: [..., k, n]; returns int64 or object ints [..., m, n].
    """
    size_left, size_right = magnitude(left), magnitude(right)
    bound = size_left * size_right * left.shape[-1]
    if bound < FLOAT64_EXACT:
        product = np.matmul(left.astype(np.float64), right.astype(np.float64))
        return product.astype(np.int64)
    wide = left if size_left >= size_right else right
    if max(size_left, size_right) < 2:
        raise ValueError("a reduction has more than 2^53 elements")
    shift = max(1, max(size_left, size_right).bit_length() // 2)
    high, low = narrow(wide >> shift), narrow(wide & ((1 << shift) - 1))
    if wide is left:
        upper, lower = matmul(high, right), matmul(low, right)
    else:
        upper, lower = matmul(left, high), matmul(left, low)
    return narrow(upper.astype(object) * (1 << shift) + lower)


# --- windows ---------------------------------------------------------------


@dataclass
class Windows:
    """Geometry of a sliding window over spatial axes; every field one entry per axis.

    `begin`, `end` are the file's pads in elements; `extra` is what ceil_mode adds
    beyond `end` (never part of a pool's divisor); `out` the output sizes.
    """

    kernel: list
    strides: list
    dilations: list
    begin: list
    end: list
    extra: list
    out: list


def windows(spatial, kernel, strides=None, dilations=None, pads=None,
            auto_pad="NOTSET", ceil_mode=False):
    """Resolve ONNX attributes into a `Windows` (Conv and pooling operators)."""
    rank = len(kernel)
    strides = list(strides or [1] * rank)
    dilations = list(dilations or [1] * rank)
    pads = list(pads or [0] * (2 * rank))
    reach = [(kernel[i] - 1) * dilations[i] + 1 for i in range(rank)]
    begin, end = pads[:rank], pads[rank:]
    if auto_pad in ("SAME_UPPER", "SAME_LOWER"):
        total = [max((-(-spatial[i] // strides[i]) - 1) * strides[i] + reach[i] - spatial[i], 0)
                 for i in range(rank)]
        small, large = [t // 2 for t in total], [t - t // 2 for t in total]
        begin, end = (small, large) if auto_pad == "SAME_UPPER" else (large, small)
    elif auto_pad == "VALID":
        begin, end = [0] * rank, [0] * rank
    out, extra = [], []
    for i in range(rank):
        free = spatial[i] + begin[i] + end[i] - reach[i]
        if free < 0:
            raise ValueError(f"window of {reach[i]} does not fit {spatial[i]} padded elements")
        count = (-(-free // strides[i]) if ceil_mode else free // strides[i]) + 1
        if ceil_mode and (count - 1) * strides[i] >= spatial[i] + begin[i]:
            count -= 1  # a window that starts in the end padding is dropped
        out.append(count)
        extra.append(max((count - 1) * strides[i] + reach[i]
                         - spatial[i] - begin[i] - end[i], 0))
    return Windows(list(kernel), strides, dilations, begin, end, extra, out)


def pad_spatial(ints, win, fill):
    """Pad the trailing spatial axes by the window's begin, end and extra."""
    lead = ints.ndim - len(win.kernel)
    widths = [(0, 0)] * lead
    widths += [(b, e + x) for b, e, x in zip(win.begin, win.end, win.extra)]
    if not any(any(width) for width in widths):
        return ints
    return np.pad(ints, widths, constant_values=fill)


def taps(padded, win):
    """Yield (kernel position, view of the padded input at that tap), row-major."""
    for position in itertools.product(*(range(size) for size in win.kernel)):
        cut = [slice(None)] * (padded.ndim - len(win.kernel))
        for axis, offset in enumerate(position):
            start = offset * win.dilations[axis]
            stop = start + (win.out[axis] - 1) * win.strides[axis] + 1
            cut.append(slice(start, stop, win.strides[axis]))
        yield position, padded[tuple(cut)]


def window_sum(ints, win):
    """Sum over every window; padding contributes 0."""
    total = None
    if magnitude(ints) * int(np.prod(win.kernel)) >= INT64_SAFE:
        ints = ints.astype(object)
    for _, view in taps(pad_spatial(ints, win, 0), win):
        total = view.copy() if total is None else total + view
    return total


def window_max(ints, win):
    """Maximum over every window, padding ignored.

    Errors: ValueError if a window holds padding only (its maximum is -infinity).
    """
    below = int(ints.min()) - 1
    best = None
    for _, view in taps(pad_spatial(ints, win, below), win):
        best = view.copy() if best is None else np.maximum(best, view)
    if (best == below).any():
        raise ValueError("a max pool window lies in the padding entirely")
    return best


def window_counts(spatial, win, include_padding):
    """Divisor of an average pool per output position, shape `win.out` (int64)."""
    ones = np.ones(spatial, dtype=np.int64)
    if include_padding:
        ones = np.pad(ones, list(zip(win.begin, win.end)), constant_values=1)
        inner = Windows(win.kernel, win.strides, win.dilations, [0] * len(spatial),
                        [0] * len(spatial), win.extra, win.out)
        return window_sum(ones, inner)
    return window_sum(ones, win)


# --- convolution -----------------------------------------------------------


def _depthwise(padded, weights, win):
    """Convolution with one input channel per group: one multiply-add per tap."""
    multiplier = weights.shape[0] // padded.shape[1]
    if magnitude(padded) * magnitude(weights) * int(np.prod(win.kernel)) >= INT64_SAFE:
        padded, weights = padded.astype(object), weights.astype(object)
    total = 0
    lead = (1, -1) + (1,) * len(win.kernel)
    for position, view in taps(padded, win):
        factor = weights[(slice(None), 0) + position].reshape(lead)
        total = total + np.repeat(view, multiplier, axis=1) * factor
    return total


def _columns(padded, win):
    """im2col: [channels * taps, batch * output positions], channel slowest."""
    views = [view for _, view in taps(padded, win)]
    stacked = np.stack(views, axis=2)  # batch, channel, tap, out...
    order = (1, 2, 0) + tuple(range(3, stacked.ndim))
    moved = stacked.transpose(order)
    return moved.reshape(moved.shape[0] * moved.shape[1], -1)


def _dense(padded, weights, win, groups):
    """Convolution by im2col and one matmul per group, for one block of samples."""
    batch, per_group = padded.shape[0], padded.shape[1] // groups
    outputs = []
    for group in range(groups):
        channels = slice(group * per_group, (group + 1) * per_group)
        rows = weights.shape[0] // groups
        kernel = weights[group * rows:(group + 1) * rows].reshape(rows, -1)
        product = matmul(kernel, _columns(padded[:, channels], win))
        shaped = product.reshape([rows, batch] + win.out)
        outputs.append(np.moveaxis(shaped, 0, 1))
    return np.concatenate(outputs, axis=1)


def convolve(ints, weights, win, groups):
    """Exact cross-correlation; padding contributes 0 (N4).

    ints: [batch, C, *spatial], weights: [M, C / groups, *kernel];
    returns [batch, M, *out].
    """
    if ints.shape[1] != weights.shape[1] * groups or weights.shape[0] % groups:
        raise ValueError(f"{groups} groups do not match input channels {ints.shape[1]} "
                         f"and weights {weights.shape}")
    padded = pad_spatial(ints, win, 0)
    if weights.shape[1] == 1 and groups > 1:
        return _depthwise(padded, weights, win)
    per_sample = int(np.prod(weights.shape[1:])) * int(np.prod(win.out))
    block = max(1, MAX_COLUMN_ELEMENTS // max(per_sample, 1))
    parts = [_dense(padded[i:i + block], weights, win, groups)
             for i in range(0, padded.shape[0], block)]
    return parts[0] if len(parts) == 1 else np.concatenate(parts, axis=0)
