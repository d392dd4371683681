# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Quantizes the float model with ONNX Runtime: uint8 activations, int8 weights per channel.

    quantize.py DIR

Needs ONNX Runtime 1.21 and onnx.  Reads digits_resnet.float.onnx and digits_calib_x.npy
(both from train.py) in DIR and writes digits_resnet.qdq.u8s8.pc.onnx there.
"""

import os
import sys

import numpy as np
import onnx.reference  # noqa: F401  first: onnx and onnxruntime may share one libonnx
from onnxruntime.quantization import (CalibrationDataReader, QuantFormat, QuantType,
                                      quantize_static)
from onnxruntime.quantization.shape_inference import quant_pre_process


class Images(CalibrationDataReader):
    """One image at a time."""

    def __init__(self, images):
        self.batches = iter([{"x": images[i:i + 1]} for i in range(len(images))])

    def get_next(self):
        """The next batch, or None."""
        return next(self.batches, None)


def main():
    """Fold batch normalizations, calibrate, quantize."""
    folder = sys.argv[1]
    model = os.path.join(folder, "digits_resnet.float.onnx")
    prepared = os.path.join(folder, "digits_resnet.float.prep.onnx")
    quant_pre_process(model, prepared)
    quantize_static(prepared, os.path.join(folder, "digits_resnet.qdq.u8s8.pc.onnx"),
                    Images(np.load(os.path.join(folder, "digits_calib_x.npy"))),
                    quant_format=QuantFormat.QDQ, per_channel=True,
                    activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8,
                    extra_options={"ActivationSymmetric": False, "WeightSymmetric": True})


if __name__ == "__main__":
    main()
