//===- hold_avx2.c - a processor without AVX-512, for one library -------===//
//
// Part of the qbias project, under the Apache License v2.0 with LLVM Exceptions.
// See LICENSE for license information.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Loaded by LD_PRELOAD beside a library whose CPUID instructions hold_avx2.py has
// replaced by UD2, an instruction of the same length that the processor refuses.
// The signal is answered with what CPUID says, less everything beyond AVX2: the
// library chooses the code that it would choose on such a machine. CPUID is asked
// while a library starts, not while a network runs. Other UD2 instructions (traps
// of node's own) end the process as before.
//
//===----------------------------------------------------------------------===//

#define _GNU_SOURCE
#include <cpuid.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

// Bits of leaf 7 (Intel's manual, volume 2, CPUID; AMD's APM 3, appendix E).
#define BIT(n) (1u << (n))
// AVX512 F, DQ, IFMA, PF, ER, CD, BW, VL.
#define AVX512_EBX                                                                       \
  (BIT(16) | BIT(17) | BIT(21) | BIT(26) | BIT(27) | BIT(28) | BIT(30) | BIT(31))
// AVX512 VBMI, VBMI2, VNNI, BITALG, VPOPCNTDQ.
#define AVX512_ECX (BIT(1) | BIT(6) | BIT(11) | BIT(12) | BIT(14))
// AVX512 4VNNIW, 4FMAPS, VP2INTERSECT, FP16; AMX BF16, TILE, INT8.
#define AVX512_EDX (BIT(2) | BIT(3) | BIT(8) | BIT(23) | BIT(22) | BIT(24) | BIT(25))

/// `registers` as CPUID leaves them, without what is beyond AVX2.
static void answer(uint32_t leaf, uint32_t subleaf, uint32_t registers[4]) {
  __cpuid_count(leaf, subleaf, registers[0], registers[1], registers[2], registers[3]);
  if (leaf != 7)
    return;
  if (subleaf == 0) {
    registers[1] &= ~AVX512_EBX;
    registers[2] &= ~AVX512_ECX;
    registers[3] &= ~AVX512_EDX;
  } else { // AVX-VNNI, AVX512_BF16, AVX-VNNI-INT8, AVX10 and their kin
    memset(registers, 0, 4 * sizeof(*registers));
  }
}

static void onIllegalInstruction(int number, siginfo_t *info, void *context) {
  (void)number;
  greg_t *state = ((ucontext_t *)context)->uc_mcontext.gregs;
  const uint8_t *place = (const uint8_t *)state[REG_RIP];
  if (info->si_code != ILL_ILLOPN || place[0] != 0x0f || place[1] != 0x0b) {
    signal(SIGILL, SIG_DFL); // back to the instruction, which ends the process
    return;
  }
  uint32_t registers[4];
  answer((uint32_t)state[REG_RAX], (uint32_t)state[REG_RCX], registers);
  state[REG_RAX] = registers[0];
  state[REG_RBX] = registers[1];
  state[REG_RCX] = registers[2];
  state[REG_RDX] = registers[3];
  state[REG_RIP] += 2;
}

__attribute__((constructor)) static void install(void) {
  struct sigaction action = {0};
  action.sa_sigaction = onIllegalInstruction;
  action.sa_flags = SA_SIGINFO;
  if (sigaction(SIGILL, &action, NULL))
    abort();
}
