// RUN: not qbias-opt %s --qbias-plan-kernels="plan=fastest" 2>&1 | FileCheck %s --check-prefix=PLAN
// RUN: not qbias-opt %s --qbias-plan-kernels="cpu=i1986" 2>&1 | FileCheck %s --check-prefix=CPU
// RUN: not qbias-opt %s --qbias-lower-kernels="triple=abacus" 2>&1 | FileCheck %s --check-prefix=TRIPLE

// PLAN: error: unknown plan 'fastest', expected auto, reference, tile8, mmla8, dot8, pair8, pair16, pair16w8, winograd4, winograd4w8
// CPU: error: cannot describe the target: --cpu is 'i1986', which is no processor of x86_64
// TRIPLE: error: cannot describe the target: {{.*}}abacus
module {}
