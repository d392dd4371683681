// RUN: qbias-opt %s --qbias-plan-kernels="cpu=x86-64-v4 features=+avx512vnni" | FileCheck %s --check-prefix=VNNI
// RUN: qbias-opt %s --qbias-plan-kernels="triple=x86_64-linux-gnu cpu=sapphirerapids" | FileCheck %s --check-prefix=TILES
// RUN: qbias-opt %s --qbias-plan-kernels="triple=x86_64-pc-windows-msvc cpu=sapphirerapids" | FileCheck %s --check-prefix=WINDOWS
// RUN: qbias-opt %s --qbias-plan-kernels="cpu=x86-64-v3" | FileCheck %s --check-prefix=AVX2
// RUN: qbias-opt %s --qbias-plan-kernels="triple=aarch64-linux-gnu" | FileCheck %s --check-prefix=ARM
// RUN: qbias-opt %s --qbias-plan-kernels="cpu=x86-64-v3 plan=dot8" | FileCheck %s --check-prefix=FORCED
// RUN: qbias-opt %s --qbias-plan-kernels="cpu=x86-64-v3 small-weights" | FileCheck %s --check-prefix=SMALL
// RUN: qbias-opt %s --qbias-plan-kernels="plan=reference" | FileCheck %s --check-prefix=PLAIN
// RUN: qbias-opt %s --qbias-plan-kernels="cpu=x86-64-v3 plan=dot8" -o /dev/null --remark-format=emitRemark \
// RUN:   --remarks-filter=qbias-plan-kernels --remark-policy=all 2>&1 | FileCheck %s --check-prefix=REMARK

// REMARK: [Missed] plan | Category:qbias-plan-kernels | Reason="needs sums of four 8-bit products (vpdpbusd, sdot), which target 'avx2' does not have", plan=reference

#same = affine_map<(d0, d1) -> (d0, d1)>
#channel = affine_map<(d0, d1) -> (d1)>
#same4 = affine_map<(n, h, w, c) -> (n, h, w, c)>

// VNNI-LABEL: func.func @narrow(
// VNNI: linalg.matmul {qbias.plan = "dot8", qbias.plan_reason = "target avx512vnni, 32-bit epilogue, requantization bound (dot steps a sum: 1), 2 of 16 lanes used"}
// AVX2-LABEL: func.func @narrow(
// AVX2: linalg.matmul {qbias.plan = "pair8", qbias.plan_reason = "target avx2, 32-bit epilogue, inputs -128 .. 127: 1 dot step in 16 bits
// Little work is not worth the configuration of tiles.
// TILES-LABEL: func.func @narrow(
// TILES: qbias.plan = "dot8", qbias.plan_reason = "target amx, 32-bit epilogue
// ARM-LABEL: func.func @narrow(
// ARM: qbias.plan = "pair16", qbias.plan_reason = "target generic, 32-bit epilogue
// FORCED-LABEL: func.func @narrow(
// FORCED: qbias.plan = "reference", qbias.plan_reason = "needs sums of four 8-bit products (vpdpbusd, sdot), which target 'avx2' does not have"
// PLAIN-LABEL: func.func @narrow(
// PLAIN: qbias.plan = "reference", qbias.plan_reason = "asked for"
func.func @narrow(%x: tensor<2x3xi8>) -> tensor<2x2xi8> {
  %w = arith.constant dense<[[1, 2], [-3, 4], [5, -128]]> : tensor<3x2xi8>
  %b = arith.constant dense<[7, -9]> : tensor<2xi32>
  %m = arith.constant dense<[1073741824, 1500000000]> : tensor<2xi64>
  %r = arith.constant dense<[17179869184, 17179869184]> : tensor<2xi64>
  %k = arith.constant dense<35> : tensor<2xi64>
  %lo = arith.constant -128 : i64
  %hi = arith.constant 127 : i64
  %e = tensor.empty() : tensor<2x2xi32>
  %init = linalg.broadcast ins(%b : tensor<2xi32>) outs(%e : tensor<2x2xi32>) dimensions = [0]
  %acc = linalg.matmul ins(%x, %w : tensor<2x3xi8>, tensor<3x2xi8>) outs(%init : tensor<2x2xi32>) -> tensor<2x2xi32>
  %o = tensor.empty() : tensor<2x2xi8>
  %y = linalg.generic {indexing_maps = [#same, #channel, #channel, #channel, #same], iterator_types = ["parallel", "parallel"]}
      ins(%acc, %m, %r, %k : tensor<2x2xi32>, tensor<2xi64>, tensor<2xi64>, tensor<2xi64>) outs(%o : tensor<2x2xi8>) {
  ^bb0(%a: i32, %mi: i64, %ri: i64, %ki: i64, %out: i8):
    %0 = arith.extsi %a : i32 to i64
    %1 = arith.muli %0, %mi : i64
    %2 = arith.addi %1, %ri : i64
    %3 = arith.shrsi %2, %ki : i64
    %4 = arith.maxsi %3, %lo : i64
    %5 = arith.minsi %4, %hi : i64
    %6 = arith.trunci %5 : i64 to i8
    linalg.yield %6 : i8
  } -> tensor<2x2xi8>
  return %y : tensor<2x2xi8>
}

// An epilogue of another form is evaluated operation by operation.
// VNNI-LABEL: func.func @wide(
// VNNI: qbias.plan = "dot8", qbias.plan_reason = "target avx512vnni, 64-bit epilogue
func.func @wide(%x: tensor<2x3xi8>) -> tensor<2x2xi16> {
  %w = arith.constant dense<1> : tensor<3x2xi8>
  %zero = arith.constant 0 : i32
  %e = tensor.empty() : tensor<2x2xi32>
  %init = linalg.fill ins(%zero : i32) outs(%e : tensor<2x2xi32>) -> tensor<2x2xi32>
  %acc = linalg.matmul ins(%x, %w : tensor<2x3xi8>, tensor<3x2xi8>) outs(%init : tensor<2x2xi32>) -> tensor<2x2xi32>
  %o = tensor.empty() : tensor<2x2xi16>
  %y = linalg.generic {indexing_maps = [#same, #same], iterator_types = ["parallel", "parallel"]}
      ins(%acc : tensor<2x2xi32>) outs(%o : tensor<2x2xi16>) {
  ^bb0(%a: i32, %out: i16):
    %0 = arith.trunci %a : i32 to i16
    linalg.yield %0 : i16
  } -> tensor<2x2xi16>
  return %y : tensor<2x2xi16>
}

// A table has no vector form: plain loops, unless it was taken out of the group.
// VNNI-LABEL: func.func @table(
// VNNI: qbias.plan = "reference", qbias.plan_reason = "epilogue has 'tensor.extract' without a vector form"
func.func @table(%x: tensor<2x3xi8>, %t: tensor<256xi8>) -> tensor<2x2xi8> {
  %w = arith.constant dense<1> : tensor<3x2xi8>
  %zero = arith.constant 0 : i32
  %e = tensor.empty() : tensor<2x2xi32>
  %init = linalg.fill ins(%zero : i32) outs(%e : tensor<2x2xi32>) -> tensor<2x2xi32>
  %acc = linalg.matmul ins(%x, %w : tensor<2x3xi8>, tensor<3x2xi8>) outs(%init : tensor<2x2xi32>) -> tensor<2x2xi32>
  %o = tensor.empty() : tensor<2x2xi8>
  %y = linalg.generic {indexing_maps = [#same, #same], iterator_types = ["parallel", "parallel"]}
      ins(%acc : tensor<2x2xi32>) outs(%o : tensor<2x2xi8>) {
  ^bb0(%a: i32, %out: i8):
    %0 = arith.index_cast %a : i32 to index
    %1 = tensor.extract %t[%0] : tensor<256xi8>
    linalg.yield %1 : i8
  } -> tensor<2x2xi8>
  return %y : tensor<2x2xi8>
}

// VNNI-LABEL: func.func @weights_are_an_input(
// VNNI: qbias.plan = "reference", qbias.plan_reason = "weights are not constant"
func.func @weights_are_an_input(%x: tensor<2x3xi8>, %w: tensor<3x2xi8>) -> tensor<2x2xi32> {
  %zero = arith.constant 0 : i32
  %e = tensor.empty() : tensor<2x2xi32>
  %init = linalg.fill ins(%zero : i32) outs(%e : tensor<2x2xi32>) -> tensor<2x2xi32>
  %acc = linalg.matmul ins(%x, %w : tensor<2x3xi8>, tensor<3x2xi8>) outs(%init : tensor<2x2xi32>) -> tensor<2x2xi32>
  return %acc : tensor<2x2xi32>
}

// A 3x3 convolution of many channels: a quarter of the products. Where constants have to
// stay small, filters are transformed anew for every block of tiles.
// AVX2-LABEL: func.func @winograd(
// AVX2: qbias.plan = "winograd4",
// SMALL-LABEL: func.func @winograd(
// SMALL: qbias.plan = "winograd4w8",
func.func @winograd(%x: tensor<1x30x30x64xi8>) -> tensor<1x28x28x64xi32> {
  %w = arith.constant dense<100> : tensor<3x3x64x64xi8>
  %zero = arith.constant 0 : i32
  %e = tensor.empty() : tensor<1x28x28x64xi32>
  %init = linalg.fill ins(%zero : i32) outs(%e : tensor<1x28x28x64xi32>) -> tensor<1x28x28x64xi32>
  %acc = linalg.conv_2d_nhwc_hwcf {dilations = dense<1> : tensor<2xi64>, strides = dense<1> : tensor<2xi64>}
      ins(%x, %w : tensor<1x30x30x64xi8>, tensor<3x3x64x64xi8>) outs(%init : tensor<1x28x28x64xi32>) -> tensor<1x28x28x64xi32>
  %y = linalg.generic {indexing_maps = [affine_map<(n, h, w, c) -> (n, h, w, c)>, affine_map<(n, h, w, c) -> (n, h, w, c)>], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%acc : tensor<1x28x28x64xi32>) outs(%e : tensor<1x28x28x64xi32>) {
  ^bb0(%a: i32, %out: i32):
    linalg.yield %a : i32
  } -> tensor<1x28x28x64xi32>
  return %y : tensor<1x28x28x64xi32>
}

// Four tiles read 36 positions of every filter from memory: 8 times the bytes of weights.
// AVX2-LABEL: func.func @few_tiles(
// AVX2: qbias.plan = "winograd4w8", qbias.plan_reason = "target avx2, sums stored, filters transformed when they are read"
// VNNI-LABEL: func.func @few_tiles(
// VNNI: qbias.plan = "dot8",
// SMALL-LABEL: func.func @few_tiles(
// SMALL: qbias.plan = "winograd4w8",
func.func @few_tiles(%x: tensor<1x9x9x512xi8>) -> tensor<1x7x7x512xi32> {
  %w = arith.constant dense<20> : tensor<3x3x512x512xi8>
  %zero = arith.constant 0 : i32
  %e = tensor.empty() : tensor<1x7x7x512xi32>
  %init = linalg.fill ins(%zero : i32) outs(%e : tensor<1x7x7x512xi32>) -> tensor<1x7x7x512xi32>
  %acc = linalg.conv_2d_nhwc_hwcf {dilations = dense<1> : tensor<2xi64>, strides = dense<1> : tensor<2xi64>}
      ins(%x, %w : tensor<1x9x9x512xi8>, tensor<3x3x512x512xi8>) outs(%init : tensor<1x7x7x512xi32>) -> tensor<1x7x7x512xi32>
  %y = linalg.generic {indexing_maps = [affine_map<(n, h, w, c) -> (n, h, w, c)>, affine_map<(n, h, w, c) -> (n, h, w, c)>], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%acc : tensor<1x7x7x512xi32>) outs(%e : tensor<1x7x7x512xi32>) {
  ^bb0(%a: i32, %out: i32):
    linalg.yield %a : i32
  } -> tensor<1x7x7x512xi32>
  return %y : tensor<1x7x7x512xi32>
}

// Whether the two products of a pair can leave 16 bits depends on the weights and on what
// clamps, tables, padding and pools in front of a layer leave of its inputs.
// AVX2-LABEL: func.func @any_input(
// AVX2: qbias.plan = "pair16"
func.func @any_input(%x: tensor<1x8xi8>) -> tensor<1x2xi32> {
  %w = arith.constant dense<127> : tensor<8x2xi8>
  %zero = arith.constant 0 : i32
  %e = tensor.empty() : tensor<1x2xi32>
  %init = linalg.fill ins(%zero : i32) outs(%e : tensor<1x2xi32>) -> tensor<1x2xi32>
  %acc = linalg.matmul ins(%x, %w : tensor<1x8xi8>, tensor<8x2xi8>) outs(%init : tensor<1x2xi32>) -> tensor<1x2xi32>
  %y = linalg.generic {indexing_maps = [#same, #same], iterator_types = ["parallel", "parallel"]}
      ins(%acc : tensor<1x2xi32>) outs(%e : tensor<1x2xi32>) {
  ^bb0(%a: i32, %out: i32):
    linalg.yield %a : i32
  } -> tensor<1x2xi32>
  return %y : tensor<1x2xi32>
}

// AVX2-LABEL: func.func @clamped(
// AVX2: qbias.plan = "pair8", qbias.plan_reason = "target avx2, sums stored, inputs 0 .. 127: 1 dot step in 16 bits
func.func @clamped(%v: tensor<1x2x2x2xi32>) -> tensor<1x1x1x2xi32> {
  %lo = arith.constant 0 : i32
  %hi = arith.constant 127 : i32
  %e8 = tensor.empty() : tensor<1x2x2x2xi8>
  %x = linalg.generic {indexing_maps = [#same4, #same4], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%v : tensor<1x2x2x2xi32>) outs(%e8 : tensor<1x2x2x2xi8>) {
  ^bb0(%a: i32, %out: i8):
    %1 = arith.maxsi %a, %lo : i32
    %2 = arith.minsi %1, %hi : i32
    %4 = arith.trunci %2 : i32 to i8
    linalg.yield %4 : i8
  } -> tensor<1x2x2x2xi8>
  %in = tensor.extract_slice %x[0, 0, 0, 0] [1, 2, 2, 2] [1, 1, 1, 1] : tensor<1x2x2x2xi8> to tensor<1x2x2x2xi8>
  %w = arith.constant dense<-128> : tensor<2x2x2x2xi8>
  %zero = arith.constant 0 : i32
  %e = tensor.empty() : tensor<1x1x1x2xi32>
  %init = linalg.fill ins(%zero : i32) outs(%e : tensor<1x1x1x2xi32>) -> tensor<1x1x1x2xi32>
  %acc = linalg.conv_2d_nhwc_hwcf {dilations = dense<1> : tensor<2xi64>, strides = dense<1> : tensor<2xi64>}
      ins(%in, %w : tensor<1x2x2x2xi8>, tensor<2x2x2x2xi8>) outs(%init : tensor<1x1x1x2xi32>) -> tensor<1x1x1x2xi32>
  %y = linalg.generic {indexing_maps = [#same4, #same4], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%acc : tensor<1x1x1x2xi32>) outs(%e : tensor<1x1x1x2xi32>) {
  ^bb0(%a: i32, %out: i32):
    linalg.yield %a : i32
  } -> tensor<1x1x1x2xi32>
  return %y : tensor<1x1x1x2xi32>
}

// 255 * (64 + 64) is 32640.
// AVX2-LABEL: func.func @moved_clamp(
// AVX2: qbias.plan = "pair8", qbias.plan_reason = "target avx2, sums stored, inputs -128 .. 127: 1 dot step in 16 bits
func.func @moved_clamp(%v: tensor<1x2x2x2xi32>) -> tensor<1x1x1x2xi32> {
  %lo = arith.constant 0 : i32
  %hi = arith.constant 255 : i32
  %z = arith.constant -128 : i32
  %e8 = tensor.empty() : tensor<1x2x2x2xi8>
  %x = linalg.generic {indexing_maps = [#same4, #same4], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%v : tensor<1x2x2x2xi32>) outs(%e8 : tensor<1x2x2x2xi8>) {
  ^bb0(%a: i32, %out: i8):
    %1 = arith.maxsi %a, %lo : i32
    %2 = arith.minsi %1, %hi : i32
    %3 = arith.addi %2, %z : i32
    %4 = arith.trunci %3 : i32 to i8
    linalg.yield %4 : i8
  } -> tensor<1x2x2x2xi8>
  %in = tensor.extract_slice %x[0, 0, 0, 0] [1, 2, 2, 2] [1, 1, 1, 1] : tensor<1x2x2x2xi8> to tensor<1x2x2x2xi8>
  %w = arith.constant dense<64> : tensor<2x2x2x2xi8>
  %zero = arith.constant 0 : i32
  %e = tensor.empty() : tensor<1x1x1x2xi32>
  %init = linalg.fill ins(%zero : i32) outs(%e : tensor<1x1x1x2xi32>) -> tensor<1x1x1x2xi32>
  %acc = linalg.conv_2d_nhwc_hwcf {dilations = dense<1> : tensor<2xi64>, strides = dense<1> : tensor<2xi64>}
      ins(%in, %w : tensor<1x2x2x2xi8>, tensor<2x2x2x2xi8>) outs(%init : tensor<1x1x1x2xi32>) -> tensor<1x1x1x2xi32>
  %y = linalg.generic {indexing_maps = [#same4, #same4], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%acc : tensor<1x1x1x2xi32>) outs(%e : tensor<1x1x1x2xi32>) {
  ^bb0(%a: i32, %out: i32):
    linalg.yield %a : i32
  } -> tensor<1x1x1x2xi32>
  return %y : tensor<1x1x1x2xi32>
}

// 128 becomes -128: the clamp says nothing.
// AVX2-LABEL: func.func @truncated(
// AVX2: qbias.plan = "pair16"
func.func @truncated(%v: tensor<1x2x2x2xi32>) -> tensor<1x1x1x2xi32> {
  %lo = arith.constant 0 : i32
  %hi = arith.constant 128 : i32
  %e8 = tensor.empty() : tensor<1x2x2x2xi8>
  %x = linalg.generic {indexing_maps = [#same4, #same4], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%v : tensor<1x2x2x2xi32>) outs(%e8 : tensor<1x2x2x2xi8>) {
  ^bb0(%a: i32, %out: i8):
    %1 = arith.maxsi %a, %lo : i32
    %2 = arith.minsi %1, %hi : i32
    %4 = arith.trunci %2 : i32 to i8
    linalg.yield %4 : i8
  } -> tensor<1x2x2x2xi8>
  %in = tensor.extract_slice %x[0, 0, 0, 0] [1, 2, 2, 2] [1, 1, 1, 1] : tensor<1x2x2x2xi8> to tensor<1x2x2x2xi8>
  %w = arith.constant dense<65> : tensor<2x2x2x2xi8>
  %zero = arith.constant 0 : i32
  %e = tensor.empty() : tensor<1x1x1x2xi32>
  %init = linalg.fill ins(%zero : i32) outs(%e : tensor<1x1x1x2xi32>) -> tensor<1x1x1x2xi32>
  %acc = linalg.conv_2d_nhwc_hwcf {dilations = dense<1> : tensor<2xi64>, strides = dense<1> : tensor<2xi64>}
      ins(%in, %w : tensor<1x2x2x2xi8>, tensor<2x2x2x2xi8>) outs(%init : tensor<1x1x1x2xi32>) -> tensor<1x1x1x2xi32>
  %y = linalg.generic {indexing_maps = [#same4, #same4], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%acc : tensor<1x1x1x2xi32>) outs(%e : tensor<1x1x1x2xi32>) {
  ^bb0(%a: i32, %out: i32):
    linalg.yield %a : i32
  } -> tensor<1x1x1x2xi32>
  return %y : tensor<1x1x1x2xi32>
}

// 127 * 2 * 127 is 32258.
// AVX2-LABEL: func.func @padded(
// AVX2: inputs -64 .. 63: 1 dot step in 16 bits
func.func @padded(%v: tensor<1x2x2x2xi32>) -> tensor<1x1x1x2xi32> {
  %lo = arith.constant 0 : i32
  %hi = arith.constant 63 : i32
  %e8 = tensor.empty() : tensor<1x2x2x2xi8>
  %x = linalg.generic {indexing_maps = [#same4, #same4], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%v : tensor<1x2x2x2xi32>) outs(%e8 : tensor<1x2x2x2xi8>) {
  ^bb0(%a: i32, %out: i8):
    %1 = arith.maxsi %a, %lo : i32
    %2 = arith.minsi %1, %hi : i32
    %4 = arith.trunci %2 : i32 to i8
    linalg.yield %4 : i8
  } -> tensor<1x2x2x2xi8>
  %c = arith.constant -64 : i8
  %wide = tensor.pad %x low[0, 1, 1, 0] high[0, 0, 0, 0] {
  ^bb0(%i: index, %j: index, %k: index, %l: index):
    tensor.yield %c : i8
  } : tensor<1x2x2x2xi8> to tensor<1x3x3x2xi8>
  %in = tensor.extract_slice %wide[0, 0, 0, 0] [1, 2, 2, 2] [1, 1, 1, 1] : tensor<1x3x3x2xi8> to tensor<1x2x2x2xi8>
  %w = arith.constant dense<127> : tensor<2x2x2x2xi8>
  %zero = arith.constant 0 : i32
  %e = tensor.empty() : tensor<1x1x1x2xi32>
  %init = linalg.fill ins(%zero : i32) outs(%e : tensor<1x1x1x2xi32>) -> tensor<1x1x1x2xi32>
  %acc = linalg.conv_2d_nhwc_hwcf {dilations = dense<1> : tensor<2xi64>, strides = dense<1> : tensor<2xi64>}
      ins(%in, %w : tensor<1x2x2x2xi8>, tensor<2x2x2x2xi8>) outs(%init : tensor<1x1x1x2xi32>) -> tensor<1x1x1x2xi32>
  %y = linalg.generic {indexing_maps = [#same4, #same4], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%acc : tensor<1x1x1x2xi32>) outs(%e : tensor<1x1x1x2xi32>) {
  ^bb0(%a: i32, %out: i32):
    linalg.yield %a : i32
  } -> tensor<1x1x1x2xi32>
  return %y : tensor<1x1x1x2xi32>
}

// Every window holds an element, which the least integer does not exceed.
// AVX2-LABEL: func.func @pooled(
// AVX2: inputs 0 .. 127: 1 dot step in 16 bits
func.func @pooled(%v: tensor<1x2x2x2xi32>) -> tensor<1x1x1x2xi32> {
  %lo = arith.constant 0 : i32
  %hi = arith.constant 127 : i32
  %e8 = tensor.empty() : tensor<1x2x2x2xi8>
  %x = linalg.generic {indexing_maps = [#same4, #same4], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%v : tensor<1x2x2x2xi32>) outs(%e8 : tensor<1x2x2x2xi8>) {
  ^bb0(%a: i32, %out: i8):
    %1 = arith.maxsi %a, %lo : i32
    %2 = arith.minsi %1, %hi : i32
    %4 = arith.trunci %2 : i32 to i8
    linalg.yield %4 : i8
  } -> tensor<1x2x2x2xi8>
  %c = arith.constant -128 : i8
  %wide = tensor.pad %x low[0, 1, 1, 0] high[0, 0, 0, 0] {
  ^bb0(%i: index, %j: index, %k: index, %l: index):
    tensor.yield %c : i8
  } : tensor<1x2x2x2xi8> to tensor<1x3x3x2xi8>
  %window = tensor.empty() : tensor<2x2xi8>
  %ep = tensor.empty() : tensor<1x2x2x2xi8>
  %least = arith.constant -128 : i8
  %start = linalg.fill ins(%least : i8) outs(%ep : tensor<1x2x2x2xi8>) -> tensor<1x2x2x2xi8>
  %in = linalg.pooling_nhwc_max {dilations = dense<1> : tensor<2xi64>, strides = dense<1> : tensor<2xi64>}
      ins(%wide, %window : tensor<1x3x3x2xi8>, tensor<2x2xi8>) outs(%start : tensor<1x2x2x2xi8>) -> tensor<1x2x2x2xi8>
  %w = arith.constant dense<-128> : tensor<2x2x2x2xi8>
  %zero = arith.constant 0 : i32
  %e = tensor.empty() : tensor<1x1x1x2xi32>
  %init = linalg.fill ins(%zero : i32) outs(%e : tensor<1x1x1x2xi32>) -> tensor<1x1x1x2xi32>
  %acc = linalg.conv_2d_nhwc_hwcf {dilations = dense<1> : tensor<2xi64>, strides = dense<1> : tensor<2xi64>}
      ins(%in, %w : tensor<1x2x2x2xi8>, tensor<2x2x2x2xi8>) outs(%init : tensor<1x1x1x2xi32>) -> tensor<1x1x1x2xi32>
  %y = linalg.generic {indexing_maps = [#same4, #same4], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%acc : tensor<1x1x1x2xi32>) outs(%e : tensor<1x1x1x2xi32>) {
  ^bb0(%a: i32, %out: i32):
    linalg.yield %a : i32
  } -> tensor<1x1x1x2xi32>
  return %y : tensor<1x1x1x2xi32>
}

// AVX2-LABEL: func.func @pooled_padding(
// AVX2: qbias.plan = "pair16"
func.func @pooled_padding(%v: tensor<1x2x2x2xi32>) -> tensor<1x1x1x2xi32> {
  %lo = arith.constant 0 : i32
  %hi = arith.constant 127 : i32
  %e8 = tensor.empty() : tensor<1x2x2x2xi8>
  %x = linalg.generic {indexing_maps = [#same4, #same4], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%v : tensor<1x2x2x2xi32>) outs(%e8 : tensor<1x2x2x2xi8>) {
  ^bb0(%a: i32, %out: i8):
    %1 = arith.maxsi %a, %lo : i32
    %2 = arith.minsi %1, %hi : i32
    %4 = arith.trunci %2 : i32 to i8
    linalg.yield %4 : i8
  } -> tensor<1x2x2x2xi8>
  %c = arith.constant -100 : i8
  %wide = tensor.pad %x low[0, 1, 1, 0] high[0, 0, 0, 0] {
  ^bb0(%i: index, %j: index, %k: index, %l: index):
    tensor.yield %c : i8
  } : tensor<1x2x2x2xi8> to tensor<1x3x3x2xi8>
  %window = tensor.empty() : tensor<2x2xi8>
  %ep = tensor.empty() : tensor<1x2x2x2xi8>
  %least = arith.constant -128 : i8
  %start = linalg.fill ins(%least : i8) outs(%ep : tensor<1x2x2x2xi8>) -> tensor<1x2x2x2xi8>
  %in = linalg.pooling_nhwc_max {dilations = dense<1> : tensor<2xi64>, strides = dense<1> : tensor<2xi64>}
      ins(%wide, %window : tensor<1x3x3x2xi8>, tensor<2x2xi8>) outs(%start : tensor<1x2x2x2xi8>) -> tensor<1x2x2x2xi8>
  %w = arith.constant dense<-128> : tensor<2x2x2x2xi8>
  %zero = arith.constant 0 : i32
  %e = tensor.empty() : tensor<1x1x1x2xi32>
  %init = linalg.fill ins(%zero : i32) outs(%e : tensor<1x1x1x2xi32>) -> tensor<1x1x1x2xi32>
  %acc = linalg.conv_2d_nhwc_hwcf {dilations = dense<1> : tensor<2xi64>, strides = dense<1> : tensor<2xi64>}
      ins(%in, %w : tensor<1x2x2x2xi8>, tensor<2x2x2x2xi8>) outs(%init : tensor<1x1x1x2xi32>) -> tensor<1x1x1x2xi32>
  %y = linalg.generic {indexing_maps = [#same4, #same4], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%acc : tensor<1x1x1x2xi32>) outs(%e : tensor<1x1x1x2xi32>) {
  ^bb0(%a: i32, %out: i32):
    linalg.yield %a : i32
  } -> tensor<1x1x1x2xi32>
  return %y : tensor<1x1x1x2xi32>
}

// Tile registers need an operating system that gives them.
// TILES-LABEL: func.func @large(
// TILES: qbias.plan = "tile8", qbias.plan_reason = "target amx, sums stored"
// WINDOWS-LABEL: func.func @large(
// WINDOWS: qbias.plan = "dot8", qbias.plan_reason = "target avx512vnni, sums stored"
func.func @large(%x: tensor<64x256xi8>) -> tensor<64x64xi32> {
  %w = arith.constant dense<103> : tensor<256x64xi8>
  %zero = arith.constant 0 : i32
  %e = tensor.empty() : tensor<64x64xi32>
  %init = linalg.fill ins(%zero : i32) outs(%e : tensor<64x64xi32>) -> tensor<64x64xi32>
  %acc = linalg.matmul ins(%x, %w : tensor<64x256xi8>, tensor<256x64xi8>) outs(%init : tensor<64x64xi32>) -> tensor<64x64xi32>
  %y = linalg.generic {indexing_maps = [#same, #same], iterator_types = ["parallel", "parallel"]}
      ins(%acc : tensor<64x64xi32>) outs(%e : tensor<64x64xi32>) {
  ^bb0(%a: i32, %out: i32):
    linalg.yield %a : i32
  } -> tensor<64x64xi32>
  return %y : tensor<64x64xi32>
}

// Weights that one row reads once come from memory: as bytes. Few of them do not.
// AVX2-LABEL: func.func @one_row(
// AVX2: qbias.plan = "pair16w8"
// AVX2: qbias.plan = "pair16",
func.func @one_row(%x: tensor<1x256xi8>, %y: tensor<1x128xi8>) -> (tensor<1x128xi32>, tensor<1x128xi32>) {
  %w = arith.constant dense<65> : tensor<256x128xi8>
  %few = arith.constant dense<65> : tensor<128x128xi8>
  %zero = arith.constant 0 : i32
  %e = tensor.empty() : tensor<1x128xi32>
  %init = linalg.fill ins(%zero : i32) outs(%e : tensor<1x128xi32>) -> tensor<1x128xi32>
  %0 = linalg.matmul ins(%x, %w : tensor<1x256xi8>, tensor<256x128xi8>) outs(%init : tensor<1x128xi32>) -> tensor<1x128xi32>
  %1 = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, d1)>], iterator_types = ["parallel", "parallel"]}
      ins(%0 : tensor<1x128xi32>) outs(%e : tensor<1x128xi32>) {
  ^bb0(%a: i32, %out: i32):
    linalg.yield %a : i32
  } -> tensor<1x128xi32>
  %2 = linalg.matmul ins(%y, %few : tensor<1x128xi8>, tensor<128x128xi8>) outs(%init : tensor<1x128xi32>) -> tensor<1x128xi32>
  %3 = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, d1)>], iterator_types = ["parallel", "parallel"]}
      ins(%2 : tensor<1x128xi32>) outs(%e : tensor<1x128xi32>) {
  ^bb0(%a: i32, %out: i32):
    linalg.yield %a : i32
  } -> tensor<1x128xi32>
  return %1, %3 : tensor<1x128xi32>, tensor<1x128xi32>
}
