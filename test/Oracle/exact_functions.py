# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Enclosures of further real functions, in the manner of exact_scalar.

A function takes an interval (low, high) of Fractions and a number of decimal digits and
returns an interval that holds every value.  Series are summed in exact integers with
guard digits; the first term left out bounds what is missing.

Where a function has no value it takes a limit: the root of a negative number is 0, the
logarithm of one that is not positive minus HUGE, 1 / 0 plus HUGE.  HUGE is beyond every
quantized range.
"""

import decimal
import math
from fractions import Fraction

from exact_scalar import _exp_end, exact, multiply, round_half_even, sigmoid, tanh

HUGE = Fraction(10) ** 30000
LN10 = Fraction(2303, 1000)  # a little more than ln 10


def _increasing(end):
    """An interval function from the enclosure of a non-decreasing one at one point."""
    def function(interval, digits, **parameters):
        return (end(interval[0], digits, **parameters)[0],
                end(interval[1], digits, **parameters)[1])
    return function


def _context(digits):
    return decimal.Context(prec=digits + 5, Emin=decimal.MIN_EMIN, Emax=decimal.MAX_EMAX)


def _around(value, digits):
    """Interval around a Decimal that is correct to `digits` significant digits."""
    middle = Fraction(value)
    slack = abs(middle) * Fraction(1, 10 ** digits)
    return (middle - slack, middle + slack)


# --- roots and logarithms ----------------------------------------------------


def _root_end(value, digits):
    if value <= 0:
        return exact(Fraction(0))
    top, bottom = math.isqrt(value.numerator), math.isqrt(value.denominator)
    if top * top == value.numerator and bottom * bottom == value.denominator:
        return exact(Fraction(top, bottom))
    scale = 10 ** (2 * digits)
    low = math.isqrt(value.numerator * scale // value.denominator)
    return (Fraction(low, 10 ** digits), Fraction(low + 1, 10 ** digits))


square_root = _increasing(_root_end)


def _log_end(value, digits):
    if value <= 0:
        return exact(-HUGE)
    if value == 1:
        return exact(Fraction(0))
    context = _context(digits + 10)
    argument = context.divide(decimal.Decimal(value.numerator), decimal.Decimal(value.denominator))
    # The quotient is off by one unit, the logarithm by its derivative times as much.
    slack = Fraction(1, 10 ** digits)
    middle = Fraction(context.ln(argument))
    return (middle - slack, middle + slack)


logarithm = _increasing(_log_end)


def _softplus_end(value, digits):
    low, high = _exp_end(value, digits)
    return (_log_end(1 + low, digits)[0], _log_end(1 + high, digits)[1])


softplus = _increasing(_softplus_end)


def mish(interval, digits):
    """x tanh(log(1 + e^x))."""
    return multiply(interval, tanh(softplus(interval, digits), digits))


def silu(interval, digits):
    """x / (1 + e^-x)."""
    return multiply(interval, sigmoid(interval, digits))


# --- rational functions ------------------------------------------------------


softsign = _increasing(lambda value, digits: exact(value / (1 + abs(value))))
floor = _increasing(lambda value, digits: exact(Fraction(math.floor(value))))
ceiling = _increasing(lambda value, digits: exact(Fraction(math.ceil(value))))
nearest = _increasing(lambda value, digits: exact(Fraction(round_half_even(value))))
sign = _increasing(lambda value, digits: exact(Fraction((value > 0) - (value < 0))))


def reciprocal(interval, digits):
    """1 / x on one side of 0, and at 0."""
    del digits
    low, high = interval
    if low == high == 0:
        return exact(HUGE)
    if low <= 0 <= high:
        return (-HUGE, HUGE)
    return (1 / high, 1 / low)


def reciprocal_root(interval, digits):
    """1 / sqrt(x)."""
    low, high = square_root(interval, digits)
    if high == 0:
        return exact(HUGE)
    return (1 / high, 1 / low if low > 0 else HUGE)


def threshold(interval, digits, alpha):
    """x above alpha, else 0."""
    del digits
    low, high = interval
    if low > alpha:
        return interval
    return exact(Fraction(0)) if high <= alpha else (min(low, Fraction(0)), max(high, Fraction(0)))


def square(interval, digits):
    """x * x."""
    del digits
    ends = [value * value for value in interval]
    return (Fraction(0) if interval[0] < 0 < interval[1] else min(ends), max(ends))


def _pair(pick):
    def function(left, right, digits):
        del digits
        return (pick(left[0], right[0]), pick(left[1], right[1]))
    return function


maximum, minimum = _pair(max), _pair(min)


# --- error function ----------------------------------------------------------


def _pi(digits):
    """Enclosure of pi: Machin's 16 atan(1/5) - 4 atan(1/239), alternating series."""
    unit = 10 ** (digits + 10)

    def arctangent(inverse):
        total, power, n = 0, unit // inverse, 0
        while power:
            total += power // (2 * n + 1) if n % 2 == 0 else -(power // (2 * n + 1))
            power //= inverse * inverse
            n += 1
        return total, 2 * n + 2  # and how many units the roundings may be off

    first, slack = arctangent(5)
    second, more = arctangent(239)
    value, error = 16 * first - 4 * second, 16 * slack + 4 * more
    return (Fraction(value - error, unit), Fraction(value + error, unit))


def _normal_integral(value, digits, per_step):
    """sum over n of (-1)^n x^(2n+1) / (per_step^n n! (2n + 1)), an enclosure.

    per_step 1 is the integral of e^(-t^2) from 0 to x, per_step 2 that of e^(-t^2 / 2).
    Terms grow to about e^(x^2 / per_step) before they fall: as many guard digits.
    """
    guard = digits + 10 + int(value * value / per_step / LN10) + 1
    unit = 10 ** guard
    term = round_half_even(value * unit)  # x^(2n+1) / (per_step^n n!) in units
    ratio = value * value / per_step
    total, n = 0, 0
    while abs(term) > 1 or n < ratio:
        total += round_half_even(Fraction(term, 2 * n + 1)) * (-1 if n % 2 else 1)
        n += 1
        term = round_half_even(term * ratio / n)
    # Every rounding is carried on with factors ratio / n, at most e^ratio in all.
    error = (n + 2) * 10 ** (guard - digits - 5)
    return (Fraction(total - error, unit), Fraction(total + error, unit))


def _error_end(value, digits, per_step):
    """erf(x) for per_step 1, erf(x / sqrt(2)) for per_step 2."""
    if value == 0:
        return exact(Fraction(0))
    if value * value / per_step > digits * LN10:  # then 1 - erf < 10^-digits
        small = Fraction(1, 10 ** digits)
        return (1 - small, Fraction(1)) if value > 0 else (Fraction(-1), small - 1)
    pi = _pi(digits + 5)
    factor = square_root((4 / per_step / pi[1], 4 / per_step / pi[0]), digits + 5)
    low, high = multiply(factor, _normal_integral(value, digits, Fraction(per_step)))
    return (max(low, Fraction(-1)), min(high, Fraction(1)))


error_function = _increasing(lambda value, digits: _error_end(value, digits, Fraction(1)))
_scaled_error = _increasing(lambda value, digits: _error_end(value, digits, Fraction(2)))


def gelu(interval, digits):
    """x (1 + erf(x / sqrt(2))) / 2."""
    low, high = _scaled_error(interval, digits)
    return multiply(interval, ((1 + low) / 2, (1 + high) / 2))


def gelu_tanh(interval, digits):
    """x (1 + tanh u) / 2 = x sigmoid(2u), u = sqrt(2 / pi) (x + 0.044715 x^3)."""
    pi = _pi(digits + 5)
    root = square_root((8 / pi[1], 8 / pi[0]), digits + 5)
    inner = tuple(x + Fraction(44715, 1000000) * x ** 3 for x in interval)
    return multiply(interval, sigmoid(multiply(root, inner), digits))


# --- functions of a whole row --------------------------------------------------


def softmax(interval, digits, rows):
    """e^x / sum of e^x over its row; the argument numbers the elements of `rows`."""
    row, place = divmod(int(interval[0]), rows.depth)
    low, high = rows.exponential(row, place, digits)
    total = rows.total(row, digits)
    return (low / total[1], min(high / total[0], Fraction(1)))


class Rows:
    """Real numbers of rows of `depth` elements, less the row's largest.

    operand: (rows of integers, scale, beta) for modes.py.
    """

    operand = None

    def __init__(self, values, depth):
        self.depth, self._sums, self._exponentials = depth, {}, {}
        tops = [max(values[i:i + depth]) for i in range(0, len(values), depth)]
        self._values = [value - tops[i // depth] for i, value in enumerate(values)]

    def exponential(self, row, place, digits):
        """Enclosure of one e^(x - top)."""
        value = self._values[row * self.depth + place]
        if (value, digits) not in self._exponentials:
            self._exponentials[value, digits] = _exp_end(value, digits)
        return self._exponentials[value, digits]

    def total(self, row, digits):
        """Enclosure of a row's sum."""
        if (row, digits) not in self._sums:
            ends = [self.exponential(row, place, digits) for place in range(self.depth)]
            self._sums[row, digits] = tuple(sum(side) for side in zip(*ends))
        return self._sums[row, digits]


FUNCTIONS = {
    "softmax": softmax,
    "sqrt": square_root, "log": logarithm, "softplus": softplus, "mish": mish, "silu": silu,
    "softsign": softsign, "floor": floor, "ceil": ceiling, "round": nearest, "sign": sign,
    "reciprocal": reciprocal, "rsqrt": reciprocal_root, "threshold": threshold,
    "square": square, "maximum": maximum, "minimum": minimum, "erf": error_function,
    "gelu": gelu, "gelu_tanh": gelu_tanh,
}
MONOTONE = {"sqrt", "log", "softplus", "softsign", "floor", "ceil", "round", "sign", "erf"}
