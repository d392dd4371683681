// RUN: qbias-opt %s --qbias-decompose | FileCheck %s
// RUN: qbias-opt %s --qbias-check-rewrite="pipeline=func.func(qbias-decompose) seeds=8" | FileCheck %s

// Rows: stride 2, so one zero between; P = 1 * (3 - 1) - 1 = 1 above, and one
// more below for the output pad. Columns: dilation 2 and no stride.
// CHECK-LABEL: func.func @stride_becomes_zeros_between(
// CHECK: %[[X:.*]] = qbias.pad %{{.*}} low [0, 0, 0, 0] high [0, 0, 0, 0] interior [0, 1, 0, 0] value 0.000000e+00 : tensor<1x3x2x1xf32> -> tensor<1x5x2x1xf32>
// CHECK-DAG: %[[R:.*]] = qbias.gather %{{.*}} dim 1 indices [2, 1, 0]
// CHECK-DAG: %[[C:.*]] = qbias.gather %[[R]] dim 2 indices [1, 0]
// CHECK: qbias.conv2d %[[X]], %[[C]] {dilations = array<i64: 1, 2>, pads = array<i64: 1, 2, 2, 2>, qbias.source = "ConvTranspose"}
func.func @stride_becomes_zeros_between(%x: tensor<1x3x2x1xf32>, %w: tensor<2x3x2x1xf32>) -> tensor<1x6x4x2xf32> {
  %0 = qbias.conv_transpose2d %x, %w {strides = array<i64: 2, 1>, pads = array<i64: 1, 0, 1, 0>, output_pads = array<i64: 1, 0>, dilations = array<i64: 1, 2>, qbias.source = "ConvTranspose"} : (tensor<1x3x2x1xf32>, tensor<2x3x2x1xf32>) -> tensor<1x6x4x2xf32>
  return %0 : tensor<1x6x4x2xf32>
}

// A kernel of one position with a pad: rows are cut off, the bias stays.
// CHECK-LABEL: func.func @pads_beyond_the_kernel_cut(
// CHECK: tensor.extract_slice %{{.*}}[0, 1, 0, 0] [1, 4, 3, 1] [1, 1, 1, 1]
// CHECK-NOT: qbias.gather
// CHECK: qbias.conv2d
func.func @pads_beyond_the_kernel_cut(%x: tensor<1x3x2x1xf32>, %w: tensor<1x1x1x1xf32>, %b: tensor<1xf32>) -> tensor<1x4x3x1xf32> {
  %0 = qbias.conv_transpose2d %x, %w bias %b {strides = array<i64: 2, 2>, pads = array<i64: 1, 0, 0, 0>} : (tensor<1x3x2x1xf32>, tensor<1x1x1x1xf32>, tensor<1xf32>) -> tensor<1x4x3x1xf32>
  return %0 : tensor<1x4x3x1xf32>
}

// CHECK-LABEL: func.func @groups_stay_groups(
// CHECK: qbias.conv2d %{{.*}} {groups = 2 : i64, pads = array<i64: 1, 1, 1, 1>}
func.func @groups_stay_groups(%x: tensor<1x3x2x4xf32>, %w: tensor<2x2x2x2xf32>, %b: tensor<2xf32>) -> tensor<1x4x3x2xf32> {
  %0 = qbias.conv_transpose2d %x, %w bias %b {groups = 2} : (tensor<1x3x2x4xf32>, tensor<2x2x2x2xf32>, tensor<2xf32>) -> tensor<1x4x3x2xf32>
  return %0 : tensor<1x4x3x2xf32>
}
