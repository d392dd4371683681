# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Plans of AArch64 forced on the random layers of plans.py, run by qemu.

    plans_emulated.py WORK-DIR --seeds A:B [--seconds S] [--at-least N]

Every output has to equal the oracle's.  Exit code 1 on failure, or when a plan's
instruction is in no program.
"""

import os
import shutil
import sys
import time

from feed import NAME, Network
from harness import Failed, qbias, run
from plans import make_case, parse_options

COMPILER, EMULATOR = "aarch64-linux-gnu-gcc", "qemu-aarch64"
OBJDUMP = "/usr/lib/llvm-22/bin/llvm-objdump"
# What programs of a plan have to contain, if they have a layer for it.
INSTRUCTIONS = {"mmla8": "smmla", "dot8": "sdot", "pair16": "smull", "pair16w8": "smull",
                "winograd4": "smull", "winograd4w8": "smull"}


def run_plan(network, folder, plan):
    """Whether the plan's instruction is in the program, which has run."""
    program, objects = os.path.join(folder, "program"), os.path.join(folder, "net.o")
    qbias("compile", network.model, f"--name={NAME}", "-o", objects, f"--plan={plan}",
          "--target=aarch64-linux-gnu", "--features=+dotprod,+i8mm")
    run(COMPILER, "-O2", "-static", f"-I{folder}", os.path.join(folder, "main.c"), objects,
        "-o", program)
    network.feed(folder, plan, [EMULATOR, program])
    code = run(OBJDUMP, "-d", "--mattr=+dotprod,+i8mm", objects).stdout
    return INSTRUCTIONS[plan] in code


def main():
    """Command line; see the top of the file."""
    options = parse_options("plans of AArch64 against the oracle")
    absent = [name for name in (COMPILER, EMULATOR) if not shutil.which(name)]
    if absent:
        print(f"skipped, not installed: {', '.join(absent)}")
        return 0
    done, failed, used, start = 0, 0, set(), time.monotonic()
    for seed in range(*map(int, options.seeds.split(":"))):
        if done >= options.at_least and time.monotonic() - start > options.seconds:
            break
        folder = os.path.join(options.work, f"seed{seed}")
        model, arrays = make_case(seed, folder)
        if len(arrays["x0"]) > 1:  # the program takes one sample
            continue
        network = Network(model, arrays)
        network.write_program(os.path.join(folder, "main.c"))
        done += 1
        for plan in INSTRUCTIONS:
            try:
                if run_plan(network, folder, plan):
                    used.add(plan)
            except Failed as reason:
                failed += 1
                print(f"seed {seed}, {plan}: {str(reason)[:1000]}", flush=True)
    unused = sorted(set(INSTRUCTIONS) - used)
    print(f"cases: {done}, failed: {failed}, plans without their instruction: {unused or 'none'}")
    return 1 if failed or unused else 0


if __name__ == "__main__":
    sys.exit(main())
