//! Every gradient against finite differences.

use crate::train::loss::{NO_TARGET, Tally};
use crate::train::network::{Batch, Network};
use crate::train::parameters;
use crate::train::preset::Architecture;
use crate::train::random::{Use, generator, normal};

/// Compares the gradient of every parameter with central differences, in `f64`.
fn check_gradients(network: &Network, batch: &Batch) {
    let count = parameters::count(&network.layout);
    let mut random = generator(5, Use::Initial, [0, 0]);
    let mut parameters: Vec<f64> = (0..count).map(|_| 0.4 * normal(&mut random)).collect();
    let scale = 0.7;
    // A state carried in from before, and the same dropout mask every time.
    let mut states = network.zero_states(batch.lanes);
    for value in states
        .iter_mut()
        .flat_map(|state| state.h.iter_mut().chain(&mut state.c))
    {
        *value = 0.3 * normal(&mut random);
    }
    let run = |parameters: &[f64], gradient: &mut [f64]| -> Tally {
        let mut mask = generator(9, Use::Dropout, [0, 0]);
        network.train(
            parameters,
            batch,
            &mut states.clone(),
            Some(&mut mask),
            scale,
            gradient,
        )
    };
    let mut gradient = vec![0.0; count];
    run(&parameters, &mut gradient);
    let mut ignored = vec![0.0; count];
    let mut not_zero = 0;
    for tensor in network.layout.iter() {
        for index in tensor.range.clone() {
            let value = parameters[index];
            let step = 1e-5;
            parameters[index] = value + step;
            let above = run(&parameters, &mut ignored).nats;
            parameters[index] = value - step;
            let below = run(&parameters, &mut ignored).nats;
            parameters[index] = value;
            let numeric = scale * (above - below) / (2.0 * step);
            let difference = (numeric - gradient[index]).abs();
            let size = numeric.abs().max(gradient[index].abs()).max(1e-3);
            assert!(
                difference / size < 1e-6,
                "{} [{}]: {} by hand, {numeric} by differences",
                tensor.name,
                index - tensor.range.start,
                gradient[index]
            );
            not_zero += usize::from(gradient[index] != 0.0);
        }
    }
    assert!(
        not_zero * 10 > count,
        "only {not_zero} of {count} gradients differ from zero"
    );
}

#[test]
fn the_language_model_has_the_gradients_of_finite_differences() {
    let network = Architecture::Lm {
        embedding: 3,
        units: 4,
        dropout: 0.3,
    }
    .network();
    let batch = Batch {
        lanes: 2,
        inputs: vec![341, 7, 5, 341, 340, 1, 7, 5],
        targets: vec![5, 9, 340, 1, 7, 0, NO_TARGET, 5],
        reset: vec![true, false, false, true, false, false, false, false],
    };
    check_gradients(&network, &batch);
}

#[test]
fn the_notebook_has_the_gradients_of_finite_differences() {
    let network = Architecture::Notebook {
        units: vec![2, 3, 2],
        dropout: 0.2,
    }
    .network();
    let batch = Batch {
        lanes: 2,
        inputs: vec![3, 7, 5, 3, 340, 1, 7, 5],
        targets: vec![5, 9],
        reset: vec![false; 8],
    };
    check_gradients(&network, &batch);
}
