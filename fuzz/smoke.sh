#!/bin/sh
# Usage: smoke.sh [SECONDS [READER...]]   Fuzzes readers, all unless some are named, for so long each with the stable compiler.
set -eu
cd "$(dirname "$0")"
seconds=${1:-10}
[ $# -eq 0 ] || shift
cargo run --quiet --manifest-path ../Cargo.toml --package monitor --example seeds -- corpus
readers=${*:-$(ls -d corpus/*/ | xargs -n1 basename)}
host=$(rustc -vV | sed -n 's/^host: //p')
# The flags of `cargo fuzz build`, without a sanitizer, whose runtime only nightly has, and with codegen units, which
# build in a fraction of the time.
export RUSTC_BOOTSTRAP=1
export RUSTFLAGS="--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
-Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
-Cllvm-args=-sanitizer-coverage-trace-compares -Cdebug-assertions -Coverflow-checks"
cargo build --release --locked --target "$host" --bin reader
failed=
for reader in $readers; do
    log="corpus/$reader.log"
    READER=$reader "target/$host/release/reader" -max_total_time="$seconds" -max_len=65536 -rss_limit_mb=1024 \
        -timeout=10 -print_final_stats=1 -artifact_prefix="$reader-" "corpus/$reader" > "$log" 2>&1 || failed="$failed $reader"
    executed=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
    echo "$reader: ${executed:-0} executions, $(grep -o 'cov: [0-9]*' "$log" | tail -1 || true)"
done
[ -z "$failed" ] || { echo "failed:$failed; see corpus/READER.log" >&2; exit 1; }
