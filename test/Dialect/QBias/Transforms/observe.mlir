// RUN: qbias-opt %s --qbias-observe | FileCheck %s
// RUN: qbias-opt %s --qbias-check-rewrite="pipeline=func.func(qbias-observe)" | FileCheck %s
// RUN: qbias-opt %s --qbias-check-rewrite="pipeline=qbias-integerize{observe=true}" | FileCheck %s --check-prefix=INTEGER

!x = !quant.uniform<i8:f32, 0.5:3>
!y = !quant.uniform<i8:f32, 0.25>

// Own results first, then every quantized tensor in the file's order, under
// its own name. What was there does not change.
// CHECK-LABEL: func.func @every_quantize_is_returned(
// CHECK-SAME: -> (tensor<4xf32> {qbias.name = "scores"}, tensor<4x!{{.*}}> {qbias.name = "x_q", qbias.observed}, tensor<4x!{{.*}}> {qbias.name = "y_q", qbias.observed})
// CHECK: %[[X:.*]] = qbias.quantize
// CHECK: %[[Y:.*]] = qbias.quantize
// CHECK: %[[D:.*]] = qbias.dequantize %[[Y]]
// CHECK: return %[[D]], %[[X]], %[[Y]]
// INTEGER-LABEL: func.func @every_quantize_is_returned(
// INTEGER-SAME: tensor<4xi8> {qbias.name = "x_q", qbias.observed, qbias.type
func.func @every_quantize_is_returned(%x: tensor<4xf32>) -> (tensor<4xf32> {qbias.name = "scores"}) {
  %0 = qbias.quantize %x : tensor<4xf32> -> tensor<4x!x> loc("x_q")
  %1 = qbias.dequantize %0 : tensor<4x!x> -> tensor<4xf32>
  %2 = qbias.unary sigmoid %1 : tensor<4xf32>
  %3 = qbias.quantize %2 : tensor<4xf32> -> tensor<4x!y> loc("y_q")
  %4 = qbias.dequantize %3 : tensor<4x!y> -> tensor<4xf32>
  return %4 : tensor<4xf32>
}

// The tensor before a ReLU, which fusion would remove, is kept.
// CHECK-LABEL: func.func @tensor_before_a_clamp_is_kept(
// INTEGER-LABEL: func.func @tensor_before_a_clamp_is_kept(
// INTEGER: %[[SUM:.*]] = qbias.int.add
// INTEGER: %[[RELU:.*]] = qbias.int.lookup %[[SUM]]
// INTEGER: return %[[RELU]], %[[SUM]], %[[RELU]]
func.func @tensor_before_a_clamp_is_kept(%q: tensor<4x!x>) -> tensor<4x!y> {
  %0 = qbias.dequantize %q : tensor<4x!x> -> tensor<4xf32>
  %1 = qbias.add %0, %0 : tensor<4xf32>, tensor<4xf32> -> tensor<4xf32>
  %2 = qbias.quantize %1 : tensor<4xf32> -> tensor<4x!y> loc("sum")
  %3 = qbias.dequantize %2 : tensor<4x!y> -> tensor<4xf32>
  %4 = qbias.clamp %3 lo 0.0 : tensor<4xf32>
  %5 = qbias.quantize %4 : tensor<4xf32> -> tensor<4x!y> loc("relu")
  return %5 : tensor<4x!y>
}

// CHECK-LABEL: func.func @nothing_to_observe(
// CHECK-SAME: -> tensor<4x!{{.*}}> {
func.func @nothing_to_observe(%q: tensor<4x!x>) -> tensor<4x!x> {
  return %q : tensor<4x!x>
}
