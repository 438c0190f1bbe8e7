#!/bin/sh
# Usage: smoke.sh [SECONDS]   Runs every fuzz target for so long with the stable compiler.
set -eu
cd "$(dirname "$0")"
seconds=${1:-10}
host=$(rustc -vV | sed -n 's/^host: //p')
cargo run --quiet --bin seeds -- corpus
# The flags of `cargo fuzz build`, without a sanitizer, which needs nightly's own runtime.
export RUSTC_BOOTSTRAP=1
export RUSTFLAGS="--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
-Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
-Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=1 -Cdebug-assertions -Coverflow-checks"
targets=$(ls fuzz_targets | sed 's/\.rs$//')
cargo build --release --target "$host" $(for target in $targets; do echo "--bin $target"; done)
for target in $targets; do
    echo "== $target"
    "target/$host/release/$target" -max_total_time="$seconds" -max_len=65536 -rss_limit_mb=1024 \
        -timeout=10 -print_final_stats=1 "corpus/$target" 2>&1 | grep -E 'stat::|ERROR|panicked|DONE' || true
    test -z "$(ls crash-* timeout-* oom-* 2>/dev/null)"
done
