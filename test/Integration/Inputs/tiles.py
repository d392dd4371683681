# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Plan `tile8` forced on the networks of forms.py and the random layers of plans.py, with tile
registers in C code.

    tiles.py WORK-DIR --seeds A:B [--seconds S] [--at-least N]

The instructions of AMX in a program's LLVM IR become calls of functions that do what the Intel
64 and IA-32 Architectures Software Developer's Manual, volume 2, says of them; the rest of it
needs AVX512-VNNI.  Every output has to equal the oracle's.  Exit code 1 on failure, or when no
program had products of tiles.
"""

import os
import re
import sys
import time

import forms
from feed import NAME, Network
from harness import Failed, qbias, run
from plans import DOT8, cpu_flags, make_case, parse_options

COMPILER = "clang-22"
REGISTERS = """#include <stdint.h>
#include <stdlib.h>
#include <string.h>
static uint8_t rows[8], tiles[8][16][64];
static uint16_t bytes[8];
static int configured;
static void expect(int holds) { if (!holds) abort(); }
void emulated_ldtilecfg(const uint8_t *config) {
  expect(config[0] == 1 && !configured);
  configured = 1;
  memcpy(bytes, config + 16, sizeof bytes);
  memcpy(rows, config + 48, sizeof rows);
  for (int t = 0; t < 8; ++t)
    expect(bytes[t] <= 64 && rows[t] <= 16);
  memset(tiles, 0, sizeof tiles);
}
void emulated_tilerelease(void) { expect(configured); configured = 0; }
void emulated_tileloadd64(int8_t t, const uint8_t *from, int64_t stride) {
  expect(configured && rows[t] && bytes[t]);
  memset(tiles[t], 0, sizeof tiles[t]);
  for (int r = 0; r < rows[t]; ++r)
    memcpy(tiles[t][r], from + r * stride, bytes[t]);
}
void emulated_tilestored64(int8_t t, uint8_t *to, int64_t stride) {
  expect(configured && rows[t] && bytes[t]);
  for (int r = 0; r < rows[t]; ++r)
    memcpy(to + r * stride, tiles[t][r], bytes[t]);
}
void emulated_tdpbssd(int8_t y, int8_t a, int8_t b) {
  expect(configured && y != a && y != b && a != b && rows[y] == rows[a] &&
         bytes[y] == bytes[b] && rows[b] * 4 == bytes[a]);
  for (int m = 0; m < rows[y]; ++m)
    for (int n = 0; n < bytes[y] / 4; ++n) {
      uint32_t sum;
      memcpy(&sum, &tiles[y][m][4 * n], 4);
      for (int k = 0; k < bytes[a] / 4; ++k)
        for (int i = 0; i < 4; ++i)
          sum += (int8_t)tiles[a][m][4 * k + i] * (int8_t)tiles[b][k][4 * n + i];
      memcpy(&tiles[y][m][4 * n], &sum, 4);
    }
}
"""
INSTRUCTION = re.compile(r"@llvm\.x86\.(ldtilecfg|tilerelease|tileloadd64|tilestored64|tdpbssd)\b")
PERMISSION = re.compile(r'call i64 asm sideeffect "syscall".*')


def run_tiles(network, folder):
    """How many products of tiles are in the program, which has run."""
    path, program = os.path.join(folder, "net.ll"), os.path.join(folder, "program")
    for output in (path, os.path.join(folder, "net.o")):  # the second for its header
        qbias("compile", network.model, f"--name={NAME}", "-o", output, "--plan=tile8",
              "--target=x86_64-linux-gnu", "--cpu=sapphirerapids")
    with open(path, encoding="utf-8") as file:
        text = file.read()
    text = PERMISSION.sub("add i64 0, 0", INSTRUCTION.sub(r"@emulated_\1", text).replace(" immarg", ""))
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    with open(os.path.join(folder, "registers.c"), "w", encoding="utf-8") as file:
        file.write(REGISTERS)
    run(COMPILER, "-O2", "-march=native", "-Wno-override-module", f"-I{folder}", path,
        *(os.path.join(folder, name) for name in ("main.c", "registers.c")), "-o", program)
    network.feed(folder, "tile8", [program])
    return text.count("call void @emulated_tdpbssd")


def find_networks(options):
    """(network, folder) one by one, random ones as many as options say."""
    for maker in forms.MAKERS:
        folder = os.path.join(options.work, maker)
        os.makedirs(folder, exist_ok=True)
        yield forms.network(folder, maker, *forms.SETS["all"]), folder
    done, start = 0, time.monotonic()
    for seed in range(*map(int, options.seeds.split(":"))):
        if done >= options.at_least and time.monotonic() - start > options.seconds:
            break
        folder = os.path.join(options.work, f"seed{seed}")
        model, arrays = make_case(seed, folder)
        if len(arrays["x0"]) == 1:  # the program takes one sample
            done += 1
            yield Network(model, arrays), folder


def main():
    """Command line; see the top of the file."""
    options = parse_options("tile8 against the oracle")
    if not DOT8 <= cpu_flags():
        print("skipped, this machine has no AVX512-VNNI")
        return 0
    done = failed = products = 0
    for network, folder in find_networks(options):
        network.write_program(os.path.join(folder, "main.c"))
        done += 1
        try:
            products += run_tiles(network, folder)
        except Failed as reason:
            failed += 1
            print(f"FAILED {os.path.basename(folder)}: {reason}", flush=True)
    print(f"{products} products of tiles")
    print(f"cases: {done}, failed: {failed}")
    return 1 if failed or not products else 0


if __name__ == "__main__":
    sys.exit(main())
