# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Arrays and command lines that are wrong: exit codes, messages, nothing left behind."""

import os
import re
import subprocess

import numpy as np

import all_forms
from harness import QBIAS, case, cases, main, qbias, require, run, save

COMMANDS = ("compile", "run", "report", "bench")


def model_in(folder):
    """The small model (x is uint8 [N, 1, 6, 6], quantized from float)."""
    all_forms.write(folder)
    return os.path.join(folder, "small.onnx")


def refuse(folder, model, arguments, *needles, code=1):
    """`qbias run MODEL ARGUMENTS` fails with every needle in its message."""
    output, dump = os.path.join(folder, "y.npy"), os.path.join(folder, "dump")
    done = qbias("run", model, *arguments, "--output", output, "--dump-dir", dump, code=code)
    missing = [needle for needle in needles if str(needle) not in done.stderr]
    require(not missing, f"{missing} not in: {done.stderr}")
    require(not os.path.exists(output), "an output file is left")
    require(not os.path.exists(dump), "a dump is left")
    return done.stderr


# --- arrays ----------------------------------------------------------------

GOOD = np.zeros([2, 1, 6, 6], np.float32)
ARRAYS = {  # array, --raw, needles
    "float64": (GOOD.astype(np.float64), False, ("'x'", "float64", "float32")),
    "float64_raw": (GOOD.astype(np.float64), True, ("'x'", "float64", "uint8")),
    "integers_without_raw": (GOOD.astype(np.uint8), False, ("'x'", "uint8", "float32", "--raw")),
    "float16_raw": (GOOD.astype(np.float16), True, ("'x'", "float16", "uint8")),
    "bool": (GOOD.astype(bool), False, ("|b1",)),
    "complex": (GOOD.astype(complex), False, ("<c16",)),
    "big_endian": (GOOD.astype(">f4"), False, (">f4", "little endian")),
    "text": (np.array(["a", "b"]), False, ("<U1",)),
    "rank": (GOOD[0, 0], False, ("'x'", "[6, 6]", "[1, 1, 6, 6]")),
    "size": (np.zeros([2, 1, 6, 5], np.float32), False, ("'x'", "[2, 1, 6, 5]", "[1, 1, 6, 6]")),
    "too_deep": (GOOD[None, None], False, ("'x'", "[1, 1, 2, 1, 6, 6]", "[1, 1, 6, 6]")),
    "no_samples": (GOOD[:0], False, ("'x'", "[0, 1, 6, 6]")),
    "scalar": (np.float32(1), False, ("'x'", "[]", "[1, 1, 6, 6]")),
    "nan": (np.full_like(GOOD, np.nan), False, ("'x'", "NaN", "element 0")),
    "too_high": (np.full(GOOD.shape, 256), True, ("'x'", "256", "[0, 255]")),
    "too_low": (np.full(GOOD.shape, -1, np.int8), True, ("'x'", "-1", "[0, 255]")),
    "fortran": (np.asfortranarray(np.ones([2, 1, 6, 6], np.float32)), False, ("Fortran order",)),
}


@cases(ARRAYS)
def array(folder, content, raw, needles):
    """Arrays that do not fit the input."""
    path = save(folder, "x.npy", content)
    message = refuse(folder, model_in(folder), ["--input", path] + (["--raw"] if raw else []),
                     *needles)
    require(message.startswith(f"{path}: "), f"no file name: {message}")


@case
def damaged_array(folder):
    """Truncated files, garbage, headers that lie."""
    model, path = model_in(folder), os.path.join(folder, "x.npy")
    with open(save(folder, "good.npy", GOOD), "rb") as file:
        good = file.read()
    header = good.index(b"{")
    files = [b"", good[:5], good[:9], good[:60], good[:-1], good + b"\0", b"garbage" * 40,
             b"\x93NUMPY\x09\x00" + good[8:], good[:8] + b"\xff\xff" + good[10:],
             good[:header] + b"[" + good[header + 1:]]
    for old, new in ((b"(2, 1, 6, 6)", b"(2, 1, 6, 7)"), (b"(2, 1, 6, 6)", b"(2,-1, 6, 6)"),
                     (b"(2, 1, 6, 6)", b"(9999999999)"), (b"'shape'", b"'share'"),
                     (b"False", b"Maybe"), (b"<f4", b"<f9")):
        require(old in good, f"numpy writes {good[:128]}")
        files.append(good.replace(old, new))
    for content in files:
        with open(path, "wb") as file:
            file.write(content)
        message = refuse(folder, model, ["--input", path])
        require(message.startswith(f"{path}: "), f"no file name: {message}")


@case
def input_files(folder):
    """Inputs that are missing, unknown, or too many."""
    model, good = model_in(folder), save(folder, "good.npy", GOOD)
    refuse(folder, model, [], "'x'", "--input x=")
    refuse(folder, model, ["--input", f"y={good}"], "'y'", "'x'")
    refuse(folder, model, ["--input", good, "--input", good], "2", "1")
    refuse(folder, model, ["--input", f"x={good}", "--input", f"x={good}"], "'x'")
    refuse(folder, model, ["--input", os.path.join(folder, "no.npy")], "no.npy", "No such file")
    refuse(folder, model, ["--input", folder], folder)
    refuse(folder, model, ["--input", "/dev/zero"], "/dev/zero", "device")


@case
def labels(folder):
    """Labels of another length, or no integers."""
    model, good = model_in(folder), save(folder, "good.npy", GOOD)
    for content in (np.zeros(3, np.int64), np.zeros(2, np.float32)):
        path = save(folder, "labels.npy", content)
        refuse(folder, model, ["--input", good, "--labels", path], "labels.npy", "2 integers")
    refuse(folder, model, ["--input", good, "--labels", "no.npy"], "no.npy", "No such file")


@case
def output_files(folder):
    """Paths that cannot be written, outputs that do not exist."""
    model, good = model_in(folder), save(folder, "good.npy", GOOD)
    away = os.path.join(folder, "missing", "y")
    first = os.path.join(folder, "first.npy")
    for arguments in (["--output", f"{away}.npy"], ["--output", folder],
                      ["--output", f"nothing={first}"],
                      ["--output", first, "--output", first],
                      ["--dump-dir", os.path.join(model, "dump")]):
        done = qbias("run", model, "--input", good, *arguments, code=1)
        require(": " in done.stderr, f"message: {done.stderr!r}")
        require(not os.path.exists(first), f"{arguments}: first.npy is left")
    for arguments in (["-o", f"{away}.mlir"], ["-o", f"{away}.ll"],
                      ["-o", first, "--emit=mlir", "--certificate", f"{away}.json"]):
        done = qbias("compile", model, *arguments, code=1)
        require("missing" in done.stderr and "write" in done.stderr, f"{done.stderr!r}")
        require(not os.path.exists(first), f"{arguments}: output is left")
    certificate = os.path.join(folder, "certificate.json")
    qbias("compile", model, "-o", f"{away}.mlir", "--certificate", certificate, code=1)
    require(not os.path.exists(certificate), "a certificate is left")
    qbias("report", model, "-o", f"{away}.json", "--format=json", code=1)


# --- command lines ---------------------------------------------------------

USAGE = {
    "no_command": (), "unknown_command": ("explain", "m.onnx"), "empty_command": ("",),
    "no_model": ("report",), "two_models": ("report", "a.onnx", "b.onnx"),
    "unknown_option": ("run", "m.onnx", "--fast"), "no_output": ("compile", "m.onnx"),
    "no_value": ("run", "m.onnx", "--input"), "stage": ("compile", "m.onnx", "-o", "x.mlir",
                                                        "--stage=machine"),
    "emit": ("compile", "m.onnx", "-o", "x.mlir", "--emit=elf"),
    "extension": ("compile", "m.onnx", "-o", "x.exe"),
    "name": ("compile", "m.onnx", "-o", "x.mlir", "--name=9lives"),
    "requant": ("report", "m.onnx", "--requant=nearly"), "batch": ("report", "m.onnx", "--batch=0"),
    "batch_text": ("report", "m.onnx", "--batch=two"),
    "batch_huge": ("report", "m.onnx", "--batch=99999999999999999999"),
    "shape": ("report", "m.onnx", "--shape=x"), "shape_negative": ("report", "m.onnx",
                                                                    "--shape", "x=1x-3"),
    "format": ("report", "m.onnx", "--format=xml"), "runs": ("bench", "m.onnx", "--runs=0"),
    "threads": ("bench", "m.onnx", "--threads=0"),
    "optimize": ("run", "m.onnx", "--optimize=fun"), "boundary": ("run", "m.onnx", "--boundary=near"),
}


@cases({name: (arguments,) for name, arguments in USAGE.items()})
def usage(folder, arguments):
    """Usage errors: exit code 2, a message, nothing written or read."""
    done = qbias(*arguments, code=2)
    require(done.stderr and not done.stdout, "expects a message on stderr only")
    require(not os.listdir(folder), "files are left")


@case
def help_and_version(_):
    """--help everywhere, with an example; --version."""
    require("usage: qbias COMMAND" in qbias("--help").stdout, "no usage")
    for command in COMMANDS:
        text = qbias(command, "--help").stdout
        require(f"example: qbias {command} " in text, f"{command}: no example: {text}")
        require(f"USAGE: qbias {command} " in text, f"{command}: usage line: {text}")
        done = qbias(command, code=2)
        require(f"qbias {command}: " in done.stderr, f"{command}: {done.stderr}")
    require(re.fullmatch(r"qbias \d+\.\d+\.\d+\n", qbias("--version").stdout), "version")
    for name in ("qbias-opt", "qbias-translate"):
        run(name, "--help")
        run(name, "--version")


@cases({"dev_full": ()} if os.path.exists("/dev/full") else {})
def output_to_full_device(folder):
    """A write that fails half way."""
    model = model_in(folder)
    for arguments in (["report", model], ["report", model, "--format=json"]):
        with open("/dev/full", "w", encoding="utf-8") as full:
            done = subprocess.run([QBIAS, *arguments], stdout=full, stderr=subprocess.PIPE,
                                  text=True, check=False)
        require(done.returncode == 1 and "PLEASE submit" not in done.stderr,
                f"exit code {done.returncode}: {done.stderr}")


if __name__ == "__main__":
    main(__doc__)
