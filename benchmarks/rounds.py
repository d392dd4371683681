# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Figures from the rounds of a contender, as benchmarks/results.json has them.

A time is the least of all rounds, or the median of the rounds' medians: of processor time with one
thread, by the clock with two.
"""

import statistics

ORT = ("ORT default", "ORT exact")
# What a machine multiplies with, exactly: the first of these that it has.
ROOFS = {"AVX2": ("pair16OnYmm",), "all": ("tile8", "dot8OnZmm", "pair16OnYmm")}
TITLES = {"AVX2": "AVX2", "all": "the whole processor"}
CROWDED = 0.2  # share of the processors that makes times by the clock worthless


def crowd(results):
    """The largest share of the processors that others used when a round of two threads began."""
    return max((entry["others"] for network in results["networks"].values()
                for contender, rounds in network["rounds"].items() if contender.endswith(", 2")
                for entry in rounds), default=0)


def keys(threads):
    """(least, median) as a process reports them."""
    return ("cpu_min_ms", "cpu_median_ms") if threads == 1 else ("min_ms", "median_ms")


def rounds_of(network, program, machine, threads=1):
    """The rounds of a contender, or None."""
    return network["rounds"].get(f"{program}, {machine}, {threads}")


def wrong_of(network, program, machine, threads=1):
    """{data: share of outputs that are not exact}."""
    return network["wrong"][f"{program}, {machine}, {threads}"]


def least(network, program, machine, threads=1):
    """Milliseconds of the quickest run."""
    return min(entry[keys(threads)[0]] for entry in rounds_of(network, program, machine, threads))


def middle(network, program, machine, threads=1):
    """Milliseconds of a run in the middle."""
    return statistics.median(entry[keys(threads)[1]]
                             for entry in rounds_of(network, program, machine, threads))


def paired(network, program, peer, machine, threads=1):
    """Median of the rounds' ratios: contenders of a round ran one after the other, so that what
    disturbs the machine for longer disturbs both."""
    key = keys(threads)[1]
    return statistics.median(one[key] / other[key] for one, other in zip(
        rounds_of(network, program, machine, threads), rounds_of(network, peer, machine, threads)))


def memory(network, program, machine):
    """Bytes at the peak of a process with one thread."""
    return max(entry["peak_rss_bytes"] for entry in rounds_of(network, program, machine))


def layer_time(layer, contender):
    """Milliseconds of the quickest run of a single layer."""
    return min(entry["cpu_min_ms"] for entry in layer["rounds"][contender])


def roof(results, machine):
    """GMAC/s of registers alone."""
    peaks = results["peaks_gmacs"]
    return next(peaks[name] for name in ROOFS[machine] if name in peaks)
