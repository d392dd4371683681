# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Exact scalars for check_certificate.py: rounding, enclosures, staircases.

A real number is an enclosure (low, high) of Fractions, equal ends when it is rational.
Irrational functions are asked again with more digits until a rounding is decided.
"""

import decimal
import math
from fractions import Fraction

HALF = Fraction(1, 2)
MAX_DIGITS = 4000  # digits spent on one irrational value before giving up


class Failure(Exception):
    """Something is not proven; the text says what."""


def require(condition, text):
    """Fail with `text` unless the condition holds."""
    if not condition:
        raise Failure(text)


def rne(value):
    """Nearest integer, ties to even (N2)."""
    quotient, rest = divmod(2 * value.numerator + value.denominator, 2 * value.denominator)
    return quotient - 1 if rest == 0 and quotient & 1 else quotient


def quantize(value, s, z, qmin, qmax):
    """clamp(rnd(value / s) + z, qmin, qmax) (N2)."""
    return min(max(rne(value / s) + z, qmin), qmax)


def exp_end(x, digits):
    """Enclosure of e^x; exact at 0 (irrational elsewhere)."""
    if x == 0:
        return Fraction(1), Fraction(1)
    if x * 100 < -digits * 231:  # ln 10 < 2.31: then e^x < 10^-digits
        return Fraction(0), Fraction(1, 10**digits)
    if x < 0:
        low, high = exp_end(-x, digits)
        return 1 / high, 1 / low
    context = decimal.Context(prec=digits + 5)
    size = context.divide(x.numerator, x.denominator)
    slack = Fraction(1, 10**digits)  # exp is correct to the last of digits + 5 places
    return (Fraction(context.exp(context.next_minus(size))) * (1 - slack),
            Fraction(context.exp(context.next_plus(size))) * (1 + slack))


def sigmoid_end(x, digits):
    """Enclosure of 1 / (1 + e^-x)."""
    low, high = exp_end(-abs(x), digits)
    small = low / (1 + low), high / (1 + high)
    return small if x < 0 else (1 - small[1], 1 - small[0])


def elu_end(x, digits, alpha):
    """Enclosure of x, or of alpha * (e^x - 1) below 0."""
    return (x, x) if x >= 0 else tuple(alpha * (e - 1) for e in exp_end(x, digits))


def root_end(x, digits):
    """Enclosure of the root of max(x, 0): between neighbours with that many digits."""
    if x <= 0:
        return Fraction(0), Fraction(0)
    scale = 10**digits * x.denominator
    whole = math.isqrt(x.numerator * x.denominator * 10**(2 * digits))
    exact = whole * whole == x.numerator * x.denominator * 10**(2 * digits)
    return Fraction(whole, scale), Fraction(whole + (not exact), scale)


def monotone(end, x, *parameters):
    """Enclosure of a non-decreasing function from those of its ends."""
    return end(x[0], *parameters)[0], end(x[1], *parameters)[1]


def product(a, b):
    ends = [x * y for x in set(a) for y in set(b)]
    return min(ends), max(ends)


def clip(x, low, high):
    x = x if low is None else max(x, low)
    return x if high is None else min(x, high)


def apply_unary(op, x, digits, alpha=None, beta=None, low=None, high=None):
    """Enclosure of an elementwise function of an enclosure."""
    if op == "Clip":
        return clip(x[0], low, high), clip(x[1], low, high)
    if op == "LeakyRelu":
        require(alpha >= 0, "negative slope in LeakyRelu")
        return tuple(value if value >= 0 else alpha * value for value in x)
    if op == "HardSigmoid":
        return tuple(clip(alpha * value + beta, 0, 1) for value in x)
    if op == "HardSwish":
        gate = apply_unary("HardSigmoid", x, digits, Fraction(1, 6), HALF)
        return product(x, gate)
    if op in ("Sigmoid", "Exp", "Sqrt"):
        end = {"Sigmoid": sigmoid_end, "Exp": exp_end, "Sqrt": root_end}[op]
        return monotone(end, x, digits)
    if op == "Elu":
        require(alpha >= 0, "negative factor in Elu")
        return monotone(elu_end, x, digits, alpha)
    if op == "Tanh":
        low, high = apply_unary("Sigmoid", (2 * x[0], 2 * x[1]), digits)
        return 2 * low - 1, 2 * high - 1
    if op == "Abs":
        ends = sorted(abs(value) for value in x)
        return (Fraction(0) if x[0] < 0 < x[1] else ends[0]), ends[1]
    require(op == "Neg", f"operator {op} is not supported")
    return -x[1], -x[0]


def decided(evaluate, rounding):
    """Integer rounding(evaluate(digits)); more digits until both ends agree."""
    digits = 40
    while digits <= MAX_DIGITS:
        low, high = evaluate(digits)
        if low == high or rounding(low) == rounding(high):
            return rounding(low)
        digits *= 2
    raise Failure(f"a value is not decided with {MAX_DIGITS} digits")


def square_root(value):
    """Root of a positive rational: exact, or to 1000 digits (far below any tie)."""
    top, bottom = math.isqrt(value.numerator), math.isqrt(value.denominator)
    if top * top == value.numerator and bottom * bottom == value.denominator:
        return Fraction(top, bottom)
    context = decimal.Context(prec=1005)
    return Fraction(context.sqrt(context.divide(value.numerator, value.denominator)))


# --- tails: what happens between an accumulator and the integers ------------


class Tail:
    """Steps from the real value of a core to the output integers, in order.

    A step is ("quantize", s, z, qmin, qmax), ("dequantize", s, z), ("affine", gain,
    offset) or (operator, parameters).  The function is monotone non-decreasing; its
    levels lo..hi are saturation and activation (N6).
    """

    def __init__(self, steps, claimed):
        """claimed: (lo, hi) of the certificate, accepted when wider than a smooth
        function's own limits (a sigmoid never leaves 0..1), else recomputed."""
        self.steps = steps
        for op, *_ in steps:
            require(op not in ("HardSwish", "Abs", "Neg", "Sqrt"), f"{op} behind an accumulator")
        self.lo, self.hi = self._limits()
        _, _, _, qmin, qmax = steps[-1]
        if any(op in ("Sigmoid", "Tanh", "HardSigmoid", "Exp", "Elu") for op, *_ in steps):
            self.lo = min(self.lo, max(claimed[0], qmin))
            self.hi = max(self.hi, min(claimed[1], qmax))
        require(claimed == (self.lo, self.hi),
                f"lo, hi = {list(claimed)}, expects {[self.lo, self.hi]} (N6)")
        self.inverse = self._invert()

    def _limits(self):
        """Lowest and highest output when the core runs over all real numbers."""
        low = high = None  # minus and plus infinity
        for op, *parameters in self.steps:
            if op == "quantize":
                s, z, qmin, qmax = parameters
                low = qmin if low is None else quantize(low, s, z, qmin, qmax)
                high = qmax if high is None else quantize(high, s, z, qmin, qmax)
            elif op == "dequantize":
                low, high = ((end - parameters[1]) * parameters[0] for end in (low, high))
            elif op in ("Sigmoid", "Tanh"):
                low, high = Fraction(-1 if op == "Tanh" else 0), Fraction(1)
            elif op in ("Exp", "Elu"):
                low = Fraction(0) if op == "Exp" else -parameters[0]["alpha"]
                high = None if high is None else step_value((op, *parameters), (high, high), 40)[1]
            else:
                bounds = {"Clip": parameters[0], "HardSigmoid": {"low": 0, "high": 1}}.get(op, {})
                low, high = (bounds.get(key) if end is None else
                             step_value((op, *parameters), (end, end), 0)[0]
                             for key, end in (("low", low), ("high", high)))
        return low, high

    def value(self, real):
        """Output integer for an exact real number."""
        pending, level = [], None
        for step in self.steps:
            if step[0] == "quantize":
                level = decided(lambda digits, v=real, p=tuple(pending): fold(p, v, digits),
                                lambda v, s=step: quantize(v, *s[1:]))
            elif step[0] == "dequantize":
                real, pending = (level - step[2]) * step[1], []
            else:
                pending.append(step)
        return level

    def _invert(self):
        """[(T, closed)], D: level n is reached from real T/D on; None if not rational.

        T is None for a level that is always reached, infinity for one never reached.
        """
        found = []
        for level in range(self.lo + 1, self.hi + 1):
            threshold = self._invert_level(level)
            if threshold is NotImplemented:
                return None
            found.append(threshold)
        bottom = math.lcm(1, *(t.denominator for t, _ in found if isinstance(t, Fraction)))
        return [(int(t * bottom) if isinstance(t, Fraction) else t, c) for t, c in found], bottom

    def _invert_level(self, level):
        t, closed = Fraction(level), True
        for op, *parameters in reversed(self.steps):
            if op == "quantize":
                s, z, qmin, qmax = parameters
                if not qmin < t <= qmax:
                    return (None if t <= qmin else math.inf), closed
                t, closed = (t - z - HALF) * s, (t - z) % 2 == 0  # ties go to even (N2)
            elif op == "dequantize":
                q = t / parameters[0]
                t = Fraction(math.ceil(q) if closed else math.floor(q) + 1) + parameters[1]
                closed = True
            elif op == "affine":
                t = (t - parameters[1]) / parameters[0]
            elif op == "Clip":
                low, high = parameters[0]["low"], parameters[0]["high"]
                if high is not None and (t > high or (t == high and not closed)):
                    return math.inf, closed
                if low is not None and (t < low or (t == low and closed)):
                    return None, closed
            else:
                return NotImplemented
        return t, closed

    def reach(self, unit, offset, low, high):
        """Smallest integer u in [low, high + 1] with level n reached at u * unit + offset.

        One entry per level lo+1..hi; low means always, high + 1 never (N7).
        """
        require(unit > 0, "a scale that is not positive")
        if self.inverse is None:
            return self._search(unit, offset, low, high)
        thresholds, bottom = self.inverse
        factor = offset.denominator * unit.denominator
        shift = offset.numerator * bottom * unit.denominator
        divisor, result = bottom * offset.denominator * unit.numerator, []
        for t, closed in thresholds:
            if t is None or t is math.inf:
                result.append(low if t is None else high + 1)
                continue
            quotient, rest = divmod(t * factor - shift, divisor)
            if rest or not closed:
                quotient += 1
            result.append(min(max(quotient, low), high + 1))
        return result

    def _search(self, unit, offset, low, high):
        """As reach, by bisection on the output (irrational or piecewise tails)."""
        result = [high + 1] * (self.hi - self.lo)
        known = {}

        def level(u):
            if u not in known:
                known[u] = self.value(u * unit + offset)
            return known[u]

        def split(first, last):  # levels above level(first), up to level(last)
            if level(first) == level(last):
                return
            if last - first == 1:
                for n in range(level(first) + 1, level(last) + 1):
                    result[n - self.lo - 1] = last
                return
            middle = (first + last) // 2
            split(first, middle)
            split(middle, last)
        for n in range(self.lo + 1, level(low) + 1):
            result[n - self.lo - 1] = low
        split(low, high)
        return result


def step_value(step, x, digits):
    """Enclosure of one real-valued step."""
    if step[0] == "affine":
        return tuple(value * step[1] + step[2] for value in x)
    return apply_unary(step[0], x, digits, **step[1])


def fold(steps, value, digits):
    """Enclosure of several real-valued steps in a row."""
    x = (value, value)
    for step in steps:
        x = step_value(step, x, digits)
    return x
