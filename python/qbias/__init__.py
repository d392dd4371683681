# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Quantized networks as integer programs, compiled and run in this process.

    import qbias
    m = qbias.compile("model.pt2")        # ONNX and MLIR too; the content decides
    y = m(x)                              # float32 in, float32 out, integers between
    m.report()["totals"], m.certificate()

Needs NumPy and libqbias.so, which the build makes in build/lib (QBIAS_LIBRARY names
another place).  No PyTorch is needed; an exported program of torch.export can be given in
place of a file when it is there.
"""

from ._library import Error
from ._model import Model, Tensor, compile  # pylint: disable=redefined-builtin

__all__ = ["Error", "Model", "Tensor", "compile"]
