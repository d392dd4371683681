// RUN: qbias-opt %s -split-input-file --qbias-lower-kernels="cpu=haswell" --canonicalize | FileCheck %s

// What a requantization is on lanes of 32 bits.

#same = affine_map<(d0, d1) -> (d0, d1)>
#channel = affine_map<(d0, d1) -> (d1)>

// Ties to even of a power of two: nothing is multiplied, no lane is wider.
// CHECK-LABEL: func.func @power_of_two(
// CHECK: func.func private @qbias_kernel_0(
// CHECK-NOT: vector<4xi64>
// CHECK: %[[ABOVE:.*]] = arith.maxsi %{{.*}}, %{{.*}} : vector<8xi32>
// CHECK-NEXT: %[[SUM:.*]] = arith.minsi %[[ABOVE]], %{{.*}} : vector<8xi32>
// CHECK-NEXT: %[[R:.*]] = arith.addi %[[SUM]], %{{.*}} : vector<8xi32>
// CHECK-NEXT: %[[BELOW:.*]] = arith.shrsi %[[R]], %[[SHIFT:.*]] : vector<8xi32>
// CHECK-NEXT: %[[ODD:.*]] = arith.andi %[[BELOW]], %{{.*}} : vector<8xi32>
// CHECK-NEXT: %[[EVEN:.*]] = arith.addi %[[R]], %[[ODD]] : vector<8xi32>
// CHECK-NEXT: %[[Y:.*]] = arith.shrsi %[[EVEN]], %[[SHIFT]] : vector<8xi32>
// CHECK-NOT: vector<4xi64>
func.func @power_of_two(%x: tensor<4x8xi8>) -> tensor<4x8xi8> {
  %w = arith.constant dense<103> : tensor<8x8xi8>
  %ms = arith.constant dense<1073741824> : tensor<8xi64>
  %ks = arith.constant dense<39> : tensor<8xi64>
  %rs = arith.constant dense<0> : tensor<8xi64>
  %zero = arith.constant 0 : i32
  %one = arith.constant 1 : i64
  %lo = arith.constant -128 : i64
  %hi = arith.constant 127 : i64
  %sums = tensor.empty() : tensor<4x8xi32>
  %bytes = tensor.empty() : tensor<4x8xi8>
  %init = linalg.fill ins(%zero : i32) outs(%sums : tensor<4x8xi32>) -> tensor<4x8xi32>
  %acc = linalg.matmul {qbias.plan = "pair16"} ins(%x, %w : tensor<4x8xi8>, tensor<8x8xi8>) outs(%init : tensor<4x8xi32>) -> tensor<4x8xi32>
  %z = linalg.generic {indexing_maps = [#same, #channel, #channel, #channel, #same], iterator_types = ["parallel", "parallel"]}
      ins(%acc, %ms, %ks, %rs : tensor<4x8xi32>, tensor<8xi64>, tensor<8xi64>, tensor<8xi64>) outs(%bytes : tensor<4x8xi8>) {
  ^bb0(%a: i32, %m: i64, %k: i64, %r: i64, %out: i8):
    %wide = arith.extsi %a : i32 to i64
    %product = arith.muli %wide, %m : i64
    %v = arith.addi %product, %r : i64
    %below = arith.shrsi %v, %k : i64
    %odd = arith.andi %below, %one : i64
    %less = arith.subi %k, %one : i64
    %half = arith.shli %one, %less : i64
    %most = arith.subi %half, %one : i64
    %rounded = arith.addi %v, %most : i64
    %tied = arith.addi %rounded, %odd : i64
    %y = arith.shrsi %tied, %k : i64
    %low = arith.maxsi %y, %lo : i64
    %high = arith.minsi %low, %hi : i64
    %byte = arith.trunci %high : i64 to i8
    linalg.yield %byte : i8
  } -> tensor<4x8xi8>
  return %z : tensor<4x8xi8>
}

// -----

#same = affine_map<(d0, d1) -> (d0, d1)>
#channel = affine_map<(d0, d1) -> (d1)>

// A scale above 1/4: the sums are raised, within the window in which results differ.
// CHECK-LABEL: func.func @large_scale(
// CHECK: func.func private @qbias_kernel_0(
// CHECK-NOT: arith.andi
// CHECK: %[[ABOVE:.*]] = arith.maxsi %{{.*}}, %{{.*}} : vector<8xi32>
// CHECK-NEXT: %[[SUM:.*]] = arith.minsi %[[ABOVE]], %{{.*}} : vector<8xi32>
// CHECK-NEXT: %[[RAISED:.*]] = arith.shli %[[SUM]], %{{.*}} : vector<8xi32>
// CHECK-NEXT: %[[PAIRS:.*]] = vector.bitcast %[[RAISED]] : vector<8xi32> to vector<4xi64>
// CHECK-NOT: arith.andi
func.func @large_scale(%x: tensor<4x8xi8>) -> tensor<4x8xi8> {
  %w = arith.constant dense<103> : tensor<8x8xi8>
  %ms = arith.constant dense<2000000011> : tensor<8xi64>
  %ks = arith.constant dense<32> : tensor<8xi64>
  %rs = arith.constant dense<2147483648> : tensor<8xi64>
  %zero = arith.constant 0 : i32
  %one = arith.constant 1 : i64
  %lo = arith.constant -128 : i64
  %hi = arith.constant 127 : i64
  %sums = tensor.empty() : tensor<4x8xi32>
  %bytes = tensor.empty() : tensor<4x8xi8>
  %init = linalg.fill ins(%zero : i32) outs(%sums : tensor<4x8xi32>) -> tensor<4x8xi32>
  %acc = linalg.matmul {qbias.plan = "pair16"} ins(%x, %w : tensor<4x8xi8>, tensor<8x8xi8>) outs(%init : tensor<4x8xi32>) -> tensor<4x8xi32>
  %z = linalg.generic {indexing_maps = [#same, #channel, #channel, #channel, #same], iterator_types = ["parallel", "parallel"]}
      ins(%acc, %ms, %ks, %rs : tensor<4x8xi32>, tensor<8xi64>, tensor<8xi64>, tensor<8xi64>) outs(%bytes : tensor<4x8xi8>) {
  ^bb0(%a: i32, %m: i64, %k: i64, %r: i64, %out: i8):
    %wide = arith.extsi %a : i32 to i64
    %product = arith.muli %wide, %m : i64
    %v = arith.addi %product, %r : i64
    %y = arith.shrsi %v, %k : i64
    %low = arith.maxsi %y, %lo : i64
    %high = arith.minsi %low, %hi : i64
    %byte = arith.trunci %high : i64 to i8
    linalg.yield %byte : i8
  } -> tensor<4x8xi8>
  return %z : tensor<4x8xi8>
}

// -----

#same = affine_map<(d0, d1) -> (d0, d1)>
#channel = affine_map<(d0, d1) -> (d1)>

// As many bits, and at most one tie in the window: it is rounded by a constant.
// CHECK-LABEL: func.func @large_scale_with_a_tie(
// CHECK: func.func private @qbias_kernel_0(
// CHECK-NOT: arith.andi
// CHECK: %[[ABOVE:.*]] = arith.maxsi %{{.*}}, %{{.*}} : vector<8xi32>
// CHECK-NEXT: %[[SUM:.*]] = arith.minsi %[[ABOVE]], %{{.*}} : vector<8xi32>
// CHECK-NEXT: %[[RAISED:.*]] = arith.shli %[[SUM]], %{{.*}} : vector<8xi32>
// CHECK-NEXT: %[[PAIRS:.*]] = vector.bitcast %[[RAISED]] : vector<8xi32> to vector<4xi64>
// CHECK-NOT: arith.andi
func.func @large_scale_with_a_tie(%x: tensor<4x8xi8>) -> tensor<4x8xi8> {
  %w = arith.constant dense<103> : tensor<8x8xi8>
  %ms = arith.constant dense<2000000000> : tensor<8xi64>
  %ks = arith.constant dense<32> : tensor<8xi64>
  %rs = arith.constant dense<0> : tensor<8xi64>
  %zero = arith.constant 0 : i32
  %one = arith.constant 1 : i64
  %lo = arith.constant -128 : i64
  %hi = arith.constant 127 : i64
  %sums = tensor.empty() : tensor<4x8xi32>
  %bytes = tensor.empty() : tensor<4x8xi8>
  %init = linalg.fill ins(%zero : i32) outs(%sums : tensor<4x8xi32>) -> tensor<4x8xi32>
  %acc = linalg.matmul {qbias.plan = "pair16"} ins(%x, %w : tensor<4x8xi8>, tensor<8x8xi8>) outs(%init : tensor<4x8xi32>) -> tensor<4x8xi32>
  %z = linalg.generic {indexing_maps = [#same, #channel, #channel, #channel, #same], iterator_types = ["parallel", "parallel"]}
      ins(%acc, %ms, %ks, %rs : tensor<4x8xi32>, tensor<8xi64>, tensor<8xi64>, tensor<8xi64>) outs(%bytes : tensor<4x8xi8>) {
  ^bb0(%a: i32, %m: i64, %k: i64, %r: i64, %out: i8):
    %wide = arith.extsi %a : i32 to i64
    %product = arith.muli %wide, %m : i64
    %v = arith.addi %product, %r : i64
    %below = arith.shrsi %v, %k : i64
    %odd = arith.andi %below, %one : i64
    %less = arith.subi %k, %one : i64
    %half = arith.shli %one, %less : i64
    %most = arith.subi %half, %one : i64
    %rounded = arith.addi %v, %most : i64
    %tied = arith.addi %rounded, %odd : i64
    %y = arith.shrsi %tied, %k : i64
    %low = arith.maxsi %y, %lo : i64
    %high = arith.minsi %low, %hi : i64
    %byte = arith.trunci %high : i64 to i8
    linalg.yield %byte : i8
  } -> tensor<4x8xi8>
  return %z : tensor<4x8xi8>
}

// -----

#same = affine_map<(d0, d1) -> (d0, d1)>
#channel = affine_map<(d0, d1) -> (d1)>

// Neither ties nor a large scale: sums are used as they are, and the rounding is one
// addition to the upper words (which, and why it is exact: NarrowRequantTest). These are
// joined by one shuffle, whose order another of packed bytes undoes. Of sums this short there
// is a multiplier that needs no shift.
// CHECK-LABEL: func.func @plain(
// CHECK: func.func private @qbias_kernel_0(
// CHECK-NOT: arith.maxsi
// CHECK-NOT: arith.andi
// CHECK-NOT: arith.addi {{.*}} : vector<4xi64>
// CHECK: %[[UPPER:.*]] = vector.shuffle %{{.*}}, %{{.*}} [1, 3, 9, 11, 5, 7, 13, 15] : vector<8xi32>, vector<8xi32>
// CHECK-NEXT: arith.addi %[[UPPER]], %{{.*}} : vector<8xi32>
// CHECK-NOT: arith.shrsi {{.*}} : vector<8xi32>
// CHECK-NOT: arith.maxsi
// CHECK-NOT: arith.andi
// CHECK: vector.shuffle %{{.*}}, %{{.*}} [0, 2, 1, 3, 4, 6, 5, 7, {{.*}}, 28, 30, 29, 31] : vector<32xi8>
func.func @plain(%x: tensor<4x8xi8>) -> tensor<4x8xi8> {
  %w = arith.constant dense<103> : tensor<8x8xi8>
  %ms = arith.constant dense<2000000011> : tensor<8xi64>
  %ks = arith.constant dense<40> : tensor<8xi64>
  %rs = arith.constant dense<549755813888> : tensor<8xi64>
  %zero = arith.constant 0 : i32
  %one = arith.constant 1 : i64
  %lo = arith.constant -128 : i64
  %hi = arith.constant 127 : i64
  %sums = tensor.empty() : tensor<4x8xi32>
  %bytes = tensor.empty() : tensor<4x8xi8>
  %init = linalg.fill ins(%zero : i32) outs(%sums : tensor<4x8xi32>) -> tensor<4x8xi32>
  %acc = linalg.matmul {qbias.plan = "pair16"} ins(%x, %w : tensor<4x8xi8>, tensor<8x8xi8>) outs(%init : tensor<4x8xi32>) -> tensor<4x8xi32>
  %z = linalg.generic {indexing_maps = [#same, #channel, #channel, #channel, #same], iterator_types = ["parallel", "parallel"]}
      ins(%acc, %ms, %ks, %rs : tensor<4x8xi32>, tensor<8xi64>, tensor<8xi64>, tensor<8xi64>) outs(%bytes : tensor<4x8xi8>) {
  ^bb0(%a: i32, %m: i64, %k: i64, %r: i64, %out: i8):
    %wide = arith.extsi %a : i32 to i64
    %product = arith.muli %wide, %m : i64
    %v = arith.addi %product, %r : i64
    %y = arith.shrsi %v, %k : i64
    %low = arith.maxsi %y, %lo : i64
    %high = arith.minsi %low, %hi : i64
    %byte = arith.trunci %high : i64 to i8
    linalg.yield %byte : i8
  } -> tensor<4x8xi8>
  return %z : tensor<4x8xi8>
}

// -----

#same = affine_map<(d0, d1) -> (d0, d1)>
#channel = affine_map<(d0, d1) -> (d1)>

// Of these there is none: 255 steps in 2^27 accumulators need more bits than 13.
// CHECK-LABEL: func.func @long(
// CHECK: func.func private @qbias_kernel_0(
// CHECK: %[[UPPER:.*]] = vector.shuffle %{{.*}}, %{{.*}} [1, 3, 9, 11, 5, 7, 13, 15] : vector<8xi32>, vector<8xi32>
// CHECK-NEXT: %[[ROUNDED:.*]] = arith.addi %[[UPPER]], %{{.*}} : vector<8xi32>
// CHECK-NEXT: arith.shrsi %[[ROUNDED]], %{{.*}} : vector<8xi32>
func.func @long(%x: tensor<4x4096xi8>) -> tensor<4x8xi8> {
  %w = arith.constant dense<103> : tensor<4096x8xi8>
  %ms = arith.constant dense<2000000011> : tensor<8xi64>
  %ks = arith.constant dense<50> : tensor<8xi64>
  %rs = arith.constant dense<562949953421312> : tensor<8xi64>
  %zero = arith.constant 0 : i32
  %one = arith.constant 1 : i64
  %lo = arith.constant -128 : i64
  %hi = arith.constant 127 : i64
  %sums = tensor.empty() : tensor<4x8xi32>
  %bytes = tensor.empty() : tensor<4x8xi8>
  %init = linalg.fill ins(%zero : i32) outs(%sums : tensor<4x8xi32>) -> tensor<4x8xi32>
  %acc = linalg.matmul {qbias.plan = "pair16"} ins(%x, %w : tensor<4x4096xi8>, tensor<4096x8xi8>) outs(%init : tensor<4x8xi32>) -> tensor<4x8xi32>
  %z = linalg.generic {indexing_maps = [#same, #channel, #channel, #channel, #same], iterator_types = ["parallel", "parallel"]}
      ins(%acc, %ms, %ks, %rs : tensor<4x8xi32>, tensor<8xi64>, tensor<8xi64>, tensor<8xi64>) outs(%bytes : tensor<4x8xi8>) {
  ^bb0(%a: i32, %m: i64, %k: i64, %r: i64, %out: i8):
    %wide = arith.extsi %a : i32 to i64
    %product = arith.muli %wide, %m : i64
    %v = arith.addi %product, %r : i64
    %y = arith.shrsi %v, %k : i64
    %low = arith.maxsi %y, %lo : i64
    %high = arith.minsi %low, %hi : i64
    %byte = arith.trunci %high : i64 to i8
    linalg.yield %byte : i8
  } -> tensor<4x8xi8>
  return %z : tensor<4x8xi8>
}

// -----

#same = affine_map<(d0, d1) -> (d0, d1)>
#channel = affine_map<(d0, d1) -> (d1)>

// A multiplier of two bits: the product is a word.
// CHECK-LABEL: func.func @many_ties(
// CHECK: func.func private @qbias_kernel_0(
// CHECK-NOT: vector<4xi64>
// CHECK: %[[ABOVE:.*]] = arith.maxsi %{{.*}}, %{{.*}} : vector<8xi32>
// CHECK-NEXT: %[[SUM:.*]] = arith.minsi %[[ABOVE]], %{{.*}} : vector<8xi32>
// CHECK-NEXT: %[[P:.*]] = arith.muli %[[SUM]], %{{.*}} : vector<8xi32>
// CHECK-NEXT: %[[R:.*]] = arith.addi %[[P]], %{{.*}} : vector<8xi32>
// CHECK-NEXT: %[[BELOW:.*]] = arith.shrsi %[[R]], %[[SHIFT:.*]] : vector<8xi32>
// CHECK-NEXT: %[[ODD:.*]] = arith.andi %[[BELOW]], %{{.*}} : vector<8xi32>
// CHECK-NEXT: %[[EVEN:.*]] = arith.addi %[[R]], %[[ODD]] : vector<8xi32>
// CHECK-NEXT: %[[Y:.*]] = arith.shrsi %[[EVEN]], %[[SHIFT]] : vector<8xi32>
// CHECK-NOT: vector<4xi64>
func.func @many_ties(%x: tensor<4x8xi8>) -> tensor<4x8xi8> {
  %w = arith.constant dense<103> : tensor<8x8xi8>
  %ms = arith.constant dense<1610612736> : tensor<8xi64>
  %ks = arith.constant dense<52> : tensor<8xi64>
  %rs = arith.constant dense<536870912> : tensor<8xi64>
  %zero = arith.constant 0 : i32
  %one = arith.constant 1 : i64
  %lo = arith.constant -128 : i64
  %hi = arith.constant 127 : i64
  %sums = tensor.empty() : tensor<4x8xi32>
  %bytes = tensor.empty() : tensor<4x8xi8>
  %init = linalg.fill ins(%zero : i32) outs(%sums : tensor<4x8xi32>) -> tensor<4x8xi32>
  %acc = linalg.matmul {qbias.plan = "pair16"} ins(%x, %w : tensor<4x8xi8>, tensor<8x8xi8>) outs(%init : tensor<4x8xi32>) -> tensor<4x8xi32>
  %z = linalg.generic {indexing_maps = [#same, #channel, #channel, #channel, #same], iterator_types = ["parallel", "parallel"]}
      ins(%acc, %ms, %ks, %rs : tensor<4x8xi32>, tensor<8xi64>, tensor<8xi64>, tensor<8xi64>) outs(%bytes : tensor<4x8xi8>) {
  ^bb0(%a: i32, %m: i64, %k: i64, %r: i64, %out: i8):
    %wide = arith.extsi %a : i32 to i64
    %product = arith.muli %wide, %m : i64
    %v = arith.addi %product, %r : i64
    %below = arith.shrsi %v, %k : i64
    %odd = arith.andi %below, %one : i64
    %less = arith.subi %k, %one : i64
    %half = arith.shli %one, %less : i64
    %most = arith.subi %half, %one : i64
    %rounded = arith.addi %v, %most : i64
    %tied = arith.addi %rounded, %odd : i64
    %y = arith.shrsi %tied, %k : i64
    %low = arith.maxsi %y, %lo : i64
    %high = arith.minsi %low, %hi : i64
    %byte = arith.trunci %high : i64 to i8
    linalg.yield %byte : i8
  } -> tensor<4x8xi8>
  return %z : tensor<4x8xi8>
}

// -----

#same = affine_map<(d0, d1) -> (d0, d1)>
#channel = affine_map<(d0, d1) -> (d1)>

// Ties beside a multiplier of 31 bits: the parity of the upper word, where a channel needs it:
// not channel 1, which is third in a join.
// CHECK-LABEL: func.func @ties_beside_many_bits(
// CHECK: arith.constant dense<[1, 1, 0, 1, 1, 1, 1, 1]> : tensor<8xi32>
// CHECK: func.func private @qbias_kernel_0(
// CHECK: %[[UPPER:.*]] = vector.shuffle %{{.*}}, %{{.*}} [1, 3, 9, 11, 5, 7, 13, 15] : vector<8xi32>, vector<8xi32>
// CHECK-NEXT: %[[BELOW:.*]] = arith.shrsi %[[UPPER]], %[[SHIFT:.*]] : vector<8xi32>
// CHECK-NEXT: %[[ODD:.*]] = arith.andi %[[BELOW]], %{{.*}} : vector<8xi32>
// CHECK-NEXT: %[[EVEN:.*]] = arith.addi %[[UPPER]], %[[ODD]] : vector<8xi32>
// CHECK-NEXT: %[[Y:.*]] = arith.shrsi %[[EVEN]], %[[SHIFT]] : vector<8xi32>
func.func @ties_beside_many_bits(%x: tensor<4x8xi8>) -> tensor<4x8xi8> {
  %w = arith.constant dense<103> : tensor<8x8xi8>
  %ms = arith.constant dense<[1073741824, 2000000011, 1073741824, 1073741824, 1073741824, 1073741824, 1073741824, 1073741824]> : tensor<8xi64>
  %ks = arith.constant dense<40> : tensor<8xi64>
  %rs = arith.constant dense<0> : tensor<8xi64>
  %zero = arith.constant 0 : i32
  %one = arith.constant 1 : i64
  %lo = arith.constant -128 : i64
  %hi = arith.constant 127 : i64
  %sums = tensor.empty() : tensor<4x8xi32>
  %bytes = tensor.empty() : tensor<4x8xi8>
  %init = linalg.fill ins(%zero : i32) outs(%sums : tensor<4x8xi32>) -> tensor<4x8xi32>
  %acc = linalg.matmul {qbias.plan = "pair16"} ins(%x, %w : tensor<4x8xi8>, tensor<8x8xi8>) outs(%init : tensor<4x8xi32>) -> tensor<4x8xi32>
  %z = linalg.generic {indexing_maps = [#same, #channel, #channel, #channel, #same], iterator_types = ["parallel", "parallel"]}
      ins(%acc, %ms, %ks, %rs : tensor<4x8xi32>, tensor<8xi64>, tensor<8xi64>, tensor<8xi64>) outs(%bytes : tensor<4x8xi8>) {
  ^bb0(%a: i32, %m: i64, %k: i64, %r: i64, %out: i8):
    %wide = arith.extsi %a : i32 to i64
    %product = arith.muli %wide, %m : i64
    %v = arith.addi %product, %r : i64
    %below = arith.shrsi %v, %k : i64
    %odd = arith.andi %below, %one : i64
    %less = arith.subi %k, %one : i64
    %half = arith.shli %one, %less : i64
    %most = arith.subi %half, %one : i64
    %rounded = arith.addi %v, %most : i64
    %tied = arith.addi %rounded, %odd : i64
    %y = arith.shrsi %tied, %k : i64
    %low = arith.maxsi %y, %lo : i64
    %high = arith.minsi %low, %hi : i64
    %byte = arith.trunci %high : i64 to i8
    linalg.yield %byte : i8
  } -> tensor<4x8xi8>
  return %z : tensor<4x8xi8>
}
