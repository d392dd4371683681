// A tensor changes its scale from 0.5 to 0.25: one table, because all 256
// inputs are known. With zero points 3 and -1:
//   q' = clamp(rnd((q - 3) * 0.5 / 0.25) - 1, -128, 127) = clamp(2 q - 7, -128, 127)
// RUN: qbias-opt %s --verify-roundtrip | FileCheck %s --check-prefix=REAL
// RUN: qbias-opt %s --qbias-integerize | FileCheck %s

!in = !quant.uniform<i8:f32, 0.5:3>
!out = !quant.uniform<i8:f32, 0.25:-1>

// REAL-LABEL: func.func @rescale
// REAL: qbias.dequantize %{{.*}} : tensor<1x8x!quant{{.*}}> -> tensor<1x8xf32>
// REAL: qbias.quantize %{{.*}} : tensor<1x8xf32> -> tensor<1x8x!quant

// CHECK-DAG: #qbias.requant<mode = exact, form = table, lo = -128, hi = 127>
// CHECK-LABEL: func.func @rescale
// CHECK-SAME: tensor<1x8xi8>
// CHECK-NEXT: qbias.int.lookup
func.func @rescale(%q: tensor<1x8x!in>) -> tensor<1x8x!out> {
  %x = qbias.dequantize %q : tensor<1x8x!in> -> tensor<1x8xf32>
  %y = qbias.quantize %x : tensor<1x8xf32> -> tensor<1x8x!out> loc("y")
  return %y : tensor<1x8x!out>
}
