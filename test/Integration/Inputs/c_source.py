# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""C output: warnings, undefined behaviour, numbers, names, status codes, refusals."""

import os
import re

import numpy as np

import feed
import oracle
from harness import cases, case, equal, main, qbias, require, run
from feed import DIGITS, RESNET8, STATUS, STRICT, digits, forms, named_forms, one_layer
from batch import make_case
from onnx_reader import read_model

COMPILERS = {
    "gcc": ["gcc", "-std=c99", *STRICT, "-Wshadow", "-O1", "-fsanitize=undefined",
            "-fno-sanitize-recover=all"],
    "clang": ["clang-22", "-std=c99", *STRICT, "-Wshadow", "-O1",
              "-fsanitize=undefined,implicit-conversion,unsigned-shift-base",
              "-fno-sanitize-recover=all"],
}
RANDOM_SEEDS = (7000, 7002, 7003, 7019, 7031, 7034, 7053)  # pads, 64-bit sums, accumulators


def text_of(path):
    """A generated file, ASCII only."""
    with open(path, encoding="ascii") as file:
        return file.read()


def code_of(text):
    """C without comments and strings."""
    return re.sub(r'"(\\.|[^"\\])*"', '""', re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL))


def no_float(text):
    """No floating-point type, literal or header in the C code."""
    found = re.search(r"\b(float|double|long double)\b|\b\d+\.\d*|\b\.\d|\b\d+[eE][-+]?\d|<math", text)
    require(not found, f"floating point: {found and text[max(0, found.start() - 80):][:160]}")


def build_and_feed(network, folder, compilers=COMPILERS, options=()):
    """C, header and main by each compiler without warnings; the reference's integers."""
    source = os.path.join(folder, "net.c")
    qbias("compile", network.model, f"--name={feed.NAME}", "-o", source, *options)
    no_float(code_of(text_of(source)))
    network.write_program(os.path.join(folder, "main.c"))
    program = os.path.join(folder, "main")
    for name in compilers:
        run(*COMPILERS[name], f"-I{folder}", source, os.path.join(folder, "main.c"), "-o", program)
        network.feed(folder, name, [program])


# --- numbers ---------------------------------------------------------------


@cases({"digits": (lambda folder: digits(),), "all_forms": (forms,),
        "wide": (lambda folder: named_forms(folder, "wide"),),
        "indices": (lambda folder: named_forms(folder, "indices"),)})
def c_source(folder, make):
    """Both compilers, with their sanitizers, give the exact reference's integers."""
    build_and_feed(make(folder), folder)


@cases({f"{seed}": (seed,) for seed in RANDOM_SEEDS})
def random_network(folder, seed):
    """So do they on networks of random operators, shapes and types."""
    network = make_case(seed)
    build_and_feed(feed.Network(network.save(folder), network.arrays), folder, ["clang"])


@cases({f"{name}_{mode}": (name, mode) for name in ("digits", "all_forms", "7033", "7040")
        for mode in ("single", "tflite")})
def in_mode(folder, name, mode):
    """And in the modes whose formulas are integers."""
    if name == "digits":
        network = digits(mode=mode)
    elif name == "all_forms":
        network = named_forms(folder, name, mode)
    else:
        made = make_case(int(name))
        network = feed.Network(made.save(folder), made.arrays, mode)
    build_and_feed(network, folder, ["clang"], [f"--requant={mode}"])


@cases({f"{mode}": (mode,) for mode in (("exact", "tflite") if os.path.isdir(RESNET8) else ())})
def resnet8(folder, mode):
    """ResNet8 of MLPerf Tiny, softmax included."""
    build_and_feed(feed.resnet8(mode), folder, options=[f"--requant={mode}"])


@case
def narrow_products(folder):
    """Where numbers for 32 bits are proven, no product of that layer has 64; the same integers."""
    build_and_feed(digits(), folder, options=["--int32-products"])
    code = code_of(text_of(os.path.join(folder, "net.c")))
    functions = re.split(r"\n(?=static void )", code)
    narrow = [function for function in functions if "shift_right_32(acc" in function]
    require(narrow and len(narrow) < len(functions), f"{len(narrow)} of {len(functions)} layers")
    for function in narrow:
        require("scale" not in function and "int64_t" not in function, function[:2000])
    build_and_feed(named_forms(folder, "all_forms"), folder, ["clang"], ["--int32-products"])
    done = qbias("compile", DIGITS, "--int32-products", "-o", os.path.join(folder, "net.o"), code=2)
    require("--emit=c" in done.stderr, done.stderr)


# --- self-test -------------------------------------------------------------

SELF_TEST = """#include "net.h"
#include <stdio.h>
static uint8_t memory[net_SELFTEST_BYTES] __attribute__((aligned(64)));
int main(void) {
  const char *layer = 0;
  printf("%d%d%d%d", net_selftest(0, sizeof memory, &layer), net_selftest(memory, 9, &layer),
         net_selftest(memory + 8, sizeof memory, &layer), net_selftest(memory, sizeof memory, 0));
  int status = net_selftest(memory, sizeof memory, &layer);
  printf(" %d %s", status, layer);
  return 0;
}
"""


def run_self_test(folder, compiler):
    """What the program of SELF_TEST prints."""
    with open(os.path.join(folder, "main.c"), "w", encoding="ascii") as file:
        file.write(SELF_TEST)
    program = os.path.join(folder, "main")
    run(*COMPILERS[compiler], f"-I{folder}", os.path.join(folder, "net.c"),
        os.path.join(folder, "main.c"), "-o", program)
    return run(program).stdout


def fnv(array):
    """FNV-1a of the bytes of an 8-bit array."""
    total = 2166136261
    for byte in array.astype(np.uint8).ravel().tolist():
        total = (total ^ byte) * 16777619 % 2**32
    return total


@case
def self_test_numbers(folder):
    """Stored checksums are those of the exact reference's tensors for the stored input."""
    qbias("compile", DIGITS, "--name=net", "--selftest", "-o", os.path.join(folder, "net.c"))
    text = text_of(os.path.join(folder, "net.c"))
    test = text[text.index("int net_selftest("):]
    stored = re.search(r"static const uint8_t in_x\[64\] = \{([^}]*)\}", test)[1]
    image = np.array([int(value) for value in stored.replace("\n", " ").split(",") if value.strip()],
                     dtype=np.uint8).reshape(1, 1, 8, 8)
    require(image.std() > 10, "the stored input is nearly constant")
    exact = oracle.run(read_model(DIGITS), {"x": image}).quantized
    tensors = dict(re.findall(r"/\* Layer '([^']*)' \([^)]*\), tensor '([^']*)'", text))
    compared = 0
    for layer, checksum in re.findall(r'\*layer = "([^"]+)";\n.*?UINT32_C\((\d+)\)', test):
        if layer not in tensors:
            continue
        expected = exact[tensors[layer]]
        if expected.ndim == 4:  # NHWC inside
            expected = expected.transpose(0, 2, 3, 1)
        equal(int(checksum), fnv(expected), f"checksum of {layer}")
        compared += 1
    require(compared >= 13, f"{compared} layers compared")


@cases({"gcc": ("gcc",), "clang": ("clang",)})
def self_test(folder, compiler):
    """0 as written; a changed weight is found in its layer; wrong calls are 1, 2, 3."""
    source = os.path.join(folder, "net.c")
    qbias("compile", DIGITS, "--name=net", "--selftest", "-o", source)
    no_float(code_of(text_of(source)))
    equal(run_self_test(folder, compiler), "1321 0 ", "self-test")
    text = text_of(source)
    at = text.index("weight", text.index("\nstatic void layer_b2_b_b_0_Conv"))
    number = re.compile(r"-?\d+(?=,)").search(text, at + 40)
    with open(source, "w", encoding="ascii") as file:
        file.write(text[:number.start()] + str(-int(number[0]) - 1) + text[number.end():])
    equal(run_self_test(folder, compiler), "1321 5 /b2/b/b.0/Conv", "self-test of another program")


@case
def translated(folder):
    """`qbias-translate --qbias-to-c`: one file with its header inside."""
    network = digits()
    integer, source = os.path.join(folder, "net.mlir"), os.path.join(folder, "net.c")
    qbias("compile", DIGITS, "--stage=integer", "-o", integer)
    run("qbias-translate", "--qbias-to-c", integer, "-o", source)
    text = text_of(source)
    no_float(code_of(text[text.index("#endif /* QBIAS_NO_CONVERSIONS */"):]))
    network.write_program(os.path.join(folder, "main.c"))
    with open(os.path.join(folder, "main.c"), encoding="ascii") as file:
        program = file.read().replace("net_", "qbias_").replace('"net.h"', '"net.c"')
    with open(os.path.join(folder, "main.c"), "w", encoding="ascii") as file:
        file.write(program)
    run(*COMPILERS["gcc"], f"-I{folder}", os.path.join(folder, "main.c"), "-o",
        os.path.join(folder, "main"))
    network.feed(folder, "translated", [os.path.join(folder, "main")])


# --- form ------------------------------------------------------------------


@case
def readable(folder):
    """A function for each layer of the file, in order, with its scales and its proof."""
    source = os.path.join(folder, "net.c")
    qbias("compile", DIGITS, "--name=net", "-o", source)
    text = text_of(source)
    layers = re.findall(r"^static void (layer_\w+)\(", text, flags=re.MULTILINE)
    for name in ("layer_stem_stem_0_Conv", "layer_fc_Gemm"):
        require(any(layer.strip("_").replace("__", "_").startswith(name) for layer in layers),
                f"no {name} among {layers}")
    calls = re.findall(r"^  (layer_\w+)\(", text[text.index("int net_run("):], flags=re.MULTILINE)
    equal(calls, layers, "layers called")
    require("Proven equal to the exact meaning on every input: 16 of 16 channels" in text,
            "no proof in a comment")
    equal(sorted(re.findall(r"#include (\S+)", text)), ['"net.h"', "<string.h>"], "includes")
    equal(re.findall(r"\b\w*alloc\w*\(|\bprintf\(", code_of(text)), [], "calls")


@case
def same_twice(folder):
    """Writing is deterministic, on standard output too."""
    texts = []
    for name in ("a", "b"):
        qbias("compile", DIGITS, "--name=net", "-o", os.path.join(folder, f"{name}.c"))
        texts.append(text_of(os.path.join(folder, f"{name}.c")).replace(f'"{name}.h"', ""))
    equal(texts[0] == texts[1], True, "two sources of one model")
    output = qbias("compile", DIGITS, "--name=net", "--emit=c", "-o", "-").stdout
    require("int net_run(" in output and "layer_" in output, output[:500])


@case
def hostile_names(folder):
    """Names of the model stay inside comments and identifiers."""
    for number, name in enumerate(['*/ int evil; /*', 'a"b\\nint evil;', "??/\n\x01\xff", "int",
                                   "x" * 5000, "in/put:0", "acc"]):
        path = one_layer(folder, "uint8", name=name)
        source = os.path.join(folder, f"net{number}.c")
        qbias("compile", path, "--name=net", "-o", source)
        for command in (["gcc", "-std=c99", "-trigraphs"], ["clang-22", "-std=c99"]):
            run(*command, *STRICT, "-fsyntax-only", source)
        require("evil" not in code_of(text_of(source)).replace("_evil", ""), f"{name!r} escapes")


@case
def status_codes(folder):
    """Null, misaligned, too small, overlapping: 1, 2, 3, 4."""
    qbias("compile", DIGITS, "--name=net", "-o", os.path.join(folder, "net.c"))
    with open(os.path.join(folder, "main.c"), "w", encoding="utf-8") as file:
        file.write(STATUS)
    run("cc", f"-I{folder}", os.path.join(folder, "main.c"), os.path.join(folder, "net.c"),
        "-o", os.path.join(folder, "main"))
    equal(run(os.path.join(folder, "main")).stdout, "01112344", "status codes")


# --- refusals --------------------------------------------------------------


@case
def forged_certificate(folder):
    """Proofs of a file are checked before anything is written from it."""
    integer, forged = os.path.join(folder, "net.mlir"), os.path.join(folder, "forged.mlir")
    qbias("compile", DIGITS, "--stage=integer", "-o", integer)
    with open(integer, encoding="utf-8") as file:
        text = file.read()
    found = re.search(r"shift = dense<(\d+)>|shift = array<i\d+: (\d+)", text)
    require(found, "no shift in " + text[:600])
    start, end = found.span(1) if found[1] else found.span(2)
    with open(forged, "w", encoding="utf-8") as file:
        file.write(text[:start] + str(int(text[start:end]) - 1) + text[end:])
    source = os.path.join(folder, "forged.c")
    done = qbias("compile", forged, "-o", source, code=1)
    require("forged.mlir" in done.stderr, done.stderr)
    run("qbias-translate", "--qbias-to-c", forged, "-o", source, code=1)
    require(not os.path.exists(source), "source of a forged certificate")


@case
def bad_paths(folder):
    """Neither file is written when one cannot be."""
    os.mkdir(os.path.join(folder, "net.h"))
    done = qbias("compile", DIGITS, "-o", os.path.join(folder, "net.c"), code=1)
    require("net.h" in done.stderr and "is a directory" in done.stderr, done.stderr)
    equal(os.listdir(folder), ["net.h"], "files")
    done = qbias("compile", DIGITS, "--emit=c", "-o", "/dev/full", code=1)
    require("No space left" in done.stderr, done.stderr)


if __name__ == "__main__":
    main(__doc__)
