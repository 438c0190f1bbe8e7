//! The inner loops, compiled once for any CPU and once for those with wide vectors.
//!
//! The wide versions use the same operations in the same order (no fused multiply-add), so what
//! they compute is the same to the bit.

use super::real::Real;

/// Defines a function that runs its body with 256-bit or 512-bit vectors where the CPU has them.
macro_rules! vectorised {
    ($(#[$meta:meta])* pub fn $name:ident($($argument:ident: $type:ty),* $(,)?) $(-> $result:ty)? $body:block) => {
        $(#[$meta])*
        pub fn $name<T: Real>($($argument: $type),*) $(-> $result)? {
            #[inline(always)]
            fn body<T: Real>($($argument: $type),*) $(-> $result)? $body
            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512bw")]
                fn wide512<T: Real>($($argument: $type),*) $(-> $result)? {
                    body($($argument),*)
                }
                #[target_feature(enable = "avx2")]
                fn wide256<T: Real>($($argument: $type),*) $(-> $result)? {
                    body($($argument),*)
                }
                if std::arch::is_x86_feature_detected!("avx512f")
                    && std::arch::is_x86_feature_detected!("avx512dq")
                    && std::arch::is_x86_feature_detected!("avx512vl")
                    && std::arch::is_x86_feature_detected!("avx512bw")
                {
                    // SAFETY: the CPU has just been asked for these features.
                    return unsafe { wide512($($argument),*) };
                }
                if std::arch::is_x86_feature_detected!("avx2") {
                    // SAFETY: the CPU has just been asked for this feature.
                    return unsafe { wide256($($argument),*) };
                }
            }
            body($($argument),*)
        }
    };
}

vectorised! {
    /// One step of an LSTM for all lanes: activates the gates `[lanes, 4·units]` in place, renews
    /// `c`, and writes `h = o·tanh(c)` and `squashed = tanh(c)`, each `[lanes, units]`.
    pub fn step_forward(units: usize, gates: &mut [T], c: &mut [T], h: &mut [T], squashed: &mut [T]) {
        let lanes = gates.chunks_exact_mut(4 * units).zip(c.chunks_exact_mut(units));
        for ((gates, c), (h, squashed)) in lanes.zip(h.chunks_exact_mut(units).zip(squashed.chunks_exact_mut(units))) {
            let (sigmoids, g) = gates.split_at_mut(3 * units);
            for gate in sigmoids.iter_mut() {
                *gate = gate.sigmoid();
            }
            for gate in g.iter_mut() {
                *gate = gate.tanh();
            }
            let (i, rest) = sigmoids.split_at(units);
            let (o, f) = rest.split_at(units);
            let (g, f) = (&g[..units], &f[..units]);
            let (c, h, squashed) = (&mut c[..units], &mut h[..units], &mut squashed[..units]);
            for k in 0..units {
                c[k] = f[k] * c[k] + i[k] * g[k];
                squashed[k] = c[k].tanh();
                h[k] = o[k] * squashed[k];
            }
        }
    }
}

vectorised! {
    /// One step back: turns the activated gates into the gradient of what went into them, and `d_c`
    /// from the gradient of this step's `c` into that of the step before.
    pub fn step_backward(units: usize, gates: &mut [T], c_before: &[T], squashed: &[T], d_h: &[T], d_c: &mut [T]) {
        let lanes = gates.chunks_exact_mut(4 * units).zip(c_before.chunks_exact(units));
        let lanes = lanes.zip(squashed.chunks_exact(units).zip(d_h.chunks_exact(units)));
        for (((gates, c_before), (squashed, d_h)), d_c) in lanes.zip(d_c.chunks_exact_mut(units)) {
            let (i, rest) = gates.split_at_mut(units);
            let (o, rest) = rest.split_at_mut(units);
            let (f, g) = rest.split_at_mut(units);
            let (c_before, squashed) = (&c_before[..units], &squashed[..units]);
            let (d_h, d_c, g) = (&d_h[..units], &mut d_c[..units], &mut g[..units]);
            for k in 0..units {
                let d_o = d_h[k] * squashed[k];
                let d = d_h[k] * o[k] * (T::ONE - squashed[k] * squashed[k]) + d_c[k];
                let (d_i, d_f, d_g) = (d * g[k], d * c_before[k], d * i[k]);
                d_c[k] = d * f[k];
                i[k] = d_i * i[k] * (T::ONE - i[k]);
                o[k] = d_o * o[k] * (T::ONE - o[k]);
                f[k] = d_f * f[k] * (T::ONE - f[k]);
                g[k] = d_g * (T::ONE - g[k] * g[k]);
            }
        }
    }
}

vectorised! {
    /// Turns a row of logits into probabilities and returns the logarithm of their sum before
    /// normalisation (log-sum-exp).
    pub fn softmax(row: &mut [T]) -> T {
        let mut lanes = [row[0]; 16];
        let mut blocks = row.chunks_exact(16);
        for block in &mut blocks {
            for (highest, &value) in lanes.iter_mut().zip(block) {
                *highest = if value > *highest { value } else { *highest };
            }
        }
        let rest = blocks.remainder().iter();
        let highest = lanes.iter().chain(rest).fold(row[0], |a, &b| if b > a { b } else { a });
        let mut sums = [T::ZERO; 16];
        let mut blocks = row.chunks_exact_mut(16);
        for block in &mut blocks {
            for (sum, value) in sums.iter_mut().zip(block) {
                *value = (*value - highest).exp();
                *sum += *value;
            }
        }
        let mut sum = T::ZERO;
        for value in blocks.into_remainder() {
            *value = (*value - highest).exp();
            sum += *value;
        }
        for part in sums {
            sum += part;
        }
        let scale = T::ONE / sum;
        for value in row.iter_mut() {
            *value *= scale;
        }
        highest + sum.ln()
    }
}
