# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Instructions of programs for machines that have AVX-VNNI and no AVX-512."""

import os
import re

from feed import DIGITS
from harness import cases, main, qbias, require, run

OBJDUMP = "/usr/lib/llvm-22/bin/llvm-objdump"
# EVEX instructions start with 62, those with VEX with c4 or c5.
ROW = re.compile(r"^\s*[0-9a-f]+: ((?:[0-9a-f]{2} )+)\s*(.*)$")


def instructions(program):
    """(first byte, text) of every instruction."""
    rows = run(OBJDUMP, "-d", "--mattr=+avxvnni", program).stdout.splitlines()
    return [(found[1].split()[0], found[2]) for found in map(ROW.match, rows) if found]


@cases({cpu: (cpu,) for cpu in ("alderlake", "sierraforest")})
def dot_products(folder, cpu):
    """Layers of the digits network take them."""
    program = os.path.join(folder, "net.o")
    qbias("compile", DIGITS, "-o", program, f"--cpu={cpu}", "--plan=dot8")
    code = instructions(program)
    require(len(code) > 1000, f"{len(code)} instructions")
    dots = [text for byte, text in code if "vpdpbusd" in text and byte == "c4"]
    require(len(dots) > 50 and all("%ymm" in text for text in dots), str(dots[:3]))
    wide = [text for byte, text in code if byte == "62" or "%zmm" in text or "%k1" in text]
    require(not wide, f"instructions of AVX-512: {wide[:3]}")


if __name__ == "__main__":
    main(__doc__)
