# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Instructions of programs for machines that have AMX."""

import os
import re

from feed import DIGITS
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


if __name__ == "__main__":
    main(__doc__)
