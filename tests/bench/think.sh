#!/bin/bash
# Many users with think time on one core: throughput against N / (Z + R), lateness, memory per user, and CPU per request
# beside the smallest client that thinks (tests/bench/truth, bare_client).
#
# The server has core 0, the generators core 1, in turn. All run at real-time priority where that is allowed, so that other
# work on the machine does not count as anybody's lateness; they use a fifth of a core at most. Up to 20,000 users think for
# a second, more for five, lest one core be too little. A row whose users need more descriptors than there are says so; the limit
# is raised where that is allowed. As root all happens in a network name space that keeps few connections in TIME_WAIT: those
# of the run before end together, a minute later, and the kernel's work on ten thousand of them would be the lateness of a
# later run.
#
#   cargo build --release -p autoperf --examples
#   cargo build --release --manifest-path tests/bench/truth/Cargo.toml --target-dir target/truth
#   tests/bench/think.sh [SECONDS [ROUNDS]]        USERS="1000 5000 10000 50000"
set -euo pipefail
if [ -z "${APART:-}" ] && unshare -n true 2>/dev/null; then
  export APART=yes
  # shellcheck disable=SC2016 # the inner shell expands them
  exec unshare -n bash -c 'ip link set lo up; echo 256 > /proc/sys/net/ipv4/tcp_max_tw_buckets; exec "$0" "$@"' "$0" "$@"
fi
cd "$(dirname "$0")/../.."
bin="${CARGO_TARGET_DIR:-target}/release/examples" truth="${TRUTH_DIR:-target/truth/release}"
seconds="${1:-5}" rounds="${2:-3}" port="${PORT:-18095}" dir="$(mktemp -d)"
first=""; chrt -f 10 true 2>/dev/null && first="chrt -f 10"
ulimit -n 200000 2>/dev/null || ulimit -n "$(ulimit -Hn)"; limit="$(ulimit -n)"; [ "$limit" = unlimited ] && limit=1048576
trap 'kill "$server_pid" 2>/dev/null || true; rm -rf "$dir"' EXIT
$first taskset -c 0 "$bin/null_server" "$port" 600 > "$dir/out" & server_pid=$!
sleep 0.5

field() { sed "s/.*\"$1\":\\([^,}]*\\).*/\\1/" "$dir/run"; }
median() { sort -g "$1" | awk '{ v[NR] = $1 } END { if (NR) print (NR % 2) ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2; else print "-" }'; }
keep() { for name in "$@"; do field "$name" >> "$dir/ours.$name"; done; }

ours() {
  $first taskset -c 1 "$bin/engine_load" "http://127.0.0.1:$port/" "$users" "$think" "$seconds" > "$dir/run"
  keep rate of_expected cpu late_p50_us late_p99_us response_p50_us response_p99_us bytes_per_user saturated
  awk "BEGIN { printf \"%.1f\\n\", 1e6 / $(field per_cpu_s) }" >> "$dir/ours.us"
}
bare() {
  if $first taskset -c 1 "$truth/bare_client" "$port" "$users" "$seconds" "$think" > "$dir/run" 2> /dev/null; then
    awk "BEGIN { printf \"%.1f\\n\", 1e6 / $(field per_cpu_s) }" >> "$dir/bare.us"
  fi
}

echo "| users | think, s | transactions/s | of N / (Z + R) | CPU, cores | CPU per transaction, us | bare client's, us | ratio | late p50, us | late p99, us | response p50, us | response p99, us | bytes per user | suspected |"
echo "|---|---|---|---|---|---|---|---|---|---|---|---|---|---|"
for users in ${USERS:-1000 5000 10000 50000}; do
  if [ "$((users + 64))" -gt "$limit" ]; then
    echo "| $users | needs more descriptors than the $limit that may be had here | | | | | | | | | | | | |"
    continue
  fi
  think=1; [ "$users" -gt 20000 ] && think=5
  rm -f "$dir"/ours.* "$dir"/bare.*; : > "$dir/bare.us"
  for round in $(seq "$rounds"); do
    if [ $((round % 2)) = 0 ]; then bare; ours; else ours; bare; fi
  done
  us=$(median "$dir/ours.us") bare_us=$(median "$dir/bare.us") ratio="-"
  [ "$bare_us" = - ] || ratio=$(awk "BEGIN { printf \"%.2f\", $us / $bare_us }")
  m() { median "$dir/ours.$1"; }
  suspected="$(grep -vc '^null$' "$dir/ours.saturated" || true) of $rounds"
  echo "| $users | $think | $(m rate) | $(m of_expected) | $(m cpu) | $us | $bare_us | $ratio | $(m late_p50_us) | $(m late_p99_us) | $(m response_p50_us) | $(m response_p99_us) | $(m bytes_per_user) | $suspected |"
done
