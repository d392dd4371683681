# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Aten operators that move elements, and symbolic integers (see pt2_reader.py)."""

import numpy as np

from pt2_translations import translates


# --- movement -----------------------------------------------------------------


def _reshape(reader, source, shape, output):
    """The first extent is left open where it is the batch."""
    shape = list(shape)
    if -1 not in shape and shape and shape[0] == 1:
        shape[0] = -1
    reader.emit("Reshape", [source, reader.constant(np.array(shape, np.int64))], output,
                allowzero=1)


@translates("aten.view", "aten.reshape", "aten._unsafe_view", "aten.flatten", "aten.squeeze",
            "aten.unflatten", "aten.unsqueeze")
def reshape(reader, call, names):
    """The declared result shape says it all."""
    _reshape(reader, call.get("self"), reader.shape(names[0]), names[0])


@translates("aten.permute")
def permute(reader, call, names):
    """Transpose."""
    rank = len(call.get("dims"))
    reader.emit("Transpose", [call.get("self")], names[0],
                perm=[dim % rank for dim in call.get("dims")])


@translates("aten.transpose", "aten.t")
def transpose(reader, call, names):
    """Two axes change places."""
    rank = len(reader.shape(names[0]))
    order = list(range(rank))
    a, b = call.get("dim0", 0), call.get("dim1", 1)
    if rank > 1:
        order[a], order[b] = order[b], order[a]
    reader.emit("Transpose", [call.get("self")], names[0], perm=order)


@translates("aten.cat")
def cat(reader, call, names):
    """Concat."""
    reader.emit("Concat", call.get("tensors"), names[0], axis=call.get("dim", 0))


@translates("aten.stack")
def stack(reader, call, names):
    """Concat behind a dimension of its own for each."""
    axis = call.get("dim", 0) % len(reader.shape(names[0]))
    parts = [reader.emit("Unsqueeze", [part, reader.constant(np.array([axis]))])
             for part in call.get("tensors")]
    reader.emit("Concat", parts, names[0], axis=axis)


@translates("aten.expand")
def expand(reader, call, names):
    """The declared result shape; the batch stays open."""
    reader.emit("Expand", [call.get("self"), reader.constant(
        np.array(reader.shape(names[0]), np.int64))], names[0])


@translates("aten.index_select", "aten.flip")
def take(reader, call, names):
    """Gathers along axes."""
    source = call.node["inputs"][0]["arg"]["as_tensor"]["name"]
    shape, value = reader.shape(source), call.get("self")
    if "index_select" in call.node["target"]:
        reader.emit("Gather", [value, call.get("index")], names[0], axis=call.get("dim"))
        return
    for number, axis in enumerate(call.get("dims"), 1):
        indices = reader.constant(np.arange(shape[axis])[::-1].copy())
        value = reader.emit("Gather", [value, indices],
                            names[0] if number == len(call.get("dims")) else None,
                            axis=axis % len(shape))


@translates("aten.pixel_shuffle")
def pixel_shuffle(reader, call, names):
    """Blocks of channels to rows and columns."""
    reader.emit("DepthToSpace", [call.get("self")], names[0], mode="CRD",
                blocksize=call.get("upscale_factor"))


def _slice(reader, source, axis, start, end, step, output=None):
    return reader.emit("Slice", [source] + [reader.constant(np.array([value], np.int64))
                                            for value in (start, end, axis, step)], output)


@translates("aten.slice")
def slice_tensor(reader, call, names):
    """start:end:step of one axis."""
    _slice(reader, call.get("self"), call.get("dim", 0), call.get("start", 0),
           min(call.get("end", 2**31), 2**31), call.get("step", 1), names[0])


@translates("aten.narrow")
def narrow(reader, call, names):
    """start:start + length of one axis."""
    start = call.get("start")
    _slice(reader, call.get("self"), call.get("dim"), start, start + call.get("length"), 1,
           names[0])


@translates("aten.unbind")
def unbind(reader, call, names):
    """Every entry of an axis."""
    for index, name in enumerate(names):
        part = _slice(reader, call.get("self"), call.get("dim", 0), index, index + 1, 1)
        _reshape(reader, part, reader.shape(name), name)


@translates("aten.select")
def select(reader, call, names):
    """One entry of an axis."""
    index = call.get("index")
    end = 2**31 if index == -1 else index + 1
    part = _slice(reader, call.get("self"), call.get("dim"), index, end, 1)
    _reshape(reader, part, reader.shape(names[0]), names[0])


@translates("aten.split", "aten.split_with_sizes", "aten.chunk")
def split(reader, call, names):
    """Parts one after the other."""
    start, axis = 0, call.get("dim", 0)
    for name in names:
        size = reader.shape(name)[axis]
        _slice(reader, call.get("self"), axis, start, start + size, 1, name)
        start += size


@translates("aten.pad", "aten.constant_pad_nd")
def pad(reader, call, names):
    """Pairs from the last axis on."""
    pairs, rank = call.get("pad"), len(reader.shape(names[0]))
    low, high = [0] * rank, [0] * rank
    for index in range(len(pairs) // 2):
        low[rank - 1 - index], high[rank - 1 - index] = pairs[2 * index:2 * index + 2]
    value = reader.constant(np.float32(call.get("value", 0.0)))
    reader.emit("Pad", [call.get("self"), reader.constant(np.array(low + high, np.int64)),
                        value], names[0],
                mode={"reflect": "reflect", "replicate": "edge", "circular": "wrap"}.get(
                    call.get("mode"), "constant"))


@translates("aten.dropout", "aten.feature_dropout", "aten.alias", "aten.clone",
            "aten.contiguous", "aten.detach", "aten.lift_fresh", "aten.lift_fresh_copy", "aten._to_copy",
            "aten.to")
def identity(reader, call, names):
    """Nothing changes in inference."""
    source = call.get("self") or call.get("input")
    reader.emit("Identity", [source], names[0])


# --- symbolic integers --------------------------------------------------------


@translates("aten.sym_size")
def sym_size(reader, call, names):
    """An extent of the compiled shape."""
    source = call.node["inputs"][0]["arg"]["as_tensor"]["name"]
    reader.integers[names[0]] = reader.shape(source)[call.get("dim")]


@translates("_operator.mul", "_operator.add", "_operator.sub", "_operator.floordiv")
def arithmetic(reader, call, names):
    """On extents."""
    a, b = call.get("a"), call.get("b")
    reader.integers[names[0]] = {"mul": a * b, "add": a + b, "sub": a - b}.get(
        call.node["target"].split(".")[1], a // b if b else 0)
