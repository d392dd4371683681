// Real 0 is the integer 3 here. Below the integer family a ui8 is an i8 that
// holds 128 less, so linalg pads with -125.
// RUN: qbias-opt %s --verify-roundtrip | FileCheck %s
// RUN: qbias-opt %s --qbias-to-linalg-pipeline | FileCheck %s --check-prefix=LINALG

!act = !quant.uniform<u8:f32, 0.5:3>

// LINALG-LABEL: func.func @pad_zero
// LINALG: %[[FILL:.*]] = arith.constant -125 : i8
// LINALG: tensor.pad %{{.*}} low[0, 1, 1, 0] high[0, 1, 1, 0]
// LINALG: tensor.yield %[[FILL]] : i8

// CHECK-LABEL: func.func @pad_zero
// CHECK: qbias.int.pad %{{.*}} low [0, 1, 1, 0] high [0, 1, 1, 0] value 3 : tensor<1x8x8x4xui8> -> tensor<1x10x10x4xui8>
func.func @pad_zero(%x: tensor<1x8x8x4xui8> {qbias.type = !act}) -> (tensor<1x10x10x4xui8> {qbias.type = !act}) {
  %y = qbias.int.pad %x low [0, 1, 1, 0] high [0, 1, 1, 0] value 3 : tensor<1x8x8x4xui8> -> tensor<1x10x10x4xui8>
  return %y : tensor<1x10x10x4xui8>
}
