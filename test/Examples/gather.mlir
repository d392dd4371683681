// Nearest resize: each row and column is repeated.
// RUN: qbias-opt %s --verify-roundtrip | FileCheck %s --check-prefix=REAL
// RUN: qbias-opt %s --qbias-integerize | FileCheck %s
// RUN: qbias-opt %s --qbias-check-rewrite="pipeline=qbias-integerize seeds=8" -o /dev/null

!act = !quant.uniform<u8:f32, 0.5:128>

// REAL: qbias.gather %{{.*}} dim 1 indices [0, 0, 1, 1] : tensor<1x2x2x3xf32> -> tensor<1x4x2x3xf32>

// CHECK-LABEL: func.func @resize
// CHECK-NEXT: qbias.gather %{{.*}} dim 1 indices [0, 0, 1, 1] : tensor<1x2x2x3xui8> -> tensor<1x4x2x3xui8>
// CHECK-NEXT: qbias.gather %{{.*}} dim 2 indices [0, 0, 1, 1] : tensor<1x4x2x3xui8> -> tensor<1x4x4x3xui8>
// CHECK-NEXT: return
func.func @resize(%q: tensor<1x2x2x3x!act>) -> tensor<1x4x4x3x!act> {
  %x = qbias.dequantize %q : tensor<1x2x2x3x!act> -> tensor<1x2x2x3xf32>
  %rows = qbias.gather %x dim 1 indices [0, 0, 1, 1] : tensor<1x2x2x3xf32> -> tensor<1x4x2x3xf32>
  %columns = qbias.gather %rows dim 2 indices [0, 0, 1, 1] : tensor<1x4x2x3xf32> -> tensor<1x4x4x3xf32>
  %y = qbias.quantize %columns : tensor<1x4x4x3xf32> -> tensor<1x4x4x3x!act>
  return %y : tensor<1x4x4x3x!act>
}
