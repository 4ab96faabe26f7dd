#!/bin/bash
# The three strategies side by side on real sites with the same accuracy target: the demo site and, where it can be started,
# webcal. The ladder is told one and a half times N*, which nobody knows beforehand: the demo's by its law, webcal's as the
# default strategy has just found it.
#
#   cargo build --release -p autoperf -p autoperf-profiler
#   tests/bench/strategies.sh [DIRECTORY]      SITES="demo webcal" THROUGHPUT="3%" RESPONSE="10%" BUDGET=5m LONGEST=30m
#
# A quarter of an hour for the demo, half an hour for webcal, on a machine that does nothing else.
set -euo pipefail
cd "$(dirname "$0")/../.."
bin="$(cd "${AUTOPERF_BIN:-${CARGO_TARGET_DIR:-target}/release}" && pwd)"
out="${1:-$(mktemp -d)}" sites="${SITES:-demo webcal}"
mkdir -p "$out"; out="$(cd "$out" && pwd)"
target=(--throughput-precision "${THROUGHPUT:-3%}" --response-precision "${RESPONSE:-10%}"
  --time-budget "${BUDGET:-5m}" --max-duration "${LONGEST:-30m}")

# run SITE STRATEGY [ARGUMENT...]: an analysis; what it says is kept beside its results.
run() {
  local site="$1" strategy="$2" place="$out/$1-$2"; shift 2
  case "$site" in
  demo) "$bin/autoperf" demo --out "$place" --strategy "$strategy" "${target[@]}" "$@" > "$place.log" 2>&1 || true ;;
  webcal) AUTOPERF_BIN="$bin" examples/webcal/run --out "$place" --strategy "$strategy" "${target[@]}" "$@" > "$place.log" 2>&1 || true ;;
  esac
  if [ -f "$place/summary.json" ]; then row "$site" "$strategy" "$place/summary.json"
  else echo "| $site | $strategy | no result, see $place.log | | | | | |"; fi
}

row() {
  python3 - "$@" <<'PYTHON'
import json, sys
site, strategy, path = sys.argv[1:]
summary = json.load(open(path))
capacity = summary["capacity"]
def shown(name):
    figure = capacity.get(name)
    if figure is None:
        return "-"
    width = (figure["high"] - figure["low"]) / 2 / figure["value"] if figure["value"] else 0
    return f"{figure['value']:.1f} ±{100 * width:.1f} %"
users = [level["users"] for level in summary["levels"]]
print(f"| {site} | {strategy} | {summary['load_time_s']:.0f} | {len(users)} | {max(users, default=0)} "
      f"| {shown('max_throughput_per_s')} | {shown('saturation_users')} | {summary['verdict']['code']} |", flush=True)
PYTHON
}

# top SITE: one and a half times N*, for the ladder.
top() {
  if [ "$1" = demo ]; then echo 79; return; fi
  python3 -c 'import json, math, sys
found = json.load(open(sys.argv[1]))["capacity"].get("saturation_users")
print(math.ceil(1.5 * found["value"]) if found else 0)' "$out/$1-model-guided/summary.json" 2> /dev/null || echo 0
}

echo "| site | strategy | load time, s | levels | most users | X_max, /s | N* | verdict |"
echo "|---|---|--:|--:|--:|--:|--:|---|"
for site in $sites; do
  if [ "$site" = webcal ] && ! { command -v apache2 && command -v mariadbd && command -v php; } > /dev/null; then
    echo "| webcal | not installed | | | | | | |"; continue
  fi
  run "$site" model-guided
  run "$site" autoperf
  most="$(top "$site")"
  if [ "$most" -gt 0 ]; then run "$site" ladder --max-users "$most"
  else echo "| $site | ladder | nobody knows the maximum | | | | | |"; fi
done
echo
echo "Runs: $out"
