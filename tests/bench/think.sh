#!/bin/bash
# Many users with one second of think time on one core: throughput against N / (Z + R), lateness, CPU, memory per user.
#
# The server has core 0, the generator core 1. Both run at real-time priority where that is allowed, so that other work on
# the machine does not count as the generator's lateness; they use a fifth of a core at most.
#
#   cargo build --release -p autoperf --examples
#   tests/bench/think.sh [SECONDS]        USERS="1000 5000 10000 19000"
set -euo pipefail
cd "$(dirname "$0")/../.."
bin="${CARGO_TARGET_DIR:-target}/release/examples"
seconds="${1:-5}" port="${PORT:-18095}" dir="$(mktemp -d)"
first=""; chrt -f 10 true 2>/dev/null && first="chrt -f 10"
trap 'kill "$server_pid" 2>/dev/null || true; rm -rf "$dir"' EXIT
$first taskset -c 0 "$bin/null_server" "$port" 600 > "$dir/out" & server_pid=$!
sleep 0.5
field() { sed "s/.*\"$1\":\\([^,}]*\\).*/\\1/" "$dir/run"; }
echo "| users | transactions/s | of N / (Z + R) | CPU, cores | CPU per transaction, us | late p50, us | late p99, us | response p50, us | response p99, us | bytes per user |"
echo "|---|---|---|---|---|---|---|---|---|---|"
for users in ${USERS:-1000 5000 10000 19000}; do
  $first taskset -c 1 "$bin/engine_load" "http://127.0.0.1:$port/" "$users" 1 "$seconds" > "$dir/run"
  per=$(field per_cpu_s)
  echo "| $users | $(field rate) | $(field of_expected) | $(field cpu) | $(awk "BEGIN { printf \"%.1f\", 1e6 / $per }") | $(field late_p50_us) | $(field late_p99_us) | $(field response_p50_us) | $(field response_p99_us) | $(field bytes_per_user) |"
done
