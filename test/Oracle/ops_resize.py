# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Nearest resize, repeats and blocks: positions from exact fractions, then np.take."""

import math
from fractions import Fraction

import numpy as np

from exact_scalar import fraction
from exact_tensor import Unsupported
from operators import move, operator

HALF = Fraction(1, 2)


def _original(x, size, count, scale, mode):
    """The coordinate in the input that position x of the result stands for."""
    if mode == "align_corners":
        return Fraction(x * (size - 1), count - 1) if count > 1 else Fraction(0)
    if mode == "asymmetric":
        return x / scale
    if mode == "pytorch_half_pixel" and count == 1:
        return Fraction(0)
    if mode == "tf_half_pixel_for_nn":
        return (x + HALF) / scale
    offset = Fraction(0)
    if mode == "half_pixel_symmetric":
        offset = Fraction(size, 2) * (1 - Fraction(count) / (scale * size))
    elif mode not in ("half_pixel", "pytorch_half_pixel"):
        raise Unsupported(f"coordinate_transformation_mode '{mode}'")
    return offset + (x + HALF) / scale - HALF


def _round(x, mode):
    """Nearest integer by the rule of nearest_mode."""
    if mode == "floor":
        return math.floor(x)
    if mode == "ceil":
        return math.ceil(x)
    if mode == "round_prefer_ceil":
        return math.floor(x + HALF)
    return math.ceil(x - HALF)


def _positions(size, count, scale, coordinates, nearest):
    places = [_round(_original(x, size, count, scale, coordinates), nearest)
              for x in range(count)]
    return np.clip(np.array(places), 0, size - 1)


def _resized(view, axes, counts, scales, coordinates, nearest):
    value = view.value(0)
    if view.attribute("mode", "nearest") != "nearest":
        raise Unsupported("resize with interpolation")
    for axis, count, scale in zip(axes, counts, scales):
        index = _positions(value.shape[axis], count, scale, coordinates, nearest)
        value = move(value, lambda array, i=index, a=axis: np.take(array, i, a))
    return value


def _by_scales(shape, axes, scales):
    exact = [fraction(scale) for scale in scales]
    return [math.floor(shape[axis] * scale) for axis, scale in zip(axes, exact)], exact


@operator("Resize")
def resize(view):
    """Opset 10: x, scales; later: x, roi, scales, sizes."""
    shape = view.value(0).shape
    axes = [axis % len(shape) for axis in view.attribute("axes", list(range(len(shape))))]
    if len(view.values) == 2:
        counts, scales = _by_scales(shape, axes, view.numbers(1).reshape(-1))
        return _resized(view, axes, counts, scales, "asymmetric", "floor")
    if view.has(3) and view.integers(3).size:
        counts = [int(size) for size in view.integers(3).reshape(-1)]
        scales = [Fraction(count, shape[axis]) for axis, count in zip(axes, counts)]
        policy = view.attribute("keep_aspect_ratio_policy", "stretch")
        if policy != "stretch":
            scales = [(min if policy == "not_larger" else max)(scales)] * len(axes)
            counts = [math.floor(shape[axis] * scales[0] + HALF) for axis in axes]
    else:
        counts, scales = _by_scales(shape, axes, view.numbers(2).reshape(-1))
    return _resized(view, axes, counts, scales,
                    view.attribute("coordinate_transformation_mode", "half_pixel"),
                    view.attribute("nearest_mode", "round_prefer_floor"))


@operator("Upsample")
def upsample(view):
    """Position x reads floor(x / scale)."""
    shape = view.value(0).shape
    scales = view.numbers(1).reshape(-1) if view.has(1) else view.attribute("scales")
    axes = list(range(len(shape)))
    return _resized(view, axes, *_by_scales(shape, axes, scales), "asymmetric", "floor")


@operator("Tile")
def tile(view):
    """Whole tensors one after the other."""
    return move(view.value(0), lambda array: np.tile(array, view.dims(1)))


@operator("DepthToSpace")
def depth_to_space(view):
    """Channels become blocks of pixels."""
    block, mode = view.attribute("blocksize"), view.attribute("mode", "DCR")

    def rearrange(array):
        n, c, h, w = array.shape
        if mode == "DCR":
            parts = array.reshape(n, block, block, c // block**2, h, w)
            parts = parts.transpose(0, 3, 4, 1, 5, 2)
        else:
            parts = array.reshape(n, c // block**2, block, block, h, w)
            parts = parts.transpose(0, 1, 4, 2, 5, 3)
        return parts.reshape(n, c // block**2, h * block, w * block)
    return move(view.value(0), rearrange)


@operator("SpaceToDepth")
def space_to_depth(view):
    """Blocks of pixels become channels."""
    block = view.attribute("blocksize")

    def rearrange(array):
        n, c, h, w = array.shape
        parts = array.reshape(n, c, h // block, block, w // block, block)
        return parts.transpose(0, 3, 5, 1, 2, 4).reshape(n, -1, h // block, w // block)
    return move(view.value(0), rearrange)
