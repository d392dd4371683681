// RUN: qbias-opt %s --qbias-lower-kernels="cpu=x86-64-v4 features=+avx512vnni" | FileCheck %s --check-prefixes=CHECK,ZMM
// RUN: qbias-opt %s --qbias-lower-kernels="cpu=x86-64-v3 features=+avxvnni" | FileCheck %s --check-prefixes=CHECK,YMM
// RUN: qbias-opt %s --qbias-lower-kernels="triple=aarch64-linux-gnu features=+dotprod" | FileCheck %s --check-prefixes=CHECK,SDOT

#same = affine_map<(d0, d1) -> (d0, d1)>

// The dot step of 8-bit operands is each machine's own. Inputs are moved by 128 where
// the instruction takes them without a sign; the bias then has -128 * 24 in it.
// CHECK-LABEL: func.func @layer(
// ZMM: arith.constant dense<-30720> : tensor<32xi32>
// YMM: arith.constant dense<-30720> : tensor<32xi32>
// SDOT: arith.constant dense<0> : tensor<32xi32>
// CHECK: func.func private @qbias_kernel_0(
// ZMM: arith.xori
// ZMM: llvm.call_intrinsic "llvm.x86.avx512.vpdpbusd.512"({{.*}}) : (vector<16xi32>, vector<64xi8>, vector<64xi8>)
// YMM: arith.xori
// YMM: llvm.call_intrinsic "llvm.x86.avx512.vpdpbusd.256"({{.*}}) : (vector<8xi32>, vector<32xi8>, vector<32xi8>)
// SDOT-NOT: arith.xori
// SDOT: llvm.call_intrinsic "llvm.aarch64.neon.sdot.v4i32.v16i8"({{.*}}) : (vector<4xi32>, vector<16xi8>, vector<16xi8>)
func.func @layer(%x: tensor<5x8xi8>) -> tensor<5x32xi32> {
  %w = arith.constant dense<30> : tensor<8x32xi8>
  %zero = arith.constant 0 : i32
  %e = tensor.empty() : tensor<5x32xi32>
  %init = linalg.fill ins(%zero : i32) outs(%e : tensor<5x32xi32>) -> tensor<5x32xi32>
  %acc = linalg.matmul {qbias.plan = "dot8"} ins(%x, %w : tensor<5x8xi8>, tensor<8x32xi8>) outs(%init : tensor<5x32xi32>) -> tensor<5x32xi32>
  %y = linalg.generic {indexing_maps = [#same, #same], iterator_types = ["parallel", "parallel"]}
      ins(%acc : tensor<5x32xi32>) outs(%e : tensor<5x32xi32>) {
  ^bb0(%a: i32, %out: i32):
    linalg.yield %a : i32
  } -> tensor<5x32xi32>
  return %y : tensor<5x32xi32>
}
