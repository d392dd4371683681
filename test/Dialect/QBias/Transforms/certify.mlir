// RUN: qbias-opt %s --split-input-file --qbias-check-rewrite="pipeline=qbias-integerize seeds=16" 2>/dev/null | FileCheck %s
// RUN: qbias-opt %s --split-input-file --qbias-integerize --qbias-certify=verify-only -o /dev/null 2>/dev/null
// RUN: qbias-opt %s --split-input-file --qbias-integerize -o /dev/null --remark-format=emitRemark \
// RUN:   --remark-policy=all --remarks-filter=qbias-certify 2>&1 | FileCheck %s --check-prefix=REMARK

!x = !quant.uniform<i8:f32, 0.5:3>
!w = !quant.uniform<i8:f32, 0.25>
!y = !quant.uniform<i8:f32, 0.7:-5>

// Inputs minus zero point reach -131 and 124; 1 * x - 2 * x + 2 (bias 0.3).
// CHECK: #bounds = #qbias.bounds<min = dense<-377> : tensor<1xi64>, max = dense<388> : tensor<1xi64>>
// CHECK: #certificate = #qbias.certificate<channels = 1, certified = 1, rounding_min = dense<{{.*}}> : tensor<1xi64>, rounding_max = dense<{{.*}}> : tensor<1xi64>>
// CHECK: #requant = #qbias.requant<mode = exact, form = affine, multiplier = dense<{{.*}}> : tensor<1xi64>, shift = dense<{{.*}}> : tensor<1xi64>, rounding = dense<{{.*}}> : tensor<1xi64>, lo = -128, hi = 127>
// CHECK-LABEL: func.func @affine(
// CHECK: qbias.int.matmul {{.*}}bounds = #bounds, certificate = #certificate{{.*}}requant = #requant
// REMARK: loc("affine_layer"("affine_y")): [Passed] certificate | Category:qbias-certify | certified=1, channels=1, form=affine
func.func @affine(%q: tensor<1x2x!x>) -> tensor<1x1x!y> {
  %x = qbias.dequantize %q : tensor<1x2x!x> -> tensor<1x2xf32>
  %c = arith.constant dense<[[1, -2]]> : tensor<1x2xi8>
  %wq = quant.scast %c : tensor<1x2xi8> to tensor<1x2x!w>
  %w = qbias.dequantize %wq : tensor<1x2x!w> -> tensor<1x2xf32>
  %b = arith.constant dense<0.3> : tensor<1xf32>
  %0 = qbias.matmul %x, %w bias %b : (tensor<1x2xf32>, tensor<1x2xf32>, tensor<1xf32>) -> tensor<1x1xf32> loc("affine_layer")
  %1 = qbias.quantize %0 : tensor<1x1xf32> -> tensor<1x1x!y> loc("affine_y")
  return %1 : tensor<1x1x!y>
}

// -----

!x = !quant.uniform<i8:f32, 0.5:3>
!w = !quant.uniform<i8:f32, 0.25>
!y = !quant.uniform<i8:f32, 0.7:-5>

// ReLU6: 0 is -5, 6 / 0.7 - 5 rounds to 4.
// CHECK: #requant = #qbias.requant<{{.*}}lo = -5, hi = 4>
// CHECK-LABEL: func.func @activation_is_the_clamp(
func.func @activation_is_the_clamp(%q: tensor<1x2x!x>) -> tensor<1x1x!y> {
  %x = qbias.dequantize %q : tensor<1x2x!x> -> tensor<1x2xf32>
  %c = arith.constant dense<[[1, -2]]> : tensor<1x2xi8>
  %wq = quant.scast %c : tensor<1x2xi8> to tensor<1x2x!w>
  %w = qbias.dequantize %wq : tensor<1x2x!w> -> tensor<1x2xf32>
  %0 = qbias.matmul %x, %w : (tensor<1x2xf32>, tensor<1x2xf32>) -> tensor<1x1xf32>
  %1 = qbias.clamp %0 lo 0.0 hi 6.0 : tensor<1x1xf32>
  %2 = qbias.quantize %1 : tensor<1x1xf32> -> tensor<1x1x!y>
  return %2 : tensor<1x1x!y>
}

// -----

!x = !quant.uniform<i8:f32, 0.5>
!y = !quant.uniform<i8:f32, 1.0:3>

// M = 1/4: ties are reached, and go to even before the odd zero point is added.
// CHECK: #requant = #qbias.requant<mode = exact, form = half_even, {{.*}}zero_point = 3, lo = -128, hi = 127>
// CHECK-LABEL: func.func @half_even_for_dyadic_scales(
// REMARK: loc("half_even_layer"("half_even_y")): {{.*}}form=half_even
func.func @half_even_for_dyadic_scales(%q: tensor<16x16x!x>) -> tensor<16x1x!y> {
  %x = qbias.dequantize %q : tensor<16x16x!x> -> tensor<16x16xf32>
  %c = arith.constant dense<[[1, -1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1]]> : tensor<1x16xi8>
  %wq = quant.scast %c : tensor<1x16xi8> to tensor<1x16x!x>
  %w = qbias.dequantize %wq : tensor<1x16x!x> -> tensor<1x16xf32>
  %0 = qbias.matmul %x, %w : (tensor<16x16xf32>, tensor<1x16xf32>) -> tensor<16x1xf32> loc("half_even_layer")
  %1 = qbias.quantize %0 : tensor<16x1xf32> -> tensor<16x1x!y> loc("half_even_y")
  return %1 : tensor<16x1x!y>
}

// -----

!x = !quant.uniform<i8:f32, 1.0>
!y = !quant.uniform<i8:f32, 6.0:3>

// M = 1/6: ties are reached and no multiplier hits them.
// CHECK: #requant = #qbias.requant<mode = exact, form = threshold, thresholds = dense_resource<{{.*}}> : tensor<2x255xi64>, lo = -128, hi = 127>
// CHECK-LABEL: func.func @threshold_for_ties_of_one_sixth(
// REMARK: loc("threshold_layer"("threshold_y")): [Passed] certificate {{.*}} certified=2, channels=2, form=threshold
// REMARK: loc("threshold_layer"("threshold_y")): [Missed] threshold-form {{.*}} Reason={{.*}}the threshold form is exact and slow
func.func @threshold_for_ties_of_one_sixth(%q: tensor<16x8x!x>) -> tensor<16x2x!y> {
  %x = qbias.dequantize %q : tensor<16x8x!x> -> tensor<16x8xf32>
  %c = arith.constant dense<[[1, -1, 1, 1, 2, 0, 0, 1], [0, 1, 0, 0, -1, 0, 1, 1]]> : tensor<2x8xi8>
  %wq = quant.scast %c : tensor<2x8xi8> to tensor<2x8x!x>
  %w = qbias.dequantize %wq : tensor<2x8x!x> -> tensor<2x8xf32>
  %0 = qbias.matmul %x, %w : (tensor<16x8xf32>, tensor<2x8xf32>) -> tensor<16x2xf32> loc("threshold_layer")
  %1 = qbias.quantize %0 : tensor<16x2xf32> -> tensor<16x2x!y> loc("threshold_y")
  return %1 : tensor<16x2x!y>
}

// -----

!x = !quant.uniform<i8:f32, 0.3:3>

// 36 elements of one scale: M = 1/36 with ties; 36 * 255 + 1 entries.
// CHECK: #requant = #qbias.requant<mode = exact, form = table, thresholds = dense_resource<{{.*}}> : tensor<9181xi64>, lo = -128, hi = 127>
// CHECK-LABEL: func.func @table_for_a_mean_of_36(
func.func @table_for_a_mean_of_36(%q: tensor<1x6x6x8x!x>) -> tensor<1x1x1x8x!x> {
  %x = qbias.dequantize %q : tensor<1x6x6x8x!x> -> tensor<1x6x6x8xf32>
  %0 = qbias.pool avg %x {kernel = array<i64: 6, 6>} : tensor<1x6x6x8xf32> -> tensor<1x1x1x8xf32>
  %1 = qbias.quantize %0 : tensor<1x1x1x8xf32> -> tensor<1x1x1x8x!x>
  return %1 : tensor<1x1x1x8x!x>
}

// -----

!x = !quant.uniform<i8:f32, 0.3:3>

// 4 elements of one scale: ties, but a power of two.
// CHECK: #requant = #qbias.requant<mode = exact, form = half_even,
// CHECK-LABEL: func.func @half_even_for_a_mean_of_4(
func.func @half_even_for_a_mean_of_4(%q: tensor<1x8x8x2x!x>) -> tensor<1x4x4x2x!x> {
  %x = qbias.dequantize %q : tensor<1x8x8x2x!x> -> tensor<1x8x8x2xf32>
  %0 = qbias.pool avg %x {kernel = array<i64: 2, 2>, strides = array<i64: 2, 2>} : tensor<1x8x8x2xf32> -> tensor<1x4x4x2xf32>
  %1 = qbias.quantize %0 : tensor<1x4x4x2xf32> -> tensor<1x4x4x2x!x>
  return %1 : tensor<1x4x4x2x!x>
}

// -----

!x = !quant.uniform<i8:f32, 0.3:3>
!y = !quant.uniform<i8:f32, 0.2:-7>

// One bound per divisor: 4, 6 or 9 positions.
// CHECK: #bounds = #qbias.bounds<min = dense<[-524, -786, -1179]> : tensor<3xi64>, max = dense<[496, 744, 1116]> : tensor<3xi64>>
// CHECK-LABEL: func.func @divisors_have_bounds_of_their_own(
func.func @divisors_have_bounds_of_their_own(%q: tensor<1x4x4x2x!x>) -> tensor<1x4x4x2x!y> {
  %x = qbias.dequantize %q : tensor<1x4x4x2x!x> -> tensor<1x4x4x2xf32>
  %0 = qbias.pool avg %x {kernel = array<i64: 3, 3>, pads = array<i64: 1, 1, 1, 1>} : tensor<1x4x4x2xf32> -> tensor<1x4x4x2xf32>
  %1 = qbias.quantize %0 : tensor<1x4x4x2xf32> -> tensor<1x4x4x2x!y>
  return %1 : tensor<1x4x4x2x!y>
}

// -----

!x = !quant.uniform<i8:f32, 0.5:3>
!w = !quant.uniform<i8:f32, 0.25>
!y = !quant.uniform<i8:f32, 0.7:-5>

// The producer gives 5 .. 7, so x - 3 lies in 2 .. 4.
// CHECK: #bounds = #qbias.bounds<min = dense<4> : tensor<1xi64>, max = dense<8> : tensor<1xi64>>
// CHECK-LABEL: func.func @bound_uses_the_range_of_the_producer(
func.func @bound_uses_the_range_of_the_producer(%q: tensor<1x1x4x1x!x>) -> tensor<1x1x3x1x!y> {
  %x = qbias.dequantize %q : tensor<1x1x4x1x!x> -> tensor<1x1x4x1xf32>
  %p = qbias.clamp %x lo 1.0 hi 2.0 : tensor<1x1x4x1xf32>
  %pq = qbias.quantize %p : tensor<1x1x4x1xf32> -> tensor<1x1x4x1x!x>
  %pd = qbias.dequantize %pq : tensor<1x1x4x1x!x> -> tensor<1x1x4x1xf32>
  %c = arith.constant dense<1> : tensor<1x1x2x1xi8>
  %wq = quant.scast %c : tensor<1x1x2x1xi8> to tensor<1x1x2x1x!w>
  %w = qbias.dequantize %wq : tensor<1x1x2x1x!w> -> tensor<1x1x2x1xf32>
  %0 = qbias.conv2d %pd, %w : (tensor<1x1x4x1xf32>, tensor<1x1x2x1xf32>) -> tensor<1x1x3x1xf32>
  %1 = qbias.quantize %0 : tensor<1x1x3x1xf32> -> tensor<1x1x3x1x!y>
  return %1 : tensor<1x1x3x1x!y>
}

// -----

!x = !quant.uniform<i8:f32, 0.5:3>
!w = !quant.uniform<i8:f32, 0.25>
!y = !quant.uniform<i8:f32, 0.7:-5>

// A padded tap contributes 0, which the producer never gives.
// CHECK: #bounds = #qbias.bounds<min = dense<0> : tensor<1xi64>, max = dense<8> : tensor<1xi64>>
// CHECK-LABEL: func.func @bound_counts_padding(
func.func @bound_counts_padding(%q: tensor<1x1x4x1x!x>) -> tensor<1x1x4x1x!y> {
  %x = qbias.dequantize %q : tensor<1x1x4x1x!x> -> tensor<1x1x4x1xf32>
  %p = qbias.clamp %x lo 1.0 hi 2.0 : tensor<1x1x4x1xf32>
  %pq = qbias.quantize %p : tensor<1x1x4x1xf32> -> tensor<1x1x4x1x!x>
  %pd = qbias.dequantize %pq : tensor<1x1x4x1x!x> -> tensor<1x1x4x1xf32>
  %c = arith.constant dense<1> : tensor<1x1x2x1xi8>
  %wq = quant.scast %c : tensor<1x1x2x1xi8> to tensor<1x1x2x1x!w>
  %w = qbias.dequantize %wq : tensor<1x1x2x1x!w> -> tensor<1x1x2x1xf32>
  %0 = qbias.conv2d %pd, %w {pads = array<i64: 0, 1, 0, 0>} : (tensor<1x1x4x1xf32>, tensor<1x1x2x1xf32>) -> tensor<1x1x4x1xf32>
  %1 = qbias.quantize %0 : tensor<1x1x4x1xf32> -> tensor<1x1x4x1x!y>
  return %1 : tensor<1x1x4x1x!y>
}

// -----

!x = !quant.uniform<i8:f32, 0.5:3>
!w = !quant.uniform<i8:f32, 0.25>
!y = !quant.uniform<i8:f32, 0.7:-5>

// Without weights only the bias is left: one accumulator, one output.
// CHECK: #bounds = #qbias.bounds<min = dense<[-129, 4]> : tensor<2xi64>, max = dense<[126, 4]> : tensor<2xi64>>
// CHECK: #certificate = #qbias.certificate<channels = 2, certified = 2,
// CHECK-LABEL: func.func @dead_channel(
func.func @dead_channel(%q: tensor<1x1x!x>) -> tensor<1x2x!y> {
  %x = qbias.dequantize %q : tensor<1x1x!x> -> tensor<1x1xf32>
  %c = arith.constant dense<[[1], [0]]> : tensor<2x1xi8>
  %wq = quant.scast %c : tensor<2x1xi8> to tensor<2x1x!w>
  %w = qbias.dequantize %wq : tensor<2x1x!w> -> tensor<2x1xf32>
  %b = arith.constant dense<[0.3, 0.5]> : tensor<2xf32>
  %0 = qbias.matmul %x, %w bias %b : (tensor<1x1xf32>, tensor<2x1xf32>, tensor<2xf32>) -> tensor<1x2xf32>
  %1 = qbias.quantize %0 : tensor<1x2xf32> -> tensor<1x2x!y>
  return %1 : tensor<1x2x!y>
}

// -----

!x = !quant.uniform<i8:f32, 0.5:3>
!w = !quant.uniform<i8:f32, 0.25>
!y = !quant.uniform<i8:f32, 3000000.0:-5>

// 3.2e9 units do not fit 32 bits: what is left over is in the rounding constant.
// CHECK: #certificate = #qbias.certificate<channels = 2, certified = 2,
// CHECK: #reference = #qbias.reference<{{.*}}bias = dense<[4.000000e+08, -3.000000e+08]> : tensor<2xf32>
// CHECK-LABEL: func.func @overflowing_bias(
// CHECK: arith.constant dense<[2147483523, -2147483517]> : tensor<2xi32>
// CHECK: bias_case = #qbias<bias_case overflow>
func.func @overflowing_bias(%q: tensor<1x1x!x>) -> tensor<1x2x!y> {
  %x = qbias.dequantize %q : tensor<1x1x!x> -> tensor<1x1xf32>
  %c = arith.constant dense<1> : tensor<2x1xi8>
  %wq = quant.scast %c : tensor<2x1xi8> to tensor<2x1x!w>
  %w = qbias.dequantize %wq : tensor<2x1x!w> -> tensor<2x1xf32>
  %b = arith.constant dense<[4.0e8, -3.0e8]> : tensor<2xf32>
  %0 = qbias.matmul %x, %w bias %b : (tensor<1x1xf32>, tensor<2x1xf32>, tensor<2xf32>) -> tensor<1x2xf32>
  %1 = qbias.quantize %0 : tensor<1x2xf32> -> tensor<1x2x!y>
  return %1 : tensor<1x2x!y>
}

// -----

!x = !quant.uniform<i8:f32, 0.5:3>
!w = !quant.uniform<i8:f32, 0.25>
!y = !quant.uniform<i8:f32, 0.7:-5>
!b = !quant.uniform<i32:f32, 0.1>

// One bias of a scale of its own for two layers.
// CHECK-LABEL: func.func @rescaled_and_shared_bias(
// CHECK-COUNT-2: bias_case = #qbias<bias_case shared>
func.func @rescaled_and_shared_bias(%q: tensor<1x2x!x>) -> (tensor<1x1x!y>, tensor<1x1x!y>) {
  %x = qbias.dequantize %q : tensor<1x2x!x> -> tensor<1x2xf32>
  %c = arith.constant dense<[[1, -2]]> : tensor<1x2xi8>
  %wq = quant.scast %c : tensor<1x2xi8> to tensor<1x2x!w>
  %w = qbias.dequantize %wq : tensor<1x2x!w> -> tensor<1x2xf32>
  %vq = quant.scast %c : tensor<1x2xi8> to tensor<1x2x!x>
  %v = qbias.dequantize %vq : tensor<1x2x!x> -> tensor<1x2xf32>
  %bc = arith.constant dense<77> : tensor<1xi32>
  %bq = quant.scast %bc : tensor<1xi32> to tensor<1x!b>
  %b = qbias.dequantize %bq : tensor<1x!b> -> tensor<1xf32>
  %0 = qbias.matmul %x, %w bias %b : (tensor<1x2xf32>, tensor<1x2xf32>, tensor<1xf32>) -> tensor<1x1xf32>
  %1 = qbias.quantize %0 : tensor<1x1xf32> -> tensor<1x1x!y>
  %2 = qbias.matmul %x, %v bias %b : (tensor<1x2xf32>, tensor<1x2xf32>, tensor<1xf32>) -> tensor<1x1xf32>
  %3 = qbias.quantize %2 : tensor<1x1xf32> -> tensor<1x1x!y>
  return %1, %3 : tensor<1x1x!y>, tensor<1x1x!y>
}

// -----

!x = !quant.uniform<i8:f32, 0.3>
!y = !quant.uniform<i8:f32, 0.7:2>

// The factor and the offset are part of m and r.
// CHECK: #requant = #qbias.requant<mode = exact, form = affine,
// CHECK: steps = [#qbias.linear<factor = 0.0099999997764825821 : f64, offset = 0.000000e+00 : f64>, #qbias.linear<factor = 1.000000e+00 : f64, offset = 2.500000e-01 : f64>]
// CHECK-LABEL: func.func @constants_after_a_product(
func.func @constants_after_a_product(%q: tensor<64x2x!x>) -> tensor<64x1x!y> {
  %x = qbias.dequantize %q : tensor<64x2x!x> -> tensor<64x2xf32>
  %c = arith.constant dense<[[127, 126]]> : tensor<1x2xi8>
  %wq = quant.scast %c : tensor<1x2xi8> to tensor<1x2x!x>
  %w = qbias.dequantize %wq : tensor<1x2x!x> -> tensor<1x2xf32>
  %0 = qbias.matmul %x, %w : (tensor<64x2xf32>, tensor<1x2xf32>) -> tensor<64x1xf32>
  %f = arith.constant dense<0.01> : tensor<64x1xf32>
  %1 = qbias.mul %0, %f : tensor<64x1xf32>, tensor<64x1xf32> -> tensor<64x1xf32>
  %o = arith.constant dense<0.25> : tensor<64x1xf32>
  %2 = qbias.add %1, %o : tensor<64x1xf32>, tensor<64x1xf32> -> tensor<64x1xf32>
  %3 = qbias.quantize %2 : tensor<64x1xf32> -> tensor<64x1x!y>
  return %3 : tensor<64x1x!y>
}

// -----

!x = !quant.uniform<i8:f32, 0.1>
!y = !quant.uniform<u8:f32, 0.00390625>

// A monotone function that is not linear has thresholds.
// CHECK: form = threshold
// CHECK-LABEL: func.func @sigmoid_after_a_product(
func.func @sigmoid_after_a_product(%q: tensor<64x2x!x>) -> tensor<64x2x!y> {
  %x = qbias.dequantize %q : tensor<64x2x!x> -> tensor<64x2xf32>
  %c = arith.constant dense<[[12, -7], [5, 40]]> : tensor<2x2xi8>
  %wq = quant.scast %c : tensor<2x2xi8> to tensor<2x2x!x>
  %w = qbias.dequantize %wq : tensor<2x2x!x> -> tensor<2x2xf32>
  %0 = qbias.matmul %x, %w : (tensor<64x2xf32>, tensor<2x2xf32>) -> tensor<64x2xf32>
  %1 = qbias.unary sigmoid %0 : tensor<64x2xf32>
  %2 = qbias.quantize %1 : tensor<64x2xf32> -> tensor<64x2x!y>
  return %2 : tensor<64x2x!y>
}

// -----

!x = !quant.uniform<i8:f32, 0.1:3>
!y = !quant.uniform<i16:f32, 0.0173>

// A 16-bit output, a few accumulators: more bits of m.
// CHECK: #certificate = #qbias.certificate<channels = 1, certified = 1,
// CHECK-LABEL: func.func @output_of_16_bits(
// CHECK: qbias.int.matmul {{.*}} -> tensor<64x1xi16>
func.func @output_of_16_bits(%q: tensor<64x2x!x>) -> tensor<64x1x!y> {
  %x = qbias.dequantize %q : tensor<64x2x!x> -> tensor<64x2xf32>
  %c = arith.constant dense<[[12, -7]]> : tensor<1x2xi8>
  %wq = quant.scast %c : tensor<1x2xi8> to tensor<1x2x!x>
  %w = qbias.dequantize %wq : tensor<1x2x!x> -> tensor<1x2xf32>
  %0 = qbias.matmul %x, %w : (tensor<64x2xf32>, tensor<1x2xf32>) -> tensor<64x1xf32>
  %1 = qbias.quantize %0 : tensor<64x1xf32> -> tensor<64x1x!y>
  return %1 : tensor<64x1x!y>
}

// -----

!x = !quant.uniform<i8:f32, 0.5:3>
!w = !quant.uniform<i8:f32, 0.25>

// CHECK: #certificate = #qbias.certificate<channels = 1, certified = 1>
// CHECK: #requant = #qbias.requant<mode = exact, form = accumulator>
// CHECK-LABEL: func.func @accumulator(
// REMARK: form=accumulator
func.func @accumulator(%q: tensor<1x2x!x>) -> tensor<1x1xf32> {
  %x = qbias.dequantize %q : tensor<1x2x!x> -> tensor<1x2xf32>
  %c = arith.constant dense<[[1, -2]]> : tensor<1x2xi8>
  %wq = quant.scast %c : tensor<1x2xi8> to tensor<1x2x!w>
  %w = qbias.dequantize %wq : tensor<1x2x!w> -> tensor<1x2xf32>
  %b = arith.constant dense<0.3> : tensor<1xf32>
  %0 = qbias.matmul %x, %w bias %b : (tensor<1x2xf32>, tensor<1x2xf32>, tensor<1xf32>) -> tensor<1x1xf32>
  return %0 : tensor<1x1xf32>
}
