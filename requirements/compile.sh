#!/bin/sh
# Write the lock files anew. Needs uv; hashes are kept, index addresses are not.
set -eu
cd "$(dirname "$0")/.."
lock() {
    out=$1
    shift
    uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes \
        --no-emit-index-url --no-annotate --no-header --group build "$@" \
        --quiet --output-file "requirements/$out"
}
lock demo.lock --extra learn --extra web --extra linkage
lock dev.lock --extra learn --extra web --extra linkage --extra postgres --group test --group check --group docs
# The peers of benchmarks/learn_peers.py, at the versions of dev.lock for all that both hold.
lock bench.lock --extra learn --group bench --constraint requirements/dev.lock
# Spark, 0.5 GB, for `make test-spark`; at the versions of dev.lock, beside which it is installed.
lock spark.lock --extra spark --constraint requirements/dev.lock
