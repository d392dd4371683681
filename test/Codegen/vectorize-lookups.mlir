// RUN: qbias-opt %s --pass-pipeline="builtin.module(func.func(qbias-vectorize-lookups{cpu=x86-64-v4 features=+avx512vbmi}))" | FileCheck %s
// RUN: qbias-opt %s --pass-pipeline="builtin.module(func.func(qbias-vectorize-lookups{cpu=x86-64-v4}))" | FileCheck %s --check-prefix=V4
// RUN: qbias-opt %s --pass-pipeline="builtin.module(func.func(qbias-vectorize-lookups{cpu=x86-64-v3}))" | FileCheck %s --check-prefix=V3
// RUN: qbias-opt %s --pass-pipeline="builtin.module(func.func(qbias-vectorize-lookups{cpu=x86-64-v2}))" | FileCheck %s --check-prefix=PLAIN

#same = affine_map<(d0, d1) -> (d0, d1)>

memref.global "private" constant @table : memref<256xi8> = dense<7>
memref.global "private" constant @counts : memref<256xi8> = dense<"0x000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F202122232425262728292A2B2C2D2E2F303132333435363738393A3B3C3D3E3F404142434445464748494A4B4C4D4E4F505152535455565758595A5B5C5D5E5F606162636465666768696A6B6C6D6E6F707172737475767778797A7B7C7D7E7F808182838485868788898A8B8C8D8E8F909192939495969798999A9B9C9D9E9FA0A1A2A3A4A5A6A7A8A9AAABACADAEAFB0B1B2B3B4B5B6B7B8B9BABBBCBDBEBFC0C1C2C3C4C5C6C7C8C9CACBCCCDCECFD0D1D2D3D4D5D6D7D8D9DADBDCDDDEDFE0E1E2E3E4E5E6E7E8E9EAEBECEDEEEFF0F1F2F3F4F5F6F7F8F9FAFBFCFDFEFF">
memref.global "private" constant @short : memref<255xi8> = dense<7>

// 130 bytes in a row are 2 * 64 and 2. The body adds 1 to an entry.
// CHECK-LABEL: func.func @lookup(
// CHECK-SAME: %[[X:.*]]: memref<5x26xi8>, %[[Y:.*]]: memref<5x26xi8>
// CHECK-DAG: %[[FROM:.*]] = memref.collapse_shape %[[X]]
// CHECK-DAG: %[[TO:.*]] = memref.collapse_shape %[[Y]]
// CHECK: scf.for
// CHECK: vector.load %[[FROM]]
// CHECK: %[[ENTRIES:.*]] = arith.constant dense<8> : vector<64xi8>
// CHECK: llvm.call_intrinsic "llvm.x86.avx512.vpermi2var.qi.512"(%[[ENTRIES]]
// CHECK: llvm.call_intrinsic "llvm.x86.avx512.vpermi2var.qi.512"
// CHECK: vector.store
// CHECK: vector.load %[[FROM]][{{.*}}] : memref<130xi8>, vector<2xi8>
// CHECK: vector.store {{.*}}, %[[TO]][{{.*}}] : memref<130xi8>, vector<2xi8>
// V4-LABEL: func.func @lookup(
// V4: scf.for
// V4: vector.load {{.*}} : memref<130xi8>, vector<64xi8>
// V4: llvm.x86.avx512.pshuf.b.512
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

// Entries 0 to 255 for -128 to 127: every row of 16 differs from the one in front, 8 rows for
// keys from 0 on and 8 for the others. Views are looked up row by row.
// V3-LABEL: func.func @view(
// V3: %[[END:.*]] = memref.dim
// V3: scf.for {{.*}} to %[[END]]
// V3: memref.subview
// V3: scf.for
// V3: vector.load {{.*}}vector<32xi8>
// V3: %[[MOVED:.*]] = arith.xori
// V3: %[[ROW:.*]] = arith.constant dense<[-128, -127, {{.*}} -114, -113]> : vector<32xi8>
// V3: llvm.call_intrinsic "llvm.x86.avx2.pshuf.b"(%[[ROW]]
// V3-COUNT-7: llvm.call_intrinsic "llvm.x86.avx2.pshuf.b"
// V3: %[[ROW:.*]] = arith.constant dense<[0, 1, {{.*}} 14, 15]> : vector<32xi8>
// V3: llvm.call_intrinsic "llvm.x86.avx2.pshuf.b"(%[[ROW]]
// V3-COUNT-6: llvm.call_intrinsic "llvm.x86.avx2.pshuf.b"
// V3: %[[LAST:.*]] = arith.constant dense<112> : vector<32xi8>
// V3: %[[AT:.*]] = llvm.call_intrinsic "llvm.ssub.sat"(%[[MOVED]], %[[LAST]])
// V3: %[[ROW:.*]] = arith.constant dense<16> : vector<32xi8>
// V3: llvm.call_intrinsic "llvm.x86.avx2.pshuf.b"(%[[ROW]], %[[AT]])
// V3-NOT: pshuf
// V3: vector.store {{.*}}vector<32xi8>
func.func @view(%x: memref<?x64xi8, strided<[70, 1], offset: ?>>, %y: memref<?x64xi8, strided<[64, 1], offset: ?>>) {
  %t = memref.get_global @counts : memref<256xi8>
  %c = arith.constant 128 : i64
  linalg.generic {indexing_maps = [#same, #same], iterator_types = ["parallel", "parallel"]}
      ins(%x : memref<?x64xi8, strided<[70, 1], offset: ?>>) outs(%y : memref<?x64xi8, strided<[64, 1], offset: ?>>) {
  ^bb0(%a: i8, %out: i8):
    %0 = arith.extsi %a : i8 to i64
    %1 = arith.addi %0, %c : i64
    %2 = arith.index_cast %1 : i64 to index
    %3 = memref.load %t[%2] : memref<256xi8>
    linalg.yield %3 : i8
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

// So does one behind more operations than lookups have.
// CHECK-LABEL: func.func @long_body(
// CHECK: linalg.generic
func.func @long_body(%x: memref<64xi8>, %y: memref<64xi8>) {
  %t = memref.get_global @table : memref<256xi8>
  %c = arith.constant -128 : i64
  %one = arith.constant 1 : i8
  linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>, affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]}
      ins(%x : memref<64xi8>) outs(%y : memref<64xi8>) {
  ^bb0(%a: i8, %out: i8):
    %0 = arith.extsi %a : i8 to i64
    %1 = arith.subi %0, %c : i64
    %2 = arith.index_cast %1 : i64 to index
    %3 = memref.load %t[%2] : memref<256xi8>
    %4 = arith.addi %3, %one : i8
    %5 = arith.addi %4, %one : i8
    %6 = arith.addi %5, %one : i8
    %7 = arith.addi %6, %one : i8
    %8 = arith.addi %7, %one : i8
    %9 = arith.addi %8, %one : i8
    %10 = arith.addi %9, %one : i8
    %11 = arith.addi %10, %one : i8
    %12 = arith.addi %11, %one : i8
    %13 = arith.addi %12, %one : i8
    %14 = arith.addi %13, %one : i8
    %15 = arith.addi %14, %one : i8
    %16 = arith.addi %15, %one : i8
    %17 = arith.addi %16, %one : i8
    %18 = arith.addi %17, %one : i8
    %19 = arith.addi %18, %one : i8
    linalg.yield %19 : i8
  }
  return
}
