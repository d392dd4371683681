// A network in NCHW order around an elementwise operation: the transpose to
// NCHW moves down, the one back moves up, and they cancel.
// RUN: qbias-opt %s --verify-roundtrip | FileCheck %s --check-prefix=REAL
// RUN: qbias-opt %s --qbias-integerize | FileCheck %s

!act = !quant.uniform<i8:f32, 0.5>

// REAL-LABEL: func.func @layout
// REAL: qbias.transpose %{{.*}} [0, 3, 1, 2] : tensor<1x8x8x3x!quant{{.*}}> -> tensor<1x3x8x8x!quant
// REAL: qbias.transpose %{{.*}} [0, 2, 3, 1] : tensor<1x3x8x8xf32> -> tensor<1x8x8x3xf32>

// CHECK-LABEL: func.func @layout
// CHECK-NEXT: qbias.int.lookup %{{.*}} : tensor<1x8x8x3xi8> -> tensor<1x8x8x3xi8>
// CHECK-NEXT: return
func.func @layout(%q: tensor<1x8x8x3x!act>) -> tensor<1x8x8x3x!act> {
  %nchw = qbias.transpose %q [0, 3, 1, 2] : tensor<1x8x8x3x!act> -> tensor<1x3x8x8x!act>
  %x = qbias.dequantize %nchw : tensor<1x3x8x8x!act> -> tensor<1x3x8x8xf32>
  %a = qbias.unary abs %x : tensor<1x3x8x8xf32>
  %nhwc = qbias.transpose %a [0, 2, 3, 1] : tensor<1x3x8x8xf32> -> tensor<1x8x8x3xf32>
  %y = qbias.quantize %nhwc : tensor<1x8x8x3xf32> -> tensor<1x8x8x3x!act> loc("y")
  return %y : tensor<1x8x8x3x!act>
}
