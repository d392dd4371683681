// RUN: qbias-opt %s --qbias-order-channels="cpu=x86-64-v3" --split-input-file | FileCheck %s
// RUN: qbias-opt %s --qbias-order-channels="cpu=cascadelake" --split-input-file | FileCheck %s --check-prefix=DOT
// RUN: qbias-opt %s --qbias-order-channels="cpu=x86-64-v3" --qbias-plan-kernels="cpu=x86-64-v3" --split-input-file | FileCheck %s --check-prefix=PLAN

#same = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>
#last = affine_map<(d0, d1, d2, d3) -> (d3)>

// Inputs 0 and 1 may not stand side by side (255 * (70 + 70)), nor 2 and 3. What makes them
// moves along: filters and biases of both layers, constants of epilogues.
// CHECK-LABEL: func.func @chain(
// CHECK-DAG: arith.constant dense<{{\[\[\[\[}}1, 3, 2, 4]]]]> : tensor<1x1x1x4xi8>
// CHECK-DAG: arith.constant dense<[10, 30, 20, 40]> : tensor<4xi32>
// CHECK-DAG: arith.constant dense<[5, 7, 6, 8]> : tensor<4xi64>
// CHECK-DAG: arith.constant dense<{{\[\[\[\[}}1], [3], [2], [4]]]]> : tensor<1x1x4x1xi8>
// CHECK-DAG: arith.constant dense<{{\[\[\[\[}}70, 1], [1, 70], [70, 1], [1, 70]]]]> : tensor<1x1x4x2xi8>
// CHECK: return
// Nothing moves where four products have an instruction.
// DOT-LABEL: func.func @chain(
// DOT-NOT: 1, 3, 2, 4
// DOT: return
// PLAN-LABEL: func.func @chain(
// PLAN: linalg.conv_2d_nhwc_hwcf {qbias.plan = "pair8"{{.*}}tensor<1x1x4x2xi8>
func.func @chain(%x: tensor<1x2x3x1xi8>) -> tensor<1x2x3x2xi8> {
  %w0 = arith.constant dense<[[[[1, 2, 3, 4]]]]> : tensor<1x1x1x4xi8>
  %b0 = arith.constant dense<[10, 20, 30, 40]> : tensor<4xi32>
  %r0 = arith.constant dense<[5, 6, 7, 8]> : tensor<4xi64>
  %w1 = arith.constant dense<[[[[1], [2], [3], [4]]]]> : tensor<1x1x4x1xi8>
  %w2 = arith.constant dense<[[[[70, 1], [70, 1], [1, 70], [1, 70]]]]> : tensor<1x1x4x2xi8>
  %one = arith.constant dense<1> : tensor<4xi64>
  %zero = arith.constant 0 : i32
  %e = tensor.empty() : tensor<1x2x3x4xi32>
  %e8 = tensor.empty() : tensor<1x2x3x4xi8>
  %i0 = linalg.broadcast ins(%b0 : tensor<4xi32>) outs(%e : tensor<1x2x3x4xi32>) dimensions = [0, 1, 2]
  %s0 = linalg.conv_2d_nhwc_hwcf ins(%x, %w0 : tensor<1x2x3x1xi8>, tensor<1x1x1x4xi8>) outs(%i0 : tensor<1x2x3x4xi32>) -> tensor<1x2x3x4xi32>
  %y0 = linalg.generic {indexing_maps = [#same, #last, #same], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%s0, %r0 : tensor<1x2x3x4xi32>, tensor<4xi64>) outs(%e8 : tensor<1x2x3x4xi8>) {
  ^bb0(%a: i32, %r: i64, %out: i8):
    %wide = arith.extsi %a : i32 to i64
    %sum = arith.addi %wide, %r : i64
    %t = arith.trunci %sum : i64 to i8
    linalg.yield %t : i8
  } -> tensor<1x2x3x4xi8>
  %e1 = tensor.empty() : tensor<1x2x3x4x1xi32>
  %i1 = linalg.fill ins(%zero : i32) outs(%e1 : tensor<1x2x3x4x1xi32>) -> tensor<1x2x3x4x1xi32>
  %s1 = linalg.depthwise_conv_2d_nhwc_hwcm ins(%y0, %w1 : tensor<1x2x3x4xi8>, tensor<1x1x4x1xi8>) outs(%i1 : tensor<1x2x3x4x1xi32>) -> tensor<1x2x3x4x1xi32>
  %c1 = tensor.collapse_shape %s1 [[0], [1], [2], [3, 4]] : tensor<1x2x3x4x1xi32> into tensor<1x2x3x4xi32>
  %y1 = linalg.generic {indexing_maps = [#same, #same], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%c1 : tensor<1x2x3x4xi32>) outs(%e8 : tensor<1x2x3x4xi8>) {
  ^bb0(%a: i32, %out: i8):
    %t = arith.trunci %a : i32 to i8
    linalg.yield %t : i8
  } -> tensor<1x2x3x4xi8>
  %e2 = tensor.empty() : tensor<1x2x3x2xi32>
  %i2 = linalg.fill ins(%zero : i32) outs(%e2 : tensor<1x2x3x2xi32>) -> tensor<1x2x3x2xi32>
  %s2 = linalg.conv_2d_nhwc_hwcf ins(%y1, %w2 : tensor<1x2x3x4xi8>, tensor<1x1x4x2xi8>) outs(%i2 : tensor<1x2x3x2xi32>) -> tensor<1x2x3x2xi32>
  %e3 = tensor.empty() : tensor<1x2x3x2xi8>
  %y2 = linalg.generic {indexing_maps = [#same, #same], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%s2 : tensor<1x2x3x2xi32>) outs(%e3 : tensor<1x2x3x2xi8>) {
  ^bb0(%a: i32, %out: i8):
    %t = arith.trunci %a : i32 to i8
    linalg.yield %t : i8
  } -> tensor<1x2x3x2xi8>
  return %y2 : tensor<1x2x3x2xi8>
}

// -----

#same = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>

// What is returned keeps its order.
// CHECK-LABEL: func.func @returned(
// CHECK-NOT: dense<{{\[\[\[\[}}1, 3, 2, 4]]]]>
// CHECK: dense<{{\[\[\[\[}}70, 1], [70, 1], [1, 70], [1, 70]]]]>
// CHECK-NOT: dense<{{\[\[\[\[}}70, 1], [1, 70]
// CHECK: return
func.func @returned(%x: tensor<1x2x3x1xi8>) -> (tensor<1x2x3x4xi8>, tensor<1x2x3x2xi8>) {
  %w0 = arith.constant dense<[[[[1, 2, 3, 4]]]]> : tensor<1x1x1x4xi8>
  %w2 = arith.constant dense<[[[[70, 1], [70, 1], [1, 70], [1, 70]]]]> : tensor<1x1x4x2xi8>
  %zero = arith.constant 0 : i32
  %e = tensor.empty() : tensor<1x2x3x4xi32>
  %e8 = tensor.empty() : tensor<1x2x3x4xi8>
  %i0 = linalg.fill ins(%zero : i32) outs(%e : tensor<1x2x3x4xi32>) -> tensor<1x2x3x4xi32>
  %s0 = linalg.conv_2d_nhwc_hwcf ins(%x, %w0 : tensor<1x2x3x1xi8>, tensor<1x1x1x4xi8>) outs(%i0 : tensor<1x2x3x4xi32>) -> tensor<1x2x3x4xi32>
  %y0 = linalg.generic {indexing_maps = [#same, #same], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%s0 : tensor<1x2x3x4xi32>) outs(%e8 : tensor<1x2x3x4xi8>) {
  ^bb0(%a: i32, %out: i8):
    %t = arith.trunci %a : i32 to i8
    linalg.yield %t : i8
  } -> tensor<1x2x3x4xi8>
  %e2 = tensor.empty() : tensor<1x2x3x2xi32>
  %i2 = linalg.fill ins(%zero : i32) outs(%e2 : tensor<1x2x3x2xi32>) -> tensor<1x2x3x2xi32>
  %s2 = linalg.conv_2d_nhwc_hwcf ins(%y0, %w2 : tensor<1x2x3x4xi8>, tensor<1x1x4x2xi8>) outs(%i2 : tensor<1x2x3x2xi32>) -> tensor<1x2x3x2xi32>
  %e3 = tensor.empty() : tensor<1x2x3x2xi8>
  %y2 = linalg.generic {indexing_maps = [#same, #same], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%s2 : tensor<1x2x3x2xi32>) outs(%e3 : tensor<1x2x3x2xi8>) {
  ^bb0(%a: i32, %out: i8):
    %t = arith.trunci %a : i32 to i8
    linalg.yield %t : i8
  } -> tensor<1x2x3x2xi8>
  return %y0, %y2 : tensor<1x2x3x4xi8>, tensor<1x2x3x2xi8>
}
