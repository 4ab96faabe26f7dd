#!/bin/bash
# How true response times are: a server that answers exactly 10 ms or 100 ms after it has read a request and keeps its own
# times, the smallest client possible (tests/bench/truth) and ours, in turn.
#
# The server has core 0, the client core 1, both at real-time priority where that is allowed, lest other work on the machine
# counts as anybody's error. The error of a client is its quantile less the server's own of the same run; the table has the
# median over the rounds. 1,000 connections at 10 ms ask for more than a core may carry: there both queue, and say so alike.
#
#   cargo build --release -p autoperf --examples
#   cargo build --release --manifest-path tests/bench/truth/Cargo.toml --target-dir target/truth
#   tests/bench/truth.sh [ROUNDS] [SECONDS]        CONNECTIONS="10 100 1000"   SERVICE_MS="10 100"
set -euo pipefail
cd "$(dirname "$0")/../.."
bin="${CARGO_TARGET_DIR:-target}/release/examples" truth="${TRUTH_DIR:-target/truth/release}"
rounds="${1:-5}" seconds="${2:-3}" port="${PORT:-18093}" dir="$(mktemp -d)" server_pid=""
trap 'kill "$server_pid" 2>/dev/null || true; rm -rf "$dir"' EXIT
first=""; chrt -f 10 true 2>/dev/null && first="chrt -f 10"
ulimit -n "$(ulimit -Hn)"

field() { sed "s/.*\"$1\":\\([^,}]*\\).*/\\1/"; }
served() { # the server's own times since the last question
  exec 3<>"/dev/tcp/127.0.0.1/$port"; printf 'GET /truth HTTP/1.1\r\n\r\n' >&3; sed -n '/^{/{p;q}' <&3; exec 3<&- 3>&-
}
median() { sort -g | awk '{ v[NR] = $1 } END { print (NR % 2) ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'; }

# One run: the errors of p50 and p99, us, appended to the lists of that client.
measure() {
  local name="$1"; shift
  served > /dev/null
  $first taskset -c 1 "$@" > "$dir/run"
  served > "$dir/served"
  for q in p50 p99; do
    awk -v a="$(field "response_${q}_us" < "$dir/run")" -v b="$(field "${q}_us" < "$dir/served")" \
      'BEGIN { printf "%.1f\n", a - b }' >> "$dir/$name.$q"
  done
  field rate < "$dir/run" >> "$dir/$name.rate"
}

echo "| service, ms | connections | server's own p99, us | requests/s, bare | requests/s, autoperf | error of p50, us: bare | autoperf | error of p99, us: bare | autoperf | p99 within 10 % of bare |"
echo "|---|---|---|---|---|---|---|---|---|---|"
for service in ${SERVICE_MS:-10 100}; do
  $first taskset -c 0 "$truth/exact_server" "$port" "$((service * 1000))" & server_pid=$!
  for _ in $(seq 50); do (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && break; sleep 0.1; done
  for c in ${CONNECTIONS:-10 100 1000}; do
    rm -f "$dir"/*.p50 "$dir"/*.p99 "$dir"/*.rate
    for round in $(seq "$rounds"); do
      bare() { measure bare "$truth/bare_client" "$port" "$c" "$seconds"; }
      ours() { measure ours "$bin/engine_load" "http://127.0.0.1:$port/" "$c" 0 "$seconds"; }
      if [ $((round % 2)) = 0 ]; then bare; ours; else ours; bare; fi
    done
    for list in bare.p50 bare.p99 bare.rate ours.p50 ours.p99 ours.rate; do
      declare "${list/./_}=$(median < "$dir/$list")"
    done
    verdict=$(awk -v a="$ours_p99" -v b="$bare_p99" 'BEGIN { print (a <= b * 1.1 + 1) ? "yes" : "no" }')
    echo "| $service | $c | $(field p99_us < "$dir/served") | $bare_rate | $ours_rate | $bare_p50 | $ours_p50 | $bare_p99 | $ours_p99 | $verdict |"
  done
  kill "$server_pid"; wait "$server_pid" 2>/dev/null || true
done
