// Long types and attributes have a name at the top of a file, and long arrays
// stand behind it: a line of a function body stays short, here with 512
// channels. Both stages, through text and back.
// RUN: %python %S/Inputs/wide_layer.py 512 > %t.mlir
// RUN: qbias-opt %t.mlir --verify-roundtrip | FileCheck %s --check-prefix=REAL
// RUN: qbias-opt %t.mlir --qbias-integerize > %t.int.mlir
// RUN: qbias-opt %t.int.mlir --verify-roundtrip | FileCheck %s --check-prefix=INT
// RUN: qbias-opt %t.int.mlir --emit-bytecode | qbias-opt | FileCheck %s --check-prefix=INT

// REAL-DAG: !per_axis = !quant.uniform<i8:f32:0, {
// REAL-DAG: !quant = !quant.uniform<i8:f32, 5.000000e-01:3>
// REAL-LABEL: func.func @wide
// REAL-NOT: {{^(.{100}){3,}.*$}}
// REAL: arith.constant dense_resource<bias> : tensor<512xf32>
// REAL-NOT: {{^(.{100}){3,}.*$}}
// REAL: quant.scast %{{.*}} : tensor<512x2xi8> to tensor<512x2x!per_axis>
// REAL-NOT: {{^(.{100}){3,}.*$}}
// REAL: {-#

// INT-DAG: #bounds = #qbias.bounds<min = dense_resource<{{.*}}> : tensor<512xi64>, max = dense_resource<{{.*}}> : tensor<512xi64>>
// INT-DAG: #certificate = #qbias.certificate<channels = 512, certified = 512, rounding_min = dense_resource<{{.*}}> : tensor<512xi64>, rounding_max = dense_resource<{{.*}}> : tensor<512xi64>>
// INT-DAG: #layer = #qbias.layer<
// INT-DAG: #reference = #qbias.reference<operands = [5.000000e-01], weights = dense_resource<{{.*}}> : tensor<512xf64>, bias = dense_resource<bias> : tensor<512xf32>, result = !quant>
// INT-DAG: #requant = #qbias.requant<mode = exact, form = {{[a-z_]+}}, multiplier = dense_resource<{{.*}}> : tensor<512xi64>, shift = {{.*}} : tensor<512xi64>, rounding = dense_resource<{{.*}}> : tensor<512xi64>, {{.*}}lo = -128, hi = 127>
// INT-LABEL: func.func @wide
// INT-NOT: {{^(.{100}){5,}.*$}}
// INT: qbias.int.matmul %{{.*}}, %{{.*}} bias %{{.*}} {bias_case = #qbias<bias_case float>, bounds = #bounds, certificate = #certificate, layer = #layer, lhs_zp = 3 : i64, reference = #reference, requant = #requant, rhs_zp = 0 : i64} : (tensor<1x2xi8>, tensor<512x2xi8>, tensor<512xi32>) -> tensor<1x512xi8>
// INT-NOT: {{^(.{100}){5,}.*$}}
// INT: {-#
