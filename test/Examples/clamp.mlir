// ReLU6 between two quantizes of one type becomes a clamp before the first:
// quantize is monotone, so limiting reals and limiting integers is the same.
// RUN: qbias-opt %s --verify-roundtrip | FileCheck %s --check-prefix=REAL
// RUN: qbias-opt %s --qbias-integerize | FileCheck %s

!in = !quant.uniform<i8:f32, 0.5>
!out = !quant.uniform<i8:f32, 0.0625:-128>

// REAL-LABEL: func.func @relu6
// REAL: qbias.clamp %{{.*}} lo 0.000000e+00 hi 6.000000e+00 : tensor<1x8xf32>

// CHECK-DAG: #qbias.requant<mode = exact, form = table, lo = -128, hi = -32>
// CHECK-DAG: #qbias.reference<operands = [5.000000e-01], steps = [#qbias.clamp<lo = 0.000000e+00 : f64, hi = 6.000000e+00 : f64>], result =
// CHECK-LABEL: func.func @relu6
// CHECK: qbias.int.lookup
func.func @relu6(%q: tensor<1x8x!in>) -> tensor<1x8x!out> {
  %x = qbias.dequantize %q : tensor<1x8x!in> -> tensor<1x8xf32>
  %inner = qbias.quantize %x : tensor<1x8xf32> -> tensor<1x8x!out> loc("inner")
  %real = qbias.dequantize %inner : tensor<1x8x!out> -> tensor<1x8xf32>
  %limited = qbias.clamp %real lo 0.0 hi 6.0 : tensor<1x8xf32>
  %y = qbias.quantize %limited : tensor<1x8xf32> -> tensor<1x8x!out> loc("y")
  return %y : tensor<1x8x!out>
}
