// The boundary, constants and movement of data.
// RUN: qbias-opt %s --split-input-file --qbias-integerize --convert-qbias-to-linalg | FileCheck %s
// RUN: qbias-opt %s --split-input-file --qbias-integerize --qbias-to-linalg-pipeline --qbias-verify-integer-only -o /dev/null

!x = !quant.uniform<u8:f32, 0.5:3>

// The file's bits at both ends; 128 less inside.
// CHECK-LABEL: func.func @unsigned_ends_keep_their_bits(
// CHECK-SAME: %[[X:.*]]: tensor<1x2x2x1xi8> {qbias.type = ![[T:.*]]}) -> (tensor<1x2x2x1xi8> {qbias.type = ![[T]]})
// CHECK: %[[IN:.*]] = linalg.generic {{.*}} ins(%[[X]] :
// CHECK: %[[DOWN:.*]] = arith.constant -128 : i8
// CHECK: arith.addi %{{.*}}, %[[DOWN]] : i8
// CHECK: %[[MAX:.*]] = linalg.pooling_nhwc_max
// CHECK: %[[OUT:.*]] = linalg.generic {{.*}} ins(%[[MAX]] :
// CHECK: %[[UP:.*]] = arith.constant -128 : i8
// CHECK: arith.addi %{{.*}}, %[[UP]] : i8
// CHECK: return %[[OUT]]
func.func @unsigned_ends_keep_their_bits(%q: tensor<1x2x2x1x!x>) -> tensor<1x2x2x1x!x> {
  %0 = qbias.pool max %q {kernel = array<i64: 1, 1>} : tensor<1x2x2x1x!x> -> tensor<1x2x2x1x!x>
  return %0 : tensor<1x2x2x1x!x>
}

// -----

!x = !quant.uniform<i8:f32, 0.5:3>

// CHECK-LABEL: func.func @signed_ends_are_used_as_they_are(
// CHECK-SAME: %[[X:.*]]: tensor<1x2x2x1xi8>
// CHECK-NOT: arith.addi
// CHECK: linalg.pooling_nhwc_max {{.*}} ins(%[[X]],
func.func @signed_ends_are_used_as_they_are(%q: tensor<1x2x2x1x!x>) -> tensor<1x2x2x1x!x> {
  %0 = qbias.pool max %q {kernel = array<i64: 1, 1>} : tensor<1x2x2x1x!x> -> tensor<1x2x2x1x!x>
  return %0 : tensor<1x2x2x1x!x>
}

// -----

!x = !quant.uniform<u8:f32, 0.5:3>

// The file's 5 is -123 inside.
// CHECK-LABEL: func.func @movement(
// CHECK: %[[FIVE:.*]] = arith.constant -123 : i8
// CHECK: tensor.pad
// CHECK: tensor.yield %[[FIVE]] : i8
// CHECK: linalg.transpose {{.*}} permutation = [1, 0]
// CHECK: tensor.extract_slice {{.*}} : tensor<5x3xi8> to tensor<2x3xi8>
// CHECK: tensor.concat dim(0) {{.*}} : (tensor<2x3xi8>, tensor<5x3xi8>) -> tensor<7x3xi8>
// CHECK: tensor.collapse_shape {{.*}} : tensor<7x3xi8> into tensor<21xi8>
func.func @movement(%q: tensor<3x3x!x>) -> tensor<21x!x> {
  %0 = qbias.pad %q low [0, 1] high [0, 1] value 1.0 : tensor<3x3x!x> -> tensor<3x5x!x>
  %1 = qbias.transpose %0 [1, 0] : tensor<3x5x!x> -> tensor<5x3x!x>
  %2 = tensor.extract_slice %1[1, 0] [2, 3] [2, 1] : tensor<5x3x!x> to tensor<2x3x!x>
  %3 = tensor.concat dim(0) %2, %1 : (tensor<2x3x!x>, tensor<5x3x!x>) -> tensor<7x3x!x>
  %4 = tensor.collapse_shape %3 [[0, 1]] : tensor<7x3x!x> into tensor<21x!x>
  return %4 : tensor<21x!x>
}

// -----

!x = !quant.uniform<u8:f32, 0.5:3>
!y = !quant.uniform<i8:f32, 0.7:-5>

// 7 and 200 of the file.
// CHECK-LABEL: func.func @unsigned_constant(
// CHECK: arith.constant dense<[-121, 72]> : tensor<2xi8>
func.func @unsigned_constant(%q: tensor<2x!x>) -> tensor<2x!y> {
  %x = qbias.dequantize %q : tensor<2x!x> -> tensor<2xf32>
  %c = arith.constant dense<[7, -56]> : tensor<2xi8>
  %r = quant.scast %c : tensor<2xi8> to tensor<2x!x>
  %d = qbias.dequantize %r : tensor<2x!x> -> tensor<2xf32>
  %0 = qbias.mul %x, %d : tensor<2xf32>, tensor<2xf32> -> tensor<2xf32>
  %1 = qbias.quantize %0 : tensor<2xf32> -> tensor<2x!y>
  return %1 : tensor<2x!y>
}
