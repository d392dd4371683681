# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Change one number of a certificate at a time; the checker must refuse every change.

    mutate_certificate.py EXAMPLES-DIR CERTIFICATE.json MODEL.onnx [--layers N]

Changes in (at most N of) the layers: r outside its interval by one, alone and with the
interval; bias, clamp, accumulator bound, multiplier, shift, thresholds, table entries,
zero point and input ranges by one; layers dropped, doubled, renamed, exchanged; and the
header.  Prints the changes that were not refused and `N changes, A accepted`.
"""

import argparse
import copy
import json
import subprocess
import sys
import tempfile


def set_entry(key, channel, change):
    """A change of one entry of a per-channel field."""
    def apply(layer):
        layer[key][channel] += change
    return f"{key}[{channel}] {change:+}", apply


def set_scalar(key, change):
    """A change of one number."""
    def apply(layer):
        layer[key] += change
    return f"{key} {change:+}", apply


def rounding(channel, end, whole):
    """r one outside its interval; `whole` claims the interval to be wider, too."""
    def apply(layer):
        claimed = layer[f"rounding_{end}"]
        layer["rounding"][channel] = claimed[channel] + (1 if end == "max" else -1)
        if whole:
            claimed[channel] = layer["rounding"][channel]
    return f"rounding[{channel}] beyond {end}" + (" and interval" if whole else ""), apply


def input_range(number, end, change):
    """A change of what an operand is said to deliver."""
    def apply(layer):
        layer["input_ranges"][number][end] += change
    return f"input_ranges[{number}][{end}] {change:+}", apply


def nested(key, row, column, change):
    """A change of one entry of a list of lists."""
    def apply(layer):
        layer[key][row][column] += change
    return f"{key}[{row}][{column}] {change:+}", apply


def changes_of(layer):
    """All changes of one layer: (description, function of the layer)."""
    result = []
    for key in ("bias", "acc_min", "acc_max", "multiplier", "addend_multiplier", "shift",
                "rounding_min", "rounding_max", "divisors"):
        channels = range(len(layer.get(key) or []))
        for channel in sorted({*channels[:1], *channels[-1:]}):
            result += [set_entry(key, channel, change) for change in (-1, 1)]
    for channel in sorted({0, len(layer.get("rounding", [0])) - 1}):
        if "rounding" in layer:
            result += [rounding(channel, end, whole) for end in ("min", "max")
                       for whole in (False, True)]
    if layer["op"] == "lookup":  # a wider range than needed is no lie
        result += [(f"{key} past the middle", lambda layer, key=key, other=other:
                    layer.update({key: layer[other]}))
                   for key, other in (("lo", "hi"), ("hi", "lo")) if layer["lo"] < layer["hi"]]
    else:
        result += [set_scalar(key, change) for key in ("lo", "hi") if key in layer
                   for change in (-1, 1)]
    if "zero_point" in layer:
        result += [set_scalar("zero_point", change) for change in (-1, 1)]
    if "thresholds" in layer:
        middle = len(layer["thresholds"][0]) // 2
        result += [nested("thresholds", 0, middle, change) for change in (-1, 1)]
    if "table" in layer:
        result += [set_entry("table", len(layer["table"]) // 2, change) for change in (-1, 1)]
    for number in range(len(layer["inputs"])):
        result += [input_range(number, end, change) for end in (0, 1) for change in (-1, 1)]
    result.append(("input renamed", lambda layer: layer["inputs"].__setitem__(0, "nothing")))
    result.append(("output renamed", lambda layer: layer.update(output="nothing")))
    result += [(f"form {form}", lambda layer, form=form: layer.update(form=form))
               for form in ("affine", "none") if layer["form"] != form]
    return result


def whole_changes(count):
    """Changes of the list of layers and of the header."""
    def exchange(certificate):
        layers = certificate["layers"]
        layers[0]["output"], layers[-1]["output"] = layers[-1]["output"], layers[0]["output"]
    yield "first and last output exchanged", exchange
    for number in range(count):
        yield f"layer {number} dropped", lambda c, n=number: c["layers"].pop(n)
    yield "layer 0 twice", lambda c: c["layers"].append(copy.deepcopy(c["layers"][0]))
    yield "no layers", lambda c: c.update(layers=[])
    yield "mode single", lambda c: c.update(mode="single")
    yield "version 2", lambda c: c.update(version=2)
    yield "another format", lambda c: c.update(format="certificate")


def accepted(checker, certificate, model):
    """True when the checker takes a certificate (its command line decides)."""
    with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as file:
        json.dump(certificate, file)
        file.flush()
        done = subprocess.run([sys.executable, checker, file.name, model], capture_output=True,
                              text=True, check=False)
    if done.returncode == 1 and done.stdout.startswith("not proven: "):
        return False
    if done.returncode != 0:
        print(f"unexpected end of the checker: {done.stdout}{done.stderr}")
    return True


def make_checker(folder, model, layers):
    """A function certificate -> accepted, with the checker as a module.

    The model is read once, and layers that are not changed are not proven again; what
    they say about their operands still has to hold.
    """
    sys.path.insert(0, folder)
    import check_certificate as module
    graph, unchanged = module.Model(model), {id(layer): layer for layer in layers}

    class Checker(module.Checker):
        """Trusts the layers of the original certificate."""

        def check(self, layer):
            if id(layer) not in unchanged:
                return super().check(layer)
            self.proven.add(id(layer))
            found = [list(self.range(name)) for name in layer["inputs"]]
            module.require(found == layer["input_ranges"], "another input range")
            return layer.get("lo"), layer.get("hi")

    def accepts(certificate):
        try:
            Checker(certificate, graph).run()
        except module.Failure:
            return False
        return True
    return accepts


def main():
    """Command line; see the top of the file."""
    parser = argparse.ArgumentParser(description="the checker refuses changed certificates")
    parser.add_argument("examples")
    parser.add_argument("certificate")
    parser.add_argument("model")
    parser.add_argument("--layers", type=int, default=1 << 30)
    options = parser.parse_args()
    with open(options.certificate, encoding="utf-8") as file:
        original = json.load(file)
    layers = original["layers"]
    script = f"{options.examples}/check_certificate.py"
    if not accepted(script, original, options.model):
        print("the certificate itself is refused")
        return 1
    accepts, count, wrong = make_checker(options.examples, options.model, layers), 0, []
    step = max(1, len(layers) // options.layers)
    for number in range(0, len(layers), step):
        for text, change in changes_of(layers[number]):
            certificate = {**original, "layers": list(layers)}
            certificate["layers"][number] = copy.deepcopy(layers[number])
            change(certificate["layers"][number])
            count += 1
            if accepts(certificate):
                wrong.append(f"{layers[number]['name']}: {text}")
    for text, change in whole_changes(len(layers) if step == 1 else 1):
        certificate = copy.deepcopy(original)
        change(certificate)
        count += 1
        if accepted(script, certificate, options.model):
            wrong.append(text)
    print("".join(f"accepted: {text}\n" for text in wrong)
          + f"{count} changes, {len(wrong)} accepted")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
