// RUN: qbias-opt %s --split-input-file --verify-diagnostics --qbias-lower-kernels="cpu=x86-64-v3"

// Plans are claims: each of these was written by hand.

func.func @target_cannot(%x: tensor<1x4xi8>) -> tensor<1x2xi32> {
  %w = arith.constant dense<1> : tensor<4x2xi8>
  %zero = arith.constant 0 : i32
  %e = tensor.empty() : tensor<1x2xi32>
  %init = linalg.fill ins(%zero : i32) outs(%e : tensor<1x2xi32>) -> tensor<1x2xi32>
  // expected-error@+1 {{plan 'dot8' of layer 'linalg.matmul' is not proven: needs vpdpbusd on 64 bytes, which target 'avx2' does not have}}
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

func.func @operands_are_wide(%x: tensor<1x4xi16>, %init: tensor<1x2xi32>) -> tensor<1x2xi32> {
  %w = arith.constant dense<1> : tensor<4x2xi16>
  // expected-error@+1 {{plan 'pair16' of layer 'linalg.matmul' is not proven: operands are not 8 bits wide}}
  %acc = linalg.matmul {qbias.plan = "pair16"} ins(%x, %w : tensor<1x4xi16>, tensor<4x2xi16>) outs(%init : tensor<1x2xi32>) -> tensor<1x2xi32>
  return %acc : tensor<1x2xi32>
}

// -----

func.func @no_such_plan(%x: tensor<1x4xi8>) -> tensor<1x2xi32> {
  %w = arith.constant dense<1> : tensor<4x2xi8>
  %zero = arith.constant 0 : i32
  %e = tensor.empty() : tensor<1x2xi32>
  %init = linalg.fill ins(%zero : i32) outs(%e : tensor<1x2xi32>) -> tensor<1x2xi32>
  // expected-error@+1 {{unknown plan 'magic', expected reference, dot8 or pair16}}
  %acc = linalg.matmul {qbias.plan = "magic"} ins(%x, %w : tensor<1x4xi8>, tensor<4x2xi8>) outs(%init : tensor<1x2xi32>) -> tensor<1x2xi32>
  %o = tensor.empty() : tensor<1x2xi32>
  %y = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      ins(%acc : tensor<1x2xi32>) outs(%o : tensor<1x2xi32>) {
  ^bb0(%a: i32, %out: i32):
    linalg.yield %a : i32
  } -> tensor<1x2xi32>
  return %y : tensor<1x2xi32>
}
