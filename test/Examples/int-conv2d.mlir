// A 1x1 convolution with two output channels: scales s_x = 0.5, s_w = 0.25 and
// 0.125, s_y = 1, output zero point -1, ReLU, bias 0.76 and -0.43. Channel 0 is
//   acc = 6 + (x0 - 3) * 1 + (x1 - 3) * -2
//   y = clamp((acc * 2^30 + r) >> 33, -1, 127) = clamp(floor(acc / 8 + r / 2^33), -1, 127)
// where r / 2^33 = 1/2 - 1 + 0.01: the half, the zero point, and the part of the
// bias that 6 units of 0.125 leave over. Any r of the certificate's interval
// gives the same integers; one beyond it is refused.
// RUN: qbias-opt %s --qbias-certify=verify-only | FileCheck %s
// RUN: qbias-opt %s --qbias-to-linalg-pipeline | FileCheck %s --check-prefix=LINALG
// RUN: sed s/-4209068032/-3221225472/ %s | not qbias-opt --qbias-certify=verify-only 2>&1 | FileCheck %s --check-prefix=WRONG

!in = !quant.uniform<u8:f32, 0.5:3>
!out = !quant.uniform<i8:f32, 1.0:-1>

// LINALG-LABEL: func.func @conv
// LINALG: linalg.conv_2d_nhwc_hwcf
// LINALG: linalg.generic

// WRONG: error: certificate is wrong: expects 2 proven channels, got 1; channel 0: level -1: expects -1 at acc 3, got 0

// CHECK-LABEL: func.func @conv
// CHECK: qbias.int.conv2d
func.func @conv(%x: tensor<1x4x4x2xui8> {qbias.name = "x", qbias.type = !in})
    -> (tensor<1x4x4x2xi8> {qbias.name = "y", qbias.type = !out}) {
  %w = arith.constant dense<[[[[1, -2]]], [[[3, 4]]]]> : tensor<2x1x1x2xi8>
  %b = arith.constant dense<[6, -7]> : tensor<2xi32>
  %y = qbias.int.conv2d %x, %w bias %b
      {input_zp = 3, bias_case = #qbias<bias_case float>,
       reference = #qbias.reference<operands = [0.5], weights = dense<[0.25, 0.125]> : tensor<2xf64>,
                                    bias = dense<[0.76, -0.43]> : tensor<2xf32>,
                                    steps = [#qbias.clamp<lo = 0.0 : f64>], result = !out>,
       requant = #qbias.requant<mode = exact, form = affine, multiplier = dense<1073741824> : tensor<2xi64>,
                                shift = dense<[33, 34]> : tensor<2xi64>,
                                rounding = dense<[-4209068032, -8461085696]> : tensor<2xi64>, lo = -1, hi = 127>,
       bounds = #qbias.bounds<min = dense<[-501, -28]> : tensor<2xi64>, max = dense<[264, 1757]> : tensor<2xi64>>,
       certificate = #qbias.certificate<channels = 2, certified = 2,
                                        rounding_min = dense<[-4294967296, -8589934592]> : tensor<2xi64>,
                                        rounding_max = dense<[-3221225473, -7516192769]> : tensor<2xi64>>,
       layer = #qbias.layer<name = "conv", op = "Conv", tensor = "y">}
      : (tensor<1x4x4x2xui8>, tensor<2x1x1x2xi8>, tensor<2xi32>) -> tensor<1x4x4x2xi8>
  return %y : tensor<1x4x4x2xi8>
}
