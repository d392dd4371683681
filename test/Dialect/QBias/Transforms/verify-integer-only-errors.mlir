// RUN: qbias-opt %s --qbias-verify-integer-only --split-input-file --verify-diagnostics

// The operation and its layer are named.
// expected-error @unknown {{integer-only: operation 'arith.sitofp' of layer 'injected' has float type 'tensor<4xf32>': it has no integer form in this program}}
func.func @injected_float_operation(%x: tensor<4xi8>) -> tensor<4xi8> {
  %0 = arith.sitofp %x : tensor<4xi8> to tensor<4xf32> loc("injected")
  %1 = arith.fptosi %0 : tensor<4xf32> to tensor<4xi8>
  return %1 : tensor<4xi8>
}

// -----

// expected-error @unknown {{integer-only: operation 'qbias.quantize' of layer 'y' has float type 'tensor<4xf32>': its segment was not fused; run --qbias-fuse-requant}}
func.func @segment_that_was_not_fused(%x: tensor<4xf32>) -> tensor<4x!quant.uniform<i8:f32, 0.5>> {
  %0 = qbias.quantize %x : tensor<4xf32> -> tensor<4x!quant.uniform<i8:f32, 0.5>> loc("y")
  return %0 : tensor<4x!quant.uniform<i8:f32, 0.5>>
}

// -----

// expected-error @unknown {{integer-only: operation 'qbias.dequantize' of layer 'x' has float type}}
func.func @dequantize_for_a_float_operation(%q: tensor<4x!quant.uniform<i8:f32, 0.5>>) -> tensor<4xf32> {
  %0 = qbias.dequantize %q : tensor<4x!quant.uniform<i8:f32, 0.5>> -> tensor<4xf32> loc("x")
  return %0 : tensor<4xf32>
}

// -----

// expected-error @unknown {{integer-only: operation 'qbias.matmul' of layer 'fc' has float type 'tensor<1x2xf32>': its operands or its result are not quantized}}
func.func @float_layer(%x: tensor<1x2xf32>, %w: tensor<1x2xf32>) -> tensor<1x1xf32> {
  %0 = qbias.matmul %x, %w : (tensor<1x2xf32>, tensor<1x2xf32>) -> tensor<1x1xf32> loc("fc")
  return %0 : tensor<1x1xf32>
}

// -----

// A function without operations: its signature.
// expected-error @below {{integer-only: function 'float_signature' has a float argument or result: '(tensor<4xf32>) -> ()'}}
func.func @float_signature(%x: tensor<4xf32>) {
  return
}

// -----

// expected-error @below {{integer-only: function 'declared' has a float argument or result: '(f64) -> ()'}}
func.func private @declared(f64)

// -----

// Below linalg too: inside memrefs, loops, structs and globals.
func.func @float_in_a_loop_body(%x: memref<4xi8>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  // expected-error @below {{integer-only: operation 'arith.constant' of layer 'arith.constant' has float type 'bf16'}}
  %f = arith.constant 0.0 : bf16
  %r = scf.for %i = %c0 to %c4 step %c1 iter_args(%a = %f) -> bf16 {
    scf.yield %a : bf16
  }
  return
}

// -----

// expected-error @below {{integer-only: global has float type 'f32'}}
llvm.mlir.global internal constant @table(1.0 : f32) : f32

// -----

// expected-error @below {{integer-only: global has float type '!llvm.array<4 x f32>'}}
llvm.mlir.global internal constant @array(dense<1.0> : tensor<4xf32>) : !llvm.array<4 x f32>

// -----

llvm.func @float_in_llvm(%p: !llvm.ptr) {
  // expected-error @below {{integer-only: operation 'llvm.load' of layer 'llvm.load' has float type 'f32'}}
  %0 = llvm.load %p : !llvm.ptr -> f32
  llvm.store %0, %p : f32, !llvm.ptr
  llvm.return
}

// -----

!out = !quant.uniform<i8:f32, 1.0>

// Integers in and out, but float32 between them.
func.func @main(%x: tensor<4xi8>) -> tensor<4xi8> {
  // expected-error @+1 {{integer-only: layer 'rescale' requantizes in float32 (mode float)}}
  %y = qbias.int.requantize %x
      {input_zp = 0, reference = #qbias.reference<operands = [1.0], result = !out>,
       requant = #qbias.requant<mode = float, form = float, multiplier = dense<1.0> : tensor<1xf64>, lo = -128, hi = 127>,
       layer = #qbias.layer<name = "rescale", op = "QuantizeLinear">}
      : tensor<4xi8> -> tensor<4xi8>
  return %y : tensor<4xi8>
}
