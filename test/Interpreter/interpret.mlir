// The inputs a function is given.
// RUN: qbias-opt %s --qbias-interpret="seeds=2" -o /dev/null | FileCheck %s
// RUN: qbias-opt %s --qbias-interpret="seeds=1 edges=false" -o /dev/null | FileCheck %s --check-prefix=RANDOM

!q = !quant.uniform<u8<1:255>:f32, 0.5:128>

// CHECK: "function":"one_argument","set":"all smallest","inputs":[{"shape":[4],"values":[1,1,1,1]}],"outputs":[{"shape":[4],"values":["-127/2","-127/2","-127/2","-127/2"]}]}
// CHECK-NEXT: "set":"all largest","inputs":[{"shape":[4],"values":[255,255,255,255]}]
// CHECK-NEXT: "set":"all zero point","inputs":[{"shape":[4],"values":[128,128,128,128]}]
// CHECK-NEXT: "set":"alternating","inputs":[{"shape":[4],"values":[1,255,1,255]}]
// CHECK-NEXT: "set":"ramp","inputs":[{"shape":[4],"values":[1,85,170,255]}]
// CHECK-NEXT: "set":"random 0"
// CHECK-NEXT: "set":"random 1"
// RANDOM: "function":"one_argument","set":"random 0"
func.func @one_argument(%q: tensor<4x!q>) -> tensor<4xf32> {
  %x = qbias.dequantize %q : tensor<4x!q> -> tensor<4xf32>
  return %x : tensor<4xf32>
}

// A float argument holds quarter steps of the type it is quantized to, beyond
// its range.
// CHECK-NEXT: "function":"float_argument","set":"all smallest","inputs":[{"shape":[2],"values":["-64","-64"]}],"outputs":[{"shape":[2],"values":[1,1]}]}
// CHECK-NEXT: "set":"all largest","inputs":[{"shape":[2],"values":["64","64"]}],"outputs":[{"shape":[2],"values":[255,255]}]}
// RANDOM-NEXT: "function":"float_argument","set":"random 0"
func.func @float_argument(%x: tensor<2xf32>) -> tensor<2x!q> {
  %q = qbias.quantize %x : tensor<2xf32> -> tensor<2x!q>
  return %q : tensor<2x!q>
}

// Integers of the range that an attribute gives them.
// CHECK: "function":"two_arguments","set":"all smallest"
// CHECK: "function":"two_arguments","set":"by argument","inputs":[{"shape":[1],"values":[-7]},{"shape":[1],"values":[127]}]
// CHECK-NEXT: "set":"by argument, reversed","inputs":[{"shape":[1],"values":[7]},{"shape":[1],"values":[-128]}]
// RANDOM-NEXT: "function":"two_arguments","set":"random 0"
func.func @two_arguments(%a: tensor<1xi8> {qbias.type = !quant.uniform<i8<-7:7>:f32, 1.0>}, %b: tensor<1xi8>)
    -> (tensor<1xi8>, tensor<1xi8>) {
  return %a, %b : tensor<1xi8>, tensor<1xi8>
}
