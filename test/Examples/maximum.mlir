// Operands of different scales: each gets the result's scale by a table.
// RUN: qbias-opt %s --verify-roundtrip | FileCheck %s --check-prefix=REAL
// RUN: qbias-opt %s --qbias-integerize | FileCheck %s
// RUN: qbias-opt %s --qbias-check-rewrite="pipeline=qbias-integerize seeds=8" -o /dev/null

!a = !quant.uniform<i8:f32, 0.5:3>
!b = !quant.uniform<u8:f32, 0.3:100>

// REAL: qbias.maximum %{{.*}}, %{{.*}} : tensor<2x3xf32>, tensor<1x3xf32> -> tensor<2x3xf32>

// CHECK-LABEL: func.func @maximum_of_two
// CHECK: %[[B:.*]] = qbias.int.lookup %{{.*}} : tensor<1x3xui8> -> tensor<1x3xi8>
// CHECK: qbias.maximum %{{.*}}, %[[B]] : tensor<2x3xi8>, tensor<1x3xi8> -> tensor<2x3xi8>
func.func @maximum_of_two(%qa: tensor<2x3x!a>, %qb: tensor<1x3x!b>) -> tensor<2x3x!a> {
  %a = qbias.dequantize %qa : tensor<2x3x!a> -> tensor<2x3xf32>
  %b = qbias.dequantize %qb : tensor<1x3x!b> -> tensor<1x3xf32>
  %m = qbias.maximum %a, %b : tensor<2x3xf32>, tensor<1x3xf32> -> tensor<2x3xf32>
  %y = qbias.quantize %m : tensor<2x3xf32> -> tensor<2x3x!a> loc("y")
  return %y : tensor<2x3x!a>
}
