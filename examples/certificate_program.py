# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The integer programs of a certificate and what makes one right, for check_certificate.py.

acc is the integer sum with bias, t(n) the smallest acc at which the exact reference
reaches output level n (N7); v = acc * m + r is what the program shifts by k.  The
program reaches level n when v >= start(n), so every requirement is linear in r.
"""

from bisect import bisect_right

from certificate_exact import require
from certificate_wide import check_staircase

MAX_MULTIPLIER, MAX_SHIFT, PRODUCT_LIMIT = 2**40, 62, 2**63  # N6


def bisect_level(thresholds, value, lo):
    """Output level of an accumulator, from its thresholds (ascending)."""
    return lo + bisect_right(thresholds, value)


def intersection(intervals):
    """Common part of intervals whose ends may be None (no bound)."""
    return (max((low for low, _ in intervals if low is not None), default=None),
            min((high for _, high in intervals if high is not None), default=None))


class Program:
    """The program fields of one layer; `tail` holds the output levels lo..hi."""

    def __init__(self, layer):
        self.layer, self.form, self.tail = layer, layer["form"], None

    def column(self, key, count):
        """`count` integers of a certificate field."""
        values = self.layer.get(key)
        require(isinstance(values, list) and len(values) == count
                and all(type(value) is int for value in values),
                f"field {key}: expects {count} integers")
        return values

    def start(self, n, k):
        """Smallest v = acc * m + r with output level n (before clamping) (N6, N8)."""
        if self.form == "affine":
            return n << k
        level = n - self.layer["zero_point"]  # ties to even: an odd level needs one more
        return (level << k) - (1 << (k - 1)) + (level & 1)

    def feasible(self, thresholds, m, k, low, high):
        """[r_min, r_max] from the steps of N7; None where nothing bounds r."""
        lower, upper = [], []
        for n, t in enumerate(thresholds, self.tail.lo + 1):
            start = self.start(n, k)
            if t > low:  # not reached below t
                upper.append(start - 1 - (min(t, high + 1) - 1) * m)
            if t <= high:  # reached from t on
                lower.append(start - max(t, low) * m)
        return max(lower, default=None), min(upper, default=None)

    def rounding(self, c, count, bounds, products):
        """r fits `bounds` (a list of acceptable exact intervals), the first one decides;
        the certificate's interval equals one of them; `products` are the extremes of
        acc * m."""
        r, k = self.column("rounding", count)[c], self.column("shift", count)[c]
        low, high = bounds[0]
        require((low is None or r >= low) and (high is None or r <= high),
                f"channel {c}: r = {r} outside [{low}, {high}] (N7)")
        claimed = (self.column("rounding_min", count)[c], self.column("rounding_max", count)[c])
        require(claimed[0] <= r <= claimed[1], f"channel {c}: r outside its own interval")
        require(any((a in (None, claimed[0])) and (b in (None, claimed[1])) for a, b in bounds),
                f"channel {c}: interval of r is {list(claimed)}, expects {[low, high]}")
        extra = 1 << (k - 1) if self.form == "half_even" else 0
        require(-PRODUCT_LIMIT < min(products) + r and max(products) + r + extra < PRODUCT_LIMIT,
                f"channel {c}: acc * m + r leaves 63 bits (N6)")

    def factors(self, c, count, key="multiplier"):
        """(m, k) of a channel, checked against N6."""
        m, k = self.column(key, count)[c], self.column("shift", count)[c]
        require(0 < m <= MAX_MULTIPLIER, f"channel {c}: multiplier {m} (N6)")
        require(1 <= k <= MAX_SHIFT, f"channel {c}: shift {k} (N6)")
        return m, k

    def staircase(self, c, count, thresholds, low, high):
        """The program of channel c makes exactly these steps on [low, high]."""
        if self.form == "wide":
            check_staircase(self, c, count, thresholds, low, high)
        elif self.form == "threshold":
            given = self.layer["thresholds"][c]
            require(given == sorted(given)
                    and [min(max(t, low), high + 1) for t in given] == thresholds,
                    f"channel {c}: thresholds differ from the exact ones")
        elif self.form == "table":
            table = self.layer["table"] if count == 1 else self.layer["table"][c]
            require(table == [bisect_level(thresholds, s, self.tail.lo)
                              for s in range(low, high + 1)], f"channel {c}: wrong table entry")
        else:
            m, k = self.factors(c, count)
            bounds = self.feasible(thresholds, m, k, low, high)
            self.rounding(c, count, [bounds], (low * m, high * m))

    def check_bounds(self, c, count, low, high):
        claimed = self.column("acc_min", count)[c], self.column("acc_max", count)[c]
        require(claimed == (low, high),
                f"channel {c}: accumulator bound {list(claimed)}, expects {[low, high]} (N9)")
