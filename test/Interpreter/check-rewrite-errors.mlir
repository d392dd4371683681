// RUN: qbias-opt %s -o /dev/null --split-input-file --verify-diagnostics \
// RUN:   --qbias-check-rewrite="pipeline=func.func(qbias-propagate-scales,qbias-materialize-bias),qbias-fuse-requant,symbol-dce"
// RUN: not qbias-opt %s -o /dev/null --split-input-file --qbias-check-rewrite="pipeline=qbias-no-such-pass" 2>&1 \
// RUN:   | FileCheck %s --check-prefix=PIPELINE
// PIPELINE: 'qbias-no-such-pass' does not refer to a registered pass or pass pipeline

!x = !quant.uniform<i8:f32, 0.5:3>
!w = !quant.uniform<i8:f32, 0.25>
!y = !quant.uniform<i8:f32, 0.0625>

// Without --qbias-certify the bias residue is lost: 0.3124 is 2 units of 0.125
// and 0.0624, almost one step of the output.
// expected-error @below {{rewrite changes result 0 of 'residue_is_lost' at [0, 0] from 5/16 to 1/4 for inputs 'all zero point'}}
func.func @residue_is_lost(%x: tensor<1x1x!x>) -> tensor<1x1x!y> {
  %d = qbias.dequantize %x : tensor<1x1x!x> -> tensor<1x1xf32>
  %c = arith.constant dense<[[1]]> : tensor<1x1xi8>
  %wq = quant.scast %c : tensor<1x1xi8> to tensor<1x1x!w>
  %w = qbias.dequantize %wq : tensor<1x1x!w> -> tensor<1x1xf32>
  %b = arith.constant dense<[0.3124]> : tensor<1xf32>
  %y = qbias.matmul %d, %w bias %b : (tensor<1x1xf32>, tensor<1x1xf32>, tensor<1xf32>) -> tensor<1x1xf32>
  %q = qbias.quantize %y : tensor<1x1xf32> -> tensor<1x1x!y>
  return %q : tensor<1x1x!y>
}

// -----

// expected-error @below {{rewrite removes function 'unused'}}
module {
  func.func private @unused(%x: tensor<1x!quant.uniform<i8:f32, 1.0>>) -> tensor<1x!quant.uniform<i8:f32, 1.0>> {
    return %x : tensor<1x!quant.uniform<i8:f32, 1.0>>
  }
}
