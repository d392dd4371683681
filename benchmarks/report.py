# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The table and the picture of docs/Performance.md, from the raw results of benchmarks/run.py.

    report.py RESULTS.json DOCS-DIR
"""

import json
import os
import statistics
import sys

BEGIN, END = "<!-- results: written by benchmarks/report.py -->", "<!-- end of results -->"
CONTENDERS = ("qbias", "ORT default", "ORT exact")
COLOURS = {"qbias": "#2b6cb0", "ORT default": "#c05621", "ORT exact": "#718096"}


def least(rounds, key):
    """The least of all rounds."""
    return min(entry[key] for entry in rounds)


def middle(rounds, key):
    """The median of the rounds' medians."""
    return statistics.median(entry[key] for entry in rounds)


def clock(threads):
    """Which times count: of the processor alone, by the clock with company."""
    return ("cpu_min_ms", "cpu_median_ms") if threads == 1 else ("min_ms", "median_ms")


def percent(value):
    """A share as text."""
    return "0" if value == 0 else f"{100 * value:.1f} %"


def network_rows(name, contenders, threads):
    """Table rows of one network."""
    low, mid = clock(threads)
    own = middle(contenders[f"qbias x{threads}"], mid)
    for contender in CONTENDERS:
        rounds = contenders[f"{contender} x{threads}"]
        median = middle(rounds, mid)
        ratio = "" if contender == "qbias" else f"{own / median:.2f}"
        memory = max(entry["peak_rss_bytes"] for entry in rounds) / 1e6
        yield (f"| {name} | {threads} | {contender} | {least(rounds, low):.3f} | {median:.3f} | {ratio} | "
               f"{percent(rounds[0]['wrong_gaussian'])} | {percent(rounds[0]['wrong_uniform'])} | "
               f"{memory:.0f} |")


def layer_rows(results):
    """Table rows of the single convolutions, with their share of the peak."""
    peaks = results["peaks_gmacs"]
    roof = peaks.get("dot8OnZmm", max(peaks.values()))
    totals = {"qbias": 0.0, "oneDNN": 0.0, "XNNPACK": 0.0}
    for layer in results["layers"]:
        times = {peer: least(rounds, "cpu_min_ms") for peer, rounds in layer["rounds"].items()}
        for peer, time in times.items():
            totals[peer] += time
        speed = layer["macs"] / times["qbias"] / 1e6
        yield (f"| {layer['layer']} | {times['qbias']:.3f} | {speed:.0f} | {100 * speed / roof:.0f} % | "
               f"{times['oneDNN']:.3f} | {times['XNNPACK']:.3f} | "
               f"{percent(layer['rounds']['qbias'][0]['wrong_uniform'])} | "
               f"{percent(layer['rounds']['oneDNN'][0]['wrong_uniform'])} |")
    yield (f"| all | {totals['qbias']:.3f} | | | {totals['oneDNN']:.3f} | {totals['XNNPACK']:.3f} | | |")


def table(results):
    """The text between the markers."""
    machine = results["machine"]
    lines = [BEGIN, "", f"{machine['date']}, {machine['processor']} (family {machine['family']}, model "
             f"{machine['model']}), {machine['processors']} processors, {machine['system']}.", "",
             "Registers alone: " + ", ".join(f"{name} {speed:.0f} GMAC/s"
                                             for name, speed in results["peaks_gmacs"].items()) + ".",
             "", "![medians on one thread](performance.svg)", "",
             "| network | threads | program | min ms | median ms | qbias / it | wrong, gaussian | "
             "wrong, uniform | peak MB |", "|---|---|---|---|---|---|---|---|---|"]
    for threads in (1, 2):
        for name, contenders in results["networks"].items():
            lines += network_rows(name, contenders, threads)
    lines += ["", "Single convolutions of ResNet18 (u8 x s8, uniform data, one thread, milliseconds):", "",
              "| layer | qbias | GMAC/s | of the dot8 peak | oneDNN | XNNPACK | wrong, qbias | wrong, oneDNN |",
              "|---|---|---|---|---|---|---|---|"]
    lines += layer_rows(results)
    return "\n".join(lines + ["", END])


def picture(results):
    """Bars of the medians on one thread, each network relative to its slowest contender."""
    bar, gap, left, width = 14, 12, 210, 420
    parts, y = [], 10
    for name, contenders in results["networks"].items():
        medians = {c: middle(contenders[f"{c} x1"], "cpu_median_ms") for c in CONTENDERS}
        parts.append(f'<text x="{left - 8}" y="{y + 2 * bar}" text-anchor="end">{name}</text>')
        for contender, time in medians.items():
            length = width * time / max(medians.values())
            parts.append(f'<rect x="{left}" y="{y}" width="{length:.1f}" height="{bar - 2}" '
                         f'fill="{COLOURS[contender]}"/>')
            parts.append(f'<text x="{left + length + 5:.1f}" y="{y + bar - 4}">{contender} '
                         f'{time:.3f} ms</text>')
            y += bar
        y += gap
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + width + 170}" height="{y}" '
            'font-family="sans-serif" font-size="11">' + "".join(parts) + "</svg>\n")


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
        file.write(picture(results))


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as results_file:
        write(json.load(results_file), sys.argv[2])
