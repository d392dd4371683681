// RUN: qbias-opt %s --qbias-split-phases="threads=2" --split-input-file --verify-diagnostics
// RUN: not qbias-opt %s --qbias-lower-kernels="threads=0" --split-input-file 2>&1 | FileCheck %s

// CHECK: error: expects at least one thread, got 0

// expected-error@+1 {{expects a planned function 'main'; run --qbias-plan-memory}}
module {
  func.func @main(%x: memref<8xi8>) {
    return
  }
}

// -----

// expected-error@+1 {{expects a planned function 'main'; run --qbias-plan-memory}}
module {
}
