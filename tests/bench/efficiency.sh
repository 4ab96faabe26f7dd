#!/bin/bash
# Requests per CPU-second of the generator, ours against wrk, at zero think time.
#
# The server has core 0, the generator core 1. Runs alternate, and the table gives the median of the pairwise ratios, so
# that a machine that is busy with other things disturbs both sides alike. Needs wrk and, for SERVER=nginx, nginx.
#
#   cargo build --release -p autoperf --examples
#   tests/bench/efficiency.sh [ROUNDS] [SECONDS]        SERVER=null|nginx (default null)   CONNECTIONS="1 64 256"
#
# With HYPER=PATH, the client over hyper's connection level (tests/bench/hyper_client, built by itself) is measured too, and
# oha (cargo install oha) where it is on the PATH.
set -euo pipefail
cd "$(dirname "$0")/../.."
bin="${CARGO_TARGET_DIR:-target}/release/examples"
rounds="${1:-5}" seconds="${2:-2}" server="${SERVER:-null}" connections="${CONNECTIONS:-1 64 256}"
port="${PORT:-18099}" dir="$(mktemp -d)"
trap 'kill "$server_pid" 2>/dev/null || true; rm -rf "$dir"' EXIT

if [ "$server" = nginx ]; then
  mkdir -p "$dir/www" && head -c 600 /dev/zero | tr '\0' x > "$dir/www/index.html"
  cat > "$dir/nginx.conf" <<CONF
daemon off; worker_processes 1; pid $dir/pid; error_log $dir/error.log; user root;
events { worker_connections 20000; }
http { access_log off; keepalive_requests 100000000; open_file_cache max=10; sendfile on;
  client_body_temp_path $dir/t1; proxy_temp_path $dir/t2; fastcgi_temp_path $dir/t3; uwsgi_temp_path $dir/t4; scgi_temp_path $dir/t5;
  server { listen 127.0.0.1:$port backlog=4096; root $dir/www; } }
CONF
  taskset -c 0 nginx -c "$dir/nginx.conf" & server_pid=$!
else
  taskset -c 0 "$bin/null_server" "$port" 600 > "$dir/out" & server_pid=$!
fi
for _ in $(seq 50); do (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && break; sleep 0.1; done

ours() { taskset -c 1 "$bin/engine_load" "http://127.0.0.1:$port/" "$1" 0 "$seconds" | sed 's/.*"per_cpu_s":\([0-9]*\).*/\1/'; }

# CPU seconds of a whole wrk process over the requests that it reports.
wrks() {
  local report="$dir/wrk" cpu
  TIMEFORMAT='%U %S'
  cpu=$( { time taskset -c 1 wrk -t1 -c"$1" -d"${seconds}s" "http://127.0.0.1:$port/" > "$report"; } 2>&1 )
  awk -v cpu="$cpu" '/requests in/ { split(cpu, t, " "); printf "%.0f\n", $1 / (t[1] + t[2]) }' "$report"
}

hypers() { taskset -c 1 "$HYPER" "127.0.0.1:$port" "$1" "$seconds"; }

# CPU seconds of a whole oha process over the requests that it reports.
ohas() {
  local report="$dir/oha" cpu
  TIMEFORMAT='%U %S'
  cpu=$( { time taskset -c 1 oha --no-tui --output-format json -z "${seconds}s" -c "$1" "http://127.0.0.1:$port/" > "$report"; } 2>&1 )
  tr -d ' \n' < "$report" | sed 's/.*"statusCodeDistribution":{"200":\([0-9]*\).*/\1/' \
    | awk -v cpu="$cpu" '{ split(cpu, t, " "); printf "%.0f\n", $1 / (t[1] + t[2]) }'
}

median() { sort -n | awk '{ v[NR] = $1 } END { print (NR % 2) ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'; }

ratio() { awk "BEGIN { printf \"%.3f\\n\", $1 / $2 }"; }
range() { echo "$(median < "$1") ($(sort -n "$1" | head -1) to $(sort -n "$1" | tail -1))"; }

echo "| server | connections | autoperf, requests per CPU-s | wrk, requests per CPU-s | autoperf / wrk: median of pairs (range) | hyper / wrk | oha / wrk |"
echo "|---|---|---|---|---|---|---|"
for c in $connections; do
  for list in a w r h o; do : > "$dir/$list"; done
  for round in $(seq "$rounds"); do
    if [ $((round % 2)) = 0 ]; then a=$(ours "$c"); w=$(wrks "$c"); else w=$(wrks "$c"); a=$(ours "$c"); fi
    echo "$a" >> "$dir/a"; echo "$w" >> "$dir/w"; ratio "$a" "$w" >> "$dir/r"
    if [ -n "${HYPER:-}" ]; then ratio "$(hypers "$c")" "$w" >> "$dir/h"; fi
    if command -v oha > /dev/null; then ratio "$(ohas "$c")" "$w" >> "$dir/o"; fi
  done
  hyper="-"; [ -s "$dir/h" ] && hyper=$(range "$dir/h")
  oha="-"; [ -s "$dir/o" ] && oha=$(range "$dir/o")
  echo "| $server | $c | $(median < "$dir/a") | $(median < "$dir/w") | $(range "$dir/r") | $hyper | $oha |"
done
