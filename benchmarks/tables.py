# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Tables of docs/Performance.md behind the summary."""

from rounds import (CROWDED, ORT, crowd, layer_time, least, memory, middle, roof, rounds_of,
                    wrong_of)

PROGRAMS = ("qbias", *ORT, "stock MLIR")
LAYER_CONTENDERS = ("qbias, AVX2", "oneDNN, AVX2", "XNNPACK, AVX2", "qbias, all", "oneDNN, all",
                    "XNNPACK, all", "stock MLIR, all")


def percent(value):
    """A share as text."""
    return "0" if value == 0 else f"{100 * value:.1f} %"


def network_table(results, machine):
    """One thread on a machine."""
    lines = ["| network | program | median ms | least ms | qbias / it | GMAC/s | of the peak | "
             "wrong, gaussian | wrong, uniform | peak MB | start ms |",
             "|---|---|---|---|---|---|---|---|---|---|---|"]
    for name, network in results["networks"].items():
        own = middle(network, "qbias", machine)
        for program in PROGRAMS:
            rounds = rounds_of(network, program, machine)
            if not rounds:
                continue
            median, low = middle(network, program, machine), least(network, program, machine)
            wrong = wrong_of(network, program, machine)
            speed = network["macs"] / median / 1e6
            ratio = "" if program == "qbias" else f"{own / median:.2f}"
            ends = ["", ""]
            if "start_ms" in rounds[0]:
                ends = [f"{memory(network, program, machine) / 1e6:.0f}", f"{rounds[0]['start_ms']:.0f}"]
            cells = [name, program, f"{median:.3f}", f"{low:.3f}", ratio, f"{speed:.0f}",
                     f"{100 * speed / roof(results, machine):.0f} %", percent(wrong["gaussian"]),
                     percent(wrong["uniform"]), *ends]
            lines.append("| " + " | ".join(cells) + " |")
    return lines


def thread_table(results):
    """Two threads, and whether the machine was quiet."""
    lines = []
    if crowd(results) > CROWDED:
        lines = [f"Other programs used up to {100 * crowd(results):.0f} % of the processors when a round began: the "
                 "clock shows their time, too, and these figures say little.", ""]
    lines += ["| network | machine | program | median ms | least ms | qbias / it, medians | "
             "qbias / it, least | 1 thread / 2, least | others' share of the processors |",
             "|---|---|---|---|---|---|---|---|---|"]
    for name, network in results["networks"].items():
        for machine in ("AVX2", "all"):
            for program in ("qbias", *ORT):
                rounds = rounds_of(network, program, machine, 2)
                if not rounds:
                    continue
                own, median = (middle(network, p, machine, 2) for p in ("qbias", program))
                own_low, low = (least(network, p, machine, 2) for p in ("qbias", program))
                ratios = ["", ""] if program == "qbias" else [f"{own / median:.2f}", f"{own_low / low:.2f}"]
                gain = least(network, program, machine) / low
                others = max(entry["others"] for entry in rounds)
                cells = [name, machine, program, f"{median:.3f}", f"{low:.3f}", *ratios, f"{gain:.2f}",
                         percent(others)]
                lines.append("| " + " | ".join(cells) + " |")
    return lines


def layer_table(results):
    """Milliseconds of the convolutions of ResNet18."""
    lines = ["| layer | times in ResNet18 | " + " | ".join(LAYER_CONTENDERS) + " |", "|---" * 9 + "|"]
    totals = dict.fromkeys(LAYER_CONTENDERS, 0.0)
    for layer in results["layers"]:
        times = {contender: layer_time(layer, contender) for contender in LAYER_CONTENDERS}
        for contender, time in times.items():
            totals[contender] += layer["count"] * time
        lines.append(f"| {layer['layer']} | {layer['count']} | " + " | ".join(f"{t:.3f}" for t in times.values()) + " |")
    return lines + [f"| all | {sum(layer['count'] for layer in results['layers'])} | " + " | ".join(f"{t:.3f}" for t in totals.values()) + " |"]


def wrong_table(results):
    """Least and largest shares of wrong results over those layers."""
    kinds = ("gaussian", "uniform", "extremes")
    lines = ["| program | " + " | ".join(kinds) + " |", "|---|---|---|---|"]
    contenders = dict.fromkeys(c for layer in results["layers"] for c in layer["wrong"])
    for contender in contenders:
        cells = []
        for kind in kinds:
            shares = [layer["wrong"][contender][kind] for layer in results["layers"]
                      if kind in layer["wrong"][contender]]
            low, high = (percent(value) for value in (min(shares), max(shares))) if shares else ("", "")
            cells.append(low if low == high else f"{low} to {high}")
        lines.append(f"| {contender} | " + " | ".join(cells) + " |")
    return lines


def kernel_table(results):
    """Layers beside the peak of registers."""
    lines = ["| layer | plan, AVX2 | GMAC/s | of the peak | plan, whole processor | GMAC/s | of the peak |",
             "|---|---|---|---|---|---|---|"]
    for kernel in results["kernels"]:
        cells = [kernel["layer"]]
        for machine in ("AVX2", "all"):
            speed = kernel["gmacs"][machine]
            cells += [f"`{kernel['plans'][machine]}`", f"{speed:.0f}",
                      f"{100 * speed / roof(results, machine):.0f} %"]
        lines.append("| " + " | ".join(cells) + " |")
    return lines


def cost_tables(results):
    """Compilation, and programs for size."""
    lines = ["| network | seconds | of it passes of MLIR, by the clock | most expensive passes, seconds |",
             "|---|---|---|---|"]
    for name, costs in results["costs"].items():
        compilation = costs["compilation"]
        passes = ", ".join(f"{key} {value:.2f}" for key, value in compilation["passes"].items())
        lines.append(f"| {name} | {compilation['seconds']:.2f} | {compilation['pass_seconds']:.2f} | "
                     f"{passes} |")
    lines += ["", "| network | machine | int8 weights, MB | constants, MB: speed | size | ms: speed | size | "
              "peak MB: speed | size |", "|---|---|---|---|---|---|---|---|---|"]
    for name, costs in results["costs"].items():
        for machine, entry in costs.get("sizes", {}).items():
            cells = [name, machine] + [f"{entry[key] / 1e6:.1f}" for key in
                                       ("int8_bytes", "speed_bytes", "size_bytes")]
            cells += [f"{entry['speed_ms']:.2f}", f"{entry['size_ms']:.2f}",
                      f"{entry['speed_peak'] / 1e6:.0f}", f"{entry['size_peak'] / 1e6:.0f}"]
            lines.append("| " + " | ".join(cells) + " |")
    return lines
