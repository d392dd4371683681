# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""lit configuration: tools on the path, data found through QBIAS_DATA_DIR."""

import os

import lit.formats

config.name = "qbias"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir", ".test"]
config.excludes = ["Inputs", "Unit", "Oracle", "CMakeLists.txt"]
config.test_source_root = os.path.dirname(__file__)
config.test_exec_root = os.path.join(config.qbias_build, "test")

bin_dir = os.path.join(config.qbias_build, "bin")
config.environment["PATH"] = os.pathsep.join(
    [bin_dir, config.llvm_tools, config.environment["PATH"]])
config.environment["QBIAS_LIBRARY"] = os.path.join(config.qbias_build, "lib", "libqbias.so")
for name in ("HOME", "QBIAS_DATA_DIR"):
    if name in os.environ:
        config.environment[name] = os.environ[name]

config.substitutions += [
    ("%python", "/usr/bin/python3"),
    ("%oracle", os.path.join(config.test_source_root, "Oracle")),
    ("%examples", os.path.join(os.path.dirname(config.test_source_root), "examples")),
    ("%build", config.qbias_build),
    ("%top", os.path.dirname(config.test_source_root)),
]

# A build folder of their own: scripts/fuzz.sh build.
if os.path.exists(os.path.join(config.qbias_build, "fuzz", "bin", "OnnxFuzzer")):
    config.available_features.add("fuzzers")

# The models of others: a test that needs them says REQUIRES: data.
data = os.environ.get("QBIAS_DATA_DIR", "")
if os.path.isdir(os.path.join(data, "digits")):
    config.available_features.add("data")
    config.substitutions.append(("%data", data))
