#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Check a qbias certificate against the model it was made from, ONNX or PyTorch.

    check_certificate.py CERTIFICATE.json MODEL

Needs only the certificate_*.py files beside it and Python's standard library; it
shares no code with the compiler.  Weights, biases, scales and zero points come from the
model; only multipliers, shifts, rounding constants, clamps, integer biases and bounds
come from the certificate.  Everything is recomputed in exact rational arithmetic (rules
N1..N13 of docs/Numerics.md):

  * bias[c] is the rounded bias (N5), saturated where int32 ends (N10);
  * lo, hi are saturation and activation (N6); acc_min, acc_max the bound of N9;
  * input_ranges are what the producers of the operands can deliver;
  * the program makes the reference's step at every reachable level (N7, N8, N11,
    N11b), no product leaves 63 bits, and the interval of r is exactly the feasible one;
  * every segment of the model has one layer, and no layer is left over.

One line per layer; the last line is `certificate: L layers, C channels, all proven`.
Exit code 1, with the reason, when anything is not proven; 2 for usage.
"""

import json
import struct
import sys
from fractions import Fraction

from certificate_exact import Failure, clip, quantize, require, square_root
from certificate_layers import SegmentCheck
from certificate_model import LAYOUT, UNARY, WEIGHTED, Model


class Missing(Failure):
    """A tensor that ends no layer of the certificate and repeats no other tensor."""


class Checker:
    """Proves the layers a model's outputs need, from the outputs backwards."""

    def __init__(self, certificate, model):
        self.model, self.layers = model, certificate["layers"]
        self.by_output, self.ranges, self.aliases = {}, {}, {}
        joined = {node.name: node.outputs[0] for node in model.nodes if node.op == "Concat"}
        for layer in self.layers:  # a concat of integers goes by the name of its node
            layer["inputs"] = [joined.get(name, name) for name in layer["inputs"]]
            self.by_output.setdefault(layer["output"], []).append(layer)
        self.proven, self.lines, self.channels = set(), [], 0

    def run(self):
        """Check everything; returns the number of channels."""
        for name in self.model.outputs:
            self.need(name)
        for layer in self.layers:
            require(id(layer) in self.proven,
                    f"layer {layer['name']}: ends no segment the model needs")
        return self.channels

    def need(self, name):
        """Prove whatever a graph output is made of."""
        node = self.model.producer.get(name)
        if name in self.by_output or (node is not None and node.op == "QuantizeLinear"):
            self.range(name)
        elif node is not None and node.op == "DequantizeLinear":
            self.range(node.inputs[0])
        elif node is not None and self.model.numbers(name) is None:
            require(node.op not in WEIGHTED, f"{name}: a last layer without certificate")
            for item in node.inputs:
                self.need(item)

    # Ranges of integer tensors, and tensors that repeat others.

    def range(self, name):
        """(lo, hi) the integer tensor can take; proves its layer first."""
        if name not in self.ranges:
            alias = None if name in self.by_output else self.alias(name)
            if name in self.by_output:
                self.ranges[name] = self._layer_range(name)
            else:
                self.ranges[name] = self._input_range(name) if alias is None else alias[1]
        return self.ranges[name]

    def _layer_range(self, name):
        node = self.model.producer.get(name)
        require(node is not None, f"{name}: the certificate names a tensor the model lacks")
        source = self.model.producer.get(node.inputs[0])
        if node.op == "QuantizeLinear" and source is not None and source.op == "Concat":
            return self._concat_range(name, node, source)
        require(len(self.by_output[name]) == 1, f"{name}: more than one layer")
        return self.check(self.by_output[name][0])

    def _concat_range(self, name, node, concat):
        """Hull of the operands: each repeats a tensor or goes through its own table."""
        hull, target = [], self.model.quantization(node)
        for branch in concat.inputs:
            q, passed = self.through_layout(branch)
            own = [layer for layer in self.by_output.get(name, [])
                   if [self.root(i) for i in layer["inputs"]] == [self.root(q.inputs[0])]] \
                if q is not None else []
            if own:
                hull += [(item["lo"], item["hi"]) if id(item) in self.proven else self.check(item)
                         for item in own]
            else:
                same = q is not None and self.model.quantization(q) == target
                if not same:
                    raise Missing(f"{name}: no layer for operand {branch} of the concat")
                hull.append(self.padded(self.range(q.inputs[0]), passed, target[1]))
        return min(low for low, _ in hull), max(high for _, high in hull)

    def through_layout(self, name):
        """(the dequantize behind layout operators or None, the operators passed)."""
        passed, node = [], self.model.producer.get(name)
        while node is not None and node.op in LAYOUT:
            passed.append(node)
            node = self.model.producer.get(node.inputs[0])
        return (node if node is not None and node.op == "DequantizeLinear" else None), passed

    def padded(self, bounds, passed, zero):
        """Range after layout operators: constant padding brings in the zero point."""
        for node in passed:
            if node.op == "Pad":
                fill = self.model.numbers(node.inputs[2]) if len(node.inputs) > 2 else \
                    [node.attributes.get("value", 0)]
                require(node.attributes.get("mode", "constant") == "constant" and not any(fill),
                        f"{node.outputs[0]}: padding with anything but 0")
                bounds = min(bounds[0], zero), max(bounds[1], zero)
        return bounds

    def _input_range(self, name):
        """What a constant holds, or the type of an input or of the quantize of one."""
        node, constant = self.model.producer.get(name), self.model.constant(name)
        if constant is not None:
            return int(min(constant.values)), int(max(constant.values))
        if node is not None and node.op == "Concat":  # on integers
            bounds = [self.range(item) for item in node.inputs]
            return min(low for low, _ in bounds), max(high for _, high in bounds)
        if node is None:
            readers = [reader for reader in self.model.nodes
                       if reader.op == "DequantizeLinear" and reader.inputs[0] == name]
            require(readers, f"{name}: no tensor of this name is quantized")
            return self.model.quantization(readers[0])[2:]
        source, outside = node.inputs[0], LAYOUT | {"Relu", "Clip"}
        while source in self.model.producer and self.model.producer[source].op in outside:
            source = self.model.producer[source].inputs[0]
        if node.op != "QuantizeLinear" or source in self.model.producer:
            raise Missing(f"{name}: no layer of the certificate ends here")
        return self.model.quantization(node)[2:]

    def alias(self, name):
        """(tensor with the same integers, range) of a tensor that only repeats it, or None."""
        if name not in self.aliases:
            self.aliases[name] = None
            try:
                self.aliases[name] = self._alias(name)
            except Missing:
                pass
        return self.aliases[name]

    def _alias(self, name):
        node = self.model.producer.get(name)
        if name in self.by_output or node is None or self.model.constant(name) is not None:
            return None
        if node.op in LAYOUT - {"Pad"}:  # on integers
            return node.inputs[0], self.range(node.inputs[0])
        if node.op != "QuantizeLinear":
            return None
        twin = self._twin(node)
        if twin is not None:
            return twin, self.range(twin)
        source, target, clips = self.model.producer.get(node.inputs[0]), None, []
        target, passed = self.model.quantization(node), []
        if source is not None and source.op == "Concat":
            return name, self._concat_range(name, node, source)
        while source is not None and source.op in LAYOUT | {"Relu", "Clip"}:
            (passed if source.op in LAYOUT else clips).append(source)
            source = self.model.producer.get(source.inputs[0])
        if source is None or source.op != "DequantizeLinear" \
                or self.model.quantization(source) != target:
            return None
        low, high = self.range(source.inputs[0])
        for clip_node in clips:  # must not change any integer that can occur
            limits = [None if bound is None else quantize(bound, *target)
                      for bound in self.unary(clip_node)[1].values()]
            if clip(low, *limits) != low or clip(high, *limits) != high:
                return None
        return source.inputs[0], self.padded((low, high), passed, target[1])

    def _twin(self, node):
        """A tensor quantized from the same real tensor alike: that of a layer, or the first."""
        twins = [other.outputs[0] for other in self.model.nodes
                 if other.op == "QuantizeLinear" and other.inputs[0] == node.inputs[0]
                 and (other is node or
                      self.model.quantization(other) == self.model.quantization(node))]
        twins = [name for name in twins if name in self.by_output] or twins
        return twins[0] if twins[0] != node.outputs[0] else None

    def root(self, name):
        """The first tensor in a chain of tensors that repeat each other."""
        alias = self.alias(name)
        return name if alias is None or alias[0] == name else self.root(alias[0])

    # Tracing a segment backwards.

    def unary(self, node):
        """("Clip", {"low":, "high":}) and the like, parameters exact."""
        attributes = node.attributes
        if node.op == "Relu":
            return "Clip", {"low": Fraction(0), "high": None}
        if node.op == "Clip":
            bounds = {}
            for position, (key, old) in enumerate((("low", "min"), ("high", "max")), 1):
                if len(node.inputs) > position and node.inputs[position]:
                    bounds[key] = self.model.numbers(node.inputs[position])[0]
                else:
                    bounds[key] = Fraction(attributes[old]) if old in attributes else None
            return "Clip", bounds
        if node.op == "PRelu":
            slopes = set(self.model.numbers(node.inputs[1]) or [])
            require(len(slopes) == 1, f"{node.outputs[0]}: expects one constant slope")
            return "LeakyRelu", {"alpha": slopes.pop()}
        defaults = {"LeakyRelu": {"alpha": 0.01}, "HardSigmoid": {"alpha": 0.2, "beta": 0.5},
                    "Elu": {"alpha": 1.0}}
        stored = struct.Struct("<f")  # the operator's defaults are float32 too
        return node.op, {key: Fraction(stored.unpack(stored.pack(attributes.get(key, value)))[0])
                         for key, value in defaults.get(node.op, {}).items()}

    def trace(self, name, roots):
        """(core node or dequantize of an operand, steps after it in order).

        roots: the layer's operands; quantizes that are none of them are interior.
        """
        steps = []
        while True:
            node = self.model.producer.get(name)
            require(node is not None, f"{name}: a float input inside a segment")
            if node.op == "DequantizeLinear":
                if self.root(node.inputs[0]) in roots:
                    break
                quantizer = self.interior(node.inputs[0])
                steps += [("dequantize",) + self.model.quantization(node)[:2],
                          ("quantize",) + self.model.quantization(quantizer)]
                name = quantizer.inputs[0]
            elif node.op in LAYOUT:
                name = node.inputs[0]
            elif node.op in UNARY:
                steps.append(self.unary(node))
                name = node.inputs[0]
            else:
                affine = None if self._reads_constant(node, roots) else self._affine(node)
                if affine is None:
                    break
                steps.append(affine[1])
                name = affine[0]
        return node, steps[::-1]

    def _reads_constant(self, node, roots):
        """True when a dequantized constant is an operand of the layer, not a number of it."""
        readers = [self.through_layout(name)[0] for name in node.inputs]
        return any(reader is not None and self.root(reader.inputs[0]) in roots
                   and self.model.constant(reader.inputs[0]) is not None for reader in readers)

    def interior(self, name):
        node = self.model.producer.get(name)
        while node is not None and node.op in LAYOUT:
            node = self.model.producer.get(node.inputs[0])
        if node is None or node.op != "QuantizeLinear":
            raise Missing(f"{name}: not an operand of the layer, and not computed in it")
        return node

    def _affine(self, node):
        """(input, ("affine", gains, offsets)) of an operator with a constant, or None."""
        if node.op not in ("Add", "Sub", "Mul", "Div", "BatchNormalization"):
            return None
        numbers = [self.model.numbers(name) for name in node.inputs]
        if node.op == "BatchNormalization":
            gamma, beta, mean, variance = numbers[1:5]
            epsilon = Fraction(struct.unpack("<f", struct.pack(
                "<f", node.attributes.get("epsilon", 1e-5)))[0])
            gains = [g / square_root(v + epsilon) for g, v in zip(gamma, variance)]
            return node.inputs[0], ("affine", gains, [b - m * g for b, m, g
                                                      in zip(beta, mean, gains)])
        side = next((i for i in (0, 1) if numbers[i] is not None), None)
        if side is None:
            return None
        one, zero, c = [Fraction(1)], [Fraction(0)], numbers[side]
        steps = {"Add": (one, c), "Mul": (c, zero),
                 "Sub": (one, [-v for v in c]) if side else ([-v for v in one], c),
                 "Div": ([1 / v if v else zero[0] for v in c], zero) if side else None}
        require(steps[node.op] is not None, f"{node.outputs[0]}: division by an activation")
        return node.inputs[1 - side], ("affine",) + steps[node.op]

    # One layer.

    def check(self, layer):
        """Prove a layer; returns the range (lo, hi) of its output."""
        name = layer.get("name", "?")
        require(id(layer) not in self.proven, f"layer {name}: used twice")
        self.proven.add(id(layer))
        for operand, claimed in zip(layer["inputs"], layer["input_ranges"]):
            found = self.range(operand)
            require(tuple(claimed) == tuple(found),
                    f"layer {name}: input range of {operand} is {claimed}, expects {list(found)}")
        require(len(layer["inputs"]) == len(layer["input_ranges"]),
                f"layer {name}: one input range per input")
        try:
            count = SegmentCheck(self, layer).run()
        except KeyError as field:
            raise Failure(f"layer {name}: field {field} is missing") from field
        except Failure as reason:
            if str(reason).startswith("layer "):
                raise
            raise type(reason)(f"layer {name}: {reason}") from reason
        self.channels += count
        self.lines.append(f"{name}: {layer['op']}, {layer['form']}, {count} "
                          f"channel{'s' if count != 1 else ''} proven")
        return (layer["lo"], layer["hi"]) if layer["form"] != "accumulator" else (None, None)


def main():
    """Command line; see the top of the file."""
    if len(sys.argv) != 3:
        print(__doc__, file=sys.stderr)
        return 2
    sys.setrecursionlimit(100000)
    paths = sorted(sys.argv[1:], key=lambda path: not path.endswith(".json"))
    try:
        with open(paths[0], encoding="utf-8") as file:
            certificate = json.load(file)
        require(certificate.get("format") == "qbias-certificate"
                and certificate.get("version") == 1, "not a qbias certificate, version 1")
        require(certificate.get("mode") == "exact",
                f"mode '{certificate.get('mode')}' proves nothing, expects 'exact'")
        checker = Checker(certificate, Model(paths[1]))
        channels = checker.run()
    except (Failure, OSError, json.JSONDecodeError) as reason:
        print(f"not proven: {reason}")
        return 1
    print("\n".join(checker.lines))
    print(f"certificate: {len(checker.lines)} layers, {channels} channels, all proven")
    return 0


if __name__ == "__main__":
    sys.exit(main())
