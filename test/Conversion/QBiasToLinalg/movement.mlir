// Operations that belong to both families, and padding between elements.
// RUN: qbias-opt %s --split-input-file --convert-qbias-to-linalg | FileCheck %s

// CHECK-LABEL: func.func @elements_are_written_apart(
// CHECK: %[[FILL:.*]] = linalg.fill ins(%c7_i8
// CHECK: tensor.insert_slice %{{.*}} into %[[FILL]][1, 0] [2, 3] [2, 1] : tensor<2x3xi8> into tensor<4x3xi8>
func.func @elements_are_written_apart(%x: tensor<2x3xi8>) -> tensor<4x3xi8> {
  %0 = qbias.int.pad %x low [1, 0] high [0, 0] interior [1, 0] value 7 : tensor<2x3xi8> -> tensor<4x3xi8>
  return %0 : tensor<4x3xi8>
}

// -----

// MLIR's own fold of a pad into a slice takes no notice of the slice's strides.
// CHECK-LABEL: func.func @elements_behind_pads_are_written_apart(
// CHECK: tensor.insert_slice %{{.*}} into %{{.*}}[2, 5] [1, 1] [2, 3] : tensor<1x1xi8> into tensor<5x9xi8>
func.func @elements_behind_pads_are_written_apart(%x: tensor<1x1xi8>) -> tensor<5x9xi8> {
  %0 = qbias.int.pad %x low [1, 0] high [0, 1] value 7 : tensor<1x1xi8> -> tensor<2x2xi8>
  %1 = qbias.int.pad %0 low [0, 1] high [1, 0] value 7 : tensor<2x2xi8> -> tensor<3x3xi8>
  %2 = qbias.int.pad %1 low [0, 2] high [0, 0] interior [1, 2] value 7 : tensor<3x3xi8> -> tensor<5x9xi8>
  return %2 : tensor<5x9xi8>
}

// -----

// CHECK-LABEL: func.func @slices_are_read_by_a_list(
// CHECK: %[[LIST:.*]] = arith.constant dense<[1, 1, 0]> : tensor<3xi32>
// CHECK: linalg.generic {{.*}} ins(%[[LIST]] :
// CHECK: tensor.extract %{{.*}}[%{{.*}}, %{{.*}}] : tensor<2x2xi8>
func.func @slices_are_read_by_a_list(%x: tensor<2x2xui8>) -> tensor<3x2xui8> {
  %0 = qbias.gather %x dim 0 indices [1, 1, 0] : tensor<2x2xui8> -> tensor<3x2xui8>
  return %0 : tensor<3x2xui8>
}

// -----

// Half the range less on both sides keeps the order.
// CHECK-LABEL: func.func @extrema_are_signed(
// CHECK: arith.maxsi %{{.*}}, %{{.*}} : i8
// CHECK: arith.minsi %{{.*}}, %{{.*}} : i8
func.func @extrema_are_signed(%x: tensor<2x2xui8>, %y: tensor<1x2xui8>) -> tensor<2x2xui8> {
  %0 = qbias.maximum %x, %y : tensor<2x2xui8>, tensor<1x2xui8> -> tensor<2x2xui8>
  %1 = qbias.minimum %0, %y : tensor<2x2xui8>, tensor<1x2xui8> -> tensor<2x2xui8>
  return %1 : tensor<2x2xui8>
}

// -----

// The first of equal elements: the comparison is strict.
// CHECK-LABEL: func.func @indices_with_the_largest(
// CHECK: linalg.generic {{.*}}iterator_types = ["parallel", "reduction"]
// CHECK: arith.cmpi sgt, %{{.*}}, %{{.*}} : i8
// CHECK: arith.select
// CHECK: linalg.yield %{{.*}}, %{{.*}} : i8, i32
// CHECK: tensor.collapse_shape %{{.*}}#1 {{\[\[}}0, 1]] : tensor<2x1xi32> into tensor<2xi32>
func.func @indices_with_the_largest(%x: tensor<2x5xui8>) -> tensor<2xi32> {
  %0 = qbias.arg_max %x dim 1 : tensor<2x5xui8> -> tensor<2xi32>
  return %0 : tensor<2xi32>
}
