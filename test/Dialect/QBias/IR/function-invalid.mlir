// Attributes of functions: failing cases for every constraint, under its label
// of docs/Spec.md.
// RUN: qbias-opt %s --split-input-file --verify-diagnostics

// function_f1
// expected-error @+1 {{F1: expects qbias.name to be a string, got 5 : i64}}
func.func private @f(tensor<2xi8> {qbias.name = 5})

// -----

// function_f1_tensor
// expected-error @+1 {{F1: expects qbias.tensor to be a string, got unit}}
func.func private @f(tensor<2xi8> {qbias.tensor})

// -----

// function_f1_producer
// expected-error @+1 {{F1: expects qbias.producer to be a string, got i8}}
func.func private @f() -> (tensor<2xi8> {qbias.producer = i8})

// -----

// function_f2
// expected-error @+1 {{F2: expects qbias.type to be a quantized type with one scale, or one per channel, got i8}}
func.func private @f(tensor<2xi8> {qbias.type = i8})

// -----

// function_f2_per_axis
// expected-error @+1 {{F2: expects qbias.type to be one with a scale per entry of its axis, got '!quant.uniform<i8:f32:1, {5.000000e-01,2.500000e-01}>' for 'tensor<2x3xi8>'}}
func.func private @f(tensor<2x3xi8> {qbias.type = !quant.uniform<i8:f32:1, {0.5, 0.25}>})

// -----

// function_f2_width
// expected-error @+1 {{F2: expects qbias.type to be of the tensor's width, got '!quant.uniform<i16:f32, 5.000000e-01>' for 'tensor<2xi8>'}}
func.func private @f(tensor<2xi8> {qbias.type = !quant.uniform<i16:f32, 0.5>})

// -----

// function_f2_zero_point
// expected-error @+1 {{F2: expects qbias.type to be one that is usable: expects a zero point in [-128, 127], got 300}}
func.func private @f() -> (tensor<2xi8> {qbias.type = !quant.uniform<i8:f32, 0.5:300>})

// -----

// function_f3
// expected-error @+1 {{F3: expects qbias.real to be a unit attribute, got false}}
func.func private @f(tensor<2xi8> {qbias.real = false})

// -----

// function_f3_observed
// expected-error @+1 {{F3: expects qbias.observed to be a unit attribute}}
func.func private @f() -> (tensor<2xi8> {qbias.observed = "yes"})

// -----

// function_f3_unused
// expected-error @+1 {{F3: expects qbias.unused to be a unit attribute}}
func.func private @f(tensor<2xi8> {qbias.unused = 1})

// -----

// function_f4
// expected-error @+1 {{F4: expects qbias.offsets to be finite f64 numbers, as many scales as offsets, scales positive}}
func.func private @f() -> (tensor<2xi32> {qbias.scales = array<f64: 0.5>, qbias.offsets = array<f64: 0.0, 0.0>})

// -----

// function_f4_alone
// expected-error @+1 {{F4: expects qbias.scales to be finite f64 numbers}}
func.func private @f() -> (tensor<2xi32> {qbias.scales = array<f64: 0.5>})

// -----

// function_f4_type
// expected-error @+1 {{F4: expects qbias.offsets to be finite f64 numbers}}
func.func private @f() -> (tensor<2xi32> {qbias.scales = array<f64: 0.5>, qbias.offsets = [0.0]})

// -----

// function_f4_positive
// expected-error @+1 {{F4: expects qbias.scales to be finite f64 numbers}}
func.func private @f() -> (tensor<2xi32> {qbias.scales = array<f64: 0.0>, qbias.offsets = array<f64: 0.0>})

// -----

// function_f4_finite
// expected-error @+1 {{F4: expects qbias.offsets to be finite f64 numbers}}
func.func private @f() -> (tensor<2xi32> {qbias.scales = array<f64: 0.5>, qbias.offsets = array<f64: 0x7FF0000000000000>})

// -----

// function_f4_empty
// expected-error @+1 {{F4: expects qbias.offsets to be finite f64 numbers}}
func.func private @f() -> (tensor<2xi32> {qbias.scales = array<f64>, qbias.offsets = array<f64>})

// -----

// function_f5
// expected-error @+1 {{F5: expects qbias.axis to be a dimension of 'tensor<2xi32>' with one entry per scale, got 1}}
func.func private @f() -> (tensor<2xi32> {qbias.axis = 1})

// -----

// function_f5_scales
// expected-error @+1 {{F5: expects qbias.axis to be a dimension of 'tensor<2x3xi32>' with one entry per scale, got 0}}
func.func private @f() -> (tensor<2x3xi32> {qbias.axis = 0, qbias.scales = array<f64: 1.0, 1.0, 1.0>,
                                            qbias.offsets = array<f64: 0.0, 0.0, 0.0>})

// -----

// function_f5_type
// expected-error @+1 {{F5: expects qbias.axis to be an i64, got "last"}}
func.func private @f() -> (tensor<2xi32> {qbias.axis = "last"})

// -----

// function_f6
// expected-error @+1 {{F6: expects qbias.tail to be an array of steps, got unit}}
func.func private @f() -> (tensor<2xi32> {qbias.tail})

// -----

// function_f6_step
// expected-error @+1 {{F6: expects qbias.tail to be steps of a reference: expects clamp, unary, linear, combine and quantized type steps}}
func.func private @f() -> (tensor<2xi32> {qbias.tail = [7]})

// -----

// function_f6_clamp
// expected-error @+1 {{F6: expects qbias.tail to be steps of a reference: expects lo of a clamp to be at most hi}}
func.func private @f() -> (tensor<2xi32> {qbias.tail = [#qbias.clamp<lo = 1.0 : f64, hi = 0.0 : f64>]})

// -----

// function_f6_argument
// expected-error @+1 {{F6: expects qbias.tail to be an array of clamps on an argument, got #qbias.unary<function = sigmoid>}}
func.func private @f(tensor<2xi8> {qbias.tail = [#qbias.unary<function = sigmoid>]})

// -----

// function_f7
func.func @f(%x: tensor<2xf32>) {
  // expected-error @+1 {{F7: expects qbias.source to be a string, got 1 : i64}}
  %0 = qbias.clamp %x {qbias.source = 1} : tensor<2xf32>
  return
}
