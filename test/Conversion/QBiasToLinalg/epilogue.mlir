// RUN: qbias-opt %s --split-input-file --qbias-integerize --convert-qbias-to-linalg | FileCheck %s

!x = !quant.uniform<i8:f32, 0.5:3>
!w = !quant.uniform<i8:f32:0, {0.25, 0.125}>
!y = !quant.uniform<u8:f32, 0.7:100>

// (acc * m + r) >> k, clamp, and then the shift to signed storage.
// CHECK-LABEL: func.func @affine(
// CHECK: %[[ACC:.*]] = linalg.matmul
// CHECK-DAG: %[[M:.*]] = arith.constant dense<{{.*}}> : tensor<2xi64>
// CHECK: linalg.generic {indexing_maps = [#[[ID:.*]], #[[C:.*]], #[[C]], #[[C]], #[[ID]]], iterator_types = ["parallel", "parallel"]} ins(%[[ACC]],
// CHECK: ^bb0(%[[A:.*]]: i32, %[[MUL:.*]]: i64, %[[K:.*]]: i64, %[[R:.*]]: i64, %{{.*}}: i8):
// CHECK-NEXT: %[[WIDE:.*]] = arith.extsi %[[A]] : i32 to i64
// CHECK-NEXT: %[[P:.*]] = arith.muli %[[WIDE]], %[[MUL]]
// CHECK-NEXT: %[[S:.*]] = arith.addi %[[P]], %[[R]]
// CHECK-NEXT: %[[Q:.*]] = arith.shrsi %[[S]], %[[K]]
// CHECK: %[[LO:.*]] = arith.constant 100 : i64
// CHECK: %[[MAX:.*]] = arith.maxsi %[[Q]], %[[LO]]
// CHECK: %[[HI:.*]] = arith.constant 255 : i64
// CHECK: %[[MIN:.*]] = arith.minsi %[[MAX]], %[[HI]]
// CHECK: %[[SHIFT:.*]] = arith.constant -128 : i64
// CHECK: %[[STORED:.*]] = arith.addi %[[MIN]], %[[SHIFT]]
// CHECK: %[[Y:.*]] = arith.trunci %[[STORED]] : i64 to i8
// CHECK: linalg.yield %[[Y]]
func.func @affine(%q: tensor<1x2x!x>) -> tensor<1x2x!y> {
  %x = qbias.dequantize %q : tensor<1x2x!x> -> tensor<1x2xf32>
  %c = arith.constant dense<[[1, -2], [3, 4]]> : tensor<2x2xi8>
  %wq = quant.scast %c : tensor<2x2xi8> to tensor<2x2x!w>
  %w = qbias.dequantize %wq : tensor<2x2x!w> -> tensor<2x2xf32>
  %0 = qbias.matmul %x, %w : (tensor<1x2xf32>, tensor<2x2xf32>) -> tensor<1x2xf32>
  %1 = qbias.clamp %0 lo 0.0 : tensor<1x2xf32>
  %2 = qbias.quantize %1 : tensor<1x2xf32> -> tensor<1x2x!y>
  return %2 : tensor<1x2x!y>
}

// -----

!x = !quant.uniform<i8:f32, 0.5>
!y = !quant.uniform<i8:f32, 1.0:3>

// v + 2^(k-1) - 1 + ((v >> k) & 1), shifted; the zero point last.
// CHECK-LABEL: func.func @half_even(
// CHECK: %[[V:.*]] = arith.addi %{{.*}}, %{{.*}} : i64
// CHECK: %[[FLOOR:.*]] = arith.shrsi %[[V]], %[[K:.*]] : i64
// CHECK: %[[ODD:.*]] = arith.andi %[[FLOOR]],
// CHECK: %[[HALF:.*]] = arith.shli
// CHECK: %[[LESS:.*]] = arith.subi %[[HALF]],
// CHECK: %[[V1:.*]] = arith.addi %[[V]], %[[LESS]]
// CHECK: %[[V2:.*]] = arith.addi %[[V1]], %[[ODD]]
// CHECK: %[[Q:.*]] = arith.shrsi %[[V2]], %[[K]]
// CHECK: %[[ZP:.*]] = arith.constant 3 : i64
// CHECK: arith.addi %[[Q]], %[[ZP]]
func.func @half_even(%q: tensor<1x2x!x>) -> tensor<1x1x!y> {
  %x = qbias.dequantize %q : tensor<1x2x!x> -> tensor<1x2xf32>
  %c = arith.constant dense<[[1, -2]]> : tensor<1x2xi8>
  %wq = quant.scast %c : tensor<1x2xi8> to tensor<1x2x!x>
  %w = qbias.dequantize %wq : tensor<1x2x!x> -> tensor<1x2xf32>
  %0 = qbias.matmul %x, %w : (tensor<1x2xf32>, tensor<1x2xf32>) -> tensor<1x1xf32>
  %1 = qbias.quantize %0 : tensor<1x1xf32> -> tensor<1x1x!y>
  return %1 : tensor<1x1x!y>
}

// -----

!x = !quant.uniform<i8:f32, 1.0>
!y = !quant.uniform<i8<-2:3>:f32, 6.0>

// Five thresholds become seven, so that steps of 4, 2 and 1 find the level.
// CHECK-LABEL: func.func @threshold(
// CHECK: %[[T:.*]] = arith.constant dense<{{\[\[}}-8, -3, 4, 9, 16, 9223372036854775807, 9223372036854775807], [-8, -3, 4, 9, 16, 9223372036854775807, 9223372036854775807]]> : tensor<2x7xi64>
// CHECK: %[[CHANNELS:.*]] = arith.constant dense<[0, 1]> : tensor<2xindex>
// CHECK: ^bb0(%[[A:.*]]: i32, %[[C:.*]]: index, %{{.*}}: i8):
// CHECK: %[[BOUND:.*]] = tensor.extract %[[T]][%[[C]], %{{.*}}]
// CHECK: %[[REACHED:.*]] = arith.cmpi sge, %{{.*}}, %[[BOUND]] : i64
// CHECK: arith.select %[[REACHED]]
// CHECK-COUNT-2: tensor.extract
// CHECK-NOT: tensor.extract
// CHECK: %[[LO:.*]] = arith.constant -2 : i64
// CHECK: arith.addi %{{.*}}, %[[LO]]
func.func @threshold(%q: tensor<1x2x!x>) -> tensor<1x2x!y> {
  %x = qbias.dequantize %q : tensor<1x2x!x> -> tensor<1x2xf32>
  %c = arith.constant dense<[[1, -1], [1, 1]]> : tensor<2x2xi8>
  %wq = quant.scast %c : tensor<2x2xi8> to tensor<2x2x!x>
  %w = qbias.dequantize %wq : tensor<2x2x!x> -> tensor<2x2xf32>
  %0 = qbias.matmul %x, %w : (tensor<1x2xf32>, tensor<2x2xf32>) -> tensor<1x2xf32>
  %1 = qbias.quantize %0 : tensor<1x2xf32> -> tensor<1x2x!y>
  return %1 : tensor<1x2x!y>
}

// -----

!x = !quant.uniform<i8<-2:2>:f32, 1.0>

// The table starts at the lower bound -12.
// CHECK-LABEL: func.func @table(
// CHECK: %[[T:.*]] = arith.constant dense<[-2, {{.*}}]> : tensor<25xi64>
// CHECK: ^bb0(%[[S:.*]]: i32, %{{.*}}: i8):
// CHECK: %[[WIDE:.*]] = arith.extsi %[[S]] : i32 to i64
// CHECK: %[[MIN:.*]] = arith.constant -12 : i64
// CHECK: %[[AT:.*]] = arith.subi %[[WIDE]], %[[MIN]]
// CHECK: %[[INDEX:.*]] = arith.index_cast %[[AT]] : i64 to index
// CHECK: tensor.extract %[[T]][%[[INDEX]]]
func.func @table(%q: tensor<1x1x6x1x!x>) -> tensor<1x1x1x1x!x> {
  %x = qbias.dequantize %q : tensor<1x1x6x1x!x> -> tensor<1x1x6x1xf32>
  %0 = qbias.pool avg %x {kernel = array<i64: 1, 6>} : tensor<1x1x6x1xf32> -> tensor<1x1x1x1xf32>
  %1 = qbias.quantize %0 : tensor<1x1x1x1xf32> -> tensor<1x1x1x1x!x>
  return %1 : tensor<1x1x1x1x!x>
}

// -----

!x = !quant.uniform<i8:f32, 0.5:3>
!w = !quant.uniform<i8:f32, 0.25>
!s = !quant.uniform<u8:f32, 0.30000001192092896:7>
!y = !quant.uniform<i8:f32, 0.70999997854232788:-5>

// The addend enters as the file's integer: 128 more than what is stored.
// CHECK-LABEL: func.func @addend(
// CHECK: ^bb0(%[[A:.*]]: i32, %[[Q:.*]]: i8, %[[M:.*]]: i64, %[[K:.*]]: i64, %[[R:.*]]: i64, %[[M2:.*]]: i64, %{{.*}}: i8):
// CHECK: %[[WIDE:.*]] = arith.extsi %[[Q]] : i8 to i64
// CHECK: %[[SHIFT:.*]] = arith.constant -128 : i64
// CHECK: %[[FILE:.*]] = arith.subi %[[WIDE]], %[[SHIFT]]
// CHECK: %[[SECOND:.*]] = arith.muli %[[FILE]], %[[M2]]
// CHECK: arith.addi %{{.*}}, %[[SECOND]]
func.func @addend(%q: tensor<1x2x!x>, %r: tensor<1x1x!s>) -> tensor<1x1x!y> {
  %x = qbias.dequantize %q : tensor<1x2x!x> -> tensor<1x2xf32>
  %s = qbias.dequantize %r : tensor<1x1x!s> -> tensor<1x1xf32>
  %c = arith.constant dense<[[3, -5]]> : tensor<1x2xi8>
  %wq = quant.scast %c : tensor<1x2xi8> to tensor<1x2x!w>
  %w = qbias.dequantize %wq : tensor<1x2x!w> -> tensor<1x2xf32>
  %0 = qbias.matmul %x, %w : (tensor<1x2xf32>, tensor<1x2xf32>) -> tensor<1x1xf32>
  %1 = qbias.add %0, %s : tensor<1x1xf32>, tensor<1x1xf32> -> tensor<1x1xf32>
  %2 = qbias.quantize %1 : tensor<1x1xf32> -> tensor<1x1x!y>
  return %2 : tensor<1x1x!y>
}

// -----

!x = !quant.uniform<i8:f32, 0.5:3>
!w = !quant.uniform<i8:f32, 0.25>

// CHECK-LABEL: func.func @accumulator(
// CHECK: %[[ACC:.*]] = linalg.matmul
// CHECK-NOT: arith.muli
// CHECK: return
func.func @accumulator(%q: tensor<1x2x!x>) -> tensor<1x1xf32> {
  %x = qbias.dequantize %q : tensor<1x2x!x> -> tensor<1x2xf32>
  %c = arith.constant dense<[[3, -5]]> : tensor<1x2xi8>
  %wq = quant.scast %c : tensor<1x2xi8> to tensor<1x2x!w>
  %w = qbias.dequantize %wq : tensor<1x2x!w> -> tensor<1x2xf32>
  %0 = qbias.matmul %x, %w : (tensor<1x2xf32>, tensor<1x2xf32>) -> tensor<1x1xf32>
  return %0 : tensor<1x1xf32>
}
