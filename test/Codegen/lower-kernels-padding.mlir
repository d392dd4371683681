// RUN: qbias-opt %s --qbias-lower-kernels="cpu=x86-64-v4 features=+avx512vnni" --canonicalize --split-input-file | FileCheck %s

#same = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>

// A padding that alone reads a result is written by the kernel in front of it: 5 in
// the rows and columns around the image.
// CHECK-LABEL: func.func @outer(
// CHECK-NOT: tensor.pad
// CHECK: %[[Y:.*]] = memref.alloc() : memref<1x5x6x16xi8>
// CHECK: %[[FLAT:.*]] = memref.collapse_shape %[[Y]] {{.*}} into memref<480xi8>
// CHECK: call @qbias_kernel_0(%{{.*}}, %[[FLAT]], %{{.*}})
// CHECK: bufferization.to_tensor %[[Y]]
// CHECK: func.func private @qbias_kernel_0(
// CHECK: %[[FIVE:.*]] = arith.constant dense<5> : vector<64xi8>
// CHECK: vector.store %[[FIVE]]
// CHECK: vpdpbusd
func.func @outer(%x: tensor<1x3x4x8xi8>) -> tensor<1x5x6x16xi8> {
  %w = arith.constant dense<3> : tensor<1x1x8x16xi8>
  %zero = arith.constant 0 : i32
  %five = arith.constant 5 : i8
  %e = tensor.empty() : tensor<1x3x4x16xi32>
  %init = linalg.fill ins(%zero : i32) outs(%e : tensor<1x3x4x16xi32>) -> tensor<1x3x4x16xi32>
  %acc = linalg.conv_2d_nhwc_hwcf {qbias.plan = "dot8"} ins(%x, %w : tensor<1x3x4x8xi8>, tensor<1x1x8x16xi8>) outs(%init : tensor<1x3x4x16xi32>) -> tensor<1x3x4x16xi32>
  %b = tensor.empty() : tensor<1x3x4x16xi8>
  %y = linalg.generic {indexing_maps = [#same, #same], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%acc : tensor<1x3x4x16xi32>) outs(%b : tensor<1x3x4x16xi8>) {
  ^bb0(%a: i32, %out: i8):
    %t = arith.trunci %a : i32 to i8
    linalg.yield %t : i8
  } -> tensor<1x3x4x16xi8>
  %p = tensor.pad %y low[0, 1, 1, 0] high[0, 1, 1, 0] {
  ^bb0(%i: index, %j: index, %k: index, %l: index):
    tensor.yield %five : i8
  } : tensor<1x3x4x16xi8> to tensor<1x5x6x16xi8>
  return %p : tensor<1x5x6x16xi8>
}

// -----

#same = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>

// Kernel rows and columns in padding are left out; what they would add is in the bias:
// 7 per input channel, 32 of them, weights 1. Of 16 channels each: nothing cut of the
// rows and the first kernel column cut, 32 * (3 * 7 - 6 * 128) = 0xFFFFA2A0, the lowest
// byte first; nothing cut; the last column cut; then the last kernel row cut,
// 32 * (5 * 7 - 4 * 128) in a corner.
// The padding itself is a copy that the first slice puts 7 around.
// CHECK-LABEL: func.func @inner(
// CHECK-NOT: tensor.pad
// CHECK: %[[PADDED:.*]] = memref.alloc() : memref<1x6x6x32xi8>
// CHECK: %[[FLAT:.*]] = memref.collapse_shape %[[PADDED]] {{.*}} into memref<1152xi8>
// CHECK: call @qbias_kernel_1(%{{.*}}, %[[FLAT]], %c0, %c4, %c0) {qbias.step = "pad"}
// CHECK: func.func private @qbias_kernel_0(
// CHECK: %[[FIRST:.*]] = arith.minsi
// CHECK: scf.for %{{.*}} = %[[FIRST]] to %{{.*}} step
// CHECK: func.func private @qbias_kernel_1(
// CHECK: arith.constant dense<7> : vector<64xi8>
// CHECK: linalg.conv_2d_nhwc_hwcf.bias: "0x10000000{{(A0A2FFFF)+(0070FFFF)+(A0A2FFFF)+(60C4FFFF)+}}
func.func @inner(%x: tensor<1x4x4x32xi8>) -> tensor<1x4x4x16xi32> {
  %w = arith.constant dense<1> : tensor<3x3x32x16xi8>
  %zero = arith.constant 0 : i32
  %seven = arith.constant 7 : i8
  %p = tensor.pad %x low[0, 1, 1, 0] high[0, 1, 1, 0] {
  ^bb0(%i: index, %j: index, %k: index, %l: index):
    tensor.yield %seven : i8
  } : tensor<1x4x4x32xi8> to tensor<1x6x6x32xi8>
  %e = tensor.empty() : tensor<1x4x4x16xi32>
  %init = linalg.fill ins(%zero : i32) outs(%e : tensor<1x4x4x16xi32>) -> tensor<1x4x4x16xi32>
  %acc = linalg.conv_2d_nhwc_hwcf {qbias.plan = "dot8"} ins(%p, %w : tensor<1x6x6x32xi8>, tensor<3x3x32x16xi8>) outs(%init : tensor<1x4x4x16xi32>) -> tensor<1x4x4x16xi32>
  %y = linalg.generic {indexing_maps = [#same, #same], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%acc : tensor<1x4x4x16xi32>) outs(%e : tensor<1x4x4x16xi32>) {
  ^bb0(%a: i32, %out: i32):
    linalg.yield %a : i32
  } -> tensor<1x4x4x16xi32>
  return %y : tensor<1x4x4x16xi32>
}

// -----

// No image, and rows that are cut off: no kernel copies these.
// CHECK-LABEL: func.func @no_copy(
// CHECK: tensor.pad
// CHECK: tensor.pad
// CHECK-NOT: call
func.func @no_copy(%x: tensor<1x0x4x8xi8>, %y: tensor<1x4x4x8xi8>) -> (tensor<1x2x4x8xi8>, tensor<1x3x4x8xi8>) {
  %zero = arith.constant 0 : i8
  %p = tensor.pad %x low[0, 1, 0, 0] high[0, 1, 0, 0] {
  ^bb0(%i: index, %j: index, %k: index, %l: index):
    tensor.yield %zero : i8
  } : tensor<1x0x4x8xi8> to tensor<1x2x4x8xi8>
  %q = tensor.pad %y low[0, -1, 0, 0] high[0, 0, 0, 0] {
  ^bb0(%i: index, %j: index, %k: index, %l: index):
    tensor.yield %zero : i8
  } : tensor<1x4x4x8xi8> to tensor<1x3x4x8xi8>
  return %p, %q : tensor<1x2x4x8xi8>, tensor<1x3x4x8xi8>
}
