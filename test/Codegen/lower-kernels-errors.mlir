// RUN: qbias-opt %s --split-input-file --verify-diagnostics --qbias-lower-kernels="cpu=x86-64-v3"

// Plans are claims: each of these was written by hand.

func.func @target_cannot(%x: tensor<1x4xi8>) -> tensor<1x2xi32> {
  %w = arith.constant dense<1> : tensor<4x2xi8>
  %zero = arith.constant 0 : i32
  %e = tensor.empty() : tensor<1x2xi32>
  %init = linalg.fill ins(%zero : i32) outs(%e : tensor<1x2xi32>) -> tensor<1x2xi32>
  // expected-error@+1 {{plan 'dot8' of layer 'linalg.matmul' is not proven: needs sums of four 8-bit products (vpdpbusd, sdot), which target 'avx2' does not have}}
  %acc = linalg.matmul {qbias.plan = "dot8"} ins(%x, %w : tensor<1x4xi8>, tensor<4x2xi8>) outs(%init : tensor<1x2xi32>) -> tensor<1x2xi32>
  %o = tensor.empty() : tensor<1x2xi32>
  %y = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      ins(%acc : tensor<1x2xi32>) outs(%o : tensor<1x2xi32>) {
  ^bb0(%a: i32, %out: i32):
    linalg.yield %a : i32
  } -> tensor<1x2xi32>
  return %y : tensor<1x2xi32>
}

// -----

func.func @weights_are_unknown(%x: tensor<1x4xi8>, %w: tensor<4x2xi8>, %init: tensor<1x2xi32>) -> tensor<1x2xi32> {
  // expected-error@+1 {{plan 'pair16' of layer 'linalg.matmul' is not proven: weights are not constant}}
  %acc = linalg.matmul {qbias.plan = "pair16"} ins(%x, %w : tensor<1x4xi8>, tensor<4x2xi8>) outs(%init : tensor<1x2xi32>) -> tensor<1x2xi32>
  return %acc : tensor<1x2xi32>
}

// -----

func.func @operands_are_wide(%x: tensor<1x4xi32>, %init: tensor<1x2xi32>) -> tensor<1x2xi32> {
  %w = arith.constant dense<1> : tensor<4x2xi16>
  // expected-error@+1 {{plan 'pair16' of layer 'linalg.matmul' is not proven: operands are not 8 or 16 bits wide}}
  %acc = linalg.matmul {qbias.plan = "pair16"} ins(%x, %w : tensor<1x4xi32>, tensor<4x2xi16>) outs(%init : tensor<1x2xi32>) -> tensor<1x2xi32>
  return %acc : tensor<1x2xi32>
}

// -----

func.func @no_such_plan(%x: tensor<1x4xi8>) -> tensor<1x2xi32> {
  %w = arith.constant dense<1> : tensor<4x2xi8>
  %zero = arith.constant 0 : i32
  %e = tensor.empty() : tensor<1x2xi32>
  %init = linalg.fill ins(%zero : i32) outs(%e : tensor<1x2xi32>) -> tensor<1x2xi32>
  // expected-error@+1 {{unknown plan 'magic', expected reference, tile8, mmla8, dot8, pair8, pair16, pair16w8, winograd4, winograd4w8}}
  %acc = linalg.matmul {qbias.plan = "magic"} ins(%x, %w : tensor<1x4xi8>, tensor<4x2xi8>) outs(%init : tensor<1x2xi32>) -> tensor<1x2xi32>
  %o = tensor.empty() : tensor<1x2xi32>
  %y = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      ins(%acc : tensor<1x2xi32>) outs(%o : tensor<1x2xi32>) {
  ^bb0(%a: i32, %out: i32):
    linalg.yield %a : i32
  } -> tensor<1x2xi32>
  return %y : tensor<1x2xi32>
}

// -----

// 128 * 9 * 230 * 127 is more than 2^25: modulo 2^32 its 64th multiple is not known.
func.func @sums_are_too_large(%x: tensor<1x6x6x230xi8>, %e: tensor<1x4x4x1xi32>) -> tensor<1x4x4x1xi32> {
  %w = arith.constant dense<127> : tensor<3x3x230x1xi8>
  %zero = arith.constant 0 : i32
  %init = linalg.fill ins(%zero : i32) outs(%e : tensor<1x4x4x1xi32>) -> tensor<1x4x4x1xi32>
  // expected-error@+1 {{plan 'winograd4' of layer 'linalg.conv_2d_nhwc_hwcf' is not proven: a sum can reach 33649920, expected less than 2^25}}
  %acc = linalg.conv_2d_nhwc_hwcf {qbias.plan = "winograd4", dilations = dense<1> : tensor<2xi64>, strides = dense<1> : tensor<2xi64>}
      ins(%x, %w : tensor<1x6x6x230xi8>, tensor<3x3x230x1xi8>) outs(%init : tensor<1x4x4x1xi32>) -> tensor<1x4x4x1xi32>
  %y = linalg.generic {indexing_maps = [affine_map<(n, h, w, c) -> (n, h, w, c)>, affine_map<(n, h, w, c) -> (n, h, w, c)>], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%acc : tensor<1x4x4x1xi32>) outs(%e : tensor<1x4x4x1xi32>) {
  ^bb0(%a: i32, %out: i32):
    linalg.yield %a : i32
  } -> tensor<1x4x4x1xi32>
  return %y : tensor<1x4x4x1xi32>
}

// -----

// The same of filters that are transformed when they are read.
func.func @sums_are_too_large_for_bytes(%x: tensor<1x6x6x230xi8>, %e: tensor<1x4x4x1xi32>) -> tensor<1x4x4x1xi32> {
  %w = arith.constant dense<127> : tensor<3x3x230x1xi8>
  %zero = arith.constant 0 : i32
  %init = linalg.fill ins(%zero : i32) outs(%e : tensor<1x4x4x1xi32>) -> tensor<1x4x4x1xi32>
  // expected-error@+1 {{plan 'winograd4w8' of layer 'linalg.conv_2d_nhwc_hwcf' is not proven: a sum can reach 33649920, expected less than 2^25}}
  %acc = linalg.conv_2d_nhwc_hwcf {qbias.plan = "winograd4w8", dilations = dense<1> : tensor<2xi64>, strides = dense<1> : tensor<2xi64>}
      ins(%x, %w : tensor<1x6x6x230xi8>, tensor<3x3x230x1xi8>) outs(%init : tensor<1x4x4x1xi32>) -> tensor<1x4x4x1xi32>
  %y = linalg.generic {indexing_maps = [affine_map<(n, h, w, c) -> (n, h, w, c)>, affine_map<(n, h, w, c) -> (n, h, w, c)>], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%acc : tensor<1x4x4x1xi32>) outs(%e : tensor<1x4x4x1xi32>) {
  ^bb0(%a: i32, %out: i32):
    linalg.yield %a : i32
  } -> tensor<1x4x4x1xi32>
  return %y : tensor<1x4x4x1xi32>
}

// -----

func.func @strides(%x: tensor<1x7x7x2xi8>, %e: tensor<1x3x3x1xi32>) -> tensor<1x3x3x1xi32> {
  %w = arith.constant dense<1> : tensor<3x3x2x1xi8>
  %zero = arith.constant 0 : i32
  %init = linalg.fill ins(%zero : i32) outs(%e : tensor<1x3x3x1xi32>) -> tensor<1x3x3x1xi32>
  // expected-error@+1 {{plan 'winograd4' of layer 'linalg.conv_2d_nhwc_hwcf' is not proven: has strides or dilations}}
  %acc = linalg.conv_2d_nhwc_hwcf {qbias.plan = "winograd4", dilations = dense<1> : tensor<2xi64>, strides = dense<2> : tensor<2xi64>}
      ins(%x, %w : tensor<1x7x7x2xi8>, tensor<3x3x2x1xi8>) outs(%init : tensor<1x3x3x1xi32>) -> tensor<1x3x3x1xi32>
  %y = linalg.generic {indexing_maps = [affine_map<(n, h, w, c) -> (n, h, w, c)>, affine_map<(n, h, w, c) -> (n, h, w, c)>], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%acc : tensor<1x3x3x1xi32>) outs(%e : tensor<1x3x3x1xi32>) {
  ^bb0(%a: i32, %out: i32):
    linalg.yield %a : i32
  } -> tensor<1x3x3x1xi32>
  return %y : tensor<1x3x3x1xi32>
}

// -----

func.func @extents_are_dynamic(%x: tensor<?x4xi8>, %init: tensor<?x2xi32>) -> tensor<?x2xi32> {
  %w = arith.constant dense<1> : tensor<4x2xi8>
  // expected-error@+1 {{plan 'pair16' of layer 'linalg.matmul' is not proven: extents are not static}}
  %acc = linalg.matmul {qbias.plan = "pair16"} ins(%x, %w : tensor<?x4xi8>, tensor<4x2xi8>) outs(%init : tensor<?x2xi32>) -> tensor<?x2xi32>
  return %acc : tensor<?x2xi32>
}

// -----

func.func @unsigned_products(%x: tensor<1x4xi8>, %init: tensor<1x2xi32>) -> tensor<1x2xi32> {
  %w = arith.constant dense<1> : tensor<4x2xi8>
  // expected-error@+1 {{plan 'pair16' of layer 'linalg.matmul' is not proven: matrix product of unsigned integers}}
  %acc = linalg.matmul {qbias.plan = "pair16", cast = #linalg.type_fn<cast_unsigned>} ins(%x, %w : tensor<1x4xi8>, tensor<4x2xi8>) outs(%init : tensor<1x2xi32>) -> tensor<1x2xi32>
  return %acc : tensor<1x2xi32>
}

// -----

// A bias per row, not per channel.
func.func @bias_of_rows(%x: tensor<2x4xi8>) -> tensor<2x2xi32> {
  %w = arith.constant dense<1> : tensor<4x2xi8>
  %b = arith.constant dense<[5, 6]> : tensor<2xi32>
  %e = tensor.empty() : tensor<2x2xi32>
  %init = linalg.broadcast ins(%b : tensor<2xi32>) outs(%e : tensor<2x2xi32>) dimensions = [1]
  // expected-error@+1 {{plan 'pair16' of layer 'linalg.matmul' is not proven: bias is no constant per channel}}
  %acc = linalg.matmul {qbias.plan = "pair16"} ins(%x, %w : tensor<2x4xi8>, tensor<4x2xi8>) outs(%init : tensor<2x2xi32>) -> tensor<2x2xi32>
  %y = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      ins(%acc : tensor<2x2xi32>) outs(%e : tensor<2x2xi32>) {
  ^bb0(%a: i32, %out: i32):
    linalg.yield %a : i32
  } -> tensor<2x2xi32>
  return %y : tensor<2x2xi32>
}

// -----

// 255 * (65 + 64) is 32895: vpmaddubsw would make it 32767.
func.func @pairs_saturate(%x: tensor<1x4xi8>, %e: tensor<1x2xi32>) -> tensor<1x2xi32> {
  %w = arith.constant dense<[[65, 0], [64, 0], [0, 0], [0, 0]]> : tensor<4x2xi8>
  %zero = arith.constant 0 : i32
  %init = linalg.fill ins(%zero : i32) outs(%e : tensor<1x2xi32>) -> tensor<1x2xi32>
  // expected-error@+1 {{plan 'pair8' of layer 'linalg.matmul' is not proven: a pair of products can leave 16 bits with inputs of -128 .. 127}}
  %acc = linalg.matmul {qbias.plan = "pair8"} ins(%x, %w : tensor<1x4xi8>, tensor<4x2xi8>) outs(%init : tensor<1x2xi32>) -> tensor<1x2xi32>
  %y = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      ins(%acc : tensor<1x2xi32>) outs(%e : tensor<1x2xi32>) {
  ^bb0(%a: i32, %out: i32):
    linalg.yield %a : i32
  } -> tensor<1x2xi32>
  return %y : tensor<1x2xi32>
}

// -----

// No sums of four 8-bit products of 16-bit inputs.
func.func @inputs_are_wide_for_bytes(%x: tensor<1x4xi16>, %e: tensor<1x2xi32>) -> tensor<1x2xi32> {
  %w = arith.constant dense<1> : tensor<4x2xi8>
  %zero = arith.constant 0 : i32
  %init = linalg.fill ins(%zero : i32) outs(%e : tensor<1x2xi32>) -> tensor<1x2xi32>
  // expected-error@+1 {{plan 'pair8' of layer 'linalg.matmul' is not proven: operands are not 8 bits wide}}
  %acc = linalg.matmul {qbias.plan = "pair8"} ins(%x, %w : tensor<1x4xi16>, tensor<4x2xi8>) outs(%init : tensor<1x2xi32>) -> tensor<1x2xi32>
  %y = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      ins(%acc : tensor<1x2xi32>) outs(%e : tensor<1x2xi32>) {
  ^bb0(%a: i32, %out: i32):
    linalg.yield %a : i32
  } -> tensor<1x2xi32>
  return %y : tensor<1x2xi32>
}

// -----

// 200 does not fit 8 bits.
func.func @weights_are_wide(%x: tensor<1x4xi8>, %e: tensor<1x2xi32>) -> tensor<1x2xi32> {
  %w = arith.constant dense<200> : tensor<4x2xi16>
  %zero = arith.constant 0 : i32
  %init = linalg.fill ins(%zero : i32) outs(%e : tensor<1x2xi32>) -> tensor<1x2xi32>
  // expected-error@+1 {{plan 'pair16w8' of layer 'linalg.matmul' is not proven: weights are not 8 bits wide}}
  %acc = linalg.matmul {qbias.plan = "pair16w8"} ins(%x, %w : tensor<1x4xi8>, tensor<4x2xi16>) outs(%init : tensor<1x2xi32>) -> tensor<1x2xi32>
  %y = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      ins(%acc : tensor<1x2xi32>) outs(%e : tensor<1x2xi32>) {
  ^bb0(%a: i32, %out: i32):
    linalg.yield %a : i32
  } -> tensor<1x2xi32>
  return %y : tensor<1x2xi32>
}

// -----

// vpmaddubsw adds up in 32 bits.
func.func @sums_are_wide(%x: tensor<1x4xi8>, %e: tensor<1x2xi64>) -> tensor<1x2xi64> {
  %w = arith.constant dense<1> : tensor<4x2xi8>
  %zero = arith.constant 0 : i64
  %init = linalg.fill ins(%zero : i64) outs(%e : tensor<1x2xi64>) -> tensor<1x2xi64>
  // expected-error@+1 {{plan 'pair8' of layer 'linalg.matmul' is not proven: needs sums of 32 bits}}
  %acc = linalg.matmul {qbias.plan = "pair8"} ins(%x, %w : tensor<1x4xi8>, tensor<4x2xi8>) outs(%init : tensor<1x2xi64>) -> tensor<1x2xi64>
  %y = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      ins(%acc : tensor<1x2xi64>) outs(%e : tensor<1x2xi64>) {
  ^bb0(%a: i64, %out: i64):
    linalg.yield %a : i64
  } -> tensor<1x2xi64>
  return %y : tensor<1x2xi64>
}

// -----

// 2 * 2^15 * 2^15 is one more than 31 bits hold.
func.func @steps_are_wide(%x: tensor<1x4xi16>, %e: tensor<1x2xi64>) -> tensor<1x2xi64> {
  %w = arith.constant dense<-32768> : tensor<4x2xi16>
  %zero = arith.constant 0 : i64
  %init = linalg.fill ins(%zero : i64) outs(%e : tensor<1x2xi64>) -> tensor<1x2xi64>
  // expected-error@+1 {{plan 'pair16' of layer 'linalg.matmul' is not proven: products of one step can leave 32 bits}}
  %acc = linalg.matmul {qbias.plan = "pair16"} ins(%x, %w : tensor<1x4xi16>, tensor<4x2xi16>) outs(%init : tensor<1x2xi64>) -> tensor<1x2xi64>
  %y = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      ins(%acc : tensor<1x2xi64>) outs(%e : tensor<1x2xi64>) {
  ^bb0(%a: i64, %out: i64):
    linalg.yield %a : i64
  } -> tensor<1x2xi64>
  return %y : tensor<1x2xi64>
}

// -----

func.func @target_has_no_matrices(%x: tensor<1x4xi8>) -> tensor<1x2xi32> {
  %w = arith.constant dense<1> : tensor<4x2xi8>
  %zero = arith.constant 0 : i32
  %e = tensor.empty() : tensor<1x2xi32>
  %init = linalg.fill ins(%zero : i32) outs(%e : tensor<1x2xi32>) -> tensor<1x2xi32>
  // expected-error@+1 {{plan 'mmla8' of layer 'linalg.matmul' is not proven: needs smmla, which target 'avx2' does not have}}
  %acc = linalg.matmul {qbias.plan = "mmla8"} ins(%x, %w : tensor<1x4xi8>, tensor<4x2xi8>) outs(%init : tensor<1x2xi32>) -> tensor<1x2xi32>
  %o = tensor.empty() : tensor<1x2xi32>
  %y = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      ins(%acc : tensor<1x2xi32>) outs(%o : tensor<1x2xi32>) {
  ^bb0(%a: i32, %out: i32):
    linalg.yield %a : i32
  } -> tensor<1x2xi32>
  return %y : tensor<1x2xi32>
}

// -----

func.func @target_has_no_tiles(%x: tensor<1x4xi8>) -> tensor<1x2xi32> {
  %w = arith.constant dense<1> : tensor<4x2xi8>
  %zero = arith.constant 0 : i32
  %e = tensor.empty() : tensor<1x2xi32>
  %init = linalg.fill ins(%zero : i32) outs(%e : tensor<1x2xi32>) -> tensor<1x2xi32>
  // expected-error@+1 {{plan 'tile8' of layer 'linalg.matmul' is not proven: needs tdpbssd, which target 'avx2' does not have}}
  %acc = linalg.matmul {qbias.plan = "tile8"} ins(%x, %w : tensor<1x4xi8>, tensor<4x2xi8>) outs(%init : tensor<1x2xi32>) -> tensor<1x2xi32>
  %o = tensor.empty() : tensor<1x2xi32>
  %y = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      ins(%acc : tensor<1x2xi32>) outs(%o : tensor<1x2xi32>) {
  ^bb0(%a: i32, %out: i32):
    linalg.yield %a : i32
  } -> tensor<1x2xi32>
  return %y : tensor<1x2xi32>
}

// -----

// Plans on operations that have none: other operations, and layers that write to buffers.
func.func @constant() -> i8 {
  // expected-error@+1 {{plan 'pool' of 'arith.constant', expected it on a convolution, matrix product or max pool of tensors; remove the attribute}}
  %0 = arith.constant {qbias.plan = "pool"} 3 : i8
  return %0 : i8
}

// -----

func.func @store(%x: memref<4xi8>, %v: i8) {
  %c0 = arith.constant 0 : index
  // expected-error@+1 {{plan 'dot8' of 'memref.store', expected it on a convolution, matrix product or max pool of tensors; remove the attribute}}
  memref.store %v, %x[%c0] {qbias.plan = "dot8"} : memref<4xi8>
  return
}

// -----

func.func @pool(%x: memref<1x4x4x8xi8>, %w: memref<2x2xi8>, %y: memref<1x3x3x8xi8>) {
  // expected-error@+1 {{plan 'pool' of 'linalg.pooling_nhwc_max', expected it on a convolution, matrix product or max pool of tensors; remove the attribute}}
  linalg.pooling_nhwc_max {qbias.plan = "pool"} ins(%x, %w : memref<1x4x4x8xi8>, memref<2x2xi8>) outs(%y : memref<1x3x3x8xi8>)
  return
}

// -----

func.func @product(%x: memref<4x4xi8>, %w: memref<4x4xi8>, %y: memref<4x4xi32>) {
  // expected-error@+1 {{plan 'dot8' of 'linalg.matmul', expected it on a convolution, matrix product or max pool of tensors; remove the attribute}}
  linalg.matmul {qbias.plan = "dot8"} ins(%x, %w : memref<4x4xi8>, memref<4x4xi8>) outs(%y : memref<4x4xi32>)
  return
}

// -----

func.func @pool(%x: tensor<1x4x4x8xi8>, %y: tensor<1x3x3x8xi8>) -> tensor<1x3x3x8xi8> {
  %w = tensor.empty() : tensor<2x2xi8>
  // expected-error@+1 {{plan 'pool' of layer 'linalg.pooling_nhwc_max' is not proven: a max pool of 8 or 16 bits and known extents takes pool or reference; let --qbias-plan-kernels choose the plan}}
  %0 = linalg.pooling_nhwc_max {qbias.plan = "pool"} ins(%x, %w : tensor<1x4x4x8xi8>, tensor<2x2xi8>) outs(%y : tensor<1x3x3x8xi8>) -> tensor<1x3x3x8xi8>
  return %0 : tensor<1x3x3x8xi8>
}
