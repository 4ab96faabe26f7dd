# Settings of the example, read by up, down and run. Each may be set in the environment.
# shellcheck shell=bash disable=SC2034

# Where everything that the example writes is kept.
WEBCAL_STATE=${WEBCAL_STATE:-/tmp/autoperf-webcal-$UID}
# Port of the site on 127.0.0.1, and that of the profiler.
WEBCAL_PORT=${WEBCAL_PORT:-8880}
WEBCAL_PROFILER_PORT=${WEBCAL_PROFILER_PORT:-22221}
# Cores of the servers and of the generator; empty = not pinned.
if [ -z "${WEBCAL_SERVER_CORE+set}${WEBCAL_GENERATOR_CORE+set}" ] &&
    taskset -c 0 true 2>/dev/null && taskset -c 1 true 2>/dev/null; then
    WEBCAL_SERVER_CORE=0
    WEBCAL_GENERATOR_CORE=1
fi
WEBCAL_SERVER_CORE=${WEBCAL_SERVER_CORE:-}
WEBCAL_GENERATOR_CORE=${WEBCAL_GENERATOR_CORE:-}

webcal_folder=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
PATH=$PATH:/usr/sbin:/sbin

say() { printf 'webcal: %s\n' "$*" >&2; }
fail() { say "$*"; exit 1; }

# Runs a command on the servers' or the generator's core: on_core CORE COMMAND...
on_core() {
    local core=$1
    shift
    if [ -n "$core" ]; then taskset -c "$core" "$@"; else "$@"; fi
}

# Whether the process of a pid file lives and is the program that it should be: lives PIDFILE NAME
lives() {
    local pid
    pid=$(cat "$1" 2>/dev/null) || return 1
    [ -n "$pid" ] && [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = "$2" ]
}

# Waits up to SECONDS until a command succeeds: wait_for SECONDS COMMAND...
wait_for() {
    local tries=$(($1 * 10))
    shift
    for ((try = 0; try < tries; try++)); do
        if "$@" >/dev/null 2>&1; then return 0; fi
        sleep 0.1
    done
    return 1
}

# Ends the process of a pid file and waits for it: end PIDFILE NAME
end() {
    if ! lives "$1" "$2"; then
        rm -f "$1"
        return 0
    fi
    local pid
    pid=$(cat "$1")
    kill -TERM "$pid"
    if ! wait_for 20 not_running "$pid"; then
        say "$2 (pid $pid) does not end by itself"
        kill -KILL "$pid"
        wait_for 5 not_running "$pid"
    fi
    rm -f "$1"
}

# An ended process that its parent has not waited for yet does not run either.
not_running() {
    local stat
    stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 0
    [[ ${stat##*) } == Z* ]]
}
