#!/usr/bin/env bash
# Measures aa-forensics on binary journals beside `journalctl -o json | grep`, and checks that both find the same records.
#
# The set is made of copies of the samples' journals, each copy a file of its own.
#   AAF_BENCH_DIR   where the set is kept (default target/bench-data; AAF_BENCH_MIB of it)
#   AAF_BENCH_MIB   size of the set (default 1024)
#   AAF_BENCH_RUNS  pairs (default 3)
#   AAF_BENCH_BIN   a folder with aa-forensics, instead of building it
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

mib=${AAF_BENCH_MIB:-1024}
runs=${AAF_BENCH_RUNS:-3}
data=${AAF_BENCH_DIR:-target/bench-data}
say() { printf '%s\n' "$*" >&2; }

command -v journalctl >/dev/null || { say "MISSING: journalctl is not installed. Get it with: apt-get install systemd"; exit 1; }
if [[ -n "${AAF_BENCH_BIN:-}" ]]; then
    bin=$(cd "$AAF_BENCH_BIN" && pwd)/aa-forensics
else
    cargo build --release --package aaf-cli
    bin=$(cd "${CARGO_TARGET_DIR:-target}/release" && pwd)/aa-forensics
fi

mkdir -p "$data/journals.samples"
samples=$data/journals.samples
set_dir=$data/journals.$mib
for bundle in samples/{web01,app02a,bus04}.tar.xz; do
    tar -C "$samples" --wildcards -xJf "$bundle" '*.journal'
done
mapfile -d '' -t files < <(find "$samples" -name '*.journal' -print0 | sort -z)
sample_bytes=$(cat "${files[@]}" | wc -c)
copies=$((mib * 1048576 / sample_bytes + 1))
if [[ ! -e $set_dir/done ]]; then
    rm -rf "$set_dir"
    for ((copy = 0; copy < copies; copy++)); do
        mkdir -p "$set_dir/$copy"
        for number in "${!files[@]}"; do cp --sparse=never "${files[number]}" "$set_dir/$copy/$number.journal"; done
    done
    touch "$set_dir/done"
fi
mapfile -d '' -t all < <(find "$set_dir" -name '*.journal' -print0 | sort -z)

# journalctl leaves out entries that another file holds too, so it reads one file after the other. Records that auditctl
# only quotes (type 1005) are none.
theirs() {
    for file in "$@"; do journalctl --quiet --file "$file" -o json; done | grep 'apparmor=\\"' | grep -vc '"_AUDIT_TYPE":"1005"'
}
ours() { "$bin" records --quiet --threads 2 --format jsonl "$1" | wc -l; }

expected=$(($(theirs "${files[@]}") * copies))
cat "${all[@]}" | wc -c | awk '{printf "%.0f MiB", $1 / 1048576}'
printf ' in %s journals, %s records; %s; %s processors\n\n' "${#all[@]}" "$expected" "$(journalctl --version | head -n 1)" "$(nproc)"
printf '| run | aa-forensics records | journalctl -o json, grep | ratio |\n|---|--:|--:|--:|\n'
now() { date +%s%N; }
for ((run = 1; run <= runs; run++)); do
    start=$(now)
    found=$(ours "$set_dir")
    between=$(now)
    counted=$(theirs "${all[@]}")
    end=$(now)
    if [[ $found != "$expected" || $counted != "$expected" ]]; then
        say "WRONG: $expected records expected, aa-forensics found $found, journalctl $counted"
        exit 1
    fi
    awk -v run="$run" -v ours=$((between - start)) -v theirs=$((end - between)) \
        'BEGIN {printf "| %s | %.2f s | %.2f s | %.1f |\n", run, ours / 1e9, theirs / 1e9, theirs / ours}'
done
