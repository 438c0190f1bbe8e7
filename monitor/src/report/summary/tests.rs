use super::text;
use crate::report::sample;

#[test]
fn the_summary_tells_losses_by_reason_coverage_and_cost() {
    assert_eq!(
        text(&sample::summary(), Some(&sample::model())),
        "Summary after 2.5 s
  calls     1,000 (400/s), 990 scored
  threads   4
  attached  by raw tracepoints
  lost      42: ring full 30, not scored in time 12, 3 gaps in threads
  missed    2 children not followed: process table full
  incidents 1
  alarms    1, and 3 more like them, and 2 more suppressed by the limit per minute
  coverage  70.0% of the calls mapped by name, 25.0% by meaning, 5.0% not at all (io_uring_setup 40, x86-64:900 10)
  surprise  highest score 5.25 nats a call
  io_uring  40 io_uring_enter calls: nothing that they submitted was visible
  model     default, sha256 abababababab, thresholds 3.20 slow, 6.50 fast
  LSTM      saw 69.3% of the calls: 70.0% of the 990 that asked for it, to keep to --cpu
  CPU time  0.12 s of the monitor itself, 5.0% of one core of 25% allowed
"
    );
}

#[test]
fn forgotten_threads_and_the_profile_are_told() {
    let mut summary = sample::summary();
    summary.snapshot.counters.evicted = 1234;
    let text = text(&summary, Some(&sample::profiled_model()));
    for line in [
        "\n  evicted   1,234 threads forgotten: the table of threads was full\n",
        "\n  profile   sha256 cdcdcdcdcdcd, adapting, thresholds 16.25 never seen before, 24.5 \
         sequences never learned\n",
    ] {
        assert!(text.contains(line), "{text}");
    }
}

#[test]
fn a_run_that_only_records_does_not_speak_of_scores() {
    let text = text(&sample::summary(), None);
    assert!(
        !text.contains("scored,") && !text.contains("alarms"),
        "{text}"
    );
    assert!(text.contains("lost      42"), "{text}");
}
