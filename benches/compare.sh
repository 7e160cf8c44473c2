#!/usr/bin/env bash
# Measures aa-forensics beside tools that do less, on generated logs, and checks every answer.
#
#   benches/compare.sh [speed] [memory] [linear]      all three without an argument
#
# Wall time of the whole process, the case written to disk, warm page cache, two threads, pairs interleaved.
#   AAF_BENCH_DIR    where the logs are kept (default target/bench-data; about 6 GB, `linear` up to 9 GB more in passing)
#   AAF_BENCH_SCALE  divides every size, to try the script out (default 1)
#   AAF_BENCH_RUNS   pairs for each row (default 7)
#   AAF_BENCH_BIN    a folder with aa-forensics and aaf-generate, instead of building them
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

scale=${AAF_BENCH_SCALE:-1}
runs=${AAF_BENCH_RUNS:-7}
threads=2
data=${AAF_BENCH_DIR:-target/bench-data}
mkdir -p "$data"
data=$(cd "$data" && pwd)
results=$data/results.md
case_dir=$data/case
sections=("${@:-all}")
missing=()

wants() { [[ " ${sections[*]} " == *" all "* || " ${sections[*]} " == *" $1 "* ]]; }
say() { printf '%s\n' "$*" >&2; }
row() { tee -a "$results"; }

# On larger machines both sides get the same two processors.
pin=""
if [[ $(nproc) -gt $threads ]] && command -v taskset >/dev/null; then pin="taskset -c 0,1 "; fi

if [[ -n "${AAF_BENCH_BIN:-}" ]]; then
    bin=$(cd "$AAF_BENCH_BIN" && pwd)
else
    cargo build --release --package aaf-cli --package aaf-testkit --bins
    bin=$(cd "${CARGO_TARGET_DIR:-target}/release" && pwd)
fi

# need PROGRAM HOW: whether a peer is there; says aloud where it is not.
need() {
    command -v "$1" >/dev/null && return 0
    say "MISSING: $1 is not installed, its rows cannot be measured. Get it with: $2"
    missing+=("$1")
    return 1
}

# log KIND NAME AMOUNT: generates an input once.
log() {
    local kind=$1 name=$2 amount=$3 option=--bytes
    [[ $kind == flood ]] && option=--records
    if [[ ! -e $data/$name.truth.json ]]; then
        say "generating $name"
        "$bin/aaf-generate" "$kind" "$option" "$amount" --seed 1 -o "$data/$name"
    fi
    find "$data/$name" -type f -exec cat {} + >/dev/null
}

# analyze INPUT OPTION…: the command that makes the case of INPUT.
analyze() {
    local input=$1
    shift
    printf '%s%q analyze --threads %d --quiet --force %s -o %q %q' "$pin" "$bin/aa-forensics" $threads "$*" "$case_dir" "$input"
}

mib() { echo $(($1 * 1048576 / scale)); }
pair() { python3 benches/pair.py pair --runs "$runs" --case "$case_dir" "$@" | row; }

machine() {
    local cpu
    cpu=$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)
    printf '%s, %s processors, %s GiB, Linux %s; commit %s' "${cpu:-unknown processor}" "$(nproc)" \
        "$(awk '/^MemTotal/ {printf "%.0f", $2 / 1048576}' /proc/meminfo)" "$(uname -r)" \
        "$(git rev-parse --short HEAD 2>/dev/null || echo unknown)"
    command -v rg >/dev/null && printf '; %s' "$(rg --version | head -n 1)"
    command -v igzip >/dev/null && printf '; igzip %s' "$(igzip --version 2>&1 | sed -n 's/.*[^0-9.]\([0-9][0-9.]*\).*/\1/p' | head -n 1)"
    command -v openssl >/dev/null && printf '; %s' "$(openssl version | cut -d' ' -f1-2)"
    printf '\n'
}

{
    printf '# Measured\n\n%s.\n' "$(machine)"
    printf 'Times in seconds: median (least–most) of %s; sizes divided by %s.\n' "$runs" "$scale"
} >"$results"
cat "$results"

speed() {
    local sparse=$data/sparse.log dense=$data/dense.log rotated=$data/rotated
    local count="rg -c -a 'apparmor=\"'"
    printf '\n## Speed, beside tools that do less\n\n' | row
    printf '| what | ours | peer | ratio of medians | median of ratios | limit | CPU ours / peer | peak RSS MiB | answer |\n' | row
    printf '|---|--:|--:|--:|--:|---|--:|--:|---|\n' | row
    log sparse sparse.log "$(mib 2048)"
    if need rg 'cargo install ripgrep'; then
        pair --label 'sparse 2 GiB, no hash; rg -c' --limit 1.00 --truth "$sparse.truth.json" \
            --ours "$(analyze "$sparse" --hash none)" --peer "$pin$count $(printf %q "$sparse")"
    fi
    if need openssl 'apt-get install openssl'; then
        pair --label 'sparse 2 GiB, SHA-256; openssl dgst' --limit 1.15 --truth "$sparse.truth.json" \
            --ours "$(analyze "$sparse" --hash sha256)" --peer "${pin}openssl dgst -sha256 $(printf %q "$sparse")" --peer-answer digest
    fi
    log dense dense.log "$(mib 512)"
    if need rg 'cargo install ripgrep'; then
        pair --label 'dense 512 MiB, no hash, raw none; rg -c' --limit 6.50 --truth "$dense.truth.json" \
            --ours "$(analyze "$dense" --hash none --raw none)" --peer "$pin$count $(printf %q "$dense")"
        pair --label 'dense 512 MiB, no hash, raw records; rg -c' --limit 9.50 --truth "$dense.truth.json" \
            --ours "$(analyze "$dense" --hash none)" --peer "$pin$count $(printf %q "$dense")"
    fi
    log rotated rotated "$(mib 2048)"
    if need rg 'cargo install ripgrep' && need igzip 'apt-get install isal'; then
        # shellcheck disable=SC2016 # the inner shell expands it
        local each='case $1 in *.gz) igzip -dc "$1" | rg -c -a "apparmor=\"" ;; *) rg -c -a "apparmor=\"" "$1" ;; esac'
        local peer
        peer=$(printf 'cd %q && ls | xargs -P2 -I{} sh -c %q sh {}' "$rotated" "$each")
        pair --label 'rotated 2 GiB, 13 of 15 gzip, no hash; xargs -P2 igzip, rg -c' --limit 1.30 \
            --truth "$rotated.truth.json" --ours "$(analyze "$rotated" --hash none)" \
            --peer "$(printf '%sbash -c %q' "$pin" "$peer")"
    fi
}

memory() {
    printf '\n## Memory\n\n' | row
    printf '| what | MB | records | peak anonymous MiB | peak RSS MiB | limit MiB | s | answer |\n' | row
    printf '|---|--:|--:|--:|--:|---|--:|---|\n' | row
    log sparse sparse.log "$(mib 2048)"
    python3 benches/pair.py memory --label 'sparse 2 GiB' --limit 300 --case "$case_dir" \
        --truth "$data/sparse.log.truth.json" --ours "$(analyze "$data/sparse.log" --hash none)" | row
    log flood flood.log $((10000000 / scale))
    python3 benches/pair.py memory --label 'flood, 10 million records' --limit 1024 --case "$case_dir" \
        --truth "$data/flood.log.truth.json" --ours "$(analyze "$data/flood.log" --hash none)" | row
}

linear() {
    local kind size name
    printf '\n## Time against size\n\n' | row
    printf '| what | MB | s | MB/s | ns a byte | peak anonymous MiB | answer |\n' | row
    printf '|---|--:|--:|--:|--:|--:|---|\n' | row
    for kind in sparse dense; do
        for size in 256 512 1024 2048 4096 8192; do
            name=linear-$kind-$size.log
            log "$kind" "$name" "$(mib $size)"
            python3 benches/pair.py single --runs 3 --label "$kind $size MiB" --case "$case_dir" \
                --truth "$data/$name.truth.json" --ours "$(analyze "$data/$name" --hash none)" | row
            rm -f "$data/$name" "$data/$name.truth.json"
        done
    done
}

wants speed && speed
wants memory && memory
wants linear && linear
rm -rf "$case_dir"

say ""
say "Kept in $results"
if [[ ${#missing[@]} -gt 0 ]]; then
    say "INCOMPLETE: not installed: $(printf '%s\n' "${missing[@]}" | sort -u | tr '\n' ' ')"
    exit 1
fi
