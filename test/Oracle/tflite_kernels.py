# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Reference kernels of TensorFlow Lite that are no rescale of an accumulator.

    softmax(rows, scale, beta, ...)   integers of each row

Written from the published definitions (gemmlowp's fixed point; TensorFlow Lite's
reference_ops).  Raw numbers of b integer bits have 31 - b fraction bits.
"""

import math

import numpy as np

ONE = (1 << 31) - 1
FACTORS = {-2: 1672461947, -1: 1302514674, 0: 790015084, 1: 290630308, 2: 39332535,
           3: 720401, 4: 242}  # e^-(2^n), 31 fraction bits


def high(a, b):
    """Rounding doubling high product of two int32."""
    product = a * b
    nudge = (1 << 30) if product >= 0 else 1 - (1 << 30)
    total = abs(product + nudge) >> 31
    return total if product + nudge >= 0 else -total


def rounded_shift(x, n):
    """x / 2^n, halves away from zero."""
    remainder = x & ((1 << n) - 1)
    return (x >> n) + (remainder > ((1 << n) - 1 >> 1) + (x < 0))


def saturated(x):
    """Limited to int32."""
    return min(max(x, -2**31), 2**31 - 1)


def _exp_of_quarter(a):
    """e^a for -1/4 <= a < 0, no integer bits: a series around -1/8."""
    x = a + (1 << 28)
    x2 = high(x, x)
    x3, x4 = high(x2, x), high(x2, x2)
    series = rounded_shift(high(rounded_shift(x4, 2) + x3, 715827883) + x2, 1)
    return 1895147668 + high(1895147668, x + series)


def exp_on_negative(a, bits):
    """e^a for a <= 0 with `bits` integer bits; the result has none."""
    if a == 0:
        return ONE
    fraction = 31 - bits
    quarter = 1 << (fraction - 2)
    inside = (a & (quarter - 1)) - quarter
    result, left = _exp_of_quarter(saturated(inside << bits)), inside - a
    for exponent, factor in FACTORS.items():
        if bits > exponent and left & (1 << (fraction + exponent)):
            result = high(result, factor)
    return result


def one_over_one_plus(a):
    """1 / (1 + a) for 0 <= a < 1: Newton's method on half of the denominator."""
    half = (a + ONE + 1) // 2
    x = 1515870810 + high(half, -1010580540)
    for _ in range(3):
        x += saturated(high(x, (1 << 29) - high(half, x)) << 2)
    return saturated(x << 1)


def quantized_multiplier(real):
    """(mantissa of 31 bits, exponent) of a double."""
    mantissa, exponent = math.frexp(real)
    fixed = math.floor(mantissa * 2**31 + 0.5)
    return (fixed // 2, exponent + 1) if fixed == 2**31 else (fixed, exponent)


def _narrow_softmax(row, scale, beta, low, bits):
    """int8 or uint8 to `bits` bits, the lowest of which is `low`."""
    multiplier, shift = quantized_multiplier(min(beta * scale * 2**26, 2.0**31 - 1))
    least = -math.floor(31 * 2.0**26 / 2.0**shift)
    exponentials = []
    for x in row:
        d = x - max(row)
        fixed = high(d << shift, multiplier)
        exponentials.append(exp_on_negative(fixed, 5) if d >= least else None)
    total = sum(rounded_shift(e, 12) for e in exponentials if e is not None)
    zeros = 32 - total.bit_length()
    inverse = one_over_one_plus((total << zeros) - 2**31)
    shift = 12 - zeros + 31 - bits
    return [low if e is None else min(rounded_shift(high(inverse, e), shift), 2**bits - 1) + low
            for e in exponentials]


def _table(function, first, last):
    """513 samples from `first` to `last`, each moved by half the error at its middle."""
    f = np.float32
    step = (f(last) - f(first)) / f(512)

    def rounded(x):
        return f(math.copysign(math.floor(abs(float(x)) + 0.5), x))
    entries = []
    for i in range(512):
        here, there = (f(function(f(first) + f(n) * step)) for n in (i, i + 1))
        middle = f(function(f(first) + f(i) * step + step / f(2)))
        sample = rounded(here * f(32768))
        line = rounded((there * f(32768) + sample) / f(2))
        error = rounded((line - rounded(middle * f(32768))) / f(2))
        entries.append(int(min(max(sample - error, -32768), 32767)))
    return entries + [int(min(rounded(f(function(f(last))) * f(32768)), 32767))]


def _look_up(table, x):
    """Between two entries in a straight line; x is an int16."""
    place = 256 + (x >> 7)
    slope = table[place + 1] - table[place]
    return table[place] + ((slope * (x & 127) + 64) >> 7)


EXPONENTIALS = _table(np.exp, -10, 0)
INVERSES = _table(lambda x: np.float32(1) / (np.float32(1) + x), 0, 1)


def _wide_softmax(row, scale, beta):
    """int16 to int16."""
    multiplier, exponent = quantized_multiplier(scale * beta / (10.0 / 65535.0))
    exponentials = []
    for x in row:
        d = high(saturated((x - max(row)) << max(exponent, 0)), multiplier)
        d = rounded_shift(d, max(-exponent, 0))
        exponentials.append(_look_up(EXPONENTIALS, min(max(d + 32767, -32768), 32767)))
    total = sum(exponentials)
    zeros = 32 - total.bit_length()
    mantissa = ((total << (zeros - 1)) + (1 << 13)) >> 14
    inverse = _look_up(INVERSES, min(max(mantissa - (1 << 15) - (1 << 16), -32768), 32767))
    shift = 31 - zeros
    return [min(max((e * inverse + (1 << (shift - 1))) >> shift, 0), 32767) for e in exponentials]


def softmax(rows, scale, beta, zero_point, low, top):
    """Rows of integers to integers from `low` to `top`; a zero point of 0 in the middle of
    16 bits is that of the kernel for int16."""
    if (zero_point, low) == (0, -32768):
        return [_wide_softmax(row, scale, beta) for row in rows]
    return [_narrow_softmax(row, scale, beta, low, (top - low).bit_length()) for row in rows]


# --- functions of one operand ------------------------------------------------


def rescaled(x, real):
    """MultiplyByQuantizedMultiplier: x times a double, two roundings."""
    multiplier, exponent = quantized_multiplier(real)
    if exponent < -31:
        return 0
    x = saturated(x << max(exponent, 0))
    return rounded_shift(high(x, multiplier), max(-exponent, 0))


def _fixed_point(raw_function, scale, bits, least, most):
    """8 bits: an argument with four integer bits, a result of `bits` fraction bits."""
    multiplier, shift = quantized_multiplier(scale * 2.0**27)
    radius = math.floor(15 * 2.0**27 / 2.0**shift)

    def function(x):
        if abs(x) >= radius:
            return least if x < 0 else most
        argument = high(saturated(x << max(shift, 0)), multiplier)
        return rounded_shift(raw_function(rounded_shift(argument, max(-shift, 0))), 31 - bits)
    return function


def _raw_logistic(a):
    if a == 0:
        return 1 << 30
    positive = one_over_one_plus(exp_on_negative(-abs(a), 4))
    return positive if a > 0 else ONE - positive


def _raw_tanh(a):
    """(1 - e) / (1 + e) of e = exp(-2 |a|), by the same iteration as 1 / (1 + e)."""
    if a == 0:
        return 0
    e = exp_on_negative(-abs(a), 5)  # twice the argument is one more integer bit
    half = (e + ONE + 1) // 2
    x = 1515870810 + high(half, -1010580540)
    for _ in range(3):
        x += saturated(high(x, (1 << 29) - high(half, x)) << 2)
    positive = saturated((x - (1 << 29)) << 2)
    return positive if a > 0 else -positive


def _sigmoid_entries():
    """65536 / (1 + e^(-i / 24)), moved by half the error of a line at its middle."""
    def at(i):
        return 65536 / (1 + math.exp(-i / 24))
    entries = [round(at(i) + (at(i + 0.5) - (at(i) + at(i + 1)) / 2) / 2) for i in range(256)]
    return entries[:-1] + [65535]


SIGMOIDS = _sigmoid_entries()


def _argument(scale, largest):
    """x -> place in SIGMOIDS with a fraction; powers of two up to 2^largest / 4096 as they are."""
    log = math.log2(scale)
    if abs(log - round(log)) < 1e-3 and 0 <= round(log) + 12 <= largest:
        return lambda x: x * (3 << (round(log) + 12))
    real, shift = scale * 4096.0 * 3.0, 0
    while real <= 32767.0 / 2 and shift <= 30:
        real, shift = real * 2, shift + 1
    return lambda x: (x * int(real) + ((1 << shift) >> 1)) >> shift


def _entry(x, bits, limit):
    place, rest = x >> bits, x & ((1 << bits) - 1)
    if place >= 255:
        return limit
    return (SIGMOIDS[place] << bits) + rest * (SIGMOIDS[place + 1] - SIGMOIDS[place])


def _wide_logistic(scale):
    argument = _argument(scale, 0)

    def function(q):
        x = argument(q)
        y = _entry(abs(x), 9, 0x7FFF << 10)
        return (y + 512 if x >= 0 else (1 << 25) - y + 511) >> 10
    return function


def _wide_tanh(scale):
    argument = _argument(scale, 1)

    def function(q):
        x = argument(q)
        y = _entry(abs(x), 8, 0xFFFF << 8)
        return (y - (1 << 23) + 128 if x >= 0 else -y + (1 << 23) + 127) >> 8
    return function


def _short_multiplier(real):
    fixed, exponent = quantized_multiplier(float(real))
    return min((fixed + (1 << 15)) >> 16, 32767), exponent


def _high_short(a, b):
    """Rounding doubling high product of two int16."""
    product = a * b
    nudged = product + (1 << 14 if product >= 0 else 1 - (1 << 14))
    return max(min(int(nudged / 32768) if nudged >= 0 else -(-nudged // 32768), 32767), -32768)


def _hard_swish(scale, out_scale):
    fine = np.float32(1 / 128) * np.float32(scale)
    to_out, exponent = _short_multiplier(fine / np.float32(out_scale))
    to_third, third_exponent = _short_multiplier(fine / (np.float32(3) / np.float32(32768)))

    def short(x):
        return min(max(x, -32768), 32767)

    def function(x):
        x *= 128
        gate = short(x << (third_exponent - 1)) if third_exponent > 0 else x
        gate = _high_short(gate, to_third)
        gate = short(gate * 2) if third_exponent > 0 else rounded_shift(gate, -third_exponent)
        product = ((gate + 32768) >> 1) * _high_short(x, to_out)
        product = product // 32768 if product >= 0 else -(-product // 32768)
        return rounded_shift(product, -exponent)
    return function if exponent <= 0 else None


def _leaky_relu(scale, out_scale, alpha):
    scale, out_scale = np.float32(scale), np.float32(out_scale)
    above, below = float(scale / out_scale), float(scale * np.float32(alpha) / out_scale)
    return lambda x: rescaled(x, above if x >= 0 else below)


def function_of(name, parameters, scale, wide, out_scale, out_zero, low):
    """q - z -> integer without the output's zero point; None where there is no kernel."""
    near = abs(out_scale * (32768 if wide else 256 if name == "sigmoid" else 128) - 1) < 0.001
    if name == "sigmoid" and near and out_zero == (0 if wide else low):
        return _wide_logistic(scale) if wide else _fixed_point(_raw_logistic, scale, 8, 0, 255)
    if name == "tanh" and near and out_zero == (0 if wide else low + 128):
        return _wide_tanh(scale) if wide else _fixed_point(_raw_tanh, scale, 7, -128, 127)
    if name == "leaky_relu" and parameters["alpha"] > 0:
        return _leaky_relu(scale, out_scale, float(parameters["alpha"]))
    if name == "hard_swish" and not wide:
        return _hard_swish(scale, out_scale)
    return None
