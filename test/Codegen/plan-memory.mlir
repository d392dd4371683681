// RUN: qbias-opt %s --allow-unregistered-dialect --qbias-plan-memory | FileCheck %s
// RUN: qbias-opt %s --allow-unregistered-dialect --qbias-plan-memory="alignment=256" | FileCheck %s --check-prefix=WIDE
// RUN: qbias-opt %s --allow-unregistered-dialect --qbias-plan-memory -o /dev/null --remark-format=emitRemark \
// RUN:   --remarks-filter=qbias-plan-memory --remark-policy=all 2>&1 | FileCheck %s --check-prefix=REMARK

// REMARK: [Analysis] workspace | Category:qbias-plan-memory | buffers={{[0-9]+}}, bytes={{[0-9]+}}

// Inputs, results, workspace; the buffer behind a result is the caller's.
// CHECK-LABEL: func.func @result_is_the_callers_buffer(
// CHECK-SAME: %[[X:.*]]: memref<8xi8>, %[[Y:.*]]: memref<8xi32> {qbias.name = "y"}, %{{.*}}: memref<0xi8>)
// CHECK-SAME: qbias.buffer_alignment = array<i64: 1, 4, 1>, qbias.buffer_bytes = array<i64: 8, 32, 0>, qbias.inputs = 1 : i64, qbias.memory_plan = [], qbias.workspace_bytes = 0 : i64
// CHECK-NOT: memref.alloc
// CHECK: "test.fill"(%[[X]], %[[Y]])
// CHECK-NEXT: return{{$}}
func.func @result_is_the_callers_buffer(%x: memref<8xi8>) -> (memref<8xi32> {qbias.name = "y"}) {
  %y = memref.alloc() : memref<8xi32>
  "test.fill"(%x, %y) : (memref<8xi8>, memref<8xi32>) -> ()
  return %y : memref<8xi32>
}

// CHECK-LABEL: func.func @argument_as_result_is_copied(
// CHECK-SAME: %[[X:.*]]: memref<8xi8>, %[[Y:.*]]: memref<8xi8>,
// CHECK: memref.copy %[[X]], %[[Y]]
func.func @argument_as_result_is_copied(%x: memref<8xi8>) -> memref<8xi8> {
  return %x : memref<8xi8>
}

// CHECK-LABEL: func.func @second_result_of_a_buffer_is_copied(
// CHECK-SAME: %{{.*}}: memref<8xi8>, %[[A:.*]]: memref<8xi8>, %[[B:.*]]: memref<8xi8>,
// CHECK: "test.fill"(%{{.*}}, %[[A]])
// CHECK: memref.copy %[[A]], %[[B]]
func.func @second_result_of_a_buffer_is_copied(%x: memref<8xi8>) -> (memref<8xi8>, memref<8xi8>) {
  %y = memref.alloc() : memref<8xi8>
  "test.fill"(%x, %y) : (memref<8xi8>, memref<8xi8>) -> ()
  return %y, %y : memref<8xi8>, memref<8xi8>
}

// a and b meet, b and c meet, a and c do not: 128 + 192 bytes hold all three.
// CHECK-LABEL: func.func @buffers_that_never_meet_share_bytes(
// CHECK-SAME: %{{.*}}: memref<100xi8>, %[[W:.*]]: memref<320xi8>)
// CHECK-SAME: qbias.memory_plan = [{bytes = 100 : i64, first = 1 : i64, last = 5 : i64, name = "", offset = 192 : i64}, {bytes = 192 : i64, first = 3 : i64, last = 7 : i64, name = "", offset = 0 : i64}, {bytes = 100 : i64, first = 6 : i64, last = 7 : i64, name = "", offset = 192 : i64}]
// CHECK-SAME: qbias.workspace_bytes = 320 : i64
// CHECK-DAG: %[[ZERO:.*]] = arith.constant 0 : index
// CHECK-DAG: %[[AT:.*]] = arith.constant 192 : index
// CHECK-DAG: %[[A:.*]] = memref.view %[[W]][%{{.*}}][] : memref<320xi8> to memref<100xi8>
// CHECK-DAG: %[[B:.*]] = memref.view %[[W]][%{{.*}}][] : memref<320xi8> to memref<48xi32>
// CHECK-NOT: memref.alloc
// CHECK-NOT: memref.dealloc
// WIDE-LABEL: func.func @buffers_that_never_meet_share_bytes(
// WIDE-SAME: qbias.workspace_bytes = 512 : i64
func.func @buffers_that_never_meet_share_bytes(%x: memref<100xi8>) {
  %a = memref.alloc() : memref<100xi8>
  "test.fill"(%x, %a) : (memref<100xi8>, memref<100xi8>) -> ()
  %b = memref.alloc() : memref<48xi32>
  "test.fill"(%a, %b) : (memref<100xi8>, memref<48xi32>) -> ()
  memref.dealloc %a : memref<100xi8>
  %c = memref.alloc() : memref<100xi8>
  "test.fill"(%b, %c) : (memref<48xi32>, memref<100xi8>) -> ()
  return
}

// a is read through a view after b was made.
// CHECK-LABEL: func.func @view_keeps_its_buffer_alive(
// CHECK-SAME: qbias.workspace_bytes = 128 : i64
func.func @view_keeps_its_buffer_alive(%x: memref<64xi8>) {
  %a = memref.alloc() : memref<64xi8>
  "test.fill"(%x, %a) : (memref<64xi8>, memref<64xi8>) -> ()
  %v = memref.expand_shape %a [[0, 1]] output_shape [8, 8] : memref<64xi8> into memref<8x8xi8>
  %s = memref.subview %v[0, 0] [4, 8] [1, 1] : memref<8x8xi8> to memref<4x8xi8, strided<[8, 1]>>
  %b = memref.alloc() : memref<64xi8>
  "test.fill"(%x, %b) : (memref<64xi8>, memref<64xi8>) -> ()
  "test.fill"(%s, %b) : (memref<4x8xi8, strided<[8, 1]>>, memref<64xi8>) -> ()
  return
}

// A buffer used inside a loop lives as long as the loop.
// CHECK-LABEL: func.func @loop_keeps_its_buffers_alive(
// CHECK-SAME: qbias.workspace_bytes = 128 : i64
func.func @loop_keeps_its_buffers_alive(%x: memref<64xi8>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %a = memref.alloc() : memref<64xi8>
  %b = memref.alloc() : memref<64xi8>
  scf.for %i = %c0 to %c4 step %c1 {
    "test.fill"(%x, %a) : (memref<64xi8>, memref<64xi8>) -> ()
    "test.fill"(%a, %b) : (memref<64xi8>, memref<64xi8>) -> ()
  }
  return
}

// CHECK-LABEL: func.func private @declaration_is_left_alone(memref<8xi8>) -> memref<8xi8>
func.func private @declaration_is_left_alone(memref<8xi8>) -> memref<8xi8>

#same = affine_map<(d0, d1) -> (d0, d1)>
#turned = affine_map<(d0, d1) -> (d1, d0)>

// The sum may take the place of %b, which nothing reads again, and not of %a.
// CHECK-LABEL: func.func @sum_in_place(
// CHECK-SAME: qbias.workspace_bytes = 128 : i64
// CHECK: linalg.generic {{.*}} ins(%[[A:.*]], %[[B:.*]] : {{.*}}) outs(%[[B]] :
// CHECK: "test.use"(%[[A]], %[[B]])
func.func @sum_in_place(%x: memref<8x8xi8>) {
  %a = memref.alloc() : memref<8x8xi8>
  "test.fill"(%x, %a) : (memref<8x8xi8>, memref<8x8xi8>) -> ()
  %b = memref.alloc() : memref<8x8xi8>
  "test.fill"(%x, %b) : (memref<8x8xi8>, memref<8x8xi8>) -> ()
  %c = memref.alloc() : memref<8x8xi8>
  linalg.generic {indexing_maps = [#same, #same, #same], iterator_types = ["parallel", "parallel"]}
      ins(%a, %b : memref<8x8xi8>, memref<8x8xi8>) outs(%c : memref<8x8xi8>) {
  ^bb0(%p: i8, %q: i8, %out: i8):
    %0 = arith.addi %p, %q : i8
    linalg.yield %0 : i8
  }
  "test.use"(%a, %c) : (memref<8x8xi8>, memref<8x8xi8>) -> ()
  return
}

// Elements that are read after others are written: turned, through a view, at any place; and
// a result that adds to what is there.
// CHECK-LABEL: func.func @not_in_place(
// CHECK: linalg.generic {{.*}} ins(%[[A:.*]], %[[A]] : {{.*}}) outs(%[[B:.*]] :
// CHECK: linalg.generic {{.*}} ins(%[[B]], %{{.*}} : {{.*}}) outs(%[[C:.*]] :
// CHECK: linalg.generic {{.*}} ins(%[[C]] : {{.*}}) outs(%[[D:.*]] :
// CHECK: memref.load %[[C]]
// CHECK: linalg.generic {{.*}} ins(%[[D]] : {{.*}}) outs(%[[E:.*]] :
// CHECK: "test.use"(%[[E]])
func.func @not_in_place(%x: memref<8x8xi8>) {
  %c0 = arith.constant 0 : index
  %a = memref.alloc() : memref<8x8xi8>
  "test.fill"(%x, %a) : (memref<8x8xi8>, memref<8x8xi8>) -> ()
  %b = memref.alloc() : memref<8x8xi8>
  linalg.generic {indexing_maps = [#same, #turned, #same], iterator_types = ["parallel", "parallel"]}
      ins(%a, %a : memref<8x8xi8>, memref<8x8xi8>) outs(%b : memref<8x8xi8>) {
  ^bb0(%p: i8, %q: i8, %out: i8):
    %0 = arith.addi %p, %q : i8
    linalg.yield %0 : i8
  }
  %c = memref.alloc() : memref<8x8xi8>
  %flat = memref.collapse_shape %b [[0, 1]] : memref<8x8xi8> into memref<64xi8>
  %view = memref.expand_shape %flat [[0, 1]] output_shape [8, 8] : memref<64xi8> into memref<8x8xi8>
  linalg.generic {indexing_maps = [#same, #same, #same], iterator_types = ["parallel", "parallel"]}
      ins(%b, %view : memref<8x8xi8>, memref<8x8xi8>) outs(%c : memref<8x8xi8>) {
  ^bb0(%p: i8, %q: i8, %out: i8):
    %0 = arith.addi %p, %q : i8
    linalg.yield %0 : i8
  }
  %d = memref.alloc() : memref<8x8xi8>
  linalg.generic {indexing_maps = [#same, #same], iterator_types = ["parallel", "parallel"]}
      ins(%c : memref<8x8xi8>) outs(%d : memref<8x8xi8>) {
  ^bb0(%p: i8, %out: i8):
    %0 = memref.load %c[%c0, %c0] : memref<8x8xi8>
    %1 = arith.addi %p, %0 : i8
    linalg.yield %1 : i8
  }
  %e = memref.alloc() : memref<8x8xi8>
  "test.fill"(%x, %e) : (memref<8x8xi8>, memref<8x8xi8>) -> ()
  linalg.generic {indexing_maps = [#same, #same], iterator_types = ["parallel", "parallel"]}
      ins(%d : memref<8x8xi8>) outs(%e : memref<8x8xi8>) {
  ^bb0(%p: i8, %out: i8):
    %0 = arith.addi %p, %out : i8
    linalg.yield %0 : i8
  }
  "test.use"(%e) : (memref<8x8xi8>) -> ()
  return
}
