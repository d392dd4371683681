// RUN: qbias-opt %s --pass-pipeline="builtin.module(func.func(qbias-vectorize-lookups{cpu=x86-64-v4 features=+avx512vbmi}))" | FileCheck %s
// RUN: qbias-opt %s --pass-pipeline="builtin.module(func.func(qbias-vectorize-lookups{cpu=x86-64-v4}))" | FileCheck %s --check-prefix=PLAIN

#same = affine_map<(d0, d1) -> (d0, d1)>

memref.global "private" constant @table : memref<256xi8> = dense<7>
memref.global "private" constant @short : memref<255xi8> = dense<7>

// 130 bytes in a row are 2 * 64 and 2. The body adds 1 to an entry.
// CHECK-LABEL: func.func @lookup(
// CHECK-SAME: %[[X:.*]]: memref<5x26xi8>, %[[Y:.*]]: memref<5x26xi8>
// CHECK-DAG: arith.constant dense<8> : vector<64xi8>
// CHECK-DAG: %[[FROM:.*]] = memref.collapse_shape %[[X]]
// CHECK-DAG: %[[TO:.*]] = memref.collapse_shape %[[Y]]
// CHECK: scf.for
// CHECK: vector.load %[[FROM]]
// CHECK-COUNT-2: llvm.call_intrinsic "llvm.x86.avx512.vpermi2var.qi.512"
// CHECK: vector.store
// CHECK: vector.constant_mask [2] : vector<64xi1>
// CHECK: vector.maskedload %[[FROM]]
// CHECK: vector.maskedstore %[[TO]]
// PLAIN-LABEL: func.func @lookup(
// PLAIN: linalg.generic
func.func @lookup(%x: memref<5x26xi8>, %y: memref<5x26xi8>) {
  %t = memref.get_global @table : memref<256xi8>
  %c = arith.constant -128 : i64
  %one = arith.constant 1 : i8
  linalg.generic {indexing_maps = [#same, #same], iterator_types = ["parallel", "parallel"]}
      ins(%x : memref<5x26xi8>) outs(%y : memref<5x26xi8>) {
  ^bb0(%a: i8, %out: i8):
    %0 = arith.extsi %a : i8 to i64
    %1 = arith.subi %0, %c : i64
    %2 = arith.index_cast %1 : i64 to index
    %3 = memref.load %t[%2] : memref<256xi8>
    %4 = arith.addi %3, %one : i8
    linalg.yield %4 : i8
  }
  return
}

// A table that is too short for some input stays, and what reads none.
// CHECK-LABEL: func.func @others(
// CHECK-COUNT-2: linalg.generic
func.func @others(%x: memref<5x26xi8>, %y: memref<5x26xi8>) {
  %t = memref.get_global @short : memref<255xi8>
  %c = arith.constant -128 : i64
  linalg.generic {indexing_maps = [#same, #same], iterator_types = ["parallel", "parallel"]}
      ins(%x : memref<5x26xi8>) outs(%y : memref<5x26xi8>) {
  ^bb0(%a: i8, %out: i8):
    %0 = arith.extsi %a : i8 to i64
    %1 = arith.subi %0, %c : i64
    %2 = arith.index_cast %1 : i64 to index
    %3 = memref.load %t[%2] : memref<255xi8>
    linalg.yield %3 : i8
  }
  linalg.generic {indexing_maps = [#same, #same], iterator_types = ["parallel", "parallel"]}
      ins(%x : memref<5x26xi8>) outs(%y : memref<5x26xi8>) {
  ^bb0(%a: i8, %out: i8):
    %0 = arith.addi %a, %a : i8
    linalg.yield %0 : i8
  }
  return
}
