// Integers at every stage: nothing to say.
// RUN: qbias-opt %s --qbias-integerize --qbias-verify-integer-only | FileCheck %s
// RUN: qbias-opt %s --qbias-integerize --qbias-to-linalg-pipeline --qbias-verify-integer-only -o /dev/null
// RUN: qbias-opt %s --qbias-integerize --qbias-to-linalg-pipeline --qbias-to-llvm-pipeline --qbias-verify-integer-only -o /dev/null

!x = !quant.uniform<u8:f32, 0.5:3>
!y = !quant.uniform<i8:f32, 0.25>

// Quantized types in attributes describe; they are not computed with.
// CHECK-LABEL: func.func @main(
// CHECK: qbias.int.lookup
func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = qbias.quantize %x : tensor<4xf32> -> tensor<4x!x>
  %1 = qbias.dequantize %0 : tensor<4x!x> -> tensor<4xf32>
  %2 = qbias.unary sigmoid %1 : tensor<4xf32>
  %3 = qbias.quantize %2 : tensor<4xf32> -> tensor<4x!y>
  %4 = qbias.dequantize %3 : tensor<4x!y> -> tensor<4xf32>
  return %4 : tensor<4xf32>
}
