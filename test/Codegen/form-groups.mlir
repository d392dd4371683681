// RUN: qbias-opt %s --pass-pipeline="builtin.module(func.func(qbias-form-groups))" | FileCheck %s
// RUN: qbias-opt %s --pass-pipeline="builtin.module(func.func(qbias-form-groups{cpu=x86-64-v3}))" | FileCheck %s --check-prefix=TABLE
// RUN: qbias-opt %s --pass-pipeline="builtin.module(func.func(qbias-form-groups{cpu=x86-64-v3}),qbias-plan-kernels{cpu=x86-64-v2})" | FileCheck %s --check-prefix=OTHER
// RUN: qbias-opt %s --pass-pipeline="builtin.module(func.func(qbias-form-groups),qbias-plan-kernels{cpu=x86-64-v3})" | FileCheck %s --check-prefix=PLAN
// RUN: qbias-opt %s --pass-pipeline="builtin.module(func.func(qbias-form-groups),qbias-plan-kernels{cpu=x86-64-v3},qbias-lower-kernels{cpu=x86-64-v3})" | FileCheck %s --check-prefix=LOWER

#same = affine_map<(d0, d1) -> (d0, d1)>
#channel = affine_map<(d0, d1) -> (d1)>
#none = affine_map<(d0, d1) -> ()>

// A residual sum is computed where the requantized result is.
// CHECK-LABEL: func.func @sum(
// CHECK-SAME: %{{.*}}: tensor<2x3xi8>, %[[RESIDUAL:.*]]: tensor<2x2xi8>
// CHECK: %[[ACC:.*]] = linalg.matmul
// CHECK: %[[Y:.*]] = linalg.generic {{.*}} ins({{.*}}%[[ACC]]{{.*}} tensor<2x2xi32>
// CHECK-NOT: linalg.generic
// CHECK: return %[[Y]]
// PLAN-LABEL: func.func @sum(
// PLAN: qbias.plan_reason = "target avx2, 32-bit epilogue
func.func @sum(%x: tensor<2x3xi8>, %residual: tensor<2x2xi8>) -> tensor<2x2xi8> {
  %w = arith.constant dense<[[1, 2], [-3, 4], [5, -128]]> : tensor<3x2xi8>
  %zero = arith.constant 0 : i32
  %m = arith.constant dense<[1073741824, 1500000000]> : tensor<2xi64>
  %r = arith.constant dense<[17179869184, 17179869184]> : tensor<2xi64>
  %k = arith.constant dense<35> : tensor<2xi64>
  %factor = arith.constant dense<8388607> : tensor<i64>
  %round = arith.constant dense<524288> : tensor<i64>
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
  // 128 * 8388607 * 2 + 524288 is less than 2^31.
  %z = linalg.generic {indexing_maps = [#same, #same, #none, #none, #same], iterator_types = ["parallel", "parallel"]}
      ins(%y, %residual, %factor, %round : tensor<2x2xi8>, tensor<2x2xi8>, tensor<i64>, tensor<i64>) outs(%o : tensor<2x2xi8>) {
  ^bb0(%a: i8, %b: i8, %f: i64, %ri: i64, %out: i8):
    %0 = arith.extsi %a : i8 to i64
    %1 = arith.muli %0, %f : i64
    %2 = arith.addi %1, %ri : i64
    %3 = arith.extsi %b : i8 to i64
    %4 = arith.muli %3, %f : i64
    %5 = arith.addi %2, %4 : i64
    %6 = arith.shrsi %5, %places : i64
    %7 = arith.maxsi %6, %lo : i64
    %8 = arith.minsi %7, %hi : i64
    %9 = arith.trunci %8 : i64 to i8
    linalg.yield %9 : i8
  } -> tensor<2x2xi8>
  return %z : tensor<2x2xi8>
}

// A term of a sum of 33 bits (below) has a value for every channel, which the code reads.
// CHECK-LABEL: func.func @sum_with_channels(
// CHECK: linalg.matmul
// CHECK: linalg.generic
// CHECK-NOT: linalg.generic
// CHECK: return
// PLAN-LABEL: func.func @sum_with_channels(
// PLAN: qbias.plan_reason = "target avx2, 32-bit epilogue
// LOWER: arith.constant dense<[100, -100, 0, 0, 0, 0, 0, 0]> : tensor<8xi32>
func.func @sum_with_channels(%x: tensor<2x3xi8>, %residual: tensor<2x2xi8>) -> tensor<2x2xi8> {
  %w = arith.constant dense<[[1, 2], [-3, 4], [5, -128]]> : tensor<3x2xi8>
  %zero = arith.constant 0 : i32
  %m = arith.constant dense<[1073741824, 1500000000]> : tensor<2xi64>
  %r = arith.constant dense<[17179869184, 17179869184]> : tensor<2xi64>
  %k = arith.constant dense<35> : tensor<2xi64>
  %factor = arith.constant dense<12582913> : tensor<i64>
  %each = arith.constant dense<[100, -100]> : tensor<2xi64>
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
  %z = linalg.generic {indexing_maps = [#same, #channel, #none, #same], iterator_types = ["parallel", "parallel"]}
      ins(%y, %each, %factor : tensor<2x2xi8>, tensor<2xi64>, tensor<i64>) outs(%o : tensor<2x2xi8>) {
  ^bb0(%a: i8, %b: i64, %f: i64, %out: i8):
    %0 = arith.extsi %a : i8 to i64
    %1 = arith.muli %0, %f : i64
    %2 = arith.muli %b, %f : i64
    %5 = arith.addi %1, %2 : i64
    %6 = arith.shrsi %5, %places : i64
    %7 = arith.maxsi %6, %lo : i64
    %8 = arith.minsi %7, %hi : i64
    %9 = arith.trunci %8 : i64 to i8
    linalg.yield %9 : i8
  } -> tensor<2x2xi8>
  return %z : tensor<2x2xi8>
}

// -256 * 8388609 needs 33 bits (with 8388608 it would be -2^31): the half of the sum is
// made of halves of the factors and, of what is odd in them, a carry.
// CHECK-LABEL: func.func @sum_of_33_bits(
// CHECK: linalg.matmul
// CHECK: linalg.generic
// CHECK-NOT: linalg.generic
// CHECK: return
// PLAN-LABEL: func.func @sum_of_33_bits(
// PLAN: qbias.plan_reason = "target avx2, 32-bit epilogue
// LOWER-LABEL: func.func @sum_of_33_bits(
// LOWER: call @[[KERNEL:qbias_kernel_[0-9]+]](
// LOWER: func.func private @[[KERNEL]](
// LOWER: %[[ODD_A:.*]] = arith.andi %[[A:.*]], %{{.*}} : vector<8xi32>
// LOWER-NEXT: %[[ODD_B:.*]] = arith.andi %[[B:.*]], %{{.*}} : vector<8xi32>
// LOWER-NEXT: %[[ODD:.*]] = arith.addi %[[ODD_A]], %[[ODD_B]] : vector<8xi32>
// LOWER-NEXT: %[[LOW:.*]] = arith.addi %[[ODD]], %{{.*}} : vector<8xi32>
// LOWER: %[[X:.*]] = arith.muli %[[A]], %{{.*}} : vector<8xi32>
// LOWER-NEXT: %[[Y:.*]] = arith.muli %[[B]], %{{.*}} : vector<8xi32>
// LOWER-NEXT: %[[SUM:.*]] = arith.addi %[[X]], %[[Y]] : vector<8xi32>
// LOWER-NEXT: %[[CARRY:.*]] = arith.shrsi %[[LOW]], %{{.*}} : vector<8xi32>
// LOWER-NEXT: %[[HALF:.*]] = arith.addi %[[SUM]], %[[CARRY]] : vector<8xi32>
// LOWER-NEXT: arith.shrsi %[[HALF]], %{{.*}} : vector<8xi32>
func.func @sum_of_33_bits(%x: tensor<2x3xi8>, %residual: tensor<2x2xi8>) -> tensor<2x2xi8> {
  %w = arith.constant dense<[[1, 2], [-3, 4], [5, -128]]> : tensor<3x2xi8>
  %zero = arith.constant 0 : i32
  %m = arith.constant dense<[1073741824, 1500000000]> : tensor<2xi64>
  %r = arith.constant dense<[17179869184, 17179869184]> : tensor<2xi64>
  %k = arith.constant dense<35> : tensor<2xi64>
  %factor = arith.constant dense<8388609> : tensor<i64>
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
  %z = linalg.generic {indexing_maps = [#same, #same, #none, #same], iterator_types = ["parallel", "parallel"]}
      ins(%y, %residual, %factor : tensor<2x2xi8>, tensor<2x2xi8>, tensor<i64>) outs(%o : tensor<2x2xi8>) {
  ^bb0(%a: i8, %b: i8, %f: i64, %out: i8):
    %0 = arith.extsi %a : i8 to i64
    %1 = arith.muli %0, %f : i64
    %2 = arith.extsi %b : i8 to i64
    %3 = arith.muli %2, %f : i64
    %4 = arith.subi %1, %3 : i64
    %5 = arith.subi %4, %f : i64
    %6 = arith.shrsi %5, %places : i64
    %7 = arith.maxsi %6, %lo : i64
    %8 = arith.minsi %7, %hi : i64
    %9 = arith.trunci %8 : i64 to i8
    linalg.yield %9 : i8
  } -> tensor<2x2xi8>
  return %z : tensor<2x2xi8>
}

// -256 * 16777217 needs 34 bits: the sum stays an operation of its own.
// CHECK-LABEL: func.func @sum_of_34_bits(
// CHECK: linalg.matmul
// CHECK: linalg.generic
// CHECK: linalg.generic
// CHECK: return
func.func @sum_of_34_bits(%x: tensor<2x3xi8>, %residual: tensor<2x2xi8>) -> tensor<2x2xi8> {
  %w = arith.constant dense<[[1, 2], [-3, 4], [5, -128]]> : tensor<3x2xi8>
  %zero = arith.constant 0 : i32
  %m = arith.constant dense<[1073741824, 1500000000]> : tensor<2xi64>
  %r = arith.constant dense<[17179869184, 17179869184]> : tensor<2xi64>
  %k = arith.constant dense<35> : tensor<2xi64>
  %factor = arith.constant dense<16777217> : tensor<i64>
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
  %z = linalg.generic {indexing_maps = [#same, #same, #none, #same], iterator_types = ["parallel", "parallel"]}
      ins(%y, %residual, %factor : tensor<2x2xi8>, tensor<2x2xi8>, tensor<i64>) outs(%o : tensor<2x2xi8>) {
  ^bb0(%a: i8, %b: i8, %f: i64, %out: i8):
    %0 = arith.extsi %a : i8 to i64
    %1 = arith.muli %0, %f : i64
    %2 = arith.extsi %b : i8 to i64
    %3 = arith.muli %2, %f : i64
    %4 = arith.subi %1, %3 : i64
    %5 = arith.subi %4, %f : i64
    %6 = arith.shrsi %5, %places : i64
    %7 = arith.maxsi %6, %lo : i64
    %8 = arith.minsi %7, %hi : i64
    %9 = arith.trunci %8 : i64 to i8
    linalg.yield %9 : i8
  } -> tensor<2x2xi8>
  return %z : tensor<2x2xi8>
}

// What is added needs 34 bits, and 32 together with 128 * (m + n): it is one constant.
// CHECK-LABEL: func.func @sum_with_wide_constant(
// CHECK: linalg.matmul
// CHECK: linalg.generic
// CHECK-NOT: linalg.generic
// CHECK: return
// PLAN-LABEL: func.func @sum_with_wide_constant(
// PLAN: qbias.plan_reason = "target avx2, 32-bit epilogue
func.func @sum_with_wide_constant(%x: tensor<2x3xi8>, %residual: tensor<2x2xi8>) -> tensor<2x2xi8> {
  %w = arith.constant dense<[[1, 2], [-3, 4], [5, -128]]> : tensor<3x2xi8>
  %zero = arith.constant 0 : i32
  %m = arith.constant dense<[1073741824, 1500000000]> : tensor<2xi64>
  %r = arith.constant dense<[17179869184, 17179869184]> : tensor<2xi64>
  %k = arith.constant dense<35> : tensor<2xi64>
  %factor = arith.constant dense<12860667> : tensor<i64>
  %other = arith.constant dense<11066081> : tensor<i64>
  %round = arith.constant dense<-5963021045> : tensor<i64>
  %zero_point = arith.constant -255 : i64
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
  %z = linalg.generic {indexing_maps = [#same, #same, #none, #none, #none, #same], iterator_types = ["parallel", "parallel"]}
      ins(%y, %residual, %factor, %other, %round : tensor<2x2xi8>, tensor<2x2xi8>, tensor<i64>, tensor<i64>, tensor<i64>) outs(%o : tensor<2x2xi8>) {
  ^bb0(%a: i8, %b: i8, %f: i64, %g: i64, %ri: i64, %out: i8):
    %0 = arith.extsi %a : i8 to i64
    %x0 = arith.subi %0, %zero_point : i64
    %1 = arith.muli %x0, %f : i64
    %2 = arith.addi %1, %ri : i64
    %3 = arith.extsi %b : i8 to i64
    %x1 = arith.subi %3, %zero_point : i64
    %4 = arith.muli %x1, %g : i64
    %5 = arith.addi %2, %4 : i64
    %6 = arith.shrsi %5, %places : i64
    %7 = arith.maxsi %6, %lo : i64
    %8 = arith.minsi %7, %hi : i64
    %9 = arith.trunci %8 : i64 to i8
    linalg.yield %9 : i8
  } -> tensor<2x2xi8>
  return %z : tensor<2x2xi8>
}

// Ties to even: the sum fits 32 bits, and so does what rounds it.
// CHECK-LABEL: func.func @sum_with_ties_to_even(
// CHECK: linalg.matmul
// CHECK: linalg.generic
// CHECK-NOT: linalg.generic
// CHECK: return
// PLAN-LABEL: func.func @sum_with_ties_to_even(
// PLAN: qbias.plan_reason = "target avx2, 32-bit epilogue
func.func @sum_with_ties_to_even(%x: tensor<2x3xi8>, %residual: tensor<2x2xi8>) -> tensor<2x2xi8> {
  %w = arith.constant dense<[[1, 2], [-3, 4], [5, -128]]> : tensor<3x2xi8>
  %zero = arith.constant 0 : i32
  %m = arith.constant dense<[1073741824, 1500000000]> : tensor<2xi64>
  %r = arith.constant dense<[17179869184, 17179869184]> : tensor<2xi64>
  %k = arith.constant dense<35> : tensor<2xi64>
  %factor = arith.constant dense<891290> : tensor<i64>
  %one = arith.constant 1 : i64
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
  %z = linalg.generic {indexing_maps = [#same, #same, #none, #same], iterator_types = ["parallel", "parallel"]}
      ins(%y, %residual, %factor : tensor<2x2xi8>, tensor<2x2xi8>, tensor<i64>) outs(%o : tensor<2x2xi8>) {
  ^bb0(%a: i8, %b: i8, %f: i64, %out: i8):
    %0 = arith.extsi %a : i8 to i64
    %1 = arith.muli %0, %f : i64
    %2 = arith.extsi %b : i8 to i64
    %3 = arith.muli %2, %f : i64
    %sum = arith.addi %1, %3 : i64
    %below = arith.shrsi %sum, %places : i64
    %odd = arith.andi %below, %one : i64
    %less = arith.subi %places, %one : i64
    %half = arith.shli %one, %less : i64
    %round = arith.subi %half, %one : i64
    %4 = arith.addi %sum, %round : i64
    %5 = arith.addi %4, %odd : i64
    %6 = arith.shrsi %5, %places : i64
    %7 = arith.maxsi %6, %lo : i64
    %8 = arith.minsi %7, %hi : i64
    %9 = arith.trunci %8 : i64 to i8
    linalg.yield %9 : i8
  } -> tensor<2x2xi8>
  return %z : tensor<2x2xi8>
}

// A sum that wraps in 8 bits is not the same in 32.
// CHECK-LABEL: func.func @sum_of_bytes(
// CHECK: linalg.matmul
// CHECK: linalg.generic
// CHECK: linalg.generic
// CHECK: return
func.func @sum_of_bytes(%x: tensor<2x3xi8>, %residual: tensor<2x2xi8>) -> tensor<2x2xi8> {
  %w = arith.constant dense<[[1, 2], [-3, 4], [5, -128]]> : tensor<3x2xi8>
  %zero = arith.constant 0 : i32
  %m = arith.constant dense<[1073741824, 1500000000]> : tensor<2xi64>
  %r = arith.constant dense<[17179869184, 17179869184]> : tensor<2xi64>
  %k = arith.constant dense<35> : tensor<2xi64>
  %factor = arith.constant dense<1> : tensor<i64>
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
    %0 = arith.addi %a, %b : i8
    %5 = arith.extsi %0 : i8 to i64
    %6 = arith.shrsi %5, %places : i64
    %7 = arith.maxsi %6, %lo : i64
    %8 = arith.minsi %7, %hi : i64
    %9 = arith.trunci %8 : i64 to i8
    linalg.yield %9 : i8
  } -> tensor<2x2xi8>
  return %z : tensor<2x2xi8>
}

// A table leaves the group: the kernel stores sums.
// CHECK-LABEL: func.func @table(
// CHECK: %[[ACC:.*]] = linalg.matmul
// CHECK: %[[SUMS:.*]] = linalg.generic {{.*}} ins(%[[ACC]] : tensor<2x2xi32>)
// CHECK: linalg.yield
// CHECK: linalg.generic {{.*}} ins(%[[SUMS]] : tensor<2x2xi32>)
// CHECK: tensor.extract
// PLAN-LABEL: func.func @table(
// PLAN: linalg.matmul {qbias.plan = "pair{{[0-9]+}}", qbias.plan_reason = "target avx2, sums stored
func.func @table(%x: tensor<2x3xi8>, %t: tensor<256xi8>) -> tensor<2x2xi8> {
  %w = arith.constant dense<1> : tensor<3x2xi8>
  %zero = arith.constant 0 : i32
  %e = tensor.empty() : tensor<2x2xi32>
  %init = linalg.fill ins(%zero : i32) outs(%e : tensor<2x2xi32>) -> tensor<2x2xi32>
  %acc = linalg.matmul ins(%x, %w : tensor<2x3xi8>, tensor<3x2xi8>) outs(%init : tensor<2x2xi32>) -> tensor<2x2xi32>
  %o = tensor.empty() : tensor<2x2xi8>
  %y = linalg.generic {indexing_maps = [#same, #same], iterator_types = ["parallel", "parallel"]}
      ins(%acc : tensor<2x2xi32>) outs(%o : tensor<2x2xi8>) {
  ^bb0(%a: i32, %out: i8):
    %0 = arith.index_cast %a : i32 to index
    %1 = tensor.extract %t[%0] : tensor<256xi8>
    linalg.yield %1 : i8
  } -> tensor<2x2xi8>
  return %y : tensor<2x2xi8>
}

// Weights that are no constants make no group: nothing is stored in between.
// CHECK-LABEL: func.func @no_group(
// CHECK: %[[ACC:.*]] = linalg.matmul
// CHECK: linalg.generic {{.*}} ins(%[[ACC]] : tensor<2x2xi32>)
// CHECK: tensor.extract
func.func @no_group(%x: tensor<2x3xi8>, %w: tensor<3x2xi8>, %t: tensor<256xi8>) -> tensor<2x2xi8> {
  %zero = arith.constant 0 : i32
  %e = tensor.empty() : tensor<2x2xi32>
  %init = linalg.fill ins(%zero : i32) outs(%e : tensor<2x2xi32>) -> tensor<2x2xi32>
  %acc = linalg.matmul ins(%x, %w : tensor<2x3xi8>, tensor<3x2xi8>) outs(%init : tensor<2x2xi32>) -> tensor<2x2xi32>
  %o = tensor.empty() : tensor<2x2xi8>
  %y = linalg.generic {indexing_maps = [#same, #same], iterator_types = ["parallel", "parallel"]}
      ins(%acc : tensor<2x2xi32>) outs(%o : tensor<2x2xi8>) {
  ^bb0(%a: i32, %out: i8):
    %0 = arith.index_cast %a : i32 to index
    %1 = tensor.extract %t[%0] : tensor<256xi8>
    linalg.yield %1 : i8
  } -> tensor<2x2xi8>
  return %y : tensor<2x2xi8>
}

// A table of bytes is the last part of an epilogue where the target has instructions for
// it, and what reads its results an operation of its own. Without them there is no kernel.
// CHECK-LABEL: func.func @bytes(
// CHECK: linalg.matmul
// CHECK-COUNT-3: linalg.generic
// TABLE-LABEL: func.func @bytes(
// TABLE: linalg.matmul {qbias.stores = ["lookup"]}
// TABLE: linalg.generic
// TABLE: arith.trunci
// TABLE: tensor.extract
// TABLE: linalg.generic
// TABLE-NOT: linalg.generic
// TABLE: return
// OTHER-LABEL: func.func @bytes(
// OTHER: qbias.plan = "reference", qbias.plan_reason = "reads a table behind its sums, for which target 'generic' has no instructions"
func.func @bytes(%x: tensor<2x3xi8>, %residual: tensor<2x2xi8>) -> tensor<2x2xi8> {
  %w = arith.constant dense<[[1, 2], [-3, 4], [5, -128]]> : tensor<3x2xi8>
  %zero = arith.constant 0 : i32
  %m = arith.constant dense<[1073741824, 1500000000]> : tensor<2xi64>
  %r = arith.constant dense<[17179869184, 17179869184]> : tensor<2xi64>
  %k = arith.constant dense<35> : tensor<2xi64>
  %entries = arith.constant dense<7> : tensor<256xi8>
  %first = arith.constant -128 : i64
  %lo = arith.constant -128 : i64
  %hi = arith.constant 127 : i64
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
  %t = linalg.generic {indexing_maps = [#same, #same], iterator_types = ["parallel", "parallel"]}
      ins(%y : tensor<2x2xi8>) outs(%o : tensor<2x2xi8>) {
  ^bb0(%a: i8, %out: i8):
    %0 = arith.extsi %a : i8 to i64
    %1 = arith.subi %0, %first : i64
    %2 = arith.index_cast %1 : i64 to index
    %3 = tensor.extract %entries[%2] : tensor<256xi8>
    linalg.yield %3 : i8
  } -> tensor<2x2xi8> loc("lookup")
  %z = linalg.generic {indexing_maps = [#same, #same, #same], iterator_types = ["parallel", "parallel"]}
      ins(%t, %residual : tensor<2x2xi8>, tensor<2x2xi8>) outs(%o : tensor<2x2xi8>) {
  ^bb0(%a: i8, %b: i8, %out: i8):
    %0 = arith.maxsi %a, %b : i8
    linalg.yield %0 : i8
  } -> tensor<2x2xi8>
  return %z : tensor<2x2xi8>
}
