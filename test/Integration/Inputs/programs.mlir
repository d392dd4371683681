// convolutions: block sizes, padding, stride, dilation
!x = !quant.uniform<u8:f32, 0.5:131>
!w = !quant.uniform<i8:f32:0, {0.25, 0.1, 0.07, 0.3, 0.2}>
!y = !quant.uniform<i8:f32, 43.7:-5>
func.func @main(%q: tensor<1x5x13x3x!x>) -> (tensor<1x5x13x5x!y>, tensor<1x3x7x5x!y>, tensor<1x3x5x5x!y>) {
  %x = qbias.dequantize %q : tensor<1x5x13x3x!x> -> tensor<1x5x13x3xf32>
  %c = arith.constant dense<"0x0180FF7F05FB0A0B0CF3F2F1101112EFEEED20DFE0DEDD216061629F9E9D2A2B2CD5D4D3404142BFBEBD01807F80017F8001FFFE0203FDFC0405FBFA0607F9F8F7F6F50A0B0C0D0E0F10F0EFEEED1112131415EBEAE91617181920E7E6E5E421222324E3E2E1DF25262728DEDDDCDB292A2B2CDAD9D8D72D2E2F30D6D5D4D33132333435D2D1D0"> : tensor<5x3x3x3xi8>
  %wq = quant.scast %c : tensor<5x3x3x3xi8> to tensor<5x3x3x3x!w>
  %w = qbias.dequantize %wq : tensor<5x3x3x3x!w> -> tensor<5x3x3x3xf32>
  %b = arith.constant dense<[0.3, -0.7, 1000.5, -2000.25, 0.0]> : tensor<5xf32>
  %0 = qbias.conv2d %x, %w bias %b {pads = array<i64: 1, 1, 1, 1>}
      : (tensor<1x5x13x3xf32>, tensor<5x3x3x3xf32>, tensor<5xf32>) -> tensor<1x5x13x5xf32>
  %1 = qbias.quantize %0 : tensor<1x5x13x5xf32> -> tensor<1x5x13x5x!y>
  %2 = qbias.conv2d %x, %w bias %b {pads = array<i64: 1, 0, 1, 2>, strides = array<i64: 2, 2>}
      : (tensor<1x5x13x3xf32>, tensor<5x3x3x3xf32>, tensor<5xf32>) -> tensor<1x3x7x5xf32>
  %3 = qbias.clamp %2 lo 0.0 hi 3000.0 : tensor<1x3x7x5xf32>
  %4 = qbias.quantize %3 : tensor<1x3x7x5xf32> -> tensor<1x3x7x5x!y>
  %5 = qbias.conv2d %x, %w {pads = array<i64: 0, 0, 2, 0>, dilations = array<i64: 2, 2>, strides = array<i64: 1, 2>}
      : (tensor<1x5x13x3xf32>, tensor<5x3x3x3xf32>) -> tensor<1x3x5x5xf32>
  %6 = qbias.quantize %5 : tensor<1x3x5x5xf32> -> tensor<1x3x5x5x!y>
  return %1, %4, %6 : tensor<1x5x13x5x!y>, tensor<1x3x7x5x!y>, tensor<1x3x5x5x!y>
}
// -----
// many channels: 16 and 8, 4, 2, 1, and a 1x1 kernel on a batch of two
!x = !quant.uniform<i8:f32, 0.5:3>
!w = !quant.uniform<i8:f32, 0.25>
!y = !quant.uniform<u8:f32, 1.7:100>
func.func @main(%q: tensor<2x2x3x4x!x>) -> (tensor<2x2x3x31x!y>, tensor<2x2x3x4x!y>, tensor<2x2x3x8x!y>, tensor<2x2x3x2x!y>) {
  %x = qbias.dequantize %q : tensor<2x2x3x4x!x> -> tensor<2x2x3x4xf32>
  %c = arith.constant dense<"0x0102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F20E1E2E3E4E5E6E7E8E9EAEBECEDEEEFF0F1F2F3F4F5F6F7F8F9FAFBFCFDFEFF00102030405060708090A0B0C0D0E0F00F1F2F3F4F5F6F7F8F9FAFBFCFDFEFF0F0E1D2C3B4A59687786982B70EEE7F1A5039BEF07EC2347F066ED08F5D"> : tensor<31x1x1x4xi8>
  %wq = quant.scast %c : tensor<31x1x1x4xi8> to tensor<31x1x1x4x!w>
  %w = qbias.dequantize %wq : tensor<31x1x1x4x!w> -> tensor<31x1x1x4xf32>
  %0 = qbias.conv2d %x, %w : (tensor<2x2x3x4xf32>, tensor<31x1x1x4xf32>) -> tensor<2x2x3x31xf32>
  %1 = qbias.quantize %0 : tensor<2x2x3x31xf32> -> tensor<2x2x3x31x!y>
  %dc = arith.constant dense<[[[[3], [-9]]], [[[100], [-128]]], [[[7], [0]]], [[[0], [0]]]]> : tensor<4x1x2x1xi8>
  %dq = quant.scast %dc : tensor<4x1x2x1xi8> to tensor<4x1x2x1x!w>
  %d = qbias.dequantize %dq : tensor<4x1x2x1x!w> -> tensor<4x1x2x1xf32>
  %2 = qbias.conv2d %x, %d {groups = 4, pads = array<i64: 0, 1, 0, 0>} : (tensor<2x2x3x4xf32>, tensor<4x1x2x1xf32>) -> tensor<2x2x3x4xf32>
  %3 = qbias.quantize %2 : tensor<2x2x3x4xf32> -> tensor<2x2x3x4x!y>
  %mc = arith.constant dense<[[[[3]]], [[[100]]], [[[7]]], [[[1]]], [[[-3]]], [[[-100]]], [[[-7]]], [[[-1]]]]> : tensor<8x1x1x1xi8>
  %mq = quant.scast %mc : tensor<8x1x1x1xi8> to tensor<8x1x1x1x!w>
  %m = qbias.dequantize %mq : tensor<8x1x1x1x!w> -> tensor<8x1x1x1xf32>
  %4 = qbias.conv2d %x, %m {groups = 4} : (tensor<2x2x3x4xf32>, tensor<8x1x1x1xf32>) -> tensor<2x2x3x8xf32>
  %5 = qbias.quantize %4 : tensor<2x2x3x8xf32> -> tensor<2x2x3x8x!y>
  %gc = arith.constant dense<[[[[3, -9]]], [[[100, -128]]]]> : tensor<2x1x1x2xi8>
  %gq = quant.scast %gc : tensor<2x1x1x2xi8> to tensor<2x1x1x2x!w>
  %g = qbias.dequantize %gq : tensor<2x1x1x2x!w> -> tensor<2x1x1x2xf32>
  %6 = qbias.conv2d %x, %g {groups = 2} : (tensor<2x2x3x4xf32>, tensor<2x1x1x2xf32>) -> tensor<2x2x3x2xf32>
  %7 = qbias.quantize %6 : tensor<2x2x3x2xf32> -> tensor<2x2x3x2x!y>
  return %1, %3, %5, %7 : tensor<2x2x3x31x!y>, tensor<2x2x3x4x!y>, tensor<2x2x3x8x!y>, tensor<2x2x3x2x!y>
}
// -----
// requantization: half even, threshold, dead channel, overflowing bias, weight zero point
!x = !quant.uniform<i8:f32, 0.5>
!one = !quant.uniform<i8:f32, 1.0>
!even = !quant.uniform<i8:f32, 1.0:3>
!six = !quant.uniform<i8:f32, 6.0:3>
!big = !quant.uniform<u8:f32, 3000000.0:100>
!zp = !quant.uniform<i8:f32:0, {0.25:-10, 0.5:-1}>
!wide = !quant.uniform<i8:f32, 10.0:-5>
func.func @main(%q: tensor<16x2x!x>) -> (tensor<16x1x!even>, tensor<16x2x!six>, tensor<16x2x!wide>, tensor<16x2x!big>, tensor<16x2x!wide>) {
  %x = qbias.dequantize %q : tensor<16x2x!x> -> tensor<16x2xf32>
  %c = arith.constant dense<[[1, -2]]> : tensor<1x2xi8>
  %wq = quant.scast %c : tensor<1x2xi8> to tensor<1x2x!x>
  %w = qbias.dequantize %wq : tensor<1x2x!x> -> tensor<1x2xf32>
  %0 = qbias.matmul %x, %w : (tensor<16x2xf32>, tensor<1x2xf32>) -> tensor<16x1xf32>
  %1 = qbias.quantize %0 : tensor<16x1xf32> -> tensor<16x1x!even>
  %c2 = arith.constant dense<[[2, -4], [6, 2]]> : tensor<2x2xi8>
  %vq = quant.scast %c2 : tensor<2x2xi8> to tensor<2x2x!one>
  %v = qbias.dequantize %vq : tensor<2x2x!one> -> tensor<2x2xf32>
  %2 = qbias.matmul %x, %v : (tensor<16x2xf32>, tensor<2x2xf32>) -> tensor<16x2xf32>
  %3 = qbias.quantize %2 : tensor<16x2xf32> -> tensor<16x2x!six>
  %c3 = arith.constant dense<[[0, 0], [127, -128]]> : tensor<2x2xi8>
  %uq = quant.scast %c3 : tensor<2x2xi8> to tensor<2x2x!x>
  %u = qbias.dequantize %uq : tensor<2x2x!x> -> tensor<2x2xf32>
  %b = arith.constant dense<[123.0, -45.6]> : tensor<2xf32>
  %4 = qbias.matmul %x, %u bias %b : (tensor<16x2xf32>, tensor<2x2xf32>, tensor<2xf32>) -> tensor<16x2xf32>
  %5 = qbias.quantize %4 : tensor<16x2xf32> -> tensor<16x2x!wide>
  %b2 = arith.constant dense<[6.0e8, -7.0e8]> : tensor<2xf32>
  %6 = qbias.matmul %x, %u bias %b2 : (tensor<16x2xf32>, tensor<2x2xf32>, tensor<2xf32>) -> tensor<16x2xf32>
  %7 = qbias.quantize %6 : tensor<16x2xf32> -> tensor<16x2x!big>
  %tq = quant.scast %c3 : tensor<2x2xi8> to tensor<2x2x!zp>
  %t = qbias.dequantize %tq : tensor<2x2x!zp> -> tensor<2x2xf32>
  %8 = qbias.matmul %x, %t : (tensor<16x2xf32>, tensor<2x2xf32>) -> tensor<16x2xf32>
  %9 = qbias.quantize %8 : tensor<16x2xf32> -> tensor<16x2x!wide>
  return %1, %3, %5, %7, %9 : tensor<16x1x!even>, tensor<16x2x!six>, tensor<16x2x!wide>, tensor<16x2x!big>, tensor<16x2x!wide>
}
// -----
// two operands: affine, half even, table, difference, product, constant without a name
!a = !quant.uniform<u8:f32, 0.03:11>
!b = !quant.uniform<i8:f32, 0.05:-3>
!y = !quant.uniform<u8:f32, 0.07:120>
!one = !quant.uniform<i8:f32, 1.0>
!two = !quant.uniform<i8:f32, 2.0:3>
!six = !quant.uniform<i8:f32, 6.0:3>
func.func @main(%q: tensor<2x64x!a>, %r: tensor<1x64x!b>, %s: tensor<2x64x!one>, %t: tensor<2x64x!one>)
    -> (tensor<2x64x!y>, tensor<2x64x!y>, tensor<2x64x!two>, tensor<2x64x!six>, tensor<2x64x!y>, tensor<2x64x!y>) {
  %a = qbias.dequantize %q : tensor<2x64x!a> -> tensor<2x64xf32>
  %b = qbias.dequantize %r : tensor<1x64x!b> -> tensor<1x64xf32>
  %c = qbias.dequantize %s : tensor<2x64x!one> -> tensor<2x64xf32>
  %d = qbias.dequantize %t : tensor<2x64x!one> -> tensor<2x64xf32>
  %0 = qbias.add %a, %b : tensor<2x64xf32>, tensor<1x64xf32> -> tensor<2x64xf32>
  %1 = qbias.quantize %0 : tensor<2x64xf32> -> tensor<2x64x!y>
  %2 = qbias.sub %b, %a : tensor<1x64xf32>, tensor<2x64xf32> -> tensor<2x64xf32>
  %3 = qbias.quantize %2 : tensor<2x64xf32> -> tensor<2x64x!y>
  %4 = qbias.add %c, %d : tensor<2x64xf32>, tensor<2x64xf32> -> tensor<2x64xf32>
  %5 = qbias.quantize %4 : tensor<2x64xf32> -> tensor<2x64x!two>
  %6 = qbias.clamp %c lo 0.0 : tensor<2x64xf32>
  %7 = qbias.quantize %6 : tensor<2x64xf32> -> tensor<2x64x!one>
  %8 = qbias.dequantize %7 : tensor<2x64x!one> -> tensor<2x64xf32>
  %9 = qbias.add %8, %d : tensor<2x64xf32>, tensor<2x64xf32> -> tensor<2x64xf32>
  %10 = qbias.quantize %9 : tensor<2x64xf32> -> tensor<2x64x!six>
  %11 = qbias.mul %a, %b : tensor<2x64xf32>, tensor<1x64xf32> -> tensor<2x64xf32>
  %12 = qbias.quantize %11 : tensor<2x64xf32> -> tensor<2x64x!y>
  %k = arith.constant dense<-56> : tensor<2x64xi8>
  %kq = quant.scast %k : tensor<2x64xi8> to tensor<2x64x!a>
  %kd = qbias.dequantize %kq : tensor<2x64x!a> -> tensor<2x64xf32>
  %13 = qbias.mul %a, %kd : tensor<2x64xf32>, tensor<2x64xf32> -> tensor<2x64xf32>
  %14 = qbias.quantize %13 : tensor<2x64xf32> -> tensor<2x64x!y>
  return %1, %3, %5, %10, %12, %14 : tensor<2x64x!y>, tensor<2x64x!y>, tensor<2x64x!two>, tensor<2x64x!six>, tensor<2x64x!y>, tensor<2x64x!y>
}
// -----
// an accumulator and an operand, products of activations, wide accumulators
!x = !quant.uniform<u8:f32, 0.5:3>
!s = !quant.uniform<i8:f32, 0.30000001192092896:7>
!y = !quant.uniform<i8:f32, 0.70999997854232788:-5>
!w = !quant.uniform<i8:f32:0, {0.25, 0.011}>
!m = !quant.uniform<i8:f32, 40.0:-5>
!l = !quant.uniform<i16:f32, 0.5>
func.func @main(%q: tensor<2x3x!x>, %r: tensor<2x2x!s>, %l: tensor<1x3x!l>)
    -> (tensor<2x2x!y>, tensor<2x2x!y>, tensor<2x2x!m>, tensor<2x2xf32>, tensor<1x1xf32>, tensor<1x1xf32>) {
  %x = qbias.dequantize %q : tensor<2x3x!x> -> tensor<2x3xf32>
  %s = qbias.dequantize %r : tensor<2x2x!s> -> tensor<2x2xf32>
  %c = arith.constant dense<[[3, -2, 1], [-100, 50, 25]]> : tensor<2x3xi8>
  %wq = quant.scast %c : tensor<2x3xi8> to tensor<2x3x!w>
  %w = qbias.dequantize %wq : tensor<2x3x!w> -> tensor<2x3xf32>
  %b = arith.constant dense<[0.31, -0.77]> : tensor<2xf32>
  %0 = qbias.matmul %x, %w bias %b : (tensor<2x3xf32>, tensor<2x3xf32>, tensor<2xf32>) -> tensor<2x2xf32>
  %1 = qbias.add %s, %0 : tensor<2x2xf32>, tensor<2x2xf32> -> tensor<2x2xf32>
  %2 = qbias.clamp %1 lo 0.0 : tensor<2x2xf32>
  %3 = qbias.quantize %2 : tensor<2x2xf32> -> tensor<2x2x!y>
  %4 = qbias.matmul %x, %w : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x2xf32>
  %5 = qbias.sub %4, %s : tensor<2x2xf32>, tensor<2x2xf32> -> tensor<2x2xf32>
  %6 = qbias.quantize %5 : tensor<2x2xf32> -> tensor<2x2x!y>
  %7 = qbias.matmul %x, %x : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x2xf32>
  %8 = qbias.quantize %7 : tensor<2x2xf32> -> tensor<2x2x!m>
  %9 = qbias.matmul %x, %w bias %b : (tensor<2x3xf32>, tensor<2x3xf32>, tensor<2xf32>) -> tensor<2x2xf32>
  %z = qbias.dequantize %l : tensor<1x3x!l> -> tensor<1x3xf32>
  %lc = arith.constant dense<32767> : tensor<1x3xi16>
  %lq = quant.scast %lc : tensor<1x3xi16> to tensor<1x3x!l>
  %lw = qbias.dequantize %lq : tensor<1x3x!l> -> tensor<1x3xf32>
  %10 = qbias.matmul %z, %lw : (tensor<1x3xf32>, tensor<1x3xf32>) -> tensor<1x1xf32>
  %11 = qbias.clamp %z lo 0.0 hi 100.0 : tensor<1x3xf32>
  %12 = qbias.quantize %11 : tensor<1x3xf32> -> tensor<1x3x!l>
  %13 = qbias.dequantize %12 : tensor<1x3x!l> -> tensor<1x3xf32>
  %14 = qbias.matmul %13, %lw : (tensor<1x3xf32>, tensor<1x3xf32>) -> tensor<1x1xf32>
  return %3, %6, %8, %9, %10, %14 : tensor<2x2x!y>, tensor<2x2x!y>, tensor<2x2x!m>, tensor<2x2xf32>, tensor<1x1xf32>, tensor<1x1xf32>
}
// -----
// means, maxima, tables, 16 bits
!x = !quant.uniform<u8:f32, 0.3:3>
!y = !quant.uniform<i8:f32, 0.2:-7>
!l = !quant.uniform<u16:f32, 0.001:30000>
func.func @main(%q: tensor<1x6x6x3x!x>, %l: tensor<40x!l>)
    -> (tensor<1x1x1x3x!x>, tensor<1x6x6x3x!y>, tensor<1x3x3x3x!x>, tensor<1x4x4x3x!x>, tensor<1x6x6x3x!y>, tensor<40x!y>, tensor<40x!l>) {
  %x = qbias.dequantize %q : tensor<1x6x6x3x!x> -> tensor<1x6x6x3xf32>
  %0 = qbias.pool avg %x {kernel = array<i64: 6, 6>} : tensor<1x6x6x3xf32> -> tensor<1x1x1x3xf32>
  %1 = qbias.quantize %0 : tensor<1x1x1x3xf32> -> tensor<1x1x1x3x!x>
  %2 = qbias.pool avg %x {kernel = array<i64: 3, 3>, pads = array<i64: 1, 1, 1, 1>} : tensor<1x6x6x3xf32> -> tensor<1x6x6x3xf32>
  %3 = qbias.quantize %2 : tensor<1x6x6x3xf32> -> tensor<1x6x6x3x!y>
  %4 = qbias.pool avg %x {kernel = array<i64: 2, 2>, strides = array<i64: 2, 2>} : tensor<1x6x6x3xf32> -> tensor<1x3x3x3xf32>
  %5 = qbias.quantize %4 : tensor<1x3x3x3xf32> -> tensor<1x3x3x3x!x>
  %6 = qbias.pool max %q {kernel = array<i64: 3, 3>, strides = array<i64: 2, 2>, pads = array<i64: 1, 1, 2, 2>} : tensor<1x6x6x3x!x> -> tensor<1x4x4x3x!x>
  %7 = qbias.unary gelu %x : tensor<1x6x6x3xf32>
  %8 = qbias.quantize %7 : tensor<1x6x6x3xf32> -> tensor<1x6x6x3x!y>
  %z = qbias.dequantize %l : tensor<40x!l> -> tensor<40xf32>
  %9 = qbias.quantize %z : tensor<40xf32> -> tensor<40x!y>
  %10 = qbias.unary silu %z : tensor<40xf32>
  %11 = qbias.quantize %10 : tensor<40xf32> -> tensor<40x!l>
  return %1, %3, %5, %6, %8, %9, %11 : tensor<1x1x1x3x!x>, tensor<1x6x6x3x!y>, tensor<1x3x3x3x!x>, tensor<1x4x4x3x!x>, tensor<1x6x6x3x!y>, tensor<40x!y>, tensor<40x!l>
}
// -----
// movement of data, a result twice, an argument as a result
!x = !quant.uniform<u8:f32, 0.5:3>
!y = !quant.uniform<u8:f32, 0.3:7>
func.func @main(%q: tensor<1x3x3x2x!x>, %r: tensor<1x3x3x1x!y>)
    -> (tensor<1x2x4x4x!x>, tensor<27x!x>, tensor<27x!x>, tensor<1x3x3x2x!x>, tensor<1x2x3x1x!x>) {
  %0 = qbias.pad %q low [0, 1, 0, 0] high [0, 0, 1, 0] value 1.0 : tensor<1x3x3x2x!x> -> tensor<1x4x4x2x!x>
  %1 = qbias.transpose %0 [0, 3, 1, 2] : tensor<1x4x4x2x!x> -> tensor<1x2x4x4x!x>
  %x = qbias.dequantize %q : tensor<1x3x3x2x!x> -> tensor<1x3x3x2xf32>
  %y = qbias.dequantize %r : tensor<1x3x3x1x!y> -> tensor<1x3x3x1xf32>
  %2 = tensor.concat dim(3) %x, %y : (tensor<1x3x3x2xf32>, tensor<1x3x3x1xf32>) -> tensor<1x3x3x3xf32>
  %3 = tensor.collapse_shape %2 [[0, 1, 2, 3]] : tensor<1x3x3x3xf32> into tensor<27xf32>
  %4 = qbias.quantize %3 : tensor<27xf32> -> tensor<27x!x>
  %5 = tensor.extract_slice %q[0, 0, 0, 1] [1, 2, 3, 1] [1, 2, 1, 1] : tensor<1x3x3x2x!x> to tensor<1x2x3x1x!x>
  return %1, %4, %4, %q, %5 : tensor<1x2x4x4x!x>, tensor<27x!x>, tensor<27x!x>, tensor<1x3x3x2x!x>, tensor<1x2x3x1x!x>
}
// -----
// a network with float ends in NCHW: convolution, skip, pool, matrix product
!x = !quant.uniform<u8:f32, 0.0078125:128>
!w = !quant.uniform<i8:f32, 0.02>
!h = !quant.uniform<u8:f32, 0.05>
func.func @main(%image: tensor<1x2x6x6xf32>) -> tensor<1x3xf32> {
  %q = qbias.quantize %image : tensor<1x2x6x6xf32> -> tensor<1x2x6x6x!x>
  %x = qbias.dequantize %q : tensor<1x2x6x6x!x> -> tensor<1x2x6x6xf32>
  %n = qbias.transpose %x [0, 2, 3, 1] : tensor<1x2x6x6xf32> -> tensor<1x6x6x2xf32>
  %c = arith.constant dense<"0x11F322E433D544C655B766A877997788018010F020E030D040C050B060A07090123ACDC7"> : tensor<2x3x3x2xi8>
  %wq = quant.scast %c : tensor<2x3x3x2xi8> to tensor<2x3x3x2x!w>
  %w = qbias.dequantize %wq : tensor<2x3x3x2x!w> -> tensor<2x3x3x2xf32>
  %b = arith.constant dense<[0.13, -0.27]> : tensor<2xf32>
  %0 = qbias.conv2d %n, %w bias %b {pads = array<i64: 1, 1, 1, 1>} : (tensor<1x6x6x2xf32>, tensor<2x3x3x2xf32>, tensor<2xf32>) -> tensor<1x6x6x2xf32>
  %1 = qbias.transpose %0 [0, 3, 1, 2] : tensor<1x6x6x2xf32> -> tensor<1x2x6x6xf32>
  %2 = qbias.clamp %1 lo 0.0 : tensor<1x2x6x6xf32>
  %3 = qbias.quantize %2 : tensor<1x2x6x6xf32> -> tensor<1x2x6x6x!h>
  %4 = qbias.dequantize %3 : tensor<1x2x6x6x!h> -> tensor<1x2x6x6xf32>
  %5 = qbias.add %4, %x : tensor<1x2x6x6xf32>, tensor<1x2x6x6xf32> -> tensor<1x2x6x6xf32>
  %6 = qbias.quantize %5 : tensor<1x2x6x6xf32> -> tensor<1x2x6x6x!h>
  %7 = qbias.dequantize %6 : tensor<1x2x6x6x!h> -> tensor<1x2x6x6xf32>
  %8 = qbias.transpose %7 [0, 2, 3, 1] : tensor<1x2x6x6xf32> -> tensor<1x6x6x2xf32>
  %9 = qbias.pool avg %8 {kernel = array<i64: 6, 6>} : tensor<1x6x6x2xf32> -> tensor<1x1x1x2xf32>
  %10 = qbias.transpose %9 [0, 3, 1, 2] : tensor<1x1x1x2xf32> -> tensor<1x2x1x1xf32>
  %11 = qbias.quantize %10 : tensor<1x2x1x1xf32> -> tensor<1x2x1x1x!h>
  %12 = qbias.dequantize %11 : tensor<1x2x1x1x!h> -> tensor<1x2x1x1xf32>
  %13 = tensor.collapse_shape %12 [[0], [1, 2, 3]] : tensor<1x2x1x1xf32> into tensor<1x2xf32>
  %vc = arith.constant dense<[[100, -50], [-7, 120], [1, 1]]> : tensor<3x2xi8>
  %vq = quant.scast %vc : tensor<3x2xi8> to tensor<3x2x!w>
  %v = qbias.dequantize %vq : tensor<3x2x!w> -> tensor<3x2xf32>
  %14 = qbias.matmul %13, %v : (tensor<1x2xf32>, tensor<3x2xf32>) -> tensor<1x3xf32>
  return %14 : tensor<1x3xf32>
}
// -----
// transposed convolution, resize, extrema
!x = !quant.uniform<u8:f32, 0.5:131>
!z = !quant.uniform<i8:f32, 0.3:-7>
!w = !quant.uniform<i8:f32:0, {0.25, 0.1}>
!y = !quant.uniform<i8:f32, 43.7:-5>
func.func @main(%q: tensor<1x3x4x2x!x>, %p: tensor<1x1x4x2x!z>) -> (tensor<1x6x8x2x!y>, tensor<1x5x4x2x!x>, tensor<1x3x4x2x!x>, tensor<1x3x4x2x!z>) {
  %x = qbias.dequantize %q : tensor<1x3x4x2x!x> -> tensor<1x3x4x2xf32>
  %z = qbias.dequantize %p : tensor<1x1x4x2x!z> -> tensor<1x1x4x2xf32>
  %c = arith.constant dense<"0x0180FF7F05FB0A0B0CF3F2F1101112EFEEED20DF"> : tensor<2x5x2x1xi8>
  %wq = quant.scast %c : tensor<2x5x2x1xi8> to tensor<2x5x2x1x!w>
  %w = qbias.dequantize %wq : tensor<2x5x2x1x!w> -> tensor<2x5x2x1xf32>
  %b = arith.constant dense<[0.3, -700.7]> : tensor<2xf32>
  %0 = qbias.conv_transpose2d %x, %w bias %b {groups = 2, strides = array<i64: 2, 2>, pads = array<i64: 2, 0, 2, 0>, output_pads = array<i64: 1, 0>}
      : (tensor<1x3x4x2xf32>, tensor<2x5x2x1xf32>, tensor<2xf32>) -> tensor<1x6x8x2xf32>
  %1 = qbias.quantize %0 : tensor<1x6x8x2xf32> -> tensor<1x6x8x2x!y>
  %2 = qbias.gather %x dim 1 indices [2, 0, 0, 1, 2] : tensor<1x3x4x2xf32> -> tensor<1x5x4x2xf32>
  %3 = qbias.quantize %2 : tensor<1x5x4x2xf32> -> tensor<1x5x4x2x!x>
  %4 = qbias.maximum %x, %z : tensor<1x3x4x2xf32>, tensor<1x1x4x2xf32> -> tensor<1x3x4x2xf32>
  %5 = qbias.quantize %4 : tensor<1x3x4x2xf32> -> tensor<1x3x4x2x!x>
  %6 = qbias.minimum %x, %z : tensor<1x3x4x2xf32>, tensor<1x1x4x2xf32> -> tensor<1x3x4x2xf32>
  %7 = qbias.quantize %6 : tensor<1x3x4x2xf32> -> tensor<1x3x4x2x!z>
  return %1, %3, %5, %7 : tensor<1x6x8x2x!y>, tensor<1x5x4x2x!x>, tensor<1x3x4x2x!x>, tensor<1x3x4x2x!z>
}
// -----
// indices
!x = !quant.uniform<u8:f32, 0.5:131>
!y = !quant.uniform<i8:f32, 17.0:-3>
!z = !quant.uniform<i16:f32, 0.01>
func.func @main(%q: tensor<2x5x7x3x!x>, %r: tensor<4x9x!z>) -> (tensor<2x5x7xi32>, tensor<2x1x7x3xi64>, tensor<5x7x3xi32>, tensor<2x5x3xi64>, tensor<4xi64>, tensor<i32>) {
  %x = qbias.dequantize %q : tensor<2x5x7x3x!x> -> tensor<2x5x7x3xf32>
  %y = qbias.quantize %x : tensor<2x5x7x3xf32> -> tensor<2x5x7x3x!y>
  %0 = qbias.arg_max %y dim 3 : tensor<2x5x7x3x!y> -> tensor<2x5x7xi32>
  %1 = qbias.arg_max %y dim 1 {keep_dim, last} : tensor<2x5x7x3x!y> -> tensor<2x1x7x3xi64>
  %2 = qbias.arg_max %x dim 0 : tensor<2x5x7x3xf32> -> tensor<5x7x3xi32>
  %3 = qbias.arg_max %y dim 2 {last} : tensor<2x5x7x3x!y> -> tensor<2x5x3xi64>
  %4 = qbias.arg_max %r dim 1 : tensor<4x9x!z> -> tensor<4xi64>
  %flat = tensor.collapse_shape %r [[0, 1]] : tensor<4x9x!z> into tensor<36x!z>
  %5 = qbias.arg_max %flat dim 0 : tensor<36x!z> -> tensor<i32>
  return %0, %1, %2, %3, %4, %5 : tensor<2x5x7xi32>, tensor<2x1x7x3xi64>, tensor<5x7x3xi32>, tensor<2x5x3xi64>, tensor<4xi64>, tensor<i32>
}
