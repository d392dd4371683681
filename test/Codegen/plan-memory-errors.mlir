// RUN: qbias-opt %s --allow-unregistered-dialect --qbias-plan-memory --split-input-file --verify-diagnostics

func.func @size_is_computed(%n: index) {
  // expected-error @below {{expects an allocation of static shape outside loops, got 'memref<?xi8>'}}
  %a = memref.alloc(%n) : memref<?xi8>
  "test.use"(%a) : (memref<?xi8>) -> ()
  return
}

// -----

func.func @allocation_in_a_loop() {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  scf.for %i = %c0 to %c1 step %c1 {
    // expected-error @below {{expects an allocation of static shape outside loops, got 'memref<4xi8>'}}
    %a = memref.alloc() : memref<4xi8>
    "test.use"(%a) : (memref<4xi8>) -> ()
  }
  return
}

// -----

// expected-error @below {{expects results of static shape, got 'memref<?xi8>'}}
func.func @result_of_unknown_size(%x: memref<?xi8>) -> memref<?xi8> {
  return %x : memref<?xi8>
}
