#!/bin/bash
# Ours beside other load generators with one second of think time: how much of N / Z each reaches, CPU per request and
# memory per user, each on core 1 against the null server on core 0.
#
# Locust comes from PyPI into a folder of its own (PEERS_DIR, kept between runs; FastHttpUser, its leaner client). k6 is measured
# where it is on the PATH. Both are optional: a row that cannot be measured is left out, and why is told on stderr.
# CPU is that of the whole process over the measured seconds; memory per user is what it has grown by over the same program
# with one user.
#
#   cargo build --release -p autoperf --examples
#   tests/bench/peers.sh [SECONDS]        USERS="100 1000"
set -euo pipefail
cd "$(dirname "$0")/../.."
bin="${CARGO_TARGET_DIR:-target}/release/examples" port="${PORT:-18094}" seconds="${1:-10}" dir="$(mktemp -d)"
peers="${PEERS_DIR:-target/peers}"; server_pid="" peer_pid=""
trap 'kill $server_pid $peer_pid 2>/dev/null || true; rm -rf "$dir"' EXIT
ulimit -n "$(ulimit -Hn)"
taskset -c 0 "$bin/null_server" "$port" 600 > "$dir/out" & server_pid=$!
sleep 0.5
url="http://127.0.0.1:$port/" tick="$(getconf CLK_TCK)"
# How long a peer gets to bring up its users before it is measured.
ramp() { awk "BEGIN { print 4 + int($1 / 200) }"; }

ticks() { awk '{ print $14 + $15 }' "/proc/$1/stat"; }
resident() { awk '/^VmRSS/ { print $2 * 1024 }' "/proc/$1/status"; }
# Runs a peer's command in the background and measures it: CPU seconds a second, resident bytes.
watch_peer() {
  local users="$1"; shift
  taskset -c 1 "$@" > "$dir/peer.out" 2>&1 & peer_pid=$!
  sleep "$(ramp "$users")"
  local before after; before=$(ticks "$peer_pid"); sleep "$seconds"; after=$(ticks "$peer_pid")
  cpu=$(awk "BEGIN { print ($after - $before) / $tick / $seconds }"); bytes=$(resident "$peer_pid")
  wait "$peer_pid" || true; peer_pid=""
}
row() { # name users rate cpu bytes bytes_of_one
  awk -v name="$1" -v n="$2" -v rate="$3" -v cpu="$4" -v bytes="$5" -v one="$6" 'BEGIN {
    per = (n > 1) ? sprintf("%.1f", (bytes - one) / (n - 1) / 1024) : "-"
    printf "| %s | %d | %.1f | %.3f | %.3f | %.0f | %s |\n", name, n, rate, rate / n, cpu, (rate > 0) ? 1e6 * cpu / rate : 0, per }'
}

echo "| generator | users | requests/s | of N / Z | CPU, cores | CPU per request, us | KiB per user |"
echo "|---|---|---|---|---|---|---|"
field() { sed "s/.*\"$1\":\\([^,}]*\\).*/\\1/" "$dir/run"; }
for users in ${USERS:-100 1000}; do
  taskset -c 1 "$bin/engine_load" "$url" "$users" 1 "$seconds" > "$dir/run"
  bytes=$(field bytes_per_user)
  row autoperf "$users" "$(field rate)" "$(field cpu)" "$(awk "BEGIN { print $bytes * ($users - 1) }")" 0
done

if [ ! -x "$peers/locust/bin/locust" ]; then
  python3 -m venv "$peers/locust" >&2 && "$peers/locust/bin/pip" install --quiet locust >&2 || echo "locust cannot be installed here" >&2
fi
if [ -x "$peers/locust/bin/locust" ]; then
  cat > "$dir/locustfile.py" <<'PY'
from locust import FastHttpUser, constant, task

class Reader(FastHttpUser):
    wait_time = constant(1)

    @task
    def page(self):
        self.client.get("/")
PY
  locust() {
    watch_peer "$1" "$peers/locust/bin/locust" --headless -f "$dir/locustfile.py" -H "${url%/}" -u "$1" -r "$1" \
      --reset-stats --csv "$dir/locust" -t "$(($(ramp "$1") + seconds + 2))s"
    rate=$(awk -F, '$2 == "Aggregated" { print $10 }' "$dir/locust_stats.csv")
  }
  locust 1; one=$bytes
  for users in ${USERS:-100 1000}; do locust "$users"; row locust "$users" "$rate" "$cpu" "$bytes" "$one"; done
fi

if command -v k6 > /dev/null; then
  cat > "$dir/k6.js" <<JS
import http from 'k6/http';
import { sleep } from 'k6';
export default function () { http.get('$url'); sleep(1); }
JS
  k6run() {
    watch_peer "$1" k6 run --quiet --vus "$1" --duration "$(($(ramp "$1") + seconds + 2))s" "$dir/k6.js"
    rate=$(awk '/http_reqs/ { for (i = 1; i <= NF; i++) if ($i ~ /\/s$/) { sub("/s", "", $i); print $i } }' "$dir/peer.out")
  }
  k6run 1; one=$bytes
  for users in ${USERS:-100 1000}; do k6run "$users"; row k6 "$users" "$rate" "$cpu" "$bytes" "$one"; done
else
  echo "k6 is not installed" >&2
fi
