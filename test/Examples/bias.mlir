// Two biases of one value on two grids. With s_x = 0.5 and s_w = 0.25 the unit
// is 0.125 and 0.76 is 6.08 units; an int32 file bias of 12 with scale 0.0625
// is 0.75, exactly 6 units.
// RUN: qbias-opt %s --qbias-materialize-bias | FileCheck %s

!act = !quant.uniform<i8:f32, 0.5>
!weight = !quant.uniform<i8:f32, 0.25>
!bias = !quant.uniform<i32:f32, 0.0625>

// CHECK-LABEL: func.func @two_biases
// CHECK: %[[F:.*]] = qbias.bias float dense<6> : tensor<1xi32> value dense<7.600000e-01> : tensor<1xf32> scales 5.000000e-01, dense<2.500000e-01> : tensor<1xf64> : tensor<1xf32>
// CHECK: qbias.matmul %{{.*}}, %{{.*}} bias %[[F]]
// CHECK: %[[R:.*]] = qbias.bias rescaled dense<6> : tensor<1xi32> value dense<12> : tensor<1xi32> unit dense<6.250000e-02> : tensor<1xf64> scales 5.000000e-01, dense<2.500000e-01> : tensor<1xf64> : tensor<1xf32>
// CHECK: qbias.matmul %{{.*}}, %{{.*}} bias %[[R]]
func.func @two_biases(%q: tensor<1x2x!act>) -> (tensor<1x1xf32>, tensor<1x1xf32>) {
  %w = arith.constant dense<[[1, -2]]> : tensor<1x2xi8>
  %b = arith.constant dense<0.76> : tensor<1xf32>
  %c = arith.constant dense<12> : tensor<1xi32>
  %wq = quant.scast %w : tensor<1x2xi8> to tensor<1x2x!weight>
  %cq = quant.scast %c : tensor<1xi32> to tensor<1x!bias>
  %wr = qbias.dequantize %wq : tensor<1x2x!weight> -> tensor<1x2xf32>
  %cr = qbias.dequantize %cq : tensor<1x!bias> -> tensor<1xf32>
  %x = qbias.dequantize %q : tensor<1x2x!act> -> tensor<1x2xf32>
  %y = qbias.matmul %x, %wr bias %b : (tensor<1x2xf32>, tensor<1x2xf32>, tensor<1xf32>) -> tensor<1x1xf32>
  %z = qbias.matmul %x, %wr bias %cr : (tensor<1x2xf32>, tensor<1x2xf32>, tensor<1xf32>) -> tensor<1x1xf32>
  return %y, %z : tensor<1x1xf32>, tensor<1x1xf32>
}
