// A product of two quantized tensors, as in a gate.
// RUN: qbias-opt %s --verify-roundtrip | FileCheck %s --check-prefix=REAL
// RUN: qbias-opt %s --qbias-integerize | FileCheck %s

!a = !quant.uniform<i8:f32, 0.5:3>
!gate = !quant.uniform<u8:f32, 0.00390625>

// REAL-LABEL: func.func @gate
// REAL: qbias.mul %{{.*}}, %{{.*}} : tensor<1x8x8x4xf32>, tensor<1x1x1x4xf32> -> tensor<1x8x8x4xf32>

// CHECK-DAG: #qbias.bounds<min = dense<-33405> : tensor<1xi64>, max = dense<31620> : tensor<1xi64>>
// CHECK-DAG: #qbias.reference<operands = [5.000000e-01, 3.906250e-03], result =
// CHECK-LABEL: func.func @gate
// CHECK: qbias.int.mul %{{.*}}, %{{.*}} {{{.*}}} : (tensor<1x8x8x4xi8>, tensor<1x1x1x4xui8>) -> tensor<1x8x8x4xi8>
func.func @gate(%qa: tensor<1x8x8x4x!a>, %qg: tensor<1x1x1x4x!gate>) -> tensor<1x8x8x4x!a> {
  %a = qbias.dequantize %qa : tensor<1x8x8x4x!a> -> tensor<1x8x8x4xf32>
  %g = qbias.dequantize %qg : tensor<1x1x1x4x!gate> -> tensor<1x1x1x4xf32>
  %product = qbias.mul %a, %g : tensor<1x8x8x4xf32>, tensor<1x1x1x4xf32> -> tensor<1x8x8x4xf32>
  %y = qbias.quantize %product : tensor<1x8x8x4xf32> -> tensor<1x8x8x4x!a> loc("y")
  return %y : tensor<1x8x8x4x!a>
}
