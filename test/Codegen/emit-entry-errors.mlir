// RUN: qbias-opt %s --qbias-emit-entry --split-input-file --verify-diagnostics

// expected-error @below {{expects a lowered function 'main' with described buffers; run --qbias-to-llvm-pipeline}}
module {
  llvm.func @other() {
    llvm.return
  }
}

// -----

// expected-error @below {{expects a lowered function 'main' with described buffers; run --qbias-to-llvm-pipeline}}
module {
  llvm.func @main(%x: !llvm.ptr) {
    llvm.return
  }
}

// -----

// One size for two pointers.
// expected-error @below {{expects a lowered function 'main' with described buffers; run --qbias-to-llvm-pipeline}}
module {
  llvm.func @main(%x: !llvm.ptr, %y: !llvm.ptr) attributes {
      qbias.buffer_bytes = array<i64: 8>, qbias.buffer_alignment = array<i64: 1>, qbias.inputs = 1 : i64} {
    llvm.return
  }
}
