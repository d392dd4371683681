# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The picture of docs/Performance.md: medians on one thread."""

from rounds import ORT, TITLES, middle, rounds_of

COLOURS = {"qbias": "#2b6cb0", "ORT default": "#c05621", "ORT exact": "#718096"}
BAR, GAP, LEFT, WIDTH, PANEL, TOP = 14, 10, 190, 220, 400, 30


def panel(results, machine, left):
    """Bars of one machine, each network relative to its slowest contender."""
    y = TOP
    yield f'<text x="{left}" y="{TOP - 12}" font-weight="bold">{TITLES[machine]}</text>'
    for name, network in results["networks"].items():
        medians = {program: middle(network, program, machine) for program in ("qbias", *ORT)
                   if rounds_of(network, program, machine)}
        if len(medians) < 2:
            continue
        if left == LEFT:
            yield f'<text x="{LEFT - 8}" y="{y + 2 * BAR}" text-anchor="end">{name}</text>'
        for program, time in medians.items():
            length = WIDTH * time / max(medians.values())
            yield (f'<rect x="{left}" y="{y}" width="{length:.1f}" height="{BAR - 2}" '
                   f'fill="{COLOURS[program]}"/>')
            yield (f'<text x="{left + length + 5:.1f}" y="{y + BAR - 4}">{program} '
                   f'{time:.3f} ms</text>')
            y += BAR
        y += GAP


def draw(results):
    """SVG."""
    parts = [*panel(results, "AVX2", LEFT), *panel(results, "all", LEFT + PANEL)]
    count = sum(bool(rounds_of(network, "ORT exact", "all"))
                for network in results["networks"].values())
    height = TOP + count * (3 * BAR + GAP)
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{LEFT + 2 * PANEL}" height="{height}" '
            'font-family="sans-serif" font-size="11"><rect width="100%" height="100%" fill="white"/>' +
            "".join(parts) + "</svg>\n")
