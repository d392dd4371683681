// |x| of an 8-bit tensor, one scale: 128, 127, ..., 1, 0, 1, ..., 127, of which
// 128 saturates. The proof evaluates the reference for every entry.
// RUN: qbias-opt %s --qbias-certify=verify-only | FileCheck %s
// RUN: qbias-opt %s --qbias-to-linalg-pipeline | FileCheck %s --check-prefix=LINALG
// RUN: sed s/7F7F7E7D/7F7F7D7D/ %s | not qbias-opt --qbias-certify=verify-only 2>&1 | FileCheck %s --check-prefix=WRONG

!act = !quant.uniform<i8:f32, 0.5>

// LINALG-LABEL: func.func @abs
// LINALG: tensor.extract

// WRONG: error: certificate is wrong: expects table entry 126 at index 2, got 125

// CHECK-LABEL: func.func @abs
// CHECK: qbias.int.lookup
func.func @abs(%x: tensor<1x8xi8> {qbias.type = !act}) -> (tensor<1x8xi8> {qbias.type = !act}) {
  %y = qbias.int.lookup %x
      {input_zp = 0, table = dense_resource<table> : tensor<256xi8>,
       reference = #qbias.reference<operands = [0.5], steps = [#qbias.unary<function = abs>], result = !act>,
       requant = #qbias.requant<mode = exact, form = table, lo = 0, hi = 127>,
       certificate = #qbias.certificate<channels = 1, certified = 1>}
      : tensor<1x8xi8> -> tensor<1x8xi8>
  return %y : tensor<1x8xi8>
}

{-#
  dialect_resources: { builtin: { table: "0x010000007F7F7E7D7C7B7A797877767574737271706F6E6D6C6B6A696867666564636261605F5E5D5C5B5A595857565554535251504F4E4D4C4B4A494847464544434241403F3E3D3C3B3A393837363534333231302F2E2D2C2B2A292827262524232221201F1E1D1C1B1A191817161514131211100F0E0D0C0B0A090807060504030201000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F202122232425262728292A2B2C2D2E2F303132333435363738393A3B3C3D3E3F404142434445464748494A4B4C4D4E4F505152535455565758595A5B5C5D5E5F606162636465666768696A6B6C6D6E6F707172737475767778797A7B7C7D7E7F" } }
#-}
