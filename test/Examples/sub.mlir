// A difference is a sum whose second scale is negative.
// RUN: qbias-opt %s --verify-roundtrip | FileCheck %s --check-prefix=REAL
// RUN: qbias-opt %s --qbias-integerize | FileCheck %s

!a = !quant.uniform<i8:f32, 0.5:3>
!b = !quant.uniform<i8:f32, 0.75:-1>
!y = !quant.uniform<i8:f32, 1.1>

// REAL-LABEL: func.func @difference
// REAL: qbias.sub %{{.*}}, %{{.*}} : tensor<1x8xf32>, tensor<1x8xf32> -> tensor<1x8xf32>

// CHECK-DAG: #qbias.reference<operands = [5.000000e-01, -7.500000e-01], result =
// CHECK-DAG: #qbias.requant<mode = exact, form = affine, multiplier = dense<{{[0-9]+}}> : tensor<1xi64>, addend_multiplier = dense<-{{[0-9]+}}> : tensor<1xi64>
// CHECK-LABEL: func.func @difference
// CHECK: qbias.int.add
func.func @difference(%qa: tensor<1x8x!a>, %qb: tensor<1x8x!b>) -> tensor<1x8x!y> {
  %a = qbias.dequantize %qa : tensor<1x8x!a> -> tensor<1x8xf32>
  %b = qbias.dequantize %qb : tensor<1x8x!b> -> tensor<1x8xf32>
  %difference = qbias.sub %a, %b : tensor<1x8xf32>, tensor<1x8xf32> -> tensor<1x8xf32>
  %y = qbias.quantize %difference : tensor<1x8xf32> -> tensor<1x8x!y> loc("y")
  return %y : tensor<1x8x!y>
}
