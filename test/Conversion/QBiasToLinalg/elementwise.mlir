// RUN: qbias-opt %s --split-input-file --qbias-integerize --convert-qbias-to-linalg | FileCheck %s

!a = !quant.uniform<u8:f32, 0.03:11>
!b = !quant.uniform<i8:f32, 0.05:-3>
!y = !quant.uniform<i8:f32, 0.07:12>

// Both operands as the file's integers; a unit dimension is read at 0.
// CHECK-DAG: #[[A:.*]] = affine_map<(d0, d1) -> (d0, d1)>
// CHECK-DAG: #[[B:.*]] = affine_map<(d0, d1) -> (0, d1)>
// CHECK-LABEL: func.func @sum_broadcasts(
// CHECK: linalg.generic {indexing_maps = [#[[A]], #[[B]],
// CHECK: ^bb0(%[[X:.*]]: i8, %[[Z:.*]]: i8, %[[M:.*]]: i64, %[[K:.*]]: i64, %[[R:.*]]: i64, %[[M2:.*]]: i64, %{{.*}}: i8):
// CHECK-DAG: %[[WX:.*]] = arith.extsi %[[X]]
// CHECK-DAG: %[[QX:.*]] = arith.subi %[[WX]], %{{.*}} : i64
// CHECK-DAG: %[[WZ:.*]] = arith.extsi %[[Z]]
// CHECK: arith.muli %[[QX]], %[[M]]
// CHECK: arith.muli %[[WZ]], %[[M2]]
func.func @sum_broadcasts(%q: tensor<2x3x!a>, %r: tensor<1x3x!b>) -> tensor<2x3x!y> {
  %a = qbias.dequantize %q : tensor<2x3x!a> -> tensor<2x3xf32>
  %b = qbias.dequantize %r : tensor<1x3x!b> -> tensor<1x3xf32>
  %0 = qbias.add %a, %b : tensor<2x3xf32>, tensor<1x3xf32> -> tensor<2x3xf32>
  %1 = qbias.quantize %0 : tensor<2x3xf32> -> tensor<2x3x!y>
  return %1 : tensor<2x3x!y>
}

// -----

!x = !quant.uniform<u8:f32, 1.0:100>
!y = !quant.uniform<i8:f32, 6.0:3>

// (a - 0) * 256 + (b - 0) with the file's integers a and b.
// CHECK-LABEL: func.func @sum_by_table(
// CHECK: %[[T:.*]] = arith.constant dense_resource<{{.*}}> : tensor<65536xi8>
// CHECK: %[[N:.*]] = arith.constant 256 : i64
// CHECK: %[[ROW:.*]] = arith.muli %{{.*}}, %[[N]]
// CHECK: %[[AT:.*]] = arith.addi %[[ROW]],
// CHECK: %[[I:.*]] = arith.index_cast %[[AT]]
// CHECK: tensor.extract %[[T]][%[[I]]]
func.func @sum_by_table(%q: tensor<4x!x>, %r: tensor<4x!x>) -> tensor<4x!y> {
  %a = qbias.dequantize %q : tensor<4x!x> -> tensor<4xf32>
  %b = qbias.dequantize %r : tensor<4x!x> -> tensor<4xf32>
  %0 = qbias.add %a, %b : tensor<4xf32>, tensor<4xf32> -> tensor<4xf32>
  %1 = qbias.quantize %0 : tensor<4xf32> -> tensor<4x!y>
  return %1 : tensor<4x!y>
}

// -----

!a = !quant.uniform<u8:f32, 0.03:11>
!b = !quant.uniform<i8:f32, 0.05:-3>
!y = !quant.uniform<i8:f32, 0.07:12>

// 11 - 128 and -3 are subtracted from what is stored.
// CHECK-LABEL: func.func @product_of_two_tensors(
// CHECK-DAG: %[[ZA:.*]] = arith.constant -117 : i32
// CHECK-DAG: %[[A:.*]] = arith.subi %{{.*}}, %[[ZA]]
// CHECK-DAG: %[[ZB:.*]] = arith.constant -3 : i32
// CHECK-DAG: %[[B:.*]] = arith.subi %{{.*}}, %[[ZB]]
// CHECK: arith.muli %[[A]], %[[B]] : i32
func.func @product_of_two_tensors(%q: tensor<4x!a>, %r: tensor<4x!b>) -> tensor<4x!y> {
  %a = qbias.dequantize %q : tensor<4x!a> -> tensor<4xf32>
  %b = qbias.dequantize %r : tensor<4x!b> -> tensor<4xf32>
  %0 = qbias.mul %a, %b : tensor<4xf32>, tensor<4xf32> -> tensor<4xf32>
  %1 = qbias.quantize %0 : tensor<4xf32> -> tensor<4x!y>
  return %1 : tensor<4x!y>
}

// -----

!x = !quant.uniform<u8:f32, 0.3:3>
!y = !quant.uniform<u8:f32, 0.2:7>

// Windows start at -9 * (3 - 128); the padding is the zero point. Which of the
// three divisors a window has is a table over rows and columns.
// CHECK-LABEL: func.func @mean_with_several_divisors(
// CHECK: %[[ZP:.*]] = arith.constant -125 : i8
// CHECK: tensor.yield %[[ZP]] : i8
// CHECK: %[[START:.*]] = arith.constant 1125 : i32
// CHECK: linalg.fill ins(%[[START]]
// CHECK: linalg.pooling_nhwc_sum
// CHECK: arith.constant dense<{{.*}}> : tensor<3x3xi64>
// CHECK: linalg.generic {indexing_maps = [#[[ID:.*]], #[[RC:.*]], #[[RC]], #[[RC]], #[[ID]]]
func.func @mean_with_several_divisors(%q: tensor<1x3x3x2x!x>) -> tensor<1x3x3x2x!y> {
  %x = qbias.dequantize %q : tensor<1x3x3x2x!x> -> tensor<1x3x3x2xf32>
  %0 = qbias.pool avg %x {kernel = array<i64: 3, 3>, pads = array<i64: 1, 1, 1, 1>} : tensor<1x3x3x2xf32> -> tensor<1x3x3x2xf32>
  %1 = qbias.quantize %0 : tensor<1x3x3x2xf32> -> tensor<1x3x3x2x!y>
  return %1 : tensor<1x3x3x2x!y>
}

// -----

!x = !quant.uniform<u8:f32, 0.3:3>
!y = !quant.uniform<u8:f32, 0.01:7>

// Indexed by the file's integer; entries are stored values.
// CHECK-LABEL: func.func @lookup(
// CHECK: %[[T:.*]] = arith.constant dense_resource<{{.*}}> : tensor<256xi8>
// CHECK: ^bb0(%[[X:.*]]: i8, %{{.*}}: i8):
// CHECK: %[[WIDE:.*]] = arith.extsi %[[X]] : i8 to i64
// CHECK: %[[SHIFT:.*]] = arith.constant -128 : i64
// CHECK: arith.subi %[[WIDE]], %[[SHIFT]]
// CHECK: tensor.extract %[[T]]
func.func @lookup(%q: tensor<4x!x>) -> tensor<4x!y> {
  %x = qbias.dequantize %q : tensor<4x!x> -> tensor<4xf32>
  %0 = qbias.unary sigmoid %x : tensor<4xf32>
  %1 = qbias.quantize %0 : tensor<4xf32> -> tensor<4x!y>
  return %1 : tensor<4x!y>
}

// -----

!x = !quant.uniform<i16:f32, 0.5:3>
!y = !quant.uniform<i8:f32, 7.0:-5>

// CHECK-LABEL: func.func @requantize(
// CHECK: ^bb0(%[[X:.*]]: i16,
// CHECK: %[[WIDE:.*]] = arith.extsi %[[X]] : i16 to i64
// CHECK: %[[ZP:.*]] = arith.constant 3 : i64
// CHECK: arith.subi %[[WIDE]], %[[ZP]]
func.func @requantize(%q: tensor<4x!x>) -> tensor<4x!y> {
  %x = qbias.dequantize %q : tensor<4x!x> -> tensor<4xf32>
  %1 = qbias.quantize %x : tensor<4xf32> -> tensor<4x!y>
  return %1 : tensor<4x!y>
}

// -----

!x = !quant.uniform<u8:f32, 0.5:3>

// The smallest stored value is 0 of the file.
// CHECK-LABEL: func.func @maximum_pads_with_the_smallest_value(
// CHECK: tensor.yield %c-128{{.*}} : i8
// CHECK: linalg.pooling_nhwc_max
func.func @maximum_pads_with_the_smallest_value(%q: tensor<1x2x2x1x!x>) -> tensor<1x2x2x1x!x> {
  %0 = qbias.pool max %q {kernel = array<i64: 2, 2>, pads = array<i64: 1, 1, 0, 0>} : tensor<1x2x2x1x!x> -> tensor<1x2x2x1x!x>
  return %0 : tensor<1x2x2x1x!x>
}
