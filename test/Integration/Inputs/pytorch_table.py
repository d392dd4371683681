# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Checks the PyTorch table of README.md against the compiler.

    pytorch_table.py --qbias PATH/qbias [--only OP,OP,...] README.md OPERATORS.cpp

As support_table.py: rows with yes are exactly the operators of the importer's table, and
their networks in pytorch_cases.CASES, written as .pt2 files of both layouts in turn, equal
the exact oracle; rows with no are refused with an error that names the operator.
"""

import argparse
import re
import sys
from concurrent.futures import ThreadPoolExecutor

from pytorch_cases import CASES, LIMITS
from pytorch_net import Net
from support_table import check_exact, check_refused, check_unproven, read_table, run_check

TYPE_WORDS = {  # words of the table: (types that have to be exact, others to try)
    "up to 16 bits": (("int8", "uint8", "int16"), ()),
    "8 bits, 16 where certified": (("int8", "uint8"), ("int16",)),
    "8 bits": (("int8", "uint8"), ("int16",)),
    "-": (("int8",), ()),
}


class InTurn:
    """A network whose file has one layout or the other."""

    def __init__(self, net, layout):
        self.net, self.layout = net, layout
        self.arrays, self.dtype = net.arrays, net.dtype

    def save(self, path):
        """Write the file."""
        self.net.save(path, self.layout)


def imported_operators(path):
    """Names in the importer's table."""
    text = open(path, encoding="utf-8").read()
    return set(re.findall(r'^ +\{"([\w.]+)",\s*import', text, re.M))


def refused(name):
    """The operator on one quantized tensor."""
    net = Net("int8")
    overload = "" if name.startswith("higher_order") else ".default"
    return net.end(net.call(name + overload, self=net.source([1, 3, 4, 4])))


def checks_of(row, is_first):
    """[(label, function of qbias and folder)] for one row.

    The first operator of a line of the table is tried with every element type.
    """
    name, supported, types, limits = row
    if supported == "no":
        return [("refused", lambda qbias, folder: check_refused(
            qbias, InTurn(refused(name), "raw"), folder, f"{name} "))]
    exact, others = TYPE_WORDS[types]
    checks = []
    for number, build in enumerate(CASES.get(name, [])):
        every = is_first and number == 0
        for index, dtype in enumerate(exact if every else exact[number % 2:][:1]):
            layout = ("pickle", "raw")[(number + index) % 2]
            checks.append((f"network {number} {dtype}",
                           lambda qbias, folder, b=build, d=dtype, k=layout:
                           check_exact(qbias, InTurn(b(d), k), folder)))
    for dtype in others if is_first and name in CASES else ():
        checks.append((f"network 0 {dtype}", lambda qbias, folder, d=dtype: check_unproven(
            qbias, InTurn(CASES[name][0](d), "raw"), folder)))
    for words, build in LIMITS.get(name, {}).items():
        if words not in limits:
            raise SystemExit(f"row {name}: limits do not say '{words}'")
        checks.append((f"limit '{words}'", lambda qbias, folder, b=build: check_refused(
            qbias, InTurn(b("int8"), "pickle"), folder)))
    return checks


def run_table(label, header, imported_operators, checks_of):
    """Command line of a table test; see the top of the file.  Returns the exit code."""
    parser = argparse.ArgumentParser(description=f"{header} table against compiler")
    parser.add_argument("--qbias", required=True)
    parser.add_argument("--only", help="operators, separated by commas")
    parser.add_argument("readme")
    parser.add_argument("operators", metavar="OPERATORS.cpp")
    options = parser.parse_args()
    rows = read_table(options.readme, label, header)
    claimed = {row[0] for row in rows if row[1] == "yes"}
    imported = imported_operators(options.operators)
    failures = [f"{name}: imported, but not in the table as supported"
                for name in sorted(imported - claimed)]
    failures += [f"{name}: in the table as supported, but not imported"
                 for name in sorted(claimed - imported)]
    chosen = options.only.split(",") if options.only else None
    firsts = [index == 0 or rows[index - 1][1:] != row[1:] for index, row in enumerate(rows)]
    jobs = [(f"{row[0]}, {what}", check) for row, first in zip(rows, firsts)
            if not chosen or row[0] in chosen for what, check in checks_of(row, first)]
    with ThreadPoolExecutor(2) as pool:
        failures += filter(None, pool.map(lambda job: run_check(options.qbias, *job), jobs))
    for line in failures:
        print(line)
    print(f"{label}: {len(rows)} rows, {len(jobs)} networks, {len(failures)} failed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(run_table("pytorch table", "PyTorch", imported_operators, checks_of))
