# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Checks the support table of README.md against the compiler.

    support_table.py --qbias PATH/qbias [--only OP,OP,...] README.md OPERATORS.cpp ...

The table stands between the lines `<!-- support table -->` and `<!-- end -->`; its columns
are operator, supported (yes or no), element types, limits.  For every row:

  yes   the networks of support_cases.CASES are equal to the exact oracle, element by
        element; what the table does not promise is refused or reported as not certified;
        each limit that has a network in support_cases.LIMITS is written in the row, and
        the network is refused with a clear error
  no    a network with the operator is refused with an error that names it

Rows with yes are exactly the operators of the importer's tables in OPERATORS.cpp.  The last
line is `support table: R rows, N networks, F failed`.  Exit code 1 on failure.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

import numpy as np

import compare
import oracle
from model_reader import read_model
from support_cases import CASES, LIMITS
from support_net import Net

SMALL = ("uint8", "int8", "int4", "uint2")  # stand for all types up to 8 bits
TYPE_WORDS = {  # words of the table: (types that have to be exact, others to try)
    "up to 16 bits": (SMALL + ("int16", "uint16"), ()),
    "up to 8 bits, 16 where certified": (SMALL, ("int16",)),
    "up to 8 bits": (SMALL, ("int16",)),
    "int8, uint8": (("uint8", "int8"), ()),
    "uint8": (("uint8",), ()),
    "-": (("uint8",), ()),
}
CLEAR_ERROR = re.compile(r"^[^:]+: .+: .*(expect|expected).*", re.S)


class Wrong(Exception):
    """A claim of the table that does not hold; the text says which."""


# --- running ------------------------------------------------------------------


def driver(qbias, *arguments):
    """(exit code, stdout, stderr) of the driver."""
    done = subprocess.run([qbias, *arguments], capture_output=True, text=True, check=False,
                          timeout=compare.TIMEOUT_SECONDS)
    return done.returncode, done.stdout, done.stderr.strip()


def check_exact(qbias, net, folder, mode="exact"):
    """Every tensor equals the oracle, and (tried for uint8) the plain program's outputs."""
    model = os.path.join(folder, "net.onnx")
    net.save(model)
    expected = oracle.run(read_model(model), net.arrays, oracle.Settings(mode=mode))
    dump, outputs = run_model(qbias, net, model, folder, observe=True, mode=mode)
    report = compare.compare_arrays(expected, dump, outputs, True)
    plain = compare.Report()
    if net.dtype == "uint8":
        _, outputs = run_model(qbias, net, model, folder, observe=False, mode=mode)
        plain = compare.compare_arrays(oracle.Result(outputs=expected.outputs), {}, outputs, True)
    for text, result in (("", report), ("program without observed tensors: ", plain)):
        if result.differing:
            raise Wrong(f"{text}{result.summary()}; {result.lines[0]}")


def run_model(qbias, net, model, folder, observe, mode="exact"):
    """({tensor: integers}, {output: integers}) of the driver; no tensors unless observed."""
    names = [value.name for value in read_model(model).graph.outputs]
    files = {name: os.path.join(folder, f"out{i}.npy") for i, name in enumerate(names)}
    command = ["run", model, "--raw", "--quiet", f"--requant={mode}"]
    for name, array in net.arrays.items():
        np.save(os.path.join(folder, f"{name}.npy"), array)
        command += ["--input", f"{name}={folder}/{name}.npy"]
    for name, path in files.items():
        command += ["--output", f"{name}={path}"]
    dump = os.path.join(folder, "dump")
    code, _, error = driver(qbias, *command, *(["--dump-dir", dump] if observe else []))
    if code:
        raise Wrong(f"exit code {code}: {error}")
    outputs = {name: np.load(path) for name, path in files.items()}
    return compare.load_dump(dump) if observe else {}, outputs


def check_unproven(qbias, net, folder):
    """Refused clearly, or reported with fewer certified channels than channels, or exact."""
    model = os.path.join(folder, "net.onnx")
    net.save(model)
    code, text, error = driver(qbias, "report", model)
    if code:
        check_error(code, error)
        return
    certified, channels = map(int, re.search(r"(\d+) of (\d+) channels", text).groups())
    if certified == channels:
        check_exact(qbias, net, folder)


def check_error(code, error):
    """Exit code 1 and a message that says where, what, and what was expected."""
    if code != 1 or not CLEAR_ERROR.match(error):
        raise Wrong(f"expects exit code 1 and a clear error, got exit code {code}: {error}")


def refusal_of(name):
    """Operators nobody knows are quoted; known ones stand before their node's name."""
    return f"'{name}'|{name} '"


def check_refused(qbias, net, folder, words=""):
    """Refused with a clear error that matches the regular expression `words`."""
    model = os.path.join(folder, "net.onnx")
    net.save(model)
    code, _, error = driver(qbias, "compile", model, "--stage=integer", "-o",
                            os.path.join(folder, "net.mlir"))
    if code == 0:
        raise Wrong("is accepted")
    check_error(code, error)
    if not re.search(words, error):
        raise Wrong(f"expects an error with '{words}', got: {error}")


# --- operators the oracle does not know ----------------------------------------


def prelu_net(op_type):
    """PRelu with one slope, or LeakyRelu with the same: the oracle knows the second."""
    def build(dtype):
        net = Net(dtype)
        x = net.input([1, 256])
        real = net.node("PRelu", [x, net.number(0.125)], name="op") if op_type == "PRelu" \
            else net.node("LeakyRelu", [x], name="op", alpha=0.125)
        return net.output(real)
    return build


def check_twin(qbias, net, twin, folder):
    """`net` in the driver against `twin` in the oracle; tensors have the same names."""
    paths = [os.path.join(folder, name) for name in ("net.onnx", "twin.onnx")]
    net.save(paths[0])
    twin.save(paths[1])
    expected = oracle.run(read_model(paths[1]), twin.arrays)
    report = compare.compare_arrays(
        expected, *run_model(qbias, net, paths[0], folder, observe=True), True)
    if report.differing:
        raise Wrong(report.lines[0])


def special_checks(op_type):
    """[(label, function of qbias and folder)] of operators without CASES."""
    checks = []
    for dtype in ("uint8", "int8", "int4"):
        if op_type == "PRelu":
            checks.append((dtype, lambda qbias, folder, d=dtype: check_twin(
                qbias, prelu_net("PRelu")(d), prelu_net("LeakyRelu")(d), folder)))
    return checks


# --- the table ------------------------------------------------------------------


def read_table(path, marker="support table", header="ONNX"):
    """[(operator, supported, types, limits)] between the markers."""
    text = open(path, encoding="utf-8").read()
    table = re.search(rf"<!-- {marker} -->\n(.*?)<!-- end -->", text, re.S)
    if not table:
        raise SystemExit(f"{path}: no table between the markers")
    rows = []
    for line in table.group(1).splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if len(cells) != 4 or cells[0].startswith(("-", header)):
            continue
        rows += [(name.strip(), *cells[1:]) for name in cells[0].split(",")]
    return rows


REFUSED = {"DynamicQuantizeLinear"}  # known to the importer for the sake of the message


def imported_operators(paths):
    """Names in the importer's tables, those of other domains with their domain."""
    text = "".join(open(path, encoding="utf-8").read() for path in paths)
    names = set(re.findall(r'^ +\{"(\w+)", import', text, re.M)) - REFUSED
    expanded = re.search(r"kExpanded\[\] = \{.*?^\};", text, re.M | re.S)
    names -= set(re.findall(r'\{"(\w+)", import', expanded.group()))
    for domain, name in re.findall(r'^ +\{"([\w.]*)", "(\w+)", \d', text, re.M):
        names.add(f"{domain}.{name}" if domain else name)
    return names


def checks_of(row):
    """[(label, function of qbias and folder)] for one row."""
    name, supported, types, limits = row
    if supported == "no":
        return [("refused", lambda qbias, folder: check_refused(
            qbias, unknown_net(name), folder, refusal_of(name.rpartition(".")[2])))]
    if types not in TYPE_WORDS:
        raise SystemExit(f"row {name}: types '{types}', expects one of {sorted(TYPE_WORDS)}")
    exact, others = TYPE_WORDS[types]
    checks = special_checks(name)
    for number, build in enumerate(CASES[name]):
        for dtype in exact if number == 0 else ("uint8",):
            checks.append((f"network {number} {dtype}", lambda qbias, folder, b=build, d=dtype:
                           check_exact(qbias, b(d), folder)))
    for dtype in others if CASES[name] else ():
        checks.append((f"network 0 {dtype}", lambda qbias, folder, d=dtype:
                       check_unproven(qbias, CASES[name][0](d), folder)))
    for words, build in LIMITS.get(name, {}).items():
        if words not in limits:
            raise SystemExit(f"row {name}: limits do not say '{words}'")
        checks.append((f"limit '{words}'", lambda qbias, folder, b=build:
                       check_refused(qbias, b("uint8"), folder)))
    return checks


def unknown_net(name):
    """The operator on one quantized tensor, with a quantize behind it: at the end of a network
    it would be left to the caller."""
    net = Net("uint8")
    domain = "com.microsoft" if name.startswith("com.microsoft.") else ""
    x = net.input([1, 3, 4, 4])
    return net.output(net.node(name.rpartition(".")[2], [x], domain=domain))


def run_check(qbias, label, check):
    """'' or what is wrong with check(qbias, folder)."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            check(qbias, folder)
        except Wrong as error:
            return f"{label}: {error}"
        except Exception as error:  # a broken network is a failure too
            return f"{label}: {type(error).__name__}: {error}"
    return ""


def main():
    """Command line; see the top of the file."""
    parser = argparse.ArgumentParser(description="support table against compiler")
    parser.add_argument("--qbias", required=True)
    parser.add_argument("--only", help="operators, separated by commas")
    parser.add_argument("readme")
    parser.add_argument("operators", metavar="OPERATORS.cpp", nargs="+")
    options = parser.parse_args()
    rows = read_table(options.readme)
    claimed = {row[0] for row in rows if row[1] == "yes"}
    failures = [f"{name}: imported, but not in the table as supported"
                for name in sorted(imported_operators(options.operators) - claimed)]
    failures += [f"{name}: in the table as supported, but not imported"
                 for name in sorted(claimed - imported_operators(options.operators))]
    chosen = options.only.split(",") if options.only else None
    jobs = [(f"{row[0]}, {label}", check) for row in rows if not chosen or row[0] in chosen
            for label, check in checks_of(row)]
    with ThreadPoolExecutor(2) as pool:
        failures += filter(None, pool.map(lambda job: run_check(options.qbias, *job), jobs))
    for line in failures:
        print(line)
    print(f"support table: {len(rows)} rows, {len(jobs)} networks, {len(failures)} failed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
