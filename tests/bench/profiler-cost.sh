#!/usr/bin/env bash
# What watching costs: CPU milliseconds of autoperf-profiler for each of its samples, beside those of pidstat, atop,
# node_exporter and process-exporter, all in the same seconds. As root, so that the profiler keeps its exit ledger.
#   tests/bench/profiler-cost.sh [PROCESSES...]     by default 100 and 1000 idle processes beside
# Debian: apt-get install sysstat atop prometheus-node-exporter prometheus-process-exporter. What is missing is left out.
set -euo pipefail
cd "$(dirname "$0")/../.."
if [ $# -eq 0 ]; then set -- 100 1000; fi
cargo build --release --quiet -p autoperf-profiler --example cost
printf '%s, %s cores, load %s\n' "$(uname -sr)" "$(nproc)" "$(cut -d' ' -f1-3 /proc/loadavg)"
"${CARGO_TARGET_DIR:-target}/release/examples/cost" beside "$@"
