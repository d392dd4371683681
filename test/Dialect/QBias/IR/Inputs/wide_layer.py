# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Prints a matrix product with one scale and one bias per output channel.

usage: wide_layer.py CHANNELS
"""

import struct
import sys


def blob(code, values):
    """Hexadecimal text of a resource: its alignment, then the values."""
    return "0x" + (struct.pack("<I", struct.calcsize(code)) +
                   struct.pack(f"<{len(values)}{code}", *values)).hex().upper()


def main():
    """Command line; see the top of the file."""
    n = int(sys.argv[1])
    scales = ", ".join(str((c % 7 + 1) / 1024) for c in range(n))
    weights = blob("b", [c % 200 - 100 for c in range(2 * n)])
    bias = blob("f", [c / 64 - 3 for c in range(n)])
    print(f"""
!act = !quant.uniform<i8:f32, 0.5:3>
!weight = !quant.uniform<i8:f32:0, {{{scales}}}>
func.func @wide(%x: tensor<1x2x!act>) -> tensor<1x{n}x!act> {{
  %w = arith.constant dense_resource<weight> : tensor<{n}x2xi8>
  %b = arith.constant dense_resource<bias> : tensor<{n}xf32>
  %0 = qbias.dequantize %x : tensor<1x2x!act> -> tensor<1x2xf32>
  %1 = quant.scast %w : tensor<{n}x2xi8> to tensor<{n}x2x!weight>
  %2 = qbias.dequantize %1 : tensor<{n}x2x!weight> -> tensor<{n}x2xf32>
  %3 = qbias.matmul %0, %2 bias %b : (tensor<1x2xf32>, tensor<{n}x2xf32>, tensor<{n}xf32>) -> tensor<1x{n}xf32>
  %4 = qbias.quantize %3 : tensor<1x{n}xf32> -> tensor<1x{n}x!act>
  return %4 : tensor<1x{n}x!act>
}}
{{-#
  dialect_resources: {{ builtin: {{ weight: "{weights}", bias: "{bias}" }} }}
#-}}""")


if __name__ == "__main__":
    main()
