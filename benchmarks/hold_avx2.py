# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A copy of a library that asks a signal handler what the processor can do.

    hold_avx2.py LIBRARY COPY

Every CPUID instruction (0F A2) becomes UD2 (0F 0B), which hold_avx2.c answers. Instructions are
found by disassembly: the two bytes also occur inside of others. Nothing else changes.
"""

import re
import struct
import subprocess
import sys

DISASSEMBLER = "/usr/lib/llvm-22/bin/llvm-objdump"
CPUID, UD2 = b"\x0f\xa2", b"\x0f\x0b"
LOADED = 1  # PT_LOAD


def find_instructions(path):
    """Addresses of CPUID instructions."""
    command = [DISASSEMBLER, "-d", "--no-show-raw-insn", path]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        found = [int(match[1], 16) for line in process.stdout
                 if (match := re.match(r"\s*([0-9a-f]+):\s+cpuid\s*$", line))]
    if process.returncode or not found:
        sys.exit(f"{path}: no CPUID instruction found")
    return found


def read_segments(data):
    """(address, place in the file, bytes) of what a 64-bit ELF file loads."""
    start, = struct.unpack_from("<Q", data, 32)
    size, count = struct.unpack_from("<HH", data, 54)
    for number in range(count):
        kind, _, place, address, _, length = struct.unpack_from("<IIQQQQ", data, start + number * size)
        if kind == LOADED:
            yield address, place, length


def main():
    """Command line; see the top of the file."""
    path, copy = sys.argv[1:]
    with open(path, "rb") as file:
        data = bytearray(file.read())
    segments = list(read_segments(data))
    addresses = find_instructions(path)
    for address in addresses:
        place = next(place + address - first for first, place, length in segments
                     if first <= address < first + length)
        if data[place:place + 2] != CPUID:
            sys.exit(f"{path}: no CPUID at address {address:#x}")
        data[place:place + 2] = UD2
    with open(copy, "wb") as file:
        file.write(data)
    print(f"{len(addresses)} CPUID instructions replaced in {copy}")


if __name__ == "__main__":
    main()
