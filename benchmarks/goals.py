# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The goals of this project's speed, and what was measured."""

from rounds import CROWDED, crowd, layer_time, least, memory, paired, rounds_of

BOTH = ("AVX2", "all")
SMALL = ("digits ResNet u8s8", "digits MobileNet u8s8", "MLPerf Tiny ResNet8",
         "MLPerf Tiny DS-CNN", "MobileNetV1 0.25")


def cell(value, goal, form="{:.2f}", aside=""):
    """A figure and whether it is as wanted."""
    return f"{form.format(value)}{aside}, {'reached' if value <= goal else 'not reached'}"


def clock_cell(results, value, reached, aside=""):
    """As `cell`, of times by the clock: they say nothing on a busy machine."""
    if crowd(results) > CROWDED:
        return f"{value:.2f}{aside}, the machine was busy"
    return f"{value:.2f}{aside}, {'reached' if reached else 'not reached'}"


def ratio_row(results, name, network, peer, goal, threads=1):
    """Time by the peer's time: of rounds, and of the least of all runs."""
    if network not in results["networks"]:
        return None
    contest = results["networks"][network]
    cells = []
    for machine in BOTH:
        found = rounds_of(contest, peer, machine, threads) and \
            rounds_of(contest, "qbias", machine, threads)
        if not found:
            cells.append("")
            continue
        ratio = paired(contest, "qbias", peer, machine, threads)
        low = least(contest, "qbias", machine, threads) / least(contest, peer, machine, threads)
        aside = f" ({low:.2f})"
        cells.append(cell(ratio, goal, aside=aside) if threads == 1 else
                     clock_cell(results, ratio, ratio <= goal, aside))
    return [f"{name} / {peer}", f"<= {goal:.2f}", *cells]


def network_rows(results):
    """Ratios of networks to ONNX Runtime."""
    big, light = "ResNet18 u8s8", "MobileNetV2 u8s8"
    yield ratio_row(results, f"{big}, 1 thread", big, "ORT exact", 0.47)
    yield ratio_row(results, f"{big}, 1 thread", big, "ORT default", 0.63)
    yield ratio_row(results, f"{big}, 2 threads", big, "ORT exact", 0.47, 2)
    yield ratio_row(results, f"{big}, 2 threads", big, "ORT default", 0.65, 2)
    yield ratio_row(results, f"{light}, 1 thread", light, "ORT exact", 0.60)
    yield ratio_row(results, f"{light}, 1 thread", light, "ORT default", 0.85)
    for name in SMALL:
        for peer in ("ORT exact", "ORT default"):
            yield ratio_row(results, name, name, peer, 0.50)


def own_rows(results):
    """Figures of qbias by figures of qbias."""
    networks = results["networks"]
    big = networks.get("ResNet18 u8s8")
    if not big:
        return
    for other in ("ResNet18 s8s8", "ResNet18 PT2E"):
        if other in networks:
            yield [f"{other} / ResNet18 u8s8, least", "<= 1.05",
                   *(cell(least(networks[other], "qbias", machine) / least(big, "qbias", machine),
                          1.05) for machine in BOTH)]
    if rounds_of(big, "qbias", "all", 2):
        gains = [least(big, "qbias", machine) / least(big, "qbias", machine, 2) for machine in BOTH]
        yield ["ResNet18 u8s8, least of 1 thread / of 2", ">= 1.80",
               *(clock_cell(results, gain, gain >= 1.8) for gain in gains)]
    yield ["ResNet18 u8s8, peak memory / ORT default", "<= 1",
           *(cell(memory(big, "qbias", machine) / memory(big, "ORT default", machine), 1)
             for machine in BOTH)]


def layer_rows(results):
    """Single convolutions."""
    layers = results["layers"]
    if not layers:
        return
    slower = [sum(layer_time(layer, f"qbias, {machine}") > layer_time(layer, f"XNNPACK, {machine}")
                  for layer in layers) for machine in BOTH]
    yield ["convolutions of ResNet18 slower than XNNPACK's", "0",
           *(cell(count, 0, "{} of " + str(len(layers))) for count in slower)]
    sums = {program: sum(layer["count"] * layer_time(layer, program) for layer in layers)
            for machine in BOTH for program in (f"qbias, {machine}", f"oneDNN, {machine}")}
    yield ["all convolutions of ResNet18, sum / oneDNN's", "< 1",
           *(cell(sums[f"qbias, {machine}"] / sums[f"oneDNN, {machine}"], 1) for machine in BOTH)]


def cost_rows(results):
    """Sizes and compilation."""
    for name, costs in results["costs"].items():
        if "sizes" in costs:
            sizes = costs["sizes"]
            yield [f"{name}, `--optimize=size`: constants / int8 weights", "<= 1.3",
                   *(cell(sizes[machine]["size_bytes"] / sizes[machine]["int8_bytes"], 1.3)
                     for machine in BOTH)]
            yield [f"{name}, `--optimize=size`: time / speed's", "",
                   *(f"{sizes[machine]['size_ms'] / sizes[machine]['speed_ms']:.2f}"
                     for machine in BOTH)]
            yield [f"{name}, seconds of one core from the file to a library", "<= 5", "",
                   cell(costs["compilation"]["seconds"], 5)]


def exact_row(results):
    """Everything of ours that was compared."""
    shares = [share for network in results["networks"].values() for contender in network["wrong"]
              if contender.startswith("qbias") for share in network["wrong"][contender].values()]
    for layer in results["layers"]:
        shares += [share for contender in layer["wrong"] if contender.startswith("qbias")
                   for share in layer["wrong"][contender].values()]
    shares += [share for kernel in results["kernels"] for share in kernel["wrong"].values()]
    wrong = sum(share > 0 for share in shares)
    return [f"outputs of qbias that are not exact, in {len(shares)} comparisons", "0", "",
            cell(wrong, 0, "{}")]


def table(results):
    """Lines of the summary."""
    lines = ["| what | goal | AVX2 | whole processor |", "|---|---|---|---|"]
    rows = [*network_rows(results), *own_rows(results), *layer_rows(results), *cost_rows(results),
            exact_row(results)]
    return lines + ["| " + " | ".join(row) + " |" for row in rows if row]
