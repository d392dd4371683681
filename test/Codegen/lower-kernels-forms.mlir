// RUN: qbias-opt %s --qbias-lower-kernels="cpu=x86-64-v3" --canonicalize --cse --split-input-file | FileCheck %s
// RUN: qbias-opt %s --qbias-lower-kernels="cpu=x86-64-v3 threads=2" --canonicalize --cse --split-input-file | FileCheck %s --check-prefix=THREADS

#same = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>

// A residual sum reads %y as it is, a layer reads it padded, another one widened: three forms,
// one kernel, no copies. The sum is read with padding alone: it has no other form, and the
// tensor beside it lies elsewhere than its results do.
// CHECK-LABEL: func.func @residual(
// CHECK: {qbias.step = "widen"} : (memref<96xi8>, memref<96xi16>, index, index, index)
// CHECK-NOT: qbias.step
// CHECK: %[[FLAT:.*]] = memref.collapse_shape {{.*}} : memref<1x3x4x16xi8> into memref<192xi8>
// CHECK: %[[WIDE:.*]] = memref.collapse_shape {{.*}} : memref<1x3x4x16xi16> into memref<192xi16>
// CHECK: %[[PADDED:.*]] = memref.collapse_shape {{.*}} : memref<1x5x6x16xi16> into memref<480xi16>
// CHECK: call @[[FIRST:qbias_kernel_.]]({{.*}}, %[[FLAT]], %[[WIDE]], %[[PADDED]], %c0, %c3, %c0)
// CHECK-NOT: qbias.step
// CHECK: %[[SUM:.*]] = memref.collapse_shape {{.*}} : memref<1x5x6x16xi16> into memref<480xi16>
// CHECK: call @[[SECOND:qbias_kernel_.]](%[[PADDED]], {{.*}}, %[[FLAT]], %[[SUM]], %c0, %c3, %c0)
// CHECK-NOT: qbias.step
// CHECK: call @[[THIRD:qbias_kernel_.]](%[[SUM]], {{.*}})
// CHECK-NOT: qbias.step
// CHECK: call @[[FOURTH:qbias_kernel_.]](%[[WIDE]], {{.*}})
// CHECK-NOT: qbias.step

// Of the second, rows lie 4 * 16 elements apart where sums are read, and 6 * 16 behind a row
// and a column where they are stored.
// CHECK: func.func private @[[SECOND]]({{.*}}, %[[OTHER:.*]]: memref<192xi8> {llvm.noalias}, %[[Y:.*]]: memref<480xi16>
// CHECK: %[[READ:.*]] = arith.muli %[[ROW:.*]], %c64 : index
// CHECK-NEXT: %[[BELOW:.*]] = arith.addi %[[ROW]], %c1 : index
// CHECK-NEXT: %[[PIXELS:.*]] = arith.muli %[[BELOW]], %c6 : index
// CHECK-NEXT: %[[PIXEL:.*]] = arith.addi %[[PIXELS]], %c1 : index
// CHECK-NEXT: %[[START:.*]] = arith.muli %[[PIXEL]], %c16 : index
// CHECK-NEXT: %[[LESS:.*]] = arith.muli %[[ROW]], %c-64 : index
// CHECK-NEXT: %[[SHIFT:.*]] = arith.addi %[[START]], %[[LESS]] : index
// CHECK: vector.load %[[OTHER]][%[[READ]]]
// CHECK: %[[TO:.*]] = arith.addi %[[READ]], %[[SHIFT]] : index
// CHECK: vector.store %{{.*}}, %[[Y]][%[[TO]]] : memref<480xi16>, vector<8xi16>
// CHECK: func.func private @[[FIRST]](
// CHECK: vector.store %[[BYTES:[0-9]+]], %{{.*}} : memref<192xi8>, vector<8xi8>
// CHECK: %[[WORDS:.*]] = arith.extsi %[[BYTES]] : vector<8xi8> to vector<8xi16>
// CHECK: vector.store %[[WORDS]], %{{.*}} : memref<192xi16>, vector<8xi16>
// CHECK: vector.store %{{.*}}, %{{.*}} : memref<480xi16>, vector<8xi16>

// The first of the slices fills what lies around the images.
// THREADS-LABEL: func.func @residual(
// THREADS: memref<480xi16> {llvm.noalias}, %{{[^ ]+}}: index, %{{[^ ]+}}: index, %[[SLICE:arg[0-9]+]]: index)
// THREADS: %[[IS_FIRST:.*]] = arith.cmpi eq, %[[SLICE]], %c0 : index
// THREADS-NEXT: scf.if %[[IS_FIRST]] {
// THREADS: vector.store %{{.*}} : memref<480xi16>, vector<32xi16>
func.func @residual(%x: tensor<1x3x4x8xi8>) -> (tensor<1x3x4x16xi8>, tensor<1x3x4x16xi8>) {
  %w = arith.constant dense<3> : tensor<1x1x8x16xi8>
  %w3 = arith.constant dense<1> : tensor<3x3x16x16xi8>
  %w1 = arith.constant dense<2> : tensor<1x1x16x16xi8>
  %zero = arith.constant 0 : i32
  %five = arith.constant -5 : i8
  %e = tensor.empty() : tensor<1x3x4x16xi32>
  %b = tensor.empty() : tensor<1x3x4x16xi8>
  %init = linalg.fill ins(%zero : i32) outs(%e : tensor<1x3x4x16xi32>) -> tensor<1x3x4x16xi32>
  %acc = linalg.conv_2d_nhwc_hwcf {qbias.plan = "pair16"} ins(%x, %w : tensor<1x3x4x8xi8>, tensor<1x1x8x16xi8>) outs(%init : tensor<1x3x4x16xi32>) -> tensor<1x3x4x16xi32>
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
  %acc2 = linalg.conv_2d_nhwc_hwcf {qbias.plan = "pair16"} ins(%p, %w3 : tensor<1x5x6x16xi8>, tensor<3x3x16x16xi8>) outs(%init : tensor<1x3x4x16xi32>) -> tensor<1x3x4x16xi32>
  %sum = linalg.generic {indexing_maps = [#same, #same, #same], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%acc2, %y : tensor<1x3x4x16xi32>, tensor<1x3x4x16xi8>) outs(%b : tensor<1x3x4x16xi8>) {
  ^bb0(%a: i32, %o: i8, %out: i8):
    %wide = arith.extsi %o : i8 to i32
    %s = arith.addi %a, %wide : i32
    %t = arith.trunci %s : i32 to i8
    linalg.yield %t : i8
  } -> tensor<1x3x4x16xi8>
  %q = tensor.pad %sum low[0, 1, 1, 0] high[0, 1, 1, 0] {
  ^bb0(%i: index, %j: index, %q: index, %l: index):
    tensor.yield %five : i8
  } : tensor<1x3x4x16xi8> to tensor<1x5x6x16xi8>
  %acc3 = linalg.conv_2d_nhwc_hwcf {qbias.plan = "pair16"} ins(%q, %w3 : tensor<1x5x6x16xi8>, tensor<3x3x16x16xi8>) outs(%init : tensor<1x3x4x16xi32>) -> tensor<1x3x4x16xi32>
  %z = linalg.generic {indexing_maps = [#same, #same], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%acc3 : tensor<1x3x4x16xi32>) outs(%b : tensor<1x3x4x16xi8>) {
  ^bb0(%a: i32, %out: i8):
    %t = arith.trunci %a : i32 to i8
    linalg.yield %t : i8
  } -> tensor<1x3x4x16xi8>
  %acc4 = linalg.conv_2d_nhwc_hwcf {qbias.plan = "pair16"} ins(%y, %w1 : tensor<1x3x4x16xi8>, tensor<1x1x16x16xi8>) outs(%init : tensor<1x3x4x16xi32>) -> tensor<1x3x4x16xi32>
  %u = linalg.generic {indexing_maps = [#same, #same], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%acc4 : tensor<1x3x4x16xi32>) outs(%b : tensor<1x3x4x16xi8>) {
  ^bb0(%a: i32, %out: i8):
    %t = arith.trunci %a : i32 to i8
    linalg.yield %t : i8
  } -> tensor<1x3x4x16xi8>
  return %z, %u : tensor<1x3x4x16xi8>, tensor<1x3x4x16xi8>
}

// -----

#same = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>
#rows = affine_map<(d0, d1) -> (d0, d1)>

// Past a reshape elements lie as they did: the layer behind it reads what the kernel stores.
// CHECK-LABEL: func.func @flattened(
// CHECK: {qbias.step = "widen"} : (memref<96xi8>, memref<96xi16>, index, index, index)
// CHECK-NOT: qbias.step
// CHECK: %[[Y:.*]] = memref.collapse_shape {{.*}} : memref<1x3x4x16xi16> into memref<192xi16>
// CHECK-NEXT: call @{{.*}}, %[[Y]], %c0,
// CHECK-NOT: qbias.step
// CHECK: call @{{.*}}(%[[Y]], {{.*}}
// CHECK-NOT: qbias.step
func.func @flattened(%x: tensor<1x3x4x8xi8>) -> tensor<1x16xi8> {
  %w = arith.constant dense<3> : tensor<1x1x8x16xi8>
  %w2 = arith.constant dense<2> : tensor<192x16xi8>
  %zero = arith.constant 0 : i32
  %e = tensor.empty() : tensor<1x3x4x16xi32>
  %b = tensor.empty() : tensor<1x3x4x16xi8>
  %init = linalg.fill ins(%zero : i32) outs(%e : tensor<1x3x4x16xi32>) -> tensor<1x3x4x16xi32>
  %acc = linalg.conv_2d_nhwc_hwcf {qbias.plan = "pair16"} ins(%x, %w : tensor<1x3x4x8xi8>, tensor<1x1x8x16xi8>) outs(%init : tensor<1x3x4x16xi32>) -> tensor<1x3x4x16xi32>
  %y = linalg.generic {indexing_maps = [#same, #same], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%acc : tensor<1x3x4x16xi32>) outs(%b : tensor<1x3x4x16xi8>) {
  ^bb0(%a: i32, %out: i8):
    %t = arith.trunci %a : i32 to i8
    linalg.yield %t : i8
  } -> tensor<1x3x4x16xi8>
  %flat = tensor.collapse_shape %y [[0], [1, 2, 3]] : tensor<1x3x4x16xi8> into tensor<1x192xi8>
  %e2 = tensor.empty() : tensor<1x16xi32>
  %b2 = tensor.empty() : tensor<1x16xi8>
  %init2 = linalg.fill ins(%zero : i32) outs(%e2 : tensor<1x16xi32>) -> tensor<1x16xi32>
  %acc2 = linalg.matmul {qbias.plan = "pair16"} ins(%flat, %w2 : tensor<1x192xi8>, tensor<192x16xi8>) outs(%init2 : tensor<1x16xi32>) -> tensor<1x16xi32>
  %z = linalg.generic {indexing_maps = [#rows, #rows], iterator_types = ["parallel", "parallel"]} ins(%acc2 : tensor<1x16xi32>) outs(%b2 : tensor<1x16xi8>) {
  ^bb0(%a: i32, %out: i8):
    %t = arith.trunci %a : i32 to i8
    linalg.yield %t : i8
  } -> tensor<1x16xi8>
  return %z : tensor<1x16xi8>
}
