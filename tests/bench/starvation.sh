#!/bin/bash
# Whether a starved generator is recognised every time, and a healthy one never suspected.
#
# Each trial is a short run of 200 users with 0.1 s think time against the null server on core 0, the generator on core 1:
# healthy; beside a busy loop on its core; with 100 descriptors; with 100 local ports (in a network namespace of its own,
# against a server address that is not a loopback one, where no further source address helps). "Limit" counts the trials that
# would be thrown away, "tail" those whose high percentiles would be called doubtful; a trial is recognised by either.
#
#   cargo build --release -p autoperf --examples
#   tests/bench/starvation.sh [TRIALS]
set -euo pipefail
cd "$(dirname "$0")/../.."
bin="$(realpath "${CARGO_TARGET_DIR:-target}")/release/examples"
trials="${1:-20}" port="${PORT:-18097}" dir="$(mktemp -d)"
pids=()
trap 'kill "${pids[@]}" 2>/dev/null || true; rm -rf "$dir"' EXIT

# Real-time priority, where allowed, keeps other work on the machine from starving the healthy trials.
first=""; chrt -f 10 true 2>/dev/null && first="chrt -f 10"
$first taskset -c 0 "$bin/null_server" "$port" 600 > "$dir/out" & pids+=($!)
sleep 0.5
load() { taskset -c 1 "$bin/engine_load" "http://127.0.0.1:$port/" 200 0.1 1.5; }

healthy() { $first taskset -c 1 "$bin/engine_load" "http://127.0.0.1:$port/" 200 0.1 1.5; }
busy() {
  taskset -c 1 bash -c 'while :; do :; done' & local loop=$!
  load
  kill "$loop"; wait "$loop" 2>/dev/null || true
}
descriptors() { (ulimit -n 100; load); }
ports() {
  unshare -n bash -c "ip link set lo up; ip address add 10.9.9.9/32 dev lo
    echo 20000 20099 > /proc/sys/net/ipv4/ip_local_port_range
    taskset -c 0 $bin/null_server $port 600 0.0.0.0 > /dev/null & server=\$!
    sleep 0.3; taskset -c 1 $bin/engine_load http://10.9.9.9:$port/ 200 0.1 1.5; kill \$server"
}

# reason FILE SIGN: the first one given.
reason() { sed -n "s/.*\"$2\":\"\([^\"]*\)\".*/\1/p" "$1" | head -1; }

echo "| trial | limit | tail | recognised | of | first reason |"
echo "|---|--:|--:|--:|--:|---|"
for kind in healthy busy descriptors ports; do
  : > "$dir/$kind"
  for _ in $(seq "$trials"); do "$kind" >> "$dir/$kind"; done
  limit=$(grep -vc '"saturated":null' "$dir/$kind" || true)
  tail=$(grep -vc '"doubtful_tail":null' "$dir/$kind" || true)
  sound=$(grep -c '"doubtful_tail":null,"saturated":null' "$dir/$kind" || true)
  said="$(reason "$dir/$kind" saturated)"
  echo "| $kind | $limit | $tail | $((trials - sound)) | $trials | ${said:-$(reason "$dir/$kind" doubtful_tail)} |"
done
