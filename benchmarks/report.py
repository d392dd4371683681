# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The tables and the picture of docs/Performance.md, from the raw results of benchmarks/run.py.

    report.py RESULTS.json DOCS-DIR

Goals on other machines come from results-*.json beside this file.
"""

import glob
import json
import os
import sys

import goals
import picture
import tables

BEGIN, END = "<!-- results: written by benchmarks/report.py -->", "<!-- end of results -->"


def heading(results):
    """Machine, date, versions, roofs."""
    machine = results["machine"]
    peaks = ", ".join(f"{name} {speed:.0f}" for name, speed in results["peaks_gmacs"].items())
    return [f"{machine['date']}, {machine['processor']} (family {machine['family']}, model "
            f"{machine['model']}), {machine['processors']} processors, {machine['system']}. "
            f"{machine['versions']}.", "",
            f"Registers alone, GMAC/s: {peaks}.", "",
            f"`node` alone: {results['node']['start_ms']:.0f} ms, "
            f"{results['node']['peak_rss_bytes'] / 1e6:.0f} MB; it is in the start and the memory of "
            "ONNX Runtime."]


def others():
    """The goals on other machines, and when they were measured."""
    lines = []
    for path in sorted(glob.glob(os.path.join(os.path.dirname(os.path.abspath(__file__)), "results-*.json"))):
        with open(path, encoding="utf-8") as file:
            results = json.load(file)
        lines += ["", f"### Goals on another machine: {os.path.basename(path)}", "", heading(results)[0], "",
                  heading(results)[2], "", *goals.table(results)]
    return lines


def table(results):
    """The text between the markers."""
    lines = [BEGIN, "", *heading(results), "", "### Goals", "", *goals.table(results), "",
             "![medians on one thread](performance.svg)", "",
             "### Networks on one thread, everyone held to AVX2", "",
             *tables.network_table(results, "AVX2"), "",
             "### Networks on one thread, everyone with the whole processor", "",
             *tables.network_table(results, "all"), "",
             "### Two threads, by the clock", "", *tables.thread_table(results), "",
             "### Single convolutions of ResNet18", "",
             "u8 x s8, uniform data, one thread, least milliseconds:", "", *tables.layer_table(results), "",
             "Share of results that are not exact, least and largest over these layers:", "",
             *tables.wrong_table(results), "",
             "### Kernels and the register peak", "", *tables.kernel_table(results), "",
             "### Compilation and size", "",
             "Seconds of processor time from the file to a shared library, on one core:", "",
             *tables.cost_tables(results), *others()]
    return "\n".join(lines + ["", END])


def write(results, docs):
    """Replaces the results in Performance.md; writes the picture beside it."""
    path = os.path.join(docs, "Performance.md")
    with open(path, encoding="utf-8") as file:
        text = file.read()
    head, _, rest = text.partition(BEGIN)
    _, _, tail = rest.partition(END)
    with open(path, "w", encoding="utf-8") as file:
        file.write(head + table(results) + tail)
    with open(os.path.join(docs, "performance.svg"), "w", encoding="utf-8") as file:
        file.write(picture.draw(results))


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as results_file:
        write(json.load(results_file), sys.argv[2])
