# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Tables over one integer operand, for check_certificate.py (N11, N13 d)."""

from certificate_exact import apply_unary, decided, product, quantize, require
from certificate_model import LAYOUT, POOLS, UNARY, WEIGHTED
from certificate_program import Program

BYTE_VALUES = 256


class LookupCheck(Program):
    """Checks a lookup; the layer, the model and the operands' roots come from SegmentCheck."""

    def _lookup(self):
        """Any function of one integer: every entry that can occur (N11, N13 d)."""
        require(self.form == "table" and len(self.layer["inputs"]) == 1,
                "a lookup is a table of one input")
        target = self.model.quantization(self.output)
        low, high = self.layer["input_ranges"][0]
        values = {q: decided(lambda digits, q=q: self._evaluate(self.output.inputs[0], q, digits),
                             lambda v: quantize(v, *target)) for q in range(low, high + 1)}
        table, reader = self.layer["table"], self._reader(self.output.inputs[0])
        start, stop = self.model.quantization(reader)[2:]
        if len(table) == BYTE_VALUES:  # elements of fewer bits travel in bytes
            start, stop = (start < 0) * -(BYTE_VALUES // 2), BYTE_VALUES - 1
            stop += start
        elif len(table) != stop - start + 1:
            start, stop = low, high
        require(len(table) == stop - start + 1, f"table of {len(table)} entries")
        for q, expected in values.items():
            require(table[q - start] == expected,
                    f"table entry of {q} is {table[q - start]}, expects {expected}")
        claimed = self.layer["lo"], self.layer["hi"]  # readers rely on this range
        tight = min(values.values()), max(values.values())
        require(target[2] <= claimed[0] <= tight[0] and tight[1] <= claimed[1] <= target[3],
                f"lo, hi = {list(claimed)}, expects {list(tight)} or a wider range")
        return 1

    def _reader(self, name):
        """The dequantize of the layer's operand behind elementwise operators, or None."""
        node = self.model.producer.get(name)
        if node is None or node.op in WEIGHTED | POOLS:
            return None
        if node.op == "DequantizeLinear":
            if self.checker.root(node.inputs[0]) == self.roots[0]:
                return node
            if node.inputs[0] in self.checker.by_output:
                return None
        return next(filter(None, map(self._reader, node.inputs)), None)

    def _evaluate(self, name, q, digits):
        """Enclosure of the real tensor `name` when the operand is the integer q."""
        numbers, node = self.model.numbers(name), self.model.producer.get(name)
        if numbers is not None and self._reader(name) is None:
            require(len(set(numbers)) == 1, f"{name}: a per-channel constant in a table")
            return numbers[0], numbers[0]
        require(node is not None, f"{name}: a float input inside a segment")
        values = [self._evaluate(item, q, digits) for item in node.inputs] \
            if node.op in ("Add", "Sub", "Mul", "Div") else []
        if node.op == "DequantizeLinear":
            s, z = self.model.quantization(node)[:2]
            if self.checker.root(node.inputs[0]) != self.roots[0]:
                inner = self.checker.interior(node.inputs[0])
                target = self.model.quantization(inner)
                q = decided(lambda d, q=q: self._evaluate(inner.inputs[0], q, d),
                            lambda v: quantize(v, *target))
            return (q - z) * s, (q - z) * s
        if node.op in LAYOUT:
            return self._evaluate(node.inputs[0], q, digits)
        if node.op in UNARY:
            op, parameters = self.checker.unary(node)
            return apply_unary(op, self._evaluate(node.inputs[0], q, digits), digits, **parameters)
        if node.op == "Concat":
            branch = next(item for item in node.inputs if self._reader(item) is not None)
            return self._evaluate(branch, q, digits)
        require(len(values) == 2, f"{node.op} in a table")
        if node.op == "Sub":
            values[1] = (-values[1][1], -values[1][0])
        if node.op in ("Add", "Sub"):
            return values[0][0] + values[1][0], values[0][1] + values[1][1]
        if node.op == "Div":
            require(values[1][0] == values[1][1] != 0, "division by an activation")
            values[1] = (1 / values[1][0],) * 2
        return product(*values)
