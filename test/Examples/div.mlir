// A division by a constant is part of the table: 1 / 3 is exact.
// RUN: qbias-opt %s --verify-roundtrip | FileCheck %s --check-prefix=REAL
// RUN: qbias-opt %s --qbias-integerize | FileCheck %s
// RUN: qbias-opt %s --qbias-check-rewrite="pipeline=qbias-integerize seeds=8" -o /dev/null

!act = !quant.uniform<i8:f32, 0.5>

// REAL: qbias.div %{{.*}}, %{{.*}} : tensor<2x3xf32>, tensor<1x1xf32> -> tensor<2x3xf32>

// CHECK: #qbias.linear<factor = 1.000000e+00 : f64, offset = 0.000000e+00 : f64, divisor = 3.000000e+00 : f64>
// CHECK-LABEL: func.func @a_third
// CHECK-NEXT: qbias.int.lookup
// CHECK-NEXT: return
func.func @a_third(%q: tensor<2x3x!act>) -> tensor<2x3x!act> {
  %x = qbias.dequantize %q : tensor<2x3x!act> -> tensor<2x3xf32>
  %three = arith.constant dense<3.0> : tensor<1x1xf32>
  %d = qbias.div %x, %three : tensor<2x3xf32>, tensor<1x1xf32> -> tensor<2x3xf32>
  %y = qbias.quantize %d : tensor<2x3xf32> -> tensor<2x3x!act> loc("y")
  return %y : tensor<2x3x!act>
}
