# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Exact arithmetic on single numbers: rationals, and enclosures of irrationals.

A real number is an `Interval` (lo, hi) of Fractions; lo == hi means the value is
known exactly.  Rational functions (ReLU, clip, hard sigmoid, products) keep exact
values exact.  A transcendental function returns a proven enclosure at the number
of decimal digits asked for; `decide` asks again with more digits until both ends
give the same integer, so no decision is ever taken from a rounded value.

Why this ends: for a rational argument x != 0 the values exp(x), tanh(x) and
1/(1+exp(-x)) are transcendental (Lindemann-Weierstrass), never equal to a rational
tie, so a finite number of digits separates them; x = 0 is answered exactly.
"""

import decimal
import math
from fractions import Fraction

import numpy as np

START_DIGITS = 60
MAX_DIGITS = 30000  # tells 1 / (1 + e^-x) from 0 and 1 up to |x| of about 69,000
LN10_PERCENT = 231  # 100 ln 10 = 230.26, rounded up


class Undecided(ArithmeticError):
    """More than MAX_DIGITS digits would be needed to round a value."""


def fraction(value):
    """Exact rational value of a Python or numpy int or float (N1).

    Errors: ValueError for infinities and NaN.
    """
    if isinstance(value, (int, np.integer, np.bool_)):
        return Fraction(int(value))
    if isinstance(value, Fraction):
        return value
    return Fraction(float(value))  # float16, float32 widen to double exactly


def round_half_even(value):
    """Nearest integer to a Fraction, ties to even (N2)."""
    numerator, denominator = value.numerator, value.denominator
    quotient, remainder = divmod(2 * numerator + denominator, 2 * denominator)
    return quotient - 1 if remainder == 0 and quotient & 1 else quotient


def quantize(value, scale, zero_point, qmin, qmax):
    """clamp(rnd(value / scale) + zero_point, qmin, qmax), exactly (N2)."""
    return min(max(round_half_even(value / scale) + zero_point, qmin), qmax)


# --- enclosures ------------------------------------------------------------


def exact(value):
    """Interval that holds one rational."""
    return (value, value)


def _enclose(result, digits):
    """Interval around a Decimal that is correct to half a unit in digit `digits`.

    decimal's exp and ln are correctly rounded in the context's precision; the
    interval is one whole unit wide on both sides, and later steps are exact.
    """
    value = Fraction(result)
    slack = Fraction(10) ** (result.adjusted() - digits + 1)
    return (value - slack, value + slack)


def exp(interval, digits):
    """Enclosure of e^x; exactly 1 at 0."""
    return (_exp_end(interval[0], digits)[0], _exp_end(interval[1], digits)[1])


def _exp_end(value, digits):
    if value == 0:
        return exact(Fraction(1))
    context = decimal.Context(prec=digits, Emin=decimal.MIN_EMIN, Emax=decimal.MAX_EMAX)
    # The quotient below is rounded: bracket the argument by two neighbours.
    argument = context.divide(decimal.Decimal(value.numerator), decimal.Decimal(value.denominator))
    low = _enclose(context.exp(context.next_minus(argument)), digits)
    high = _enclose(context.exp(context.next_plus(argument)), digits)
    return (max(low[0], Fraction(0)), high[1])


def sigmoid(interval, digits):
    """Enclosure of 1 / (1 + e^-x); exactly 1/2 at 0."""
    return (_sigmoid_end(interval[0], digits)[0], _sigmoid_end(interval[1], digits)[1])


def _sigmoid_end(value, digits):
    size = abs(value)
    if size * 100 > digits * LN10_PERCENT:  # then e^-size < 10^-digits
        small = (Fraction(0), Fraction(1, 10**digits))
    else:
        low, high = _exp_end(size, digits)
        small = (1 / (1 + high), 1 / (1 + low))
    return small if value < 0 else (1 - small[1], 1 - small[0])


def tanh(interval, digits):
    """Enclosure of tanh x = 2 sigmoid(2x) - 1."""
    low, high = sigmoid((2 * interval[0], 2 * interval[1]), digits)
    return (2 * low - 1, 2 * high - 1)


def elu(interval, digits, alpha):
    """x for x >= 0, alpha (e^x - 1) below; alpha >= 0 makes it monotone."""
    def end(value, which):
        return value if value >= 0 else alpha * (_exp_end(value, digits)[which] - 1)
    return (end(interval[0], 0), end(interval[1], 1))


def clip(interval, digits, low, high):
    """min(max(x, low), high); a bound may be None (ONNX: high wins)."""
    del digits

    def end(value):
        value = value if low is None else max(value, low)
        return value if high is None else min(value, high)
    return (end(interval[0]), end(interval[1]))


def leaky_relu(interval, digits, alpha):
    """x for x >= 0, alpha x below."""
    del digits
    ends = [value if value >= 0 else alpha * value for value in interval]
    if interval[0] < 0 < interval[1]:
        ends.append(Fraction(0))  # with alpha < 0 the minimum lies inside
    return (min(ends), max(ends))


def hard_sigmoid(interval, digits, alpha, beta):
    """max(0, min(1, alpha x + beta)), alpha >= 0."""
    line = (alpha * interval[0] + beta, alpha * interval[1] + beta)
    return clip(line, digits, Fraction(0), Fraction(1))


def multiply(left, right):
    """Product of two intervals."""
    products = [a * b for a in set(left) for b in set(right)]
    return (min(products), max(products))


def hard_swish(interval, digits):
    """x * max(0, min(1, x / 6 + 1/2))."""
    gate = hard_sigmoid(interval, digits, Fraction(1, 6), Fraction(1, 2))
    return multiply(interval, gate)


def absolute(interval, digits):
    """|x|."""
    del digits
    ends = [abs(value) for value in interval]
    return (Fraction(0) if interval[0] < 0 < interval[1] else min(ends), max(ends))


def square_root(value, digits):
    """Rational within 10^-digits (relative) of the root; the root itself if rational."""
    numerator, denominator = value.numerator, value.denominator
    top, bottom = math.isqrt(numerator), math.isqrt(denominator)
    if top * top == numerator and bottom * bottom == denominator:
        return Fraction(top, bottom)
    context = decimal.Context(prec=digits + 5, Emin=decimal.MIN_EMIN, Emax=decimal.MAX_EMAX)
    quotient = context.divide(decimal.Decimal(numerator), decimal.Decimal(denominator))
    return Fraction(context.sqrt(quotient))


def decide(evaluate, rounding):
    """Integer `rounding(value)` of the real number `evaluate(digits)` encloses.

    `rounding` must be monotone.  Digits double until both ends agree.
    """
    digits = START_DIGITS
    while digits <= MAX_DIGITS:
        low, high = evaluate(digits)
        first = rounding(low)
        if low == high or first == rounding(high):
            return first
        digits *= 2
    raise Undecided(f"a value needs more than {MAX_DIGITS} digits to be rounded")
