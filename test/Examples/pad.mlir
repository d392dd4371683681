// Padding with real 0 is padding with the zero point.
// RUN: qbias-opt %s --verify-roundtrip | FileCheck %s --check-prefix=REAL
// RUN: qbias-opt %s --qbias-integerize | FileCheck %s

!act = !quant.uniform<i8:f32, 0.5:3>

// REAL-LABEL: func.func @pad_zero
// REAL: qbias.pad %{{.*}} low [0, 1, 1, 0] high [0, 1, 1, 0] value 0.000000e+00 : tensor<1x8x8x4xf32> -> tensor<1x10x10x4xf32>

// CHECK-LABEL: func.func @pad_zero
// CHECK-NEXT: qbias.int.pad %{{.*}} low [0, 1, 1, 0] high [0, 1, 1, 0] value 3 : tensor<1x8x8x4xi8> -> tensor<1x10x10x4xi8>
func.func @pad_zero(%q: tensor<1x8x8x4x!act>) -> tensor<1x10x10x4x!act> {
  %x = qbias.dequantize %q : tensor<1x8x8x4x!act> -> tensor<1x8x8x4xf32>
  %padded = qbias.pad %x low [0, 1, 1, 0] high [0, 1, 1, 0] value 0.0
      : tensor<1x8x8x4xf32> -> tensor<1x10x10x4xf32>
  %y = qbias.quantize %padded : tensor<1x10x10x4xf32> -> tensor<1x10x10x4x!act> loc("y")
  return %y : tensor<1x10x10x4x!act>
}
