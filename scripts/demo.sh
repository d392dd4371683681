#!/usr/bin/env bash
# Builds what is missing and shows a quantized network as a proven integer program.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/build.sh
exec /usr/bin/python3 examples/digits/demo.py build
