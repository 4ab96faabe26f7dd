#!/usr/bin/env bash
# Real sites against their control groups' own CPU counters, as root:
#   apache2 with mod_cgid, whose daemon ignores the ends of its children, one process for each request;
#   php-fpm with pm.max_requests = 50, whose workers are replaced all the time.
# Each once in a control group of its own, which the profiler then reads, and once in one shared with a sleeping process, so
# that the profiler must do with processes. Fails where the figure in the first case is off by more than 2 %.
#   tests/bench/profiler-sites.sh [REQUESTS]     by default 2000
# Debian: apt-get install apache2 apache2-utils php-fpm
set -euo pipefail
cd "$(dirname "$0")/../.."
requests=${1:-2000}

skip() { echo "SKIPPED: $*"; exit 0; }
[ "$(id -u)" = 0 ] || skip "control groups need root"
for program in apache2 ab curl; do
    PATH=$PATH:/usr/sbin command -v $program >/dev/null || skip "$program is not installed"
done
fpm=$(compgen -G '/usr/sbin/php-fpm*' | sort | tail -n 1) || skip "php-fpm is not installed"
modules=/usr/lib/apache2/modules

work=$(mktemp -d)
chmod 755 "$work"
started=()
group=
finish() {
    for pid in "${started[@]}"; do kill "$pid" 2>/dev/null || true; done
    for _ in $(seq 100); do
        [ -z "$group" ] || [ ! -d "$group" ] || rmdir "$group" 2>/dev/null || { sleep 0.1; continue; }
        break
    done
    rm -rf "$work"
}
trap finish EXIT

# A control group with a CPU counter, of either version.
cell() {
    local place
    for place in /sys/fs/cgroup/cpuacct /sys/fs/cgroup/cpu,cpuacct /sys/fs/cgroup; do
        group=$place/autoperf-sites-$$
        if mkdir "$group" 2>/dev/null; then
            for usage in "$group/cpuacct.usage" "$group/cpu.stat"; do
                [ -e "$usage" ] && return
            done
            rmdir "$group"
        fi
    done
    group=
    skip "no control group with a CPU counter can be made here"
}

free_port() { # a port that nobody listens on
    local port
    for port in $(shuf -i 20000-30000 -n 50); do
        (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null || { echo "$port"; return; }
    done
}

within() { # within PROGRAM...: starts it in the control group, in the background
    bash -c 'echo $$ >"$0/cgroup.procs"; exec "$@"' "$group" "$@" &
    started+=($!)
}

wait_for() { # wait_for URL
    for _ in $(seq 200); do
        curl -fsS -o "$work/answer" "$1" 2>"$work/why" && return
        sleep 0.1
    done
    cat "$work/why" "$work"/*.log >&2
    exit 1
}

cat >"$work/page.cgi" <<'END'
#!/bin/sh
i=0
while [ $i -lt 6000 ]; do i=$((i + 1)); done
printf 'Content-Type: text/plain\n\n%s\n' $i
END
cat >"$work/page.php" <<'END'
<?php $sum = 0; for ($i = 0; $i < 60000; $i++) { $sum += $i % 7; } echo $sum;
END
chmod 755 "$work/page.cgi"

port=$(free_port)
apache() { # apache FILE: the settings that both sites share, and those of one
    cat >"$work/$1" <<END
ServerName localhost
ServerRoot $work
Listen 127.0.0.1:$port
PidFile $work/$1.pid
ErrorLog $work/$1.log
User www-data
Group www-data
LoadModule mpm_event_module $modules/mod_mpm_event.so
LoadModule authz_core_module $modules/mod_authz_core.so
LoadModule alias_module $modules/mod_alias.so
$2
END
}
apache cgid.conf "LoadModule cgid_module $modules/mod_cgid.so
ScriptSock $work/cgid.sock
ScriptAlias /page $work/page.cgi"
apache fpm.conf "LoadModule proxy_module $modules/mod_proxy.so
LoadModule proxy_fcgi_module $modules/mod_proxy_fcgi.so
ProxyPass /page fcgi://127.0.0.1:$((port + 1))$work/page.php"
cat >"$work/fpm.ini" <<END
[global]
error_log = $work/fpm.log
daemonize = no
[site]
listen = 127.0.0.1:$((port + 1))
user = www-data
group = www-data
pm = static
pm.max_children = 4
pm.max_requests = 50
END

cargo build --release --quiet -p autoperf-profiler --example accuracy
accuracy=${CARGO_TARGET_DIR:-target}/release/examples/accuracy
printf '%s, %s cores, load %s, %s requests\n\n' "$(uname -sr)" "$(nproc)" "$(cut -d' ' -f1-3 /proc/loadavg)" "$requests"
echo '| site | agent as | source | control group, ms | profiler, ms | error | of it for ending, ms | said complete |'
echo '|---|---|---|---|---|---|---|---|'
worst=0
stop_all() {
    for pid in "${started[@]}"; do kill "$pid" 2>/dev/null || true; done
    wait "${started[@]}" 2>/dev/null || true
    started=()
    for _ in $(seq 100); do rmdir "$group" 2>/dev/null && return; sleep 0.1; done
}
for site in cgid fpm; do
    for place in own shared; do
        cell
        [ $place = own ] || within sleep 1000
        if [ $site = cgid ]; then
            within apache2 -D FOREGROUND -f "$work/cgid.conf"
            names=apache2
            label="apache2, mod_cgid"
        else
            within "$fpm" --fpm-config "$work/fpm.ini" --nodaemonize --allow-to-run-as-root
            apache2 -D FOREGROUND -f "$work/fpm.conf" &
            started+=($!)
            names='php-fpm*'
            label="php-fpm, max_requests 50"
        fi
        wait_for "http://127.0.0.1:$port/page"
        row=$("$accuracy" site "$names" "$usage" "$label, $place group" \
            ab -q -l -n "$requests" -c 4 "http://127.0.0.1:$port/page")
        echo "$row"
        if [ $place = own ]; then
            worst=$(echo "$row" | awk -F'|' -v w="$worst" '{ e = $7 + 0; if (e < 0) e = -e; if (e > w) w = e } END { print w }')
        fi
        stop_all
    done
done
awk -v w="$worst" 'BEGIN { if (w > 2) { print "a figure from a group of its own is off by " w " %"; exit 1 } }'
