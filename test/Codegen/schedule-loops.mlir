// RUN: qbias-opt %s --qbias-schedule-loops | FileCheck %s

// Sums of a block of pixels are loaded once, added to over the whole kernel,
// and stored once. 17 channels are 16 and 1.
// CHECK-LABEL: func.func @convolution(
// CHECK-SAME: %[[X:.*]]: memref<1x3x3x2xi8>, %[[W:.*]]: memref<2x2x2x17xi8>, %[[Y:.*]]: memref<1x2x2x17xi32>)
// CHECK: %[[S0:.*]] = vector.load %[[Y]]{{.*}}, vector<16xi32>
// CHECK: %[[S1:.*]] = vector.load %[[Y]]{{.*}}, vector<16xi32>
// CHECK: %[[SUMS:.*]]:2 = scf.for {{.*}} iter_args(%{{.*}} = %[[S0]], %{{.*}} = %[[S1]])
// CHECK: %[[WEIGHTS:.*]] = vector.load %[[W]]{{.*}}, vector<16xi8>
// CHECK: %[[WIDE:.*]] = arith.extsi %[[WEIGHTS]] : vector<16xi8> to vector<16xi32>
// CHECK: %[[ONE:.*]] = memref.load %[[X]]
// CHECK: %[[LANES:.*]] = vector.broadcast
// CHECK: %[[PRODUCT:.*]] = arith.muli %[[LANES]], %[[WIDE]]
// CHECK: arith.addi %{{.*}}, %[[PRODUCT]]
// CHECK: vector.store %[[SUMS]]#0, %[[Y]]
// CHECK: vector.store %[[SUMS]]#1, %[[Y]]
// CHECK: vector.load %[[Y]]{{.*}}, vector<1xi32>
// CHECK-NOT: linalg.conv
func.func @convolution(%x: memref<1x3x3x2xi8>, %w: memref<2x2x2x17xi8>, %y: memref<1x2x2x17xi32>) {
  linalg.conv_2d_nhwc_hwcf {dilations = dense<1> : tensor<2xi64>, strides = dense<1> : tensor<2xi64>}
      ins(%x, %w : memref<1x3x3x2xi8>, memref<2x2x2x17xi8>) outs(%y : memref<1x2x2x17xi32>)
  return
}

// Inputs are read along the channels, like weights.
// CHECK-LABEL: func.func @depthwise_convolution(
// CHECK-SAME: %[[X:.*]]: memref<1x3x3x8xi8>, %[[W:.*]]: memref<2x2x8x1xi8>,
// CHECK-DAG: vector.load %[[W]]{{.*}}, vector<8xi8>
// CHECK-DAG: vector.load %[[X]]{{.*}}, vector<8xi8>
// CHECK-NOT: vector.broadcast
// CHECK: return
func.func @depthwise_convolution(%x: memref<1x3x3x8xi8>, %w: memref<2x2x8x1xi8>, %y: memref<1x2x2x8x1xi32>) {
  linalg.depthwise_conv_2d_nhwc_hwcm {dilations = dense<1> : tensor<2xi64>, strides = dense<1> : tensor<2xi64>}
      ins(%x, %w : memref<1x3x3x8xi8>, memref<2x2x8x1xi8>) outs(%y : memref<1x2x2x8x1xi32>)
  return
}

// A pool of sums has no weights.
// CHECK-LABEL: func.func @pool(
// CHECK-SAME: %[[X:.*]]: memref<1x4x5x8xi8>, %{{.*}}, %[[Y:.*]]: memref<1x1x2x8xi32>)
// CHECK-COUNT-2: vector.load %[[Y]]{{.*}}, vector<8xi32>
// CHECK: %[[BYTES:.*]] = vector.load %[[X]]{{.*}}, vector<8xi8>
// CHECK: %[[WIDE:.*]] = arith.extsi %[[BYTES]]
// CHECK-NOT: arith.muli {{.*}} vector
// CHECK: arith.addi %{{.*}}, %[[WIDE]] : vector<8xi32>
// CHECK-NOT: linalg.pooling
// CHECK: return
func.func @pool(%x: memref<1x4x5x8xi8>, %window: memref<4x3xi8>, %y: memref<1x1x2x8xi32>) {
  linalg.pooling_nhwc_sum {dilations = dense<1> : tensor<2xi64>, strides = dense<2> : tensor<2xi64>}
      ins(%x, %window : memref<1x4x5x8xi8>, memref<4x3xi8>) outs(%y : memref<1x1x2x8xi32>)
  return
}

// Extents have to be known.
// CHECK-LABEL: func.func @dynamic_pool(
// CHECK: linalg.pooling_nhwc_sum
// CHECK: return
func.func @dynamic_pool(%x: memref<1x4x5x?xi8>, %window: memref<4x3xi8>, %y: memref<1x1x2x?xi32>) {
  linalg.pooling_nhwc_sum {dilations = dense<1> : tensor<2xi64>, strides = dense<2> : tensor<2xi64>}
      ins(%x, %window : memref<1x4x5x?xi8>, memref<4x3xi8>) outs(%y : memref<1x1x2x?xi32>)
  return
}

// Reals (--requant=float) are left.
// CHECK-LABEL: func.func @pool_of_reals(
// CHECK: linalg.pooling_nhwc_sum
// CHECK: return
func.func @pool_of_reals(%x: memref<1x4x5x8xf32>, %window: memref<4x3xf32>, %y: memref<1x1x2x8xf32>) {
  linalg.pooling_nhwc_sum {dilations = dense<1> : tensor<2xi64>, strides = dense<2> : tensor<2xi64>}
      ins(%x, %window : memref<1x4x5x8xf32>, memref<4x3xf32>) outs(%y : memref<1x1x2x8xf32>)
  return
}

// 64-bit sums.
// CHECK-LABEL: func.func @matrix_product(
// CHECK: vector.load {{.*}}, vector<4xi64>
// CHECK: arith.extsi {{.*}} : vector<4xi16> to vector<4xi64>
// CHECK-NOT: linalg.matmul
func.func @matrix_product(%x: memref<2x3xi16>, %w: memref<3x4xi16>, %y: memref<2x4xi64>) {
  linalg.matmul ins(%x, %w : memref<2x3xi16>, memref<3x4xi16>) outs(%y : memref<2x4xi64>)
  return
}

// No run-time library is needed for a copy.
// CHECK-LABEL: func.func @copy(
// CHECK: linalg.copy
// CHECK-NOT: memref.copy
func.func @copy(%x: memref<8xi8>, %y: memref<8xi8>) {
  memref.copy %x, %y : memref<8xi8> to memref<8xi8>
  return
}

// Channels with several results each: left to plain loops.
// CHECK-LABEL: func.func @depthwise_with_multiplier_is_left(
// CHECK: linalg.depthwise_conv_2d_nhwc_hwcm
func.func @depthwise_with_multiplier_is_left(%x: memref<1x3x3x8xi8>, %w: memref<2x2x8x2xi8>, %y: memref<1x2x2x8x2xi32>) {
  linalg.depthwise_conv_2d_nhwc_hwcm {dilations = dense<1> : tensor<2xi64>, strides = dense<1> : tensor<2xi64>}
      ins(%x, %w : memref<1x3x3x8xi8>, memref<2x2x8x2xi8>) outs(%y : memref<1x2x2x8x2xi32>)
  return
}
