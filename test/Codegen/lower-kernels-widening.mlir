// RUN: qbias-opt %s --qbias-lower-kernels="cpu=x86-64-v3" --canonicalize --cse --split-input-file | FileCheck %s

#same = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>

// The second layer multiplies 16 bits, and nobody else reads what the first one writes
// with padding around it: it is written as 16 bits.
// CHECK-LABEL: func.func @chain(
// CHECK: call @{{.*}} {qbias.step = "widen"} : (memref<96xi8>, memref<96xi16>, index, index, index)
// CHECK-NOT: qbias.step
// CHECK: %[[Y:.*]] = memref.collapse_shape {{.*}} : memref<1x5x6x16xi16> into memref<480xi16>
// CHECK: call @[[FIRST:qbias_kernel_.]](%{{.*}}, %[[Y]], %{{.*}}, %{{.*}}, %{{.*}})
// CHECK-NOT: qbias.step
// CHECK: call @[[SECOND:qbias_kernel_.]](%[[Y]], %{{.*}})
// CHECK-NOT: qbias.step
// CHECK: func.func private @[[SECOND]](%{{.*}}: memref<480xi16>
// CHECK: func.func private @[[FIRST]](
// CHECK: arith.constant dense<-5> : vector<32xi16>
// CHECK: %[[BYTES:.*]] = arith.trunci %{{.*}} : vector<8xi32> to vector<8xi8>
// CHECK: %[[WORDS:.*]] = arith.extsi %[[BYTES]] : vector<8xi8> to vector<8xi16>
// CHECK: vector.store %[[WORDS]], %{{.*}} : memref<480xi16>, vector<8xi16>
func.func @chain(%x: tensor<1x3x4x8xi8>) -> tensor<1x3x4x16xi8> {
  %w = arith.constant dense<3> : tensor<1x1x8x16xi8>
  %zero = arith.constant 0 : i32
  %five = arith.constant -5 : i8
  %e = tensor.empty() : tensor<1x3x4x16xi32>
  %init = linalg.fill ins(%zero : i32) outs(%e : tensor<1x3x4x16xi32>) -> tensor<1x3x4x16xi32>
  %acc = linalg.conv_2d_nhwc_hwcf {qbias.plan = "pair16"} ins(%x, %w : tensor<1x3x4x8xi8>, tensor<1x1x8x16xi8>) outs(%init : tensor<1x3x4x16xi32>) -> tensor<1x3x4x16xi32>
  %b = tensor.empty() : tensor<1x3x4x16xi8>
  %y = linalg.generic {indexing_maps = [#same, #same], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%acc : tensor<1x3x4x16xi32>) outs(%b : tensor<1x3x4x16xi8>) {
  ^bb0(%a: i32, %out: i8):
    %t = arith.trunci %a : i32 to i8
    linalg.yield %t : i8
  } -> tensor<1x3x4x16xi8>
  %p = tensor.pad %y low[0, 1, 1, 0] high[0, 1, 1, 0] {
  ^bb0(%i: index, %j: index, %q: index, %l: index):
    tensor.yield %five : i8
  } : tensor<1x3x4x16xi8> to tensor<1x5x6x16xi8>
  %w2 = arith.constant dense<1> : tensor<3x3x16x16xi8>
  %acc2 = linalg.conv_2d_nhwc_hwcf {qbias.plan = "pair16"} ins(%p, %w2 : tensor<1x5x6x16xi8>, tensor<3x3x16x16xi8>) outs(%init : tensor<1x3x4x16xi32>) -> tensor<1x3x4x16xi32>
  %z = linalg.generic {indexing_maps = [#same, #same], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%acc2 : tensor<1x3x4x16xi32>) outs(%b : tensor<1x3x4x16xi8>) {
  ^bb0(%a: i32, %out: i8):
    %t = arith.trunci %a : i32 to i8
    linalg.yield %t : i8
  } -> tensor<1x3x4x16xi8>
  return %z : tensor<1x3x4x16xi8>
}

// -----

#same = affine_map<(d0, d1) -> (d0, d1)>

// What is returned keeps its type; two layers read it widened: the kernel stores both.
// CHECK-LABEL: func.func @shared(
// CHECK: call @{{.*}} {qbias.step = "widen"} : (memref<8xi8>, memref<8xi16>, index, index, index)
// CHECK: %[[Y:.*]] = memref.alloc() : memref<1x16xi8>
// CHECK: %[[WIDE:.*]] = memref.collapse_shape {{.*}} : memref<1x16xi16> into memref<16xi16>
// CHECK-NEXT: call @[[FIRST:qbias_kernel_.]]({{.*}}, %[[WIDE]], %c0, %c1, %c0)
// CHECK-NEXT: bufferization.to_tensor %[[Y]]
// CHECK-NOT: qbias.step
// CHECK: call @[[SECOND:qbias_kernel_.]](%[[WIDE]], {{.*}})
// CHECK-NOT: qbias.step
// CHECK: call @[[SECOND]](%[[WIDE]], {{.*}})
// CHECK-NOT: qbias.step
// CHECK: func.func private @[[FIRST]](
// CHECK: %[[BYTES:.*]] = arith.trunci %{{.*}} : vector<8xi32> to vector<8xi8>
// CHECK: vector.store %[[BYTES]], %{{.*}} : memref<16xi8>, vector<8xi8>
// CHECK: %[[WORDS:.*]] = arith.extsi %[[BYTES]] : vector<8xi8> to vector<8xi16>
// CHECK: vector.store %[[WORDS]], %{{.*}} : memref<16xi16>, vector<8xi16>
func.func @shared(%x: tensor<1x8xi8>) -> (tensor<1x16xi8>, tensor<1x16xi8>, tensor<1x16xi8>) {
  %w = arith.constant dense<3> : tensor<8x16xi8>
  %w2 = arith.constant dense<1> : tensor<16x16xi8>
  %w3 = arith.constant dense<2> : tensor<16x16xi8>
  %zero = arith.constant 0 : i32
  %e = tensor.empty() : tensor<1x16xi32>
  %b = tensor.empty() : tensor<1x16xi8>
  %init = linalg.fill ins(%zero : i32) outs(%e : tensor<1x16xi32>) -> tensor<1x16xi32>
  %acc = linalg.matmul {qbias.plan = "pair16"} ins(%x, %w : tensor<1x8xi8>, tensor<8x16xi8>) outs(%init : tensor<1x16xi32>) -> tensor<1x16xi32>
  %y = linalg.generic {indexing_maps = [#same, #same], iterator_types = ["parallel", "parallel"]} ins(%acc : tensor<1x16xi32>) outs(%b : tensor<1x16xi8>) {
  ^bb0(%a: i32, %out: i8):
    %t = arith.trunci %a : i32 to i8
    linalg.yield %t : i8
  } -> tensor<1x16xi8>
  %acc2 = linalg.matmul {qbias.plan = "pair16"} ins(%y, %w2 : tensor<1x16xi8>, tensor<16x16xi8>) outs(%init : tensor<1x16xi32>) -> tensor<1x16xi32>
  %z = linalg.generic {indexing_maps = [#same, #same], iterator_types = ["parallel", "parallel"]} ins(%acc2 : tensor<1x16xi32>) outs(%b : tensor<1x16xi8>) {
  ^bb0(%a: i32, %out: i8):
    %t = arith.trunci %a : i32 to i8
    linalg.yield %t : i8
  } -> tensor<1x16xi8>
  %acc3 = linalg.matmul {qbias.plan = "pair16"} ins(%y, %w3 : tensor<1x16xi8>, tensor<16x16xi8>) outs(%init : tensor<1x16xi32>) -> tensor<1x16xi32>
  %u = linalg.generic {indexing_maps = [#same, #same], iterator_types = ["parallel", "parallel"]} ins(%acc3 : tensor<1x16xi32>) outs(%b : tensor<1x16xi8>) {
  ^bb0(%a: i32, %out: i8):
    %t = arith.trunci %a : i32 to i8
    linalg.yield %t : i8
  } -> tensor<1x16xi8>
  return %y, %z, %u : tensor<1x16xi8>, tensor<1x16xi8>, tensor<1x16xi8>
}

// -----

#same = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>

// An input is padded and widened in one copy.
// CHECK-LABEL: func.func @input(
// CHECK-NOT: tensor.pad
// CHECK: call @[[COPY:qbias_kernel_.]]({{.*}}) {qbias.step = "widen"} : (memref<96xi8>, memref<240xi16>, index, index, index)
// CHECK-NOT: qbias.step
// CHECK: func.func private @[[COPY]](
// CHECK: arith.constant dense<-5> : vector<32xi16>
func.func @input(%x: tensor<1x3x4x8xi8>) -> tensor<1x3x4x16xi8> {
  %w = arith.constant dense<3> : tensor<3x3x8x16xi8>
  %zero = arith.constant 0 : i32
  %five = arith.constant -5 : i8
  %p = tensor.pad %x low[0, 1, 1, 0] high[0, 1, 1, 0] {
  ^bb0(%i: index, %j: index, %q: index, %l: index):
    tensor.yield %five : i8
  } : tensor<1x3x4x8xi8> to tensor<1x5x6x8xi8>
  %e = tensor.empty() : tensor<1x3x4x16xi32>
  %b = tensor.empty() : tensor<1x3x4x16xi8>
  %init = linalg.fill ins(%zero : i32) outs(%e : tensor<1x3x4x16xi32>) -> tensor<1x3x4x16xi32>
  %acc = linalg.conv_2d_nhwc_hwcf {qbias.plan = "pair16"} ins(%p, %w : tensor<1x5x6x8xi8>, tensor<3x3x8x16xi8>) outs(%init : tensor<1x3x4x16xi32>) -> tensor<1x3x4x16xi32>
  %y = linalg.generic {indexing_maps = [#same, #same], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%acc : tensor<1x3x4x16xi32>) outs(%b : tensor<1x3x4x16xi8>) {
  ^bb0(%a: i32, %out: i8):
    %t = arith.trunci %a : i32 to i8
    linalg.yield %t : i8
  } -> tensor<1x3x4x16xi8>
  return %y : tensor<1x3x4x16xi8>
}

// -----

#same = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>

// So are planes of bytes without a sign: moved, put together, padded and widened.
// CHECK-LABEL: func.func @planes(
// CHECK-NOT: linalg.{{generic|transpose}}
// CHECK-NOT: tensor.pad
// CHECK: call @[[COPY:qbias_kernel_.]](%{{.*}}, %{{.*}}, %c0, %c4, %c0) {qbias.step = "widen"} : (memref<60xi8>, memref<105xi16>, index, index, index)
// CHECK-NOT: qbias.step
// CHECK: func.func private @[[COPY]](
// CHECK: %[[SHUFFLED:.*]] = vector.shuffle %{{.*}}, %{{.*}} [0, 1, 32, 2, 3, 33, 4, 5, 34, {{.*}}] : vector<32xi8>, vector<32xi8>
// CHECK: arith.extsi %[[SHUFFLED]] : vector<48xi8> to vector<48xi16>
func.func @planes(%x: tensor<1x3x4x5xi8>) -> tensor<1x3x4x16xi8> {
  %w = arith.constant dense<65> : tensor<3x3x3x16xi8>
  %zero = arith.constant 0 : i32
  %move = arith.constant -128 : i8
  %e8 = tensor.empty() : tensor<1x3x4x5xi8>
  %moved = linalg.generic {indexing_maps = [#same, #same], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%x : tensor<1x3x4x5xi8>) outs(%e8 : tensor<1x3x4x5xi8>) {
  ^bb0(%a: i8, %out: i8):
    %0 = arith.addi %a, %move : i8
    linalg.yield %0 : i8
  } -> tensor<1x3x4x5xi8>
  %pixels = tensor.empty() : tensor<1x4x5x3xi8>
  %t = linalg.transpose ins(%moved : tensor<1x3x4x5xi8>) outs(%pixels : tensor<1x4x5x3xi8>) permutation = [0, 2, 3, 1]
  %p = tensor.pad %t low[0, 0, 1, 0] high[0, 1, 1, 0] {
  ^bb0(%i: index, %j: index, %q: index, %l: index):
    tensor.yield %move : i8
  } : tensor<1x4x5x3xi8> to tensor<1x5x7x3xi8>
  %e = tensor.empty() : tensor<1x3x5x16xi32>
  %b = tensor.empty() : tensor<1x3x5x16xi8>
  %init = linalg.fill ins(%zero : i32) outs(%e : tensor<1x3x5x16xi32>) -> tensor<1x3x5x16xi32>
  %acc = linalg.conv_2d_nhwc_hwcf {qbias.plan = "pair16"} ins(%p, %w : tensor<1x5x7x3xi8>, tensor<3x3x3x16xi8>) outs(%init : tensor<1x3x5x16xi32>) -> tensor<1x3x5x16xi32>
  %y = linalg.generic {indexing_maps = [#same, #same], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%acc : tensor<1x3x5x16xi32>) outs(%b : tensor<1x3x5x16xi8>) {
  ^bb0(%a: i32, %out: i8):
    %0 = arith.trunci %a : i32 to i8
    linalg.yield %0 : i8
  } -> tensor<1x3x5x16xi8>
  %s = tensor.extract_slice %y[0, 0, 0, 0] [1, 3, 4, 16] [1, 1, 1, 1] : tensor<1x3x5x16xi8> to tensor<1x3x4x16xi8>
  return %s : tensor<1x3x4x16xi8>
}
