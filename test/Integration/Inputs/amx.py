# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Programs for machines that have AMX: instructions, and what they say without permission."""

import ctypes
import os
import re
import struct
import subprocess

import numpy as np

from feed import DIGITS, EXAMPLES
from harness import cases, main, qbias, require, run

OBJDUMP = "/usr/lib/llvm-22/bin/llvm-objdump"


@cases({threads: (threads,) for threads in ("1", "2")})
def tile_registers(folder, threads):
    """Layers of the digits network take them; every function gives them back."""
    program = os.path.join(folder, "net.o")
    qbias("compile", DIGITS, "-o", program, "--target=x86_64-linux-gnu", "--cpu=sapphirerapids",
          f"--threads={threads}", "--plan=tile8", "--verify-integer-only")
    rows = run(OBJDUMP, "-d", "--no-show-raw-insn", program).stdout.splitlines()
    code = [found[1] for found in (re.match(r"\s+[0-9a-f]+:\s+(\S+)", row) for row in rows) if found]
    require(code.count("tdpbssd") > 20, f"{code.count('tdpbssd')} products of tiles")
    require(code.count("ldtilecfg") == code.count("tilerelease") > 2,
            f"{code.count('ldtilecfg')} configurations, {code.count('tilerelease')} releases")
    entries = 1 if threads == "1" else 2
    require(code.count("syscall") == entries, f"{code.count('syscall')} system calls")


def refuse_tiles():
    """From here on Linux answers EPERM to a request for tile registers: a filter of system calls
    (Linux's Documentation/userspace-api/seccomp_filter.rst) for arch_prctl(0x1023, ...)."""
    load, equal, answer = 0x20, 0x15, 0x06
    program = b"".join(struct.pack("=HBBI", *row) for row in (
        (load, 0, 0, 0), (equal, 0, 3, 158), (load, 0, 0, 16), (equal, 0, 1, 0x1023),
        (answer, 0, 0, 0x00050000 | 1), (answer, 0, 0, 0x7fff0000)))
    rows = ctypes.create_string_buffer(program)
    header = struct.pack("=HxxxxxxQ", len(program) // 8, ctypes.addressof(rows))
    libc = ctypes.CDLL(None, use_errno=True)
    no_new_privileges, set_filter, filters = 38, 22, 2
    if libc.prctl(no_new_privileges, 1, 0, 0, 0) or libc.prctl(set_filter, filters, header, 0, 0):
        raise OSError(ctypes.get_errno(), "seccomp")


@cases({command: (command,) for command in ("run", "bench")})
def refused(folder, command):
    """Without tile registers a program says so, and what to do."""
    program, out = os.path.join(folder, "net.so"), os.path.join(folder, "y.npy")
    qbias("compile", DIGITS, "-o", program, "--target=x86_64-linux-gnu", "--cpu=sapphirerapids",
          "--plan=tile8")
    image = os.path.join(folder, "x.npy")
    np.save(image, np.load(os.path.join(EXAMPLES, "digits/digits_test_x.npy"))[:1])
    options = ["--input", image, "--output", out] if command == "run" else []
    done = subprocess.run(["qbias", command, program, *options], preexec_fn=refuse_tiles,
                          capture_output=True, text=True, check=False)
    require(done.returncode == 1 and not done.stdout, f"{done.returncode}: {done.stdout}")
    for part in (program, "status 5", "tile registers", "--features=-amx-int8"):
        require(part in done.stderr, done.stderr)
    require(not os.path.exists(out), "an output was written")


if __name__ == "__main__":
    main(__doc__)
