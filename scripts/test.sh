#!/usr/bin/env bash
# Installs, builds and runs every test. The last line counts them.
set -uo pipefail
cd "$(dirname "$0")/.."
scripts/build.sh && scripts/fuzz.sh build || exit 1
export QBIAS_DATA_DIR=${QBIAS_DATA_DIR:-$(cd .. && pwd)/shared/data}
[ -d "$QBIAS_DATA_DIR" ] || echo "no data at QBIAS_DATA_DIR=$QBIAS_DATA_DIR: the tests that need it are skipped"
/usr/bin/python3 test/summary.py build
