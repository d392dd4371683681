# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The installed tree away from the build, and what qbias_add_model refuses.

    install.py BUILD-DIR WORK-DIR [CASE ...]
"""

import os
import subprocess
import sys

from feed import DIGITS, EXAMPLES
from harness import case, equal, main, require, run

BUILD = os.path.abspath(sys.argv.pop(1))
PROJECT = """cmake_minimum_required(VERSION 3.20)
project(test LANGUAGES C)
%s
find_package(qbias REQUIRED)
qbias_add_model(%s)
"""


def install(folder):
    """Install into a folder; its prefix."""
    prefix = os.path.join(folder, "prefix")
    run("cmake", "--install", BUILD, "--prefix", prefix)
    return prefix


@case
def layout(folder):
    """Programs, library, header and scripts work from the installed tree alone."""
    prefix = install(folder)
    equal(sorted(os.listdir(prefix)), ["bin", "include", "lib", "libexec", "share"], "folders")
    certificate = os.path.join(folder, "c.json")
    run(os.path.join(prefix, "bin/qbias"), "compile", DIGITS, "-o", os.path.join(folder, "d.so"),
        "--certificate", certificate)
    done = run(sys.executable, os.path.join(prefix, "share/qbias/check_certificate.py"),
               certificate, DIGITS)
    require("all proven" in done.stdout, done.stdout)
    run(os.path.join(prefix, "bin/qbias"), "bench", os.path.join(folder, "d.so"), "--runs", "2")
    for program in ("qbias-opt", "qbias-translate", "qbias-lsp-server"):
        run(os.path.join(prefix, "bin", program), "--help")
    environment = {"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1",
                   "PYTHONPATH": os.path.join(prefix, "lib/python")}
    done = subprocess.run([sys.executable, "-c", "import qbias; print(qbias.__file__); "
                           f"qbias.compile({DIGITS!r})"], capture_output=True, text=True,
                          env=environment, check=False)
    require(done.returncode == 0 and done.stdout.startswith(prefix), done.stdout + done.stderr)


@case
def example(folder):
    """examples/cmake: the network linked as an object and as C."""
    build = os.path.join(folder, "build")
    run("cmake", "-S", os.path.join(EXAMPLES, "cmake"), "-B", build,
        f"-DCMAKE_PREFIX_PATH={install(folder)}")
    run("cmake", "--build", build)
    for program in ("digit", "digit_c"):
        for name, digit in (("nine", "9"), ("eight", "8")):
            done = run(os.path.join(build, program), os.path.join(EXAMPLES, f"embed/{name}.pgm"))
            equal(done.stdout.strip(), digit, f"{program} of {name}")


@case
def refusals(folder):
    """Files that are not there, words that mean nothing, machines without a name."""
    prefix = install(folder)
    for number, (arguments, before, part) in enumerate((
            ("net missing.onnx", "", "missing.onnx does not exist"),
            (f"net {DIGITS} EXTRA", "", "unexpected 'EXTRA', expected NAME"),
            (f"net {DIGITS}", "set(CMAKE_CROSSCOMPILING ON)", "set CMAKE_C_COMPILER_TARGET"))):
        project = os.path.join(folder, f"p{number}")
        os.mkdir(project)
        with open(os.path.join(project, "CMakeLists.txt"), "w", encoding="utf-8") as file:
            file.write(PROJECT % (before, arguments))
        done = run("cmake", "-S", project, "-B", os.path.join(project, "build"),
                   f"-DCMAKE_PREFIX_PATH={prefix}", code=1)
        text = " ".join(done.stderr.split())
        require("qbias_add_model(net): " in text and part in text, text)


@case
def model_that_fails(folder):
    """A model the compiler refuses fails the build, with the compiler's words."""
    prefix, project = install(folder), os.path.join(folder, "p")
    os.mkdir(project)
    model = os.path.join(EXAMPLES, "digits/digits_resnet.float.onnx")
    with open(os.path.join(project, "CMakeLists.txt"), "w", encoding="utf-8") as file:
        file.write(PROJECT % ("", f"net {model}"))
    build = os.path.join(project, "build")
    run("cmake", "-S", project, "-B", build, f"-DCMAKE_PREFIX_PATH={prefix}")
    done = subprocess.run(["cmake", "--build", build], capture_output=True, text=True, check=False)
    require(done.returncode != 0 and "is not quantized" in done.stdout + done.stderr,
            done.stdout + done.stderr)


if __name__ == "__main__":
    main(__doc__)
