# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""No floating point in the compiled program.

    no_float.py WORK-DIR [MODEL.onnx ...]

For generated networks, and the models given, the LLVM IR is scanned for floating-point
types.  Then one float operation is put into a module of each stage: the verifier names
the operation and its layer, and nothing is generated.
"""

import os
import re
import shutil
import sys

import all_forms
from harness import Failed, qbias, require, run

FLOAT_TYPES = re.compile(
    r"\b(half|bfloat|float|double|x86_fp80|fp128|ppc_fp128)\b"  # types
    r"|\.(f16|bf16|f32|f64|v\d+f\d+)\b"  # intrinsics
    r"|\b(fadd|fsub|fmul|fdiv|frem|fneg|fcmp|[su]itofp|fpto[su]i|fpext|fptrunc)\b")
STRING_OR_COMMENT = re.compile(r'"[^"]*"|;[^\n]*')

# Stage, operation, text before the function's return (with a layer's location).
INJECTIONS = {
    "integer": ("arith.sitofp", "%bad = arith.constant 3 : i32\n"
                "%worse = arith.sitofp %bad : i32 to f32 loc(\"layer7/Sum\")\n"),
    "linalg": ("arith.constant", "%bad = arith.constant 1.5 : f32 loc(\"layer7/Sum\")\n"),
    "llvm": ("llvm.uitofp", "%bad = llvm.mlir.constant(3 : i32) : i32\n"
             "%worse = llvm.uitofp %bad : i32 to f64 loc(\"layer7/Sum\")\n"),
}
RETURN = re.compile(r"^ *(return|llvm\.return)\b", re.MULTILINE)


def scan(model, folder):
    """The LLVM IR of a model holds integers and pointers only."""
    path = os.path.join(folder, "program.ll")
    qbias("compile", model, "-o", path)
    with open(path, encoding="utf-8") as file:
        text = STRING_OR_COMMENT.sub("", file.read())
    require("define" in text and "mul" in text, f"{model}: no program in {path}")
    found = FLOAT_TYPES.search(text)
    if found:
        line = text[text.rfind("\n", 0, found.start()) + 1:text.find("\n", found.end())]
        raise Failed(f"{model}: {found.group()} in: {line}")


def inject(model, folder, stage):
    """A float operation in a module of a stage is found, with its layer."""
    operation, lines = INJECTIONS[stage]
    good, bad = (os.path.join(folder, f"{name}.mlir") for name in ("good", "bad"))
    qbias("compile", model, f"--stage={stage}", "-o", good)
    run("qbias-opt", "--qbias-verify-integer-only", good, "-o", os.devnull)
    with open(good, encoding="utf-8") as file:
        text = file.read()
    place = RETURN.search(text)
    require(place is not None, f"no return in {good}")
    with open(bad, "w", encoding="utf-8") as file:
        file.write(text[:place.start()] + lines + text[place.start():])
    output = os.path.join(folder, "out.ll")
    commands = [["qbias-opt", "--qbias-verify-integer-only", bad, "-o", os.devnull]]
    if stage != "llvm":
        commands.append(["qbias", "compile", bad, "-o", output])
    for command in commands:
        done = run(*command, code=1)
        for part in (operation, "layer7/Sum"):
            require(part in done.stderr, f"{command[0]}: no '{part}' in: {done.stderr}")
    require(not os.path.exists(output), "LLVM IR was written")


def main():
    """Command line; see the top of the file."""
    folder = sys.argv[1]
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    all_forms.write(folder)
    generated = [os.path.join(folder, f"{name}.onnx") for name in ("small", "all_forms")]
    failed = 0
    jobs = [(scan, model, folder) for model in generated + sys.argv[2:]]
    jobs += [(inject, generated[0], folder, stage) for stage in INJECTIONS]
    for function, *arguments in jobs:
        try:
            function(*arguments)
        except Failed as reason:
            failed += 1
            print(f"FAILED {function.__name__} {arguments}: {reason}")
    print(f"{len(jobs)} cases, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
