# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes a small tree for lint.py: one without findings, or one with a fault of every kind.

usage: tree.py DIR [faults]
"""

import os
import sys

BANNER = "//\n// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception\n//\n"

CLEAN = {
    "include/qbias/Dialect/QBias/IR/Ops.td": BANNER + '''
class QBias_Op<string mnemonic, list<Trait> traits = []> : Op<QBias_Dialect, mnemonic, traits>;
class QBias_IntOp<string mnemonic> : QBias_Op<"int." # mnemonic>;
class QBias_BinaryOp<string mnemonic> : QBias_Op<mnemonic> {
  let description = [{
    * C1: ranks are equal.
  }];
}
def QBias_AddOp : QBias_BinaryOp<"add">;
def QBias_IntPadOp : QBias_IntOp<"pad"> {
  let description = [{
    * C1, C2: as `qbias.pad`.
    * C3 to C4: as others.
  }];
}
''',
    "include/qbias/Dialect/QBias/Transforms/Passes.td": BANNER + 'def Fuse : Pass<"qbias-fuse"> {}\n',
    "lib/Dialect/QBias/IR/Ops.cpp": BANNER + '''
/// C2
static bool isPositive(int value) { return value > 0; }

static bool verifyShape(int op, int value) {
  if (!isPositive(value))
    return false;
  emitError(op, "C1: expects equal ranks, got ") << value;
  return true;
}

bool AddOp::verify() { return verifyShape(*this, getRank()); }

bool IntPadOp::verify() {
  // C3 to C4
  return verifyShape(*this, 0);
}
''',
    "lib/Dialect/QBias/Transforms/Fuse.cpp": BANNER + "#define GEN_PASS_DEF_FUSE\n",
    "docs/Spec.md": '''# Specification

### qbias.add

* C1: ranks are equal.

Example: test/Examples/add.mlir

### qbias.int.pad

* C1 to C4: as others.

Example: test/Examples/add.mlir
''',
    "test/Dialect/QBias/IR/invalid.mlir": '''// RUN: qbias-opt %s --verify-diagnostics

// add_c1
// expected-error @+1 {{C1: expects equal ranks}}

// -----

// int_pad_c1
// expected-error @+1 {{C1: expects}}

// -----

// int_pad_c2_word
// expected-error @+1 {{C2: expects}}

// -----

// int_pad_c3
// expected-error @+1 {{C3: expects}}

// -----

// int_pad_c4
// expected-error @+1 {{of a trait}}
''',
    "test/Dialect/QBias/Transforms/fuse.mlir": '''// RUN: qbias-opt %s --qbias-fuse \\
// RUN:   | FileCheck %s
// RUN: qbias-opt %s | FileCheck %s --check-prefixes=ONE,TWO

// CHECK-LABEL: @f
// CHECK-COUNT-2: a
// ONE-NEXT: b
// TWO: c
''',
    "test/Examples/add.mlir": "// RUN: qbias-opt %s | FileCheck %s\n// CHECK: a\n",
}


def add_faults(tree):
    """Every finding lint.py knows."""
    tree["test/Examples/colon.mlir"] = "// RUN: qbias-opt %s | FileCheck %s\n// CHECK a\n// CHECK-NEXT b\n// CHECK : c\n"
    tree["test/Examples/suffix.mlir"] = "// RUN: qbias-opt %s | FileCheck %s\n// CHECK-LABLE: a\n"
    tree["test/Examples/prefix.mlir"] = ("// RUN: qbias-opt %s | FileCheck %s --check-prefix=ONE\n"
                                         "// CHECK: a\n// ONE: b\n")
    tree["test/Examples/asleep.mlir"] = "// RUN: qbias-opt %s\n// CHECK: a\n"
    tree["test/Examples/run.mlir"] = "// RUN qbias-opt %s\n"
    tree["test/Examples/diagnostics.mlir"] = "// RUN: qbias-opt %s --verify-diagnostics\n"
    tree["test/Examples/expected.mlir"] = "// RUN: qbias-opt %s\n// expected-error @+1 {{a}}\n"
    tree["test/Nowhere/a.test"] = "RUN: true\n"
    tree["include/qbias/Codegen/Passes.td"] = BANNER + 'def Plan : Pass<"qbias-plan"> {}\n'
    tree["lib/Alone/Alone.cpp"] = BANNER
    tree["lib/Alone/Bare.cpp"] = "// no banner\n"
    tree["lib/Alone/Ugly.cpp"] = BANNER + "int  a;\n"
    tree["lib/Alone/Long.cpp"] = BANNER + "int a;\n" * 500
    tree["docs/Notes.md"] = "see /ho" "me/someone/model and /tm" "p/x\nTODO later\nFIXME\n"
    table = "include/qbias/Dialect/QBias/IR/Ops.td"
    tree[table] += 'def QBias_SubOp : QBias_BinaryOp<"sub">;\ndef QBias_MulOp : QBias_BinaryOp<"mul">;\n'
    tree["lib/Dialect/QBias/IR/Ops.cpp"] += "bool MulOp::verify() { return verifyShape(*this, 1); }\n"
    tree["docs/Spec.md"] += ("test/Examples/none.mlir\n\n* C5: too many.\n\n### qbias.old\n\n"
                             "### qbias.sub\n\n* C1: a.\n")
    tree["test/Dialect/QBias/IR/invalid.mlir"] += ("\n// -----\n\n// add_c7\n// expected-error @+1 {{a}}\n"
                                                   "\n// -----\n\n// add_c1_again\n// expected-error @+1 {{C2: a}}\n"
                                                   "\n// -----\n\n// add_c1_quiet\n")


def main():
    """Command line; see the top of the file."""
    tree = dict(CLEAN)
    if "faults" in sys.argv:
        add_faults(tree)
    for path, text in tree.items():
        path = os.path.join(sys.argv[1], path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)


if __name__ == "__main__":
    main()
