// A transposed convolution becomes a convolution of the input with zeros between
// its elements, with the kernel turned around.
// RUN: qbias-opt %s --verify-roundtrip | FileCheck %s --check-prefix=REAL
// RUN: qbias-opt %s --qbias-integerize | FileCheck %s
// RUN: qbias-opt %s --qbias-check-rewrite="pipeline=qbias-integerize seeds=8" -o /dev/null

!act = !quant.uniform<i8:f32, 0.5:3>
!weight = !quant.uniform<i8:f32, 0.25>

// REAL: qbias.conv_transpose2d %{{.*}}, %{{.*}} {output_pads = array<i64: 1, 0>, strides = array<i64: 2, 2>}

// CHECK-LABEL: func.func @upsample
// CHECK: %[[X:.*]] = qbias.int.pad %{{.*}} low [0, 0, 0, 0] high [0, 0, 0, 0] interior [0, 1, 1, 0] value 3
// CHECK: qbias.int.conv2d %[[X]], %{{.*}} {{.*}}pads = array<i64: 1, 1, 2, 1>
func.func @upsample(%q: tensor<1x2x2x1x!act>) -> tensor<1x5x4x1x!act> {
  %x = qbias.dequantize %q : tensor<1x2x2x1x!act> -> tensor<1x2x2x1xf32>
  %c = arith.constant dense<[[[[1], [2]], [[3], [4]]]]> : tensor<1x2x2x1xi8>
  %s = quant.scast %c : tensor<1x2x2x1xi8> to tensor<1x2x2x1x!weight>
  %w = qbias.dequantize %s : tensor<1x2x2x1x!weight> -> tensor<1x2x2x1xf32>
  %y = qbias.conv_transpose2d %x, %w {strides = array<i64: 2, 2>, output_pads = array<i64: 1, 0>} : (tensor<1x2x2x1xf32>, tensor<1x2x2x1xf32>) -> tensor<1x5x4x1xf32>
  %r = qbias.quantize %y : tensor<1x5x4x1xf32> -> tensor<1x5x4x1x!act>
  return %r : tensor<1x5x4x1x!act>
}
