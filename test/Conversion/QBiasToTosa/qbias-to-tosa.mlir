// Ends, movement and a convolution in TOSA. That the integers are right is tested by running:
// test/Integration/tosa.test.
// RUN: qbias-opt %s --split-input-file --qbias-certify --convert-qbias-to-tosa 2>/dev/null | FileCheck %s
// RUN: qbias-opt %s --split-input-file --qbias-certify --convert-qbias-to-tosa 2>/dev/null \
// RUN:   | mlir-opt-22 --split-input-file --tosa-attach-target="specification_version=1.0 profiles=pro_int" \
// RUN:     --tosa-validate=strict-op-spec-alignment -o /dev/null
// RUN: qbias-opt %s --split-input-file --qbias-certify --convert-qbias-to-tosa 2>&1 >/dev/null | FileCheck %s --check-prefix=SAYS

!x = !quant.uniform<u8:f32, 0.5:3>

// The file's bits at both ends, 128 less inside; steps of a slice are a gather.
// CHECK-LABEL: func.func @movement(
// CHECK-SAME: %[[X:.*]]: tensor<3x3xi8>) -> tensor<21xi8> {
// CHECK: %[[M128:.*]] = "tosa.const"() <{values = dense<-128> : tensor<1xi8>}>
// CHECK: tosa.rescale %[[X]], %{{.*}}, %{{.*}}, %[[M128]], %{{.*}} {input_unsigned = true,
// CHECK: %[[FIVE:.*]] = "tosa.const"() <{values = dense<-123> : tensor<1xi8>}>
// CHECK: tosa.pad %{{.*}}, %{{.*}}, %[[FIVE]]
// CHECK: tosa.transpose %{{.*}} {perms = array<i32: 1, 0>}
// CHECK: %[[ROWS:.*]] = "tosa.const"() <{values = dense<{{\[\[}}0, 2]]> : tensor<1x2xi32>}>
// CHECK: tosa.gather %{{.*}}, %[[ROWS]]
// CHECK: tosa.concat %{{.*}} {axis = 0 : i32}
// CHECK: tosa.rescale {{.*}} output_unsigned = true
func.func @movement(%q: tensor<3x3xui8> {qbias.type = !x}) -> (tensor<21xui8> {qbias.type = !x}) {
  %0 = qbias.int.pad %q low [0, 1] high [0, 1] value 5 : tensor<3x3xui8> -> tensor<3x5xui8>
  %1 = qbias.transpose %0 [1, 0] : tensor<3x5xui8> -> tensor<5x3xui8>
  %2 = tensor.extract_slice %1[0, 0] [2, 3] [2, 1] : tensor<5x3xui8> to tensor<2x3xui8>
  %3 = tensor.concat dim(0) %2, %1 : (tensor<2x3xui8>, tensor<5x3xui8>) -> tensor<7x3xui8>
  %4 = tensor.collapse_shape %3 [[0, 1]] : tensor<7x3xui8> into tensor<21xui8>
  return %4 : tensor<21xui8>
}

// -----

!in = !quant.uniform<u8:f32, 0.5:3>
!out = !quant.uniform<i8:f32, 1.0:-1>

// Eighths and sixteenths of sums, plus 0.005 and 0.0015 that the integer biases leave over: what would be ties
// goes up, as SINGLE_ROUND does, so mode exact keeps its multipliers and nothing is said.
// SAYS-NOT: 'conv'
// CHECK-LABEL: func.func @exact_with_a_residue(
// CHECK: %[[ACC:.*]] = tosa.conv2d %{{.*}} {acc_type = i32, dilation = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>}
// CHECK-DAG: %[[M:.*]] = "tosa.const"() <{values = dense<1073741824> : tensor<2xi32>}>
// CHECK-DAG: %[[K:.*]] = "tosa.const"() <{values = dense<[33, 34]> : tensor<2xi8>}>
// CHECK-DAG: %[[Z:.*]] = "tosa.const"() <{values = dense<-1> : tensor<1xi8>}>
// CHECK: %[[Y:.*]] = tosa.rescale %[[ACC]], %[[M]], %[[K]], %{{.*}}, %[[Z]] {{.*}}per_channel = true, rounding_mode = SINGLE_ROUND
// CHECK: tosa.clamp %[[Y]] {max_val = 127 : i8, min_val = -1 : i8}
// CHECK-NOT: qbias
func.func @exact_with_a_residue(%x: tensor<1x4x4x2xui8> {qbias.name = "x", qbias.type = !in})
    -> (tensor<1x4x4x2xi8> {qbias.name = "y", qbias.type = !out}) {
  %w = arith.constant dense<[[[[1, -2]]], [[[3, 4]]]]> : tensor<2x1x1x2xi8>
  %b = arith.constant dense<[6, -7]> : tensor<2xi32>
  %y = qbias.int.conv2d %x, %w bias %b
      {input_zp = 3, bias_case = #qbias<bias_case float>,
       reference = #qbias.reference<operands = [0.5], weights = dense<[0.25, 0.125]> : tensor<2xf64>,
                                    bias = dense<[0.755, -0.436]> : tensor<2xf32>,
                                    steps = [#qbias.clamp<lo = 0.0 : f64>], result = !out>,
       requant = #qbias.requant<mode = exact, form = affine, multiplier = dense<1> : tensor<2xi64>,
           shift = dense<1> : tensor<2xi64>, rounding = dense<0> : tensor<2xi64>, lo = -1, hi = 127>,
       layer = #qbias.layer<name = "conv", op = "Conv", tensor = "y">}
      : (tensor<1x4x4x2xui8>, tensor<2x1x1x2xi8>, tensor<2xi32>) -> tensor<1x4x4x2xi8>
  return %y : tensor<1x4x4x2xi8>
}

// -----

!in = !quant.uniform<i8:f32, 1.0>
!out = !quant.uniform<i8:f32, 4.0>

// Quarters have ties, which single rounds up: 2, 10, 18, ... of the sums -128 .. 127. (-128 / 4 is -32: at
// -126, -118, ... 122 the even neighbour is the lower one.)
// SAYS: warning: layer 'ties', tensor 'y': its rounding constants have no form in TOSA, it becomes mode single; outputs of 1 of 1 channels can change, at 32 of 256 sums, by at most 1
// CHECK-LABEL: func.func @ties(
// CHECK: tosa.rescale {{.*}}rounding_mode = SINGLE_ROUND
func.func @ties(%x: tensor<4xi8> {qbias.type = !in}) -> (tensor<4xi8> {qbias.type = !out}) {
  %y = qbias.int.requantize %x
      {input_zp = 0, reference = #qbias.reference<operands = [1.0], result = !out>,
       requant = #qbias.requant<mode = exact, form = affine, multiplier = dense<1> : tensor<1xi64>,
           shift = dense<1> : tensor<1xi64>, rounding = dense<0> : tensor<1xi64>, lo = -128, hi = 127>,
       layer = #qbias.layer<name = "ties", op = "QuantizeLinear", tensor = "y">}
      : tensor<4xi8> -> tensor<4xi8>
  return %y : tensor<4xi8>
}
