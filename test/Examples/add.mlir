// A residual add of two quantized tensors: one rounding of
//   (a - 3) * 0.5 + (b + 1) * 0.75
// RUN: qbias-opt %s --verify-roundtrip | FileCheck %s --check-prefix=REAL
// RUN: qbias-opt %s --qbias-integerize | FileCheck %s

!a = !quant.uniform<i8:f32, 0.5:3>
!b = !quant.uniform<i8:f32, 0.75:-1>
!y = !quant.uniform<i8:f32, 1.1>

// REAL-LABEL: func.func @residual
// REAL: qbias.add %{{.*}}, %{{.*}} : tensor<1x8x8x4xf32>, tensor<1x1x1x4xf32> -> tensor<1x8x8x4xf32>

// CHECK-DAG: #qbias.certificate<channels = 1, certified = 1
// CHECK-DAG: #qbias.reference<operands = [5.000000e-01, 7.500000e-01], result =
// CHECK-LABEL: func.func @residual
// CHECK: qbias.int.add %{{.*}}, %{{.*}} {{{.*}}lhs_zp = 3 : i64{{.*}}rhs_zp = -1 : i64} : (tensor<1x8x8x4xi8>, tensor<1x1x1x4xi8>) -> tensor<1x8x8x4xi8>
func.func @residual(%qa: tensor<1x8x8x4x!a>, %qb: tensor<1x1x1x4x!b>) -> tensor<1x8x8x4x!y> {
  %a = qbias.dequantize %qa : tensor<1x8x8x4x!a> -> tensor<1x8x8x4xf32>
  %b = qbias.dequantize %qb : tensor<1x1x1x4x!b> -> tensor<1x1x1x4xf32>
  %sum = qbias.add %a, %b : tensor<1x8x8x4xf32>, tensor<1x1x1x4xf32> -> tensor<1x8x8x4xf32>
  %y = qbias.quantize %sum : tensor<1x8x8x4xf32> -> tensor<1x8x8x4x!y> loc("y")
  return %y : tensor<1x8x8x4x!y>
}
