// RUN: qbias-opt %s --qbias-lower-kernels="triple=x86_64-linux-gnu cpu=sapphirerapids" --canonicalize | FileCheck %s

// A convolution on tile registers: its inputs are read where they lie, a column apart, its
// weights in one stream. Runs of 3 x 5 inputs are read as 16; of the last run the one in front.

// CHECK-LABEL: func.func @convolution(
// Palette 1; two rows of 6 pixels and the 2 between them, of sums and of inputs, which are 16
// bytes; 4 rows of weights.
// CHECK-DAG: arith.constant dense<[1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 64, 0, 64, 0, 64, 0, 64, 0, 16, 0, 16, 0, 64, 0, 64, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 14, 14, 14, 14, 14, 14, 4, 4, 0, 0, 0, 0, 0, 0, 0, 0]> : tensor<64xi8>
// CHECK-NOT: = linalg.conv
// CHECK: func.func private @qbias_kernel_0(
// CHECK: llvm.call_intrinsic "llvm.x86.ldtilecfg"
// CHECK: scf.for
// Sums start from the bias, which is the same in every row.
// CHECK: llvm.call_intrinsic "llvm.x86.tileloadd64"(%[[SUMS:.*]], %{{.*}}, %[[NONE:.*]]) :
// CHECK: llvm.call_intrinsic "llvm.x86.tileloadd64"(%{{.*}}, %{{.*}}, %[[NONE]]) :
// CHECK: llvm.call_intrinsic "llvm.x86.tileloadd64"(%[[WEIGHTS:.*]], %{{.*}}, %{{.*}}) :
// CHECK: llvm.call_intrinsic "llvm.x86.tileloadd64"(%[[INPUTS:.*]], %{{.*}}, %{{.*}}) :
// CHECK: llvm.call_intrinsic "llvm.x86.tdpbssd"(%[[SUMS]], %[[INPUTS]], %[[WEIGHTS]]) : (i8, i8, i8) -> ()
// CHECK: llvm.call_intrinsic "llvm.x86.tdpbssd"
// Of the sums before, some are requantized after each of three kernel rows.
// CHECK: scf.if
// CHECK: vector.store
// CHECK-COUNT-2: llvm.call_intrinsic "llvm.x86.tdpbssd"
// CHECK: scf.if
// CHECK: vector.store
// CHECK-COUNT-2: llvm.call_intrinsic "llvm.x86.tdpbssd"
// CHECK-NOT: llvm.x86.tdpbssd
// CHECK: llvm.call_intrinsic "llvm.x86.tilestored64"(%[[SUMS]],
// CHECK: vector.store
// CHECK: llvm.call_intrinsic "llvm.x86.tilerelease"
func.func @convolution(%x: tensor<1x8x8x5xi8>) -> tensor<1x6x6x16xi32> {
  %w = arith.constant dense<3> : tensor<3x3x5x16xi8>
  %zero = arith.constant 0 : i32
  %e = tensor.empty() : tensor<1x6x6x16xi32>
  %init = linalg.fill ins(%zero : i32) outs(%e : tensor<1x6x6x16xi32>) -> tensor<1x6x6x16xi32>
  %acc = linalg.conv_2d_nhwc_hwcf {qbias.plan = "tile8", dilations = dense<1> : tensor<2xi64>, strides = dense<1> : tensor<2xi64>}
      ins(%x, %w : tensor<1x8x8x5xi8>, tensor<3x3x5x16xi8>) outs(%init : tensor<1x6x6x16xi32>) -> tensor<1x6x6x16xi32>
  %y = linalg.generic {indexing_maps = [affine_map<(a, b, c, d) -> (a, b, c, d)>, affine_map<(a, b, c, d) -> (a, b, c, d)>],
                       iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%acc : tensor<1x6x6x16xi32>) outs(%e : tensor<1x6x6x16xi32>) {
  ^bb0(%a: i32, %out: i32):
    linalg.yield %a : i32
  } -> tensor<1x6x6x16xi32>
  return %y : tensor<1x6x6x16xi32>
}
