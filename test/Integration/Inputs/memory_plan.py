# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The memory plan that `qbias report` shows: places, the bound it is held to, the picture."""

import glob
import json
import os
from xml.etree import ElementTree

from feed import DIGITS, forms, one_layer
from harness import case, cases, equal, main, qbias, require
from random_net import write_case

ALIGNMENT = 64
MOST = 1.1  # workspace over the bytes that live at once
# Where quantized models are, and how many buffers they have at least.
MODELS = {"bench/resnet18.qdq.u8s8.pc.onnx": 50, "bench/mobilenet_v2.qdq.u8s8.pc.onnx": 50,
          "digits/*.q*.onnx": 10, "digits/*.pt2": 10, "conformance/onnx_qdq_ort/*/[us]*.onnx": 5,
          "conformance/tflite/*/model_int8.tflite": 2}
SEEDS = (7000, 7080)  # of random networks
SVG = "{http://www.w3.org/2000/svg}"


def plan_of(model):
    """(memory of the report, totals)."""
    report = json.loads(qbias("report", model, "--format=json").stdout)
    return report["memory"], report["totals"]


def check(model):
    """No two buffers share a byte while both live; the workspace is near the bound."""
    memory, totals = plan_of(model)
    buffers = memory["buffers"]
    equal(memory["workspace_bytes"], totals["workspace_bytes"], "workspace")
    for number, a in enumerate(buffers):
        require(a["offset"] % ALIGNMENT == 0 and a["bytes"] >= 0 and a["first"] <= a["last"],
                f"place {a}")
        require(a["offset"] + a["bytes"] <= memory["workspace_bytes"], f"{a} beyond the end")
        for b in buffers[:number]:
            require(a["last"] < b["first"] or b["last"] < a["first"]
                    or a["offset"] + a["bytes"] <= b["offset"]
                    or b["offset"] + b["bytes"] <= a["offset"], f"{a} and {b} share bytes")
    steps = {step for b in buffers for step in (b["first"], b["last"])}
    live = max(sum(-(-b["bytes"] // ALIGNMENT) * ALIGNMENT for b in buffers
                   if b["first"] <= step <= b["last"]) for step in steps | {0})
    equal(memory["live_bytes"], live, "bytes that live at once")
    require(memory["workspace_bytes"] <= MOST * live, f"{memory['workspace_bytes']} for {live}")
    return buffers


@cases({"digits": (lambda folder: DIGITS,), "all_forms": (lambda folder: forms(folder).model,)})
def places(folder, make):
    """Every buffer has a place and a name."""
    buffers = check(make(folder))
    require(len(buffers) > 10 and all(b["name"] for b in buffers), str(buffers))


@case
def shared_models(_):
    """So have those of all models where the data is."""
    data = os.environ.get("QBIAS_DATA_DIR", "")
    for pattern, least in MODELS.items():
        for path in sorted(glob.glob(os.path.join(data, pattern))):
            buffers = check(path)
            require(len(buffers) >= least, f"{path}: {len(buffers)} buffers")


@case
def random_networks(folder):
    """And those of networks nobody looked at."""
    counts = [len(check(write_case(seed, os.path.join(folder, str(seed)))[0]))
              for seed in range(*SEEDS)]
    require(max(counts) > 8, f"{counts} buffers")


@case
def table(_):
    """The text form has a line for each."""
    buffers = plan_of(DIGITS)[0]["buffers"]
    text = qbias("report", DIGITS).stdout
    lines = text[text.index("tensor in the workspace"):].split("\n\n")[0].splitlines()[1:]
    equal([line.split()[:3] for line in lines],
          [[b["name"], str(b["bytes"]), str(b["offset"])] for b in buffers], "lines")


@case
def picture(folder):
    """The SVG is well formed and has a rectangle for each; names stay text."""
    hostile = one_layer(folder, "uint8", name="a]]></title><script>&'\"")
    for model in (DIGITS, hostile):
        root = ElementTree.fromstring(qbias("report", model, "--format=svg").stdout)
        equal({element.tag for element in root.iter()} - {SVG + t for t in
              ("svg", "g", "rect", "text", "title")}, set(), "elements")
        titles = [title.text for title in root.iter(SVG + "title")]
        buffers = plan_of(model)[0]["buffers"]
        equal(titles, [f"{b['name']}: {b['bytes']} bytes at {b['offset']}" for b in buffers],
              "titles")
        for rect in root.iter(SVG + "rect"):
            require(float(rect.get("x")) >= 0 and float(rect.get("y")) >= 0, str(rect.attrib))


@case
def usage(_):
    """Another format."""
    done = qbias("report", DIGITS, "--format=png", code=2)
    require("'png', expected text, json, html or svg" in done.stderr, done.stderr)


if __name__ == "__main__":
    main(__doc__)
