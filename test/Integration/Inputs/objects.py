# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Objects, headers and libraries of this machine: contents, status codes, refusals."""

import ctypes
import os
import re
import resource
import subprocess

import numpy as np

import feed
from feed import DIGITS, STATUS, STRICT, digits, forms, named_forms, one_layer
from harness import Net, case, cases, equal, main, qbias, require, run, save


def build(network, folder, *options):
    """Object, header and program of a network for this machine; the program's path."""
    compiled = qbias("compile", network.model, f"--name={feed.NAME}", "-o",
                     os.path.join(folder, "net.o"), *options)
    network.write_program(os.path.join(folder, "main.c"))
    program = os.path.join(folder, "main")
    run("cc", "-std=c99", *STRICT, f"-I{folder}", os.path.join(folder, "main.c"),
        os.path.join(folder, "net.o"), "-o", program)
    return program, compiled


# --- programs --------------------------------------------------------------


@cases({"digits": (lambda folder: digits(),), "all_forms": (forms,)})
def object_file(folder, make):
    """A linked object gives the exact reference's integers and holds no float."""
    network = make(folder)
    program, compiled = build(network, folder, "--verify-integer-only")
    found = re.fullmatch(r"integer-only: (\d+) instructions of \S+, 0 of floating point\n",
                         compiled.stdout)
    require(found and int(found[1]) > 1000, f"says: {compiled.stdout}")
    network.feed(folder, "object", [program])


@cases({"digits": (lambda folder: digits(),), "all_forms": (forms,),
        "indices": (lambda folder: named_forms(folder, "indices"),)})
def library(folder, make):
    """A library is run without the compiler and gives the same integers."""
    network = make(folder)
    library_path = os.path.join(folder, "net.so")
    qbias("compile", network.model, "-o", library_path)
    arguments, outputs = [], []
    for number, (array, shape) in enumerate(zip(network.inputs, network.shapes)):
        arguments += ["--input", save(folder, f"in{number}.npy", array.reshape([-1] + shape))]
    for number in range(len(network.outputs)):
        outputs.append(os.path.join(folder, f"out{number}.npy"))
        arguments += ["--output", outputs[-1]]
    qbias("run", library_path, *arguments, "--raw")
    for path, expected, known in zip(outputs, network.outputs, network.known):
        got = np.load(path)
        equal(got.dtype, expected.dtype, "type of output")
        require(not known or np.array_equal(got.reshape(expected.shape), expected),
                "library: integers differ")


@case
def library_refuses(folder):
    """Other files named .so, cut off or foreign, other options, other arrays."""
    path = os.path.join(folder, "net.so")
    qbias("compile", DIGITS, "-o", path)
    array = save(folder, "x.npy", np.zeros([2, 7, 7], dtype=np.float32))
    done = qbias("run", path, "--input", array, code=1)
    require("expected [1, 1, 8, 8]" in done.stderr, done.stderr)
    done = qbias("run", path, "--requant=single", code=2)
    require("--requant=single" in done.stderr and "source model" in done.stderr, done.stderr)
    with open(path, "rb") as file:
        whole = file.read()
    with open(os.path.join(folder, "foreign.c"), "w", encoding="utf-8") as file:
        file.write("int nothing;")
    run("cc", "-shared", os.path.join(folder, "foreign.c"), "-o",
        os.path.join(folder, "foreign.so"))
    for name, content in (("text.so", b"int f;"), ("cut.so", whole[:3000]), ("empty.so", b"")):
        with open(os.path.join(folder, name), "wb") as file:
            file.write(content)
    for name, part in (("text.so", "cannot load"), ("cut.so", "cannot load"),
                       ("empty.so", "cannot load"), ("foreign.so", "written by qbias compile"),
                       ("missing.so", "cannot load")):
        done = qbias("bench", os.path.join(folder, name), code=1)
        require(part in done.stderr and name in done.stderr, f"{name}: {done.stderr}")


@case
def library_loads_no_compiler(folder):
    """The process that runs a library maps neither LLVM nor MLIR."""
    path = os.path.join(folder, "net.so")
    qbias("compile", DIGITS, "-o", path)
    environment = dict(os.environ, LD_DEBUG="files")
    done = subprocess.run(["qbias", "bench", path, "--format=json"], env=environment,
                          capture_output=True, text=True, check=True)
    require("net.so" in done.stderr, "the library is not loaded")
    require("libLLVM" not in done.stderr and "libMLIR" not in done.stderr, "LLVM is loaded")
    for key in ("min_ms", "median_ms", "gmacs", "peak_rss_bytes"):
        require(f'"{key}"' in done.stdout, f"no {key} in {done.stdout}")


@case
def same_object_twice(folder):
    """Compiling is deterministic."""
    contents = []
    for name in ("a", "b"):
        qbias("compile", DIGITS, "-o", os.path.join(folder, f"{name}.o"))
        with open(os.path.join(folder, f"{name}.o"), "rb") as file:
            contents.append(file.read())
    require(contents[0] == contents[1], "two objects of one model differ")


@case
def status_codes(folder):
    """Null, misaligned, too small, overlapping: 1, 2, 3, 4."""
    qbias("compile", DIGITS, "--name=net", "-o", os.path.join(folder, "net.o"))
    with open(os.path.join(folder, "main.c"), "w", encoding="utf-8") as file:
        file.write(STATUS)
    run("cc", f"-I{folder}", os.path.join(folder, "main.c"), os.path.join(folder, "net.o"),
        "-o", os.path.join(folder, "main"))
    equal(run(os.path.join(folder, "main")).stdout, "01112344", "status codes")


@case
def many_buffers(folder):
    """Where there are many, each one that is written is still compared with all others."""
    net, count = Net("uint8"), 6
    for number in range(count):
        x = net.quantized_input(f"x{number}", [1, 8], 0.05, 3)
        net.output(net.quantize(net.node("Relu", [x]), 0.07, 3), "uint8", [1, 8])
    path = os.path.join(folder, "net.onnx")
    net.save(path)
    qbias("compile", path, "--name=net", "-o", path + ".so")
    entry = ctypes.CDLL(path + ".so").net_run
    memory = (ctypes.c_uint8 * 4096)()
    start = -ctypes.addressof(memory) % 64 + ctypes.addressof(memory)
    good = [start + 8 * index for index in range(2 * count)]

    def status(addresses):
        return entry(*map(ctypes.c_void_p, addresses), ctypes.c_void_p(start + 1024),
                     ctypes.c_size_t(1024))
    equal(status(good), 0, "apart, without a byte between")
    equal(status([good[0]] * count + good[count:]), 0, "one input six times")
    for written in range(count, 2 * count):
        for other in set(range(2 * count)) - {written}:
            for distance in (-7, 7):
                moved = list(good)
                moved[written] = good[other] + distance if other < written else good[written]
                moved[other] = good[other] if other < written else good[written] + distance
                equal(status(moved), 4, f"buffers {written} and {other}, {distance} bytes")
        inside = list(good)
        inside[written] = start + 1024 + 3
        equal(status(inside), 4, f"buffer {written} in the workspace")


# --- header ----------------------------------------------------------------

HELPERS = """#include "net.h"
#include <stdio.h>
int main(void) {
  float real[net_x_ELEMENTS];
  %(type)s q[net_x_ELEMENTS];
  if (fread(real, sizeof real, 1, stdin) != 1)
    return 1;
  net_quantize_x(real, q);
  return fwrite(q, sizeof q, 1, stdout) != 1;
}
"""
LANGUAGES = {"c_gcc": ["gcc", "-std=c99"], "c_clang": ["clang-22", "-std=c99"],
             "cxx_gcc": ["g++", "-std=c++17", "-x", "c++"],
             "cxx_clang": ["clang++-22", "-std=c++17", "-x", "c++"]}


@cases({"uint8": ("uint8",), "int16": ("int16",)})
def header_quantizes(folder, dtype):
    """The helpers compute ONNX's float32 formula, ties and far values included."""
    scale, zero = np.float32(0.3), 7
    path = one_layer(folder, dtype, scale=float(scale), zero=zero)
    qbias("compile", path, "--name=net", "-o", os.path.join(folder, "net.o"))
    source = os.path.join(folder, "main.c")
    with open(source, "w", encoding="utf-8") as file:
        file.write(HELPERS % {"type": f"{dtype}_t"})
    for language, command in LANGUAGES.items():
        run(*command, *STRICT, f"-I{folder}", source, "-o", os.path.join(folder, "main"))
        ties = (np.arange(-75, 75) + 0.5).astype(np.float32) * scale
        values = np.concatenate([ties, np.linspace(-12000, 12000, 100, dtype=np.float32),
                                 np.array([np.inf, -np.inf, 1e30, -1e30, 0, -0.0],
                                          dtype=np.float32)])
        done = subprocess.run([os.path.join(folder, "main")], input=values.tobytes(),
                              capture_output=True, check=True)
        info = np.iinfo(dtype)
        expected = np.clip(np.rint(values / scale).astype(np.float64) + zero,
                           info.min, info.max).astype(dtype)
        got = np.frombuffer(done.stdout, dtype)
        require(np.array_equal(got, expected),
                f"{language}: {np.argwhere(got != expected)[:5].ravel()} differ")


@case
def hostile_names(folder):
    """Names of the model cannot leave the comments, strings and identifiers they are in."""
    for number, name in enumerate(['*/ int evil; /*', 'a"b\\nint evil;', "??/\n\x01\xff", "int",
                                   "", "x" * 5000, "in/put:0", "workspace"]):
        path = one_layer(folder, "uint8", name=name or "/")
        output = os.path.join(folder, f"net{number}.o")
        qbias("compile", path, "--name=net", "-o", output)
        header = output[:-1] + "h"
        for command in (["gcc", "-std=c99", "-trigraphs"], ["clang++-22", "-std=c++17", "-x", "c++"]):
            run(*command, *STRICT, "-fsyntax-only", "-include", header, os.devnull)
        with open(header, encoding="ascii") as file:
            text = re.sub(r"/\*.*?\*/", "", file.read(), flags=re.DOTALL)
        require("evil" not in text.replace("_evil", ""), f"{name!r} escapes: {text[:600]}")


@case
def header_says(folder):
    """Model, hash, version, sizes; the hash is the file's."""
    qbias("compile", DIGITS, "--name=net", "-o", os.path.join(folder, "net.o"))
    with open(os.path.join(folder, "net.h"), encoding="ascii") as file:
        text = file.read()
    digest = run("sha256sum", DIGITS).stdout.split()[0]
    version = qbias("--version").stdout.split()[1]
    for line in (f'#define net_MODEL_SHA256 "{digest}"', f'#define net_QBIAS_VERSION "{version}"',
                 "#define net_x_SHAPE {1, 1, 8, 8}", "#define net_x_ZERO_POINT (128)",
                 "#define net_y_QMAX (255)", "#define net_x_SCALE 0.00784313772f"):
        require(line in text, f"no '{line}' in the header")
    require(re.search(r"Input 'x': uint8 \[1, 1, 8, 8\], NCHW", text), "no description of x")


# --- refusals --------------------------------------------------------------


def refused(folder, *parts, code=1, options=(), output="net.o", environment=None):
    """Compiling fails, says `parts`, and leaves nothing behind."""
    before = sorted(os.listdir(folder))
    done = subprocess.run(["qbias", "compile", DIGITS, "-o", os.path.join(folder, output),
                           *options], capture_output=True, text=True, check=False,
                          env=environment or os.environ)
    equal(done.returncode, code, f"exit code; {done.stderr}")
    for part in parts:
        require(part in done.stderr, f"no '{part}' in: {done.stderr}")
    equal(sorted(os.listdir(folder)), before, "files")


@cases({
    "triple": (["--target=nonsense"], ["nonsense", "aarch64-linux-gnu"], 2),
    "narrow": (["--target=avr"], ["avr", "32 or 64"], 2),
    "cpu": (["--cpu=pdp11"], ["pdp11", "-mcpu=help"], 2),
    "feature": (["--features=+steam"], ["+steam", "-mattr=help"], 2),
    "feature_sign": (["--features=avx2"], ["avx2", "+ or -"], 2),
    "emit": (["--emit=exe"], ["exe", "expected"], 2),
    "wasm_library": (["--emit=so", "--target=wasm32-unknown-unknown"], ["ELF", "wasm32"], 1),
    "wasm_check": (["--verify-integer-only", "--target=wasm32-unknown-unknown"], ["wasm32"], 1),
    "linker": (["--emit=so", "--linker=/nonexistent/ld"], ["/nonexistent/ld"], 1),
    "linker_fails": (["--emit=so", "--linker=false"], ["false", "status 1"], 1),
})
def bad_option(folder, options, parts, code):
    """Unknown machines, formats and linkers."""
    refused(folder, *parts, code=code, options=options)


@case
def linker_not_found(folder):
    """A linker that is not there."""
    refused(folder, "no-such-linker", options=["--emit=so", "--linker=no-such-linker"])


@case
def bad_path(folder):
    """Folders that are not there, folders as files: nothing is written, not even the object."""
    refused(folder, "cannot write", output="missing/net.o")
    os.mkdir(os.path.join(folder, "net.h"))
    refused(folder, "net.h", "is a directory")


@case
def no_space(folder):
    """A full device is an error; a file that grows too large leaves nothing behind."""
    done = run("qbias", "compile", DIGITS, "--emit=o", "-o", "/dev/full", code=1)
    require("No space left" in done.stderr, done.stderr)
    require(not os.path.isfile("/dev/full"), "the device was replaced")
    limit = 20000  # bytes; each output is larger
    for name in ("net.o", "net.so", "net.c", "net.json", "net.ll", "net.mlir"):
        done = subprocess.run(
            ["qbias", "compile", DIGITS, "-o", os.path.join(folder, name)], capture_output=True,
            text=True, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)), check=False)
        equal(done.returncode, 1, f"exit code for {name}, larger than the limit: {done.stderr}")
        require(name.split(".")[0] in done.stderr, done.stderr)
        equal(os.listdir(folder), [], f"files beside {name}")


@case
def too_large(folder):
    """Tensors that a 32-bit machine cannot reach."""
    net = Net("uint16", opset=21)
    x = net.quantized_input("x", [1, 1, 40000, 40000], 0.02, 7)
    net.finish(net.node("MaxPool", [x], kernel_shape=[1, 1]), 0.02, 7)
    path = os.path.join(folder, "model.onnx")
    net.save(path)
    for machine in ("armv7-linux-gnueabi", "wasm32-unknown-unknown", "thumbv7m-none-eabi"):
        done = qbias("compile", path, "-o", os.path.join(folder, "net.o"), f"--target={machine}",
                     code=1)
        for part in ("32000000", "64-bit machine"):
            require(part in done.stderr, f"no '{part}' in: {done.stderr}")
        equal(os.listdir(folder), ["model.onnx"], "files")


if __name__ == "__main__":
    main(__doc__)
