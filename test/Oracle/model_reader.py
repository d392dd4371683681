# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Read a network of any format the oracle knows; the content decides."""

import onnx_reader
import pt2_file
import pt2_reader
import tflite_file
import tflite_reader


def read_model(path):
    """An onnx_reader.Model.  Errors: OnnxError, Pt2Error, TfliteError."""
    if pt2_file.is_pt2(path):
        return pt2_reader.read_model(path)
    if tflite_file.is_tflite(path):
        return tflite_reader.read_model(path)
    return onnx_reader.read_model(path)
