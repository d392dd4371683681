# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Tensors as MLIR passes them to C (a memref descriptor)."""

import ctypes


def descriptor(rank):
    """The structure of a tensor of `rank` dimensions."""
    sizes = ctypes.c_int64 * max(rank, 1)
    fields = [("base", ctypes.c_void_p), ("data", ctypes.c_void_p), ("offset", ctypes.c_int64)]
    if rank:
        fields += [("sizes", sizes), ("strides", sizes)]
    return type(f"Tensor{rank}", (ctypes.Structure,), {"_fields_": fields})


def describe(array):
    """The descriptor of a contiguous array."""
    described = descriptor(array.ndim)()
    described.base = described.data = array.ctypes.data
    for dimension in range(array.ndim):
        described.sizes[dimension] = array.shape[dimension]
        described.strides[dimension] = array.strides[dimension] // array.itemsize
    return described
