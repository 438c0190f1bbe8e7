use super::super::parts::Attack;
use super::*;
use trainer::corpus::Trace;

fn attacks(runs: &[&str]) -> Attacks {
    let trace = |i| Trace {
        name: format!("{i}"),
        calls: vec![i],
    };
    Attacks(
        runs.iter()
            .zip(0..)
            .map(|(run, i)| Attack::new(run, trace(i)))
            .collect(),
    )
}

fn scores(id: &str, normal: &[f64], attacks: &[f64]) -> Scores {
    Scores {
        id: id.to_owned(),
        label: id.to_owned(),
        what: String::new(),
        normal: normal.iter().copied().map(Some).collect(),
        attacks: attacks.iter().copied().map(Some).collect(),
    }
}

fn view(normal: usize, attacks: usize) -> View {
    View {
        id: "all",
        what: String::new(),
        normal: (0..normal).collect(),
        attacks: (0..attacks).collect(),
    }
}

const BOOTSTRAP: Bootstrap = Bootstrap {
    replicates: 300,
    seed: 1,
};

#[test]
fn a_family_counts_its_traces_and_its_runs_above_one_threshold_for_all() {
    let attacks = attacks(&["A_1", "A_1", "A_2", "B_1"]);
    let normal: Vec<f64> = (0..20).map(f64::from).collect();
    let scores = scores("m", &normal, &[18.0, 2.0, 3.0, 30.0]);
    let families = families(&scores, &view(20, 4), &attacks, &attacks.runs(), BOOTSTRAP);
    let rows: Vec<_> = families
        .iter()
        .map(|f| (&f.family[..], f.runs, f.traces, f.rate_at_10, f.runs_at_10))
        .collect();
    assert_eq!(rows, [("A", 2, 3, 1.0 / 3.0, 0.5), ("B", 1, 1, 1.0, 1.0)]);
    assert_eq!(families[1].auc, 1.0);
}

#[test]
fn the_threshold_lets_no_more_through_than_it_may() {
    let normal: Vec<f64> = (0..100).map(|i| f64::from(i / 4)).collect();
    let threshold = threshold(&normal, 0.10);
    let above = normal.iter().filter(|&&s| s > threshold).count();
    assert_eq!(above, 8, "the ties at {threshold} would make it 12");
}

#[test]
fn a_detector_does_not_differ_from_itself_and_does_from_a_worse_one() {
    let attacks = attacks(&["A_1", "A_2", "A_3", "A_4", "A_5", "A_6", "A_7", "A_8"]);
    let normal: Vec<f64> = (0..50).map(f64::from).collect();
    let good: Vec<f64> = (0..8).map(|i| 45.0 + f64::from(i)).collect();
    let bad: Vec<f64> = (0..8).map(|i| f64::from(i) * 5.0).collect();
    let all = [
        scores("good", &normal, &good),
        scores("same", &normal, &good),
        scores("bad", &normal, &bad),
    ];
    let differences = differences(&all, &view(50, 8), &attacks, BOOTSTRAP);
    assert_eq!(differences[0].auc, 0.0);
    assert_eq!(
        differences[0].intervals.by_run,
        Interval {
            low: 0.0,
            high: 0.0
        }
    );
    assert!(differences[0].inside && !differences[1].inside);
    assert!(differences[1].intervals.by_run.holds(differences[1].auc));
}
