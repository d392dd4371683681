# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Networks on other CPUs: objects written by the compiler, and its C output through the
machine's own compiler, executed by qemu or node and compared with the exact reference.

    other_machines.py WORK-DIR [MACHINE ...]

One line per machine and way, `aarch64, object: 20 cases, bit-equal`, or what is not
installed.  Exit code 1 if anything differs.
"""

import os
import re
import shutil
import sys

import feed
from feed import NAME
from harness import Failed, qbias, run

INPUTS = os.path.dirname(os.path.abspath(__file__))
SAMPLES = 4
LLVM = "/usr/lib/llvm-22/bin"

# Options of the compiler, the C compiler, and what runs its programs.
MACHINES = {
    "aarch64": (["--target=aarch64-linux-gnu"], ["aarch64-linux-gnu-gcc"], ["qemu-aarch64"]),
    "aarch64, dot products": (["--target=aarch64-linux-gnu", "--features=+dotprod"],
                              ["aarch64-linux-gnu-gcc"], ["qemu-aarch64"]),
    "aarch64, matrix products": (["--target=aarch64-linux-gnu", "--features=+dotprod,+i8mm"],
                                 ["aarch64-linux-gnu-gcc"], ["qemu-aarch64"]),
    "armv7, no floating-point unit": (
        ["--target=armv7-linux-gnueabi", "--features=+soft-float,-neon"],
        ["arm-linux-gnueabi-gcc", "-march=armv7-a", "-mfloat-abi=soft"], ["qemu-arm"]),
    "riscv64": (["--target=riscv64-linux-gnu"], ["riscv64-linux-gnu-gcc"], ["qemu-riscv64"]),
    "wasm32": (["--target=wasm32-unknown-unknown"], None, ["node"]),
    "cortex-m3, bare metal": (["--target=thumbv7m-none-eabi", "--cpu=cortex-m3"], None,
                              ["qemu-system-arm"]),
}
# Instructions that the objects of a machine have to contain.
EXPECTED = {"aarch64, dot products": "sdot", "aarch64, matrix products": "smmla"}
FREE = os.path.join(INPUTS, "freestanding")
CORTEX = os.path.join(FREE, "cortexm")
WASM_CC = ["clang-22", "--target=wasm32-unknown-unknown", "-ffreestanding", f"-I{FREE}"]
CORTEX_CC = ["clang-22", "--target=thumbv7m-none-eabi", "-mcpu=cortex-m3", "-ffreestanding",
             f"-I{CORTEX}", f"-I{FREE}"]
# Arguments of the program are options of the emulator.
CORTEX_RUN = ("exec qemu-system-arm -M mps2-an385 -nographic -monitor none -serial none "
              "-semihosting-config enable=on,target=native,arg=program,arg=$1,arg=$2 -kernel ")


def missing(machine):
    """Programs a machine needs that are not installed."""
    _, compiler, emulator = MACHINES[machine]
    needed = [(compiler or WASM_CC)[0], emulator[0]]
    return [name for name in needed if not shutil.which(name)]


def workspace_bytes(folder):
    """What the header says."""
    with open(os.path.join(folder, "net.h"), encoding="ascii") as file:
        return re.search(r"#define net_WORKSPACE_BYTES (\d+)", file.read())[1]


def link_wasm(network, folder, way):
    """The command that runs it on node."""
    objects, program = os.path.join(folder, "net.o"), os.path.join(folder, "program")
    if way == "c":
        run(*WASM_CC, "-O2", "-std=c99", "-c", os.path.join(folder, "net.c"), "-o", objects)
    run(f"{LLVM}/wasm-ld", "--no-entry", "--export=net_run", "--export=__heap_base",
        "--allow-undefined", objects, "-o", program)
    sizes = [",".join(map(str, bytes_of)) for bytes_of in network.sizes()]
    return ["node", os.path.join(INPUTS, "feed.js"), program, *sizes, workspace_bytes(folder)]


def link_cortex(folder, way):
    """The command that runs it on an emulated board, without an operating system."""
    sources = {"main": os.path.join(folder, "main.c"), "start": os.path.join(CORTEX, "semihosting.c")}
    if way == "c":
        sources["net"] = os.path.join(folder, "net.c")
    for name, source in sources.items():
        run(*CORTEX_CC, "-O2", "-std=c99" if name == "net" else "-fno-builtin", f"-I{folder}", "-c",
            source, "-o", os.path.join(folder, f"{name}.o"))
    program = os.path.join(folder, "program")
    run(f"{LLVM}/ld.lld", "-T", os.path.join(CORTEX, "mps2-an385.ld"), "-e", "start",
        *(os.path.join(folder, f"{name}.o") for name in ("main", "start", "net")), "-o", program)
    return ["sh", "-c", CORTEX_RUN + program, "sh"]


def command_of(network, folder, machine, way):
    """Builds the program; the command that runs it."""
    options, compiler, emulator = MACHINES[machine]
    output = os.path.join(folder, "net.o" if way == "object" else "net.c")
    check = ["--verify-integer-only"] if way == "object" and machine != "wasm32" else []
    qbias("compile", network.model, f"--name={NAME}", "-o", output,
          *(options + check if way == "object" else []))
    if way == "object" and machine in EXPECTED:
        code = run(f"{LLVM}/llvm-objdump", "-d", "--no-show-raw-insn", "--mattr=+dotprod,+i8mm", output)
        if EXPECTED[machine] not in code.stdout:
            raise Failed(f"no instruction '{EXPECTED[machine]}' in {output}")
    network.write_program(os.path.join(folder, "main.c"))
    if machine == "wasm32":
        return link_wasm(network, folder, way)
    if not compiler:
        return link_cortex(folder, way)
    program = os.path.join(folder, "program")
    run(*compiler, "-O2", "-static", f"-I{folder}", os.path.join(folder, "main.c"), output,
        "-o", program)
    return [*emulator, program]


def main():
    """Command line; see the top of the file."""
    work, machines = os.path.abspath(sys.argv[1]), sys.argv[2:] or list(MACHINES)
    shutil.rmtree(work, ignore_errors=True)
    os.makedirs(work)
    networks = [feed.digits(SAMPLES), feed.forms(work)]
    if os.path.isdir(feed.RESNET8):
        networks.append(feed.resnet8())
    else:
        print("ResNet8 of MLPerf Tiny: skipped, no data (QBIAS_DATA_DIR)")
    failed = False
    for machine in machines:
        absent = missing(machine)
        if absent:
            print(f"{machine}: skipped, not installed: {', '.join(absent)}")
            continue
        # C does not depend on the machine's instructions.
        for way in ("object",) if machine in EXPECTED else ("object", "c"):
            cases = 0
            try:
                for number, network in enumerate(networks):
                    folder = os.path.join(work, f"{len(machine)}{way}{number}")
                    os.makedirs(folder, exist_ok=True)
                    command = command_of(network, folder, machine, way)
                    cases += network.feed(folder, f"{machine}, {way}", command)
                print(f"{machine}, {way}: {cases} cases, bit-equal", flush=True)
            except Failed as reason:
                failed = True
                print(f"FAILED {machine}, {way}: {str(reason)[:1500]}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
