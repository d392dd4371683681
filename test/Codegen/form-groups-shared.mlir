// RUN: qbias-opt %s --pass-pipeline="builtin.module(func.func(qbias-form-groups))" | FileCheck %s

#same = affine_map<(d0, d1) -> (d0, d1)>
#channel = affine_map<(d0, d1) -> (d1)>

// Every difference is read twice: a reader that visits it as often never ends.
// CHECK-LABEL: func.func @shared(
// CHECK: linalg.matmul
// CHECK: linalg.generic
// CHECK: linalg.generic
// CHECK: return
func.func @shared(%x: tensor<2x3xi8>, %residual: tensor<2x2xi8>) -> tensor<2x2xi8> {
  %w = arith.constant dense<[[1, 2], [-3, 4], [5, -128]]> : tensor<3x2xi8>
  %zero = arith.constant 0 : i32
  %m = arith.constant dense<[1073741824, 1500000000]> : tensor<2xi64>
  %r = arith.constant dense<[17179869184, 17179869184]> : tensor<2xi64>
  %k = arith.constant dense<35> : tensor<2xi64>
  %lo = arith.constant -128 : i64
  %hi = arith.constant 127 : i64
  %places = arith.constant 20 : i64
  %e = tensor.empty() : tensor<2x2xi32>
  %init = linalg.fill ins(%zero : i32) outs(%e : tensor<2x2xi32>) -> tensor<2x2xi32>
  %acc = linalg.matmul ins(%x, %w : tensor<2x3xi8>, tensor<3x2xi8>) outs(%init : tensor<2x2xi32>) -> tensor<2x2xi32>
  %o = tensor.empty() : tensor<2x2xi8>
  %y = linalg.generic {indexing_maps = [#same, #channel, #channel, #channel, #same], iterator_types = ["parallel", "parallel"]}
      ins(%acc, %m, %r, %k : tensor<2x2xi32>, tensor<2xi64>, tensor<2xi64>, tensor<2xi64>) outs(%o : tensor<2x2xi8>) {
  ^bb0(%a: i32, %mi: i64, %ri: i64, %ki: i64, %out: i8):
    %0 = arith.extsi %a : i32 to i64
    %1 = arith.muli %0, %mi : i64
    %2 = arith.addi %1, %ri : i64
    %3 = arith.shrsi %2, %ki : i64
    %4 = arith.maxsi %3, %lo : i64
    %5 = arith.minsi %4, %hi : i64
    %6 = arith.trunci %5 : i64 to i8
    linalg.yield %6 : i8
  } -> tensor<2x2xi8>
  %z = linalg.generic {indexing_maps = [#same, #same, #same], iterator_types = ["parallel", "parallel"]}
      ins(%y, %residual : tensor<2x2xi8>, tensor<2x2xi8>) outs(%o : tensor<2x2xi8>) {
  ^bb0(%a: i8, %b: i8, %out: i8):
    %0 = arith.extsi %a : i8 to i64
    %1 = arith.extsi %b : i8 to i64
    %d0 = arith.addi %0, %1 : i64
    %d1 = arith.subi %d0, %d0 : i64
    %d2 = arith.subi %d1, %d1 : i64
    %d3 = arith.subi %d2, %d2 : i64
    %d4 = arith.subi %d3, %d3 : i64
    %d5 = arith.subi %d4, %d4 : i64
    %d6 = arith.subi %d5, %d5 : i64
    %d7 = arith.subi %d6, %d6 : i64
    %d8 = arith.subi %d7, %d7 : i64
    %d9 = arith.subi %d8, %d8 : i64
    %d10 = arith.subi %d9, %d9 : i64
    %d11 = arith.subi %d10, %d10 : i64
    %d12 = arith.subi %d11, %d11 : i64
    %d13 = arith.subi %d12, %d12 : i64
    %d14 = arith.subi %d13, %d13 : i64
    %d15 = arith.subi %d14, %d14 : i64
    %d16 = arith.subi %d15, %d15 : i64
    %d17 = arith.subi %d16, %d16 : i64
    %d18 = arith.subi %d17, %d17 : i64
    %d19 = arith.subi %d18, %d18 : i64
    %d20 = arith.subi %d19, %d19 : i64
    %d21 = arith.subi %d20, %d20 : i64
    %d22 = arith.subi %d21, %d21 : i64
    %d23 = arith.subi %d22, %d22 : i64
    %d24 = arith.subi %d23, %d23 : i64
    %d25 = arith.subi %d24, %d24 : i64
    %d26 = arith.subi %d25, %d25 : i64
    %d27 = arith.subi %d26, %d26 : i64
    %d28 = arith.subi %d27, %d27 : i64
    %d29 = arith.subi %d28, %d28 : i64
    %d30 = arith.subi %d29, %d29 : i64
    %d31 = arith.subi %d30, %d30 : i64
    %d32 = arith.subi %d31, %d31 : i64
    %d33 = arith.subi %d32, %d32 : i64
    %d34 = arith.subi %d33, %d33 : i64
    %d35 = arith.subi %d34, %d34 : i64
    %d36 = arith.subi %d35, %d35 : i64
    %d37 = arith.subi %d36, %d36 : i64
    %d38 = arith.subi %d37, %d37 : i64
    %d39 = arith.subi %d38, %d38 : i64
    %d40 = arith.subi %d39, %d39 : i64
    %d41 = arith.subi %d40, %d40 : i64
    %d42 = arith.subi %d41, %d41 : i64
    %d43 = arith.subi %d42, %d42 : i64
    %d44 = arith.subi %d43, %d43 : i64
    %d45 = arith.subi %d44, %d44 : i64
    %d46 = arith.subi %d45, %d45 : i64
    %d47 = arith.subi %d46, %d46 : i64
    %d48 = arith.subi %d47, %d47 : i64
    %6 = arith.shrsi %d48, %places : i64
    %7 = arith.maxsi %6, %lo : i64
    %8 = arith.minsi %7, %hi : i64
    %9 = arith.trunci %8 : i64 to i8
    linalg.yield %9 : i8
  } -> tensor<2x2xi8>
  return %z : tensor<2x2xi8>
}
