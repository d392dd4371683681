// A layer the mode has no formula for keeps mode exact: a remark for each, one warning for all.
//
// RUN: qbias-opt %s --qbias-certify --remark-format=emitRemark --remark-policy=all \
// RUN:   --remarks-filter=qbias-certify -o - 2>&1 | FileCheck %s
// RUN: qbias-opt %s --qbias-certify 2>&1 | FileCheck %s --check-prefix=QUIET

// CHECK: remark: {{.*}}[Analysis] kept-exact | Category:qbias-certify | {{.*}}Reason="mode single has no formula for this layer (a function or a tensor between its sum and its quantize)", asked=single
// CHECK: remark: {{.*}}[Passed] certificate | Category:qbias-certify | certified=1, channels=1, form=table, mode=exact
// CHECK: warning: layers that keep mode exact, because the mode asked for has no formula for them: 1 of 1; --remarks-filter=qbias-certify names them
// CHECK: #qbias.requant<mode = exact

// QUIET-NOT: remark:
// QUIET: warning: layers that keep mode exact
// QUIET-NOT: remark:

!out = !quant.uniform<i8:f32, 0.01>

func.func @main(%x: tensor<1x1x1x1xi8> {qbias.type = !out}) -> tensor<1x1x1x1xi8> {
  %w = arith.constant dense<1> : tensor<1x1x1x1xi8>
  %y = qbias.int.conv2d %x, %w
      {input_zp = 0, reference = #qbias.reference<operands = [1.0], weights = dense<0.25> : tensor<1xf64>,
                                                  steps = [#qbias.unary<function = sigmoid>], result = !out>,
       requant = #qbias.requant<mode = single, form = affine, multiplier = dense<1> : tensor<1xi64>, shift = dense<1> : tensor<1xi64>,
                                rounding = dense<0> : tensor<1xi64>, lo = -128, hi = 127>}
      : (tensor<1x1x1x1xi8>, tensor<1x1x1x1xi8>) -> tensor<1x1x1x1xi8>
  return %y : tensor<1x1x1x1xi8>
}
