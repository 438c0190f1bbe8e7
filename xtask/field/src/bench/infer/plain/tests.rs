use super::*;

/// Weights that differ everywhere, of odd sizes.
fn weights() -> Weights {
    let (inputs, embedding, units, outputs) = (12, 5, 7, 70);
    let mut n = 0.0f32;
    let mut matrix = |rows: usize, columns: usize| {
        let values = (0..rows * columns).map(|_| {
            n += 1.0;
            (n * 0.7).sin() * 0.8
        });
        Matrix {
            rows,
            columns,
            values: values.collect(),
        }
    };
    Weights {
        embedding: matrix(inputs, embedding),
        input: matrix(4 * units, embedding),
        recurrent: matrix(4 * units, units),
        bias: matrix(1, 4 * units).values,
        output: matrix(units, outputs),
        output_bias: matrix(1, outputs).values,
    }
}

/// The definition, one stream, double precision.
fn reference(w: &Weights, calls: &[u16]) -> Vec<f64> {
    let units = w.recurrent.columns;
    let (mut h, mut c) = (vec![0.0f64; units], vec![0.0f64; units]);
    let at = |m: &Matrix, row: usize, column: usize| f64::from(m.values[row * m.columns + column]);
    let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
    let mut surprise = Vec::new();
    for pair in calls.windows(2) {
        let gate = |row: usize| {
            let x = (0..w.embedding.columns)
                .map(|k| at(&w.embedding, usize::from(pair[0]), k) * at(&w.input, row, k));
            let r = (0..units).map(|k| h[k] * at(&w.recurrent, row, k));
            f64::from(w.bias[row]) + x.sum::<f64>() + r.sum::<f64>()
        };
        let gates: Vec<f64> = (0..4 * units).map(gate).collect();
        for k in 0..units {
            let (i, o) = (sigmoid(gates[k]), sigmoid(gates[units + k]));
            let (f, g) = (sigmoid(gates[2 * units + k]), gates[3 * units + k].tanh());
            c[k] = f * c[k] + i * g;
            h[k] = o * c[k].tanh();
        }
        let logit = |column: usize| {
            let product = (0..units).map(|k| h[k] * at(&w.output, k, column));
            f64::from(w.output_bias[column]) + product.sum::<f64>()
        };
        let sum: f64 = (0..w.output.columns)
            .map(|column| logit(column).exp())
            .sum();
        surprise.push(sum.ln() - logit(usize::from(pair[1])));
    }
    surprise
}

#[test]
fn the_loop_computes_the_network_for_any_batch_and_length() {
    let weights = weights();
    let mut plain = Plain::new(&weights);
    for (lanes, steps) in [(1, 1), (1, 9), (5, 3), (8, 2)] {
        let call = |t: usize, lane: usize| ((t * 5 + lane * 3 + t * lane) % 12) as u16;
        let calls: Vec<u16> = (0..=steps)
            .flat_map(|t| (0..lanes).map(move |lane| call(t, lane)))
            .collect();
        let mut surprise = vec![0.0; lanes * steps];
        plain.run(lanes, &calls, &mut plain.state(lanes), &mut surprise);
        for lane in 0..lanes {
            let own: Vec<u16> = (0..=steps).map(|t| call(t, lane)).collect();
            for (t, exact) in reference(&weights, &own).into_iter().enumerate() {
                let found = f64::from(surprise[t * lanes + lane]);
                assert!(
                    (found - exact).abs() < 1e-5,
                    "{lanes} lanes, step {t}: {found} {exact}"
                );
            }
        }
    }
}

#[test]
fn a_run_goes_on_from_the_state_of_the_one_before() {
    let weights = weights();
    let mut plain = Plain::new(&weights);
    let calls = [3u16, 1, 4, 1, 5, 9, 2];
    let (mut whole, mut parts) = ([0.0; 6], [0.0; 6]);
    plain.run(1, &calls, &mut plain.state(1), &mut whole);
    let mut state = plain.state(1);
    plain.run(1, &calls[..4], &mut state, &mut parts[..3]);
    plain.run(1, &calls[3..], &mut state, &mut parts[3..]);
    for (a, b) in whole.iter().zip(&parts) {
        assert!((a - b).abs() < 1e-6);
    }
}
