# What the runners of tests share (sourced by tools/test and tools/test-image): saying where they are, counting, and leaving
# nothing running.
# shellcheck shell=bash
: "${logs:?to be set to the folder for full logs}"

passed=0
failed=0
# The machine is shared and noisy. If no more than so many tests of a suite fail, they run again, alone.
again_most=3

say() {
    printf '[%4d s] %s\n' "$SECONDS" "$*"
}

# count NAME PASSED FAILED: adds to the total. What ran nothing has failed.
count() {
    local name=$1 ok=$2 bad=$3
    if [ $((ok + bad)) = 0 ]; then
        say "$name: ran no test"
        bad=1
    fi
    passed=$((passed + ok))
    failed=$((failed + bad))
    say "$name: $ok passed, $bad failed"
}

# count_log NAME LOG STATUS: counts what a runner of tests wrote and returned.
count_log() {
    local name=$1 log=$2 status=$3 ok bad
    read -r ok bad < <(tools/tally "$log")
    if [ "$status" != 0 ] && [ "$bad" = 0 ]; then
        say "$name: its runner failed with status $status"
        bad=1
    fi
    count "$name" "$ok" "$bad"
}

# count_or_again NAME LOG STATUS COMMAND...: counts like count_log. If only few tests failed, the command runs those again. If all of them
# pass then, they count as passed, and are named: a test that needs this is to be mended.
count_or_again() {
    local name=$1 log=$2 status=$3 again=${2%.log}-again.log ok bad
    shift 3
    read -r ok bad < <(tools/tally "$log")
    if [ "$status" != 0 ] && [ "$bad" -gt 0 ] && [ "$bad" -le "$again_most" ] && passes_again "$bad" "$again" "$@"; then
        say "$name: passed only when run again, alone (log: $again): $bad"
        count "$name" $((ok + bad)) 0
    else
        count_log "$name" "$log" "$status"
    fi
}

# passes_again LEAST LOG COMMAND...: whether the command succeeds, and at least so many tests pass in it.
passes_again() {
    local least=$1 log=$2 ok bad
    shift 2
    marked "$@" >"$log" 2>&1 || return 1
    read -r ok bad < <(tools/tally "$log")
    [ "$ok" -ge "$least" ] && [ "$bad" = 0 ]
}

# check NAME COMMAND...: a test that is one command. What it said is shown when it fails.
check() {
    local name=$1 log
    log=$(log_of "$name")
    shift
    if "$@" >"$log" 2>&1; then
        count "$name" 1 0
    else
        cat "$log"
        count "$name" 0 1
    fi
}

# step NAME COMMAND...: what tests need to run at all. Counted only when it fails, and then its output is shown.
step() {
    local name=$1 log
    log=$(log_of "$name")
    shift
    say "$name (log: $log)"
    "$@" >"$log" 2>&1 && return
    cat "$log"
    count "$name" 0 1
    return 1
}

log_of() {
    echo "$logs/${1//[ \/]/-}.log"
}

# ctest_suite NAME LABEL COMMAND...: the tests of that label, by a command that is `ctest` on a build; what failing tests said is shown.
# Programs with an embedded cluster wait more than they compute, so one more than the processors runs side by side.
ctest_suite() {
    local name=$1 label=$2 log status=0 jobs
    log=$(log_of "$name")
    jobs=$(nproc)
    [ "$label" != embedded ] || jobs=$((jobs + 1))
    shift 2
    say "$name: running (log: $log)"
    marked "$@" -L "^$label\$" -j "$jobs" -V >"$log" 2>&1 || status=$?
    [ "$status" = 0 ] || show_failures "$log"
    count_or_again "$name" "$log" "$status" "$@" -L "^$label\$" --rerun-failed -V
    count_leftovers "$name"
}

# What the failing tests in a log of `ctest -V` said; the end of the log where there is none.
show_failures() {
    local log=$1 numbers number
    numbers=$(sed -nE '/\*\*\*/s/^ *[0-9]+\/[0-9]+ Test +#([0-9]+): .*/\1/p' "$log")
    [ -n "$numbers" ] || tail -n 50 "$log"
    for number in $numbers; do
        sed -nE "s/^$number: //p; / Test +#$number: /p" "$log"
    done
}

# Runs a command so that whatever it starts can be told from everything else on this machine.
marked() {
    MR_TEST_RUN=$$ "$@"
}

# The processes that this run started and that still run: those with the mark in their environment.
leftovers() {
    grep -lzsFx "MR_TEST_RUN=$$" /proc/[0-9]*/environ | cut -d/ -f3
}

end_leftovers() {
    leftovers | xargs -r kill -KILL 2>/dev/null || true
}

# A suite leaves nothing running: what is still there after ten seconds is ended, and is a failure.
count_leftovers() {
    local name=$1 deadline=$((SECONDS + 10)) pids
    while mapfile -t pids < <(leftovers) && [ ${#pids[@]} -gt 0 ]; do
        if [ "$SECONDS" -ge "$deadline" ]; then
            ps -o pid,etime,args -p "${pids[*]}" || true
            end_leftovers
            count "$name leaves nothing running" 0 1
            return
        fi
        sleep 0.1
    done
}

# The total, as the last line; to be called last, its status is the runner's.
report_total() {
    echo "$passed passed, $failed failed"
    [ "$failed" = 0 ]
}
