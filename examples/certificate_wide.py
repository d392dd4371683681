# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Programs of form wide, for check_certificate.py: two limbs and a window for ties.

    carry = (acc * m_low + q * n_low + r_low) >> L
    v = acc * m + q * n + r + carry
    y = clamp(pick(v >> k, (v + tie) >> k) + z)     pick: the even one of two integers

All of it is the floor of one number over 2^(L + k), so that v and v + tie are linear in
acc and q; odd levels (behind the zero point) are reached by v, even ones by v + tie.
"""

import math
from fractions import Fraction

from certificate_exact import HALF, require

SUM_LIMIT, MAX_LIMB, MAX_SHIFT = 2**63, 60, 62


class Wide:
    """The joined numbers of channel c; checked to be well formed."""

    def __init__(self, program, c, count):
        row = program.layer["low"][c]
        require(len(row) == 5 and all(type(value) is int for value in row),
                f"channel {c}: expects five low halves")
        limb, m_low, n_low, r_low, tie = row
        is_sum = program.layer["op"] in ("add", "sub")
        high = (program.column("multiplier", 2) if is_sum
                else [program.column("multiplier", count)[c], 0])
        high.append(program.column("rounding", count)[c])
        k = program.column("shift", count)[c]
        require(1 <= limb <= MAX_LIMB and 1 <= k <= MAX_SHIFT and 0 <= tie < 1 << k,
                f"channel {c}: limb {limb}, shift {k} or tie {tie}")
        require(all(0 <= low < 1 << limb for low in (m_low, n_low, r_low)),
                f"channel {c}: a low half of more than {limb} bits")
        high = list(high)
        self.high, self.low, self.limb, self.tie_high = high, (m_low, n_low, r_low), limb, tie
        self.m, self.n, self.r = ((a << limb) + b for a, b in zip(high, self.low))
        self.shift, self.tie = k + limb, tie << limb
        self.zero_point = program.layer["zero_point"]

    def check_sums(self, accumulators, addends):
        """No product or sum of the program leaves 64 bits."""
        for acc in accumulators:
            for q in addends:
                low = acc * self.low[0] + q * self.low[1] + self.low[2]
                v = acc * self.high[0] + q * self.high[1] + self.high[2] + (low >> self.limb)
                parts = (acc * self.low[0], q * self.low[1], low, acc * self.high[0],
                         q * self.high[1], v, v + self.tie_high)
                require(all(abs(part) < SUM_LIMIT for part in parts),
                        "a sum of the wide form leaves 63 bits (N6)")

    def reaches(self, acc, level):
        """Whether acc has output `level` or more, before clamping."""
        j = level - self.zero_point
        v = acc * self.m + self.r + (0 if j & 1 else self.tie)
        return v >= j << self.shift


def check_staircase(program, c, count, thresholds, low, high):
    """The program of channel c makes exactly these steps on [low, high] (N7)."""
    wide = Wide(program, c, count)
    require(wide.m >= 0, f"channel {c}: a negative multiplier")
    wide.check_sums((low, high), (0,))
    for n, t in enumerate(thresholds, program.tail.lo + 1):
        require(t > high or wide.reaches(max(t, low), n),
                f"channel {c}: level {n} is not reached at {t} (N7)")
        require(t <= low or not wide.reaches(min(t, high + 1) - 1, n),
                f"channel {c}: level {n} is reached before {t} (N7)")


def check_sum(program, scales, operands, steps):
    """A sum of two operands of any width, without going through the pairs (N11).

    Its real value over s_y is a multiple of 1 / D: a tie, or at least 1 / (2 D) away
    from one.  The program's error has to be smaller than what is between.
    """
    s_y, z_y = steps[-1][1:3]
    gain, offset = Fraction(1), Fraction(0)
    for op, *parameters in steps[:-1]:
        require(op in ("Clip", "affine"), f"{op} behind a sum of form wide")
        if op == "affine":
            gain, offset = gain * parameters[0], offset * parameters[0] + parameters[1]
    require(gain > 0, "a falling function behind a sum")
    wide = Wide(program, 0, 1)
    require(wide.zero_point == z_y, f"zero point {wide.zero_point}, expects {z_y}")
    wide.check_sums(operands[0][2:4], operands[1][2:4])
    ratios = [s * gain / s_y for s in scales]
    constant = offset / s_y - sum(r * o[1] for r, o in zip(ratios, operands))
    bottom = math.lcm(constant.denominator, *(r.denominator for r in ratios))
    unit = Fraction(1, 2**wide.shift)
    error = sum(abs(m * unit - r) * max(abs(o[2]), abs(o[3]))
                for m, r, o in zip((wide.m, wide.n), ratios, operands))
    gap, down = HALF / bottom, wide.r * unit - constant - HALF
    up = down + wide.tie * unit
    require(down >= error - gap and up < gap - error,
            "a value beside a half is rounded to the wrong side (N11)")
    require(bottom % 2 or (down < -error and up >= error),
            "a tie is not recognized as one (N11)")
