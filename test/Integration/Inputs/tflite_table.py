# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Checks the TensorFlow Lite table of README.md against the compiler.

    tflite_table.py --qbias PATH/qbias [--only OP,OP,...] README.md OPERATORS.cpp

As support_table.py: rows with yes are exactly the operators of the importer's table, and
their networks in tflite_cases.CASES equal the exact oracle; networks in KERNELS equal
the oracle's models of the reference kernels in mode tflite; rows with no are refused with
an error that names the operator.
"""

import re
import sys

from pytorch_table import run_table
from support_table import check_exact, check_refused, check_unproven
from tflite_cases import CASES, KERNELS, LIMITS, named

TYPE_WORDS = {  # words of the table: (types that have to be exact, others to try)
    "8 and 16 bits": (("int8", "uint8", "int16"), ()),
    "8 bits, 16 where certified": (("int8", "uint8"), ("int16",)),
    "8 bits": (("int8", "uint8"), ("int16",)),
    "-": (("int8",), ()),
}


# Types with reference kernels, where these are others than int8 and int16.
KERNEL_TYPES = {}


def imported_operators(path):
    """Names in the importer's table."""
    return set(re.findall(r"^ +\{Code::(\w+), ", open(path, encoding="utf-8").read(), re.M))


def checks_of(row, is_first):
    """[(label, function of qbias and folder)] for one row.

    The first operator of a line of the table is tried with every element type.
    """
    name, supported, types, limits = row
    if supported == "no":
        return [("refused", lambda qbias, folder: check_refused(
            qbias, named(name), folder, name))]
    exact, others = TYPE_WORDS[types]
    checks = []
    for number, build in enumerate(CASES.get(name, [])):
        every = is_first and number == 0
        for dtype in exact if every else exact[number % 2:][:1]:
            checks.append((f"network {number} {dtype}", lambda qbias, folder, b=build, d=dtype:
                           check_exact(qbias, b(d), folder)))
    for dtype in others if name in CASES and is_first else ():
        checks.append((f"network 0 {dtype}", lambda qbias, folder, d=dtype:
                       check_unproven(qbias, CASES[name][0](d), folder)))
    for dtype in KERNEL_TYPES.get(name, ("int8", "int16")):
        checks += [(f"mode tflite, network {number} {dtype}",
                    lambda qbias, folder, b=build, d=dtype: check_exact(qbias, b(d), folder, "tflite"))
                   for number, build in enumerate(KERNELS.get(name, CASES.get(name, [])))]
    for words, build in LIMITS.get(name, {}).items():
        if words not in limits:
            raise SystemExit(f"row {name}: limits do not say '{words}'")
        checks.append((f"limit '{words}'", lambda qbias, folder, b=build:
                       check_refused(qbias, b("int8"), folder)))
    return checks


if __name__ == "__main__":
    sys.exit(run_table("tflite table", "TensorFlow", imported_operators, checks_of))
