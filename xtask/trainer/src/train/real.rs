//! The number type of the network: `f32` to train with, `f64` to check gradients with.

use std::ops::{Add, AddAssign, Div, Mul, MulAssign, Neg, Sub};

/// A floating-point type that the layers can be computed in.
pub trait Real:
    Copy
    + Default
    + PartialOrd
    + Send
    + Sync
    + 'static
    + Add<Output = Self>
    + AddAssign
    + Div<Output = Self>
    + Mul<Output = Self>
    + MulAssign
    + Neg<Output = Self>
    + Sub<Output = Self>
{
    /// 0.
    const ZERO: Self;
    /// 1.
    const ONE: Self;

    /// The nearest value to `value`.
    fn from_f64(value: f64) -> Self;

    /// The value as `f64`, exactly.
    fn to_f64(self) -> f64;

    /// `e` to the power of this; relative error below 2e-7 in `f32`.
    fn exp(self) -> Self;

    /// Natural logarithm.
    fn ln(self) -> Self;

    /// `c ← a·b + beta·c` for matrices with any strides: the raw call into `matrixmultiply`.
    ///
    /// # Safety
    /// Every element that the shapes and strides name lies inside the three buffers, and `c` does
    /// not overlap `a` or `b`.
    unsafe fn gemm(
        m: usize,
        k: usize,
        n: usize,
        a: (*const Self, isize, isize),
        b: (*const Self, isize, isize),
        beta: Self,
        c: (*mut Self, isize, isize),
    );

    /// `1 / (1 + e^−x)`.
    #[inline(always)]
    fn sigmoid(self) -> Self {
        Self::ONE / (Self::ONE + (-self).exp())
    }

    /// Hyperbolic tangent, as `2·sigmoid(2x) − 1`: absolute error below 3e-7 in `f32`.
    #[inline(always)]
    fn tanh(self) -> Self {
        let two = Self::ONE + Self::ONE;
        two * (two * self).sigmoid() - Self::ONE
    }
}

impl Real for f32 {
    const ZERO: Self = 0.0;
    const ONE: Self = 1.0;

    #[inline(always)]
    fn from_f64(value: f64) -> Self {
        value as f32
    }

    #[inline(always)]
    fn to_f64(self) -> f64 {
        f64::from(self)
    }

    // No table and no branch, so that loops over it become vector code. The argument is cut into
    // n·ln 2 + r with |r| ≤ ln 2 / 2 (Cody and Waite's two-part ln 2); e^r is its Taylor series,
    // whose first left-out term is r^7/5040 < 1.2e-7; 2^n is made in the exponent's bits.
    #[inline(always)]
    fn exp(self) -> Self {
        const ROUND: f32 = 12_582_912.0; // 1.5 · 2^23: adding it rounds to a whole number.
        let x = self.clamp(-87.0, 88.0);
        let shifted = x * std::f32::consts::LOG2_E + ROUND;
        let n = shifted - ROUND;
        let r = (x - n * 0.693_359_4) - n * -2.121_944_4e-4;
        let series = 1.0
            + r * (1.0
                + r * (0.5
                    + r * (1.0 / 6.0 + r * (1.0 / 24.0 + r * (1.0 / 120.0 + r * (1.0 / 720.0))))));
        let power = f32::from_bits(shifted.to_bits().wrapping_add(127) << 23);
        series * power
    }

    #[inline(always)]
    fn ln(self) -> Self {
        f32::ln(self)
    }

    unsafe fn gemm(
        m: usize,
        k: usize,
        n: usize,
        a: (*const Self, isize, isize),
        b: (*const Self, isize, isize),
        beta: Self,
        c: (*mut Self, isize, isize),
    ) {
        // SAFETY: the caller vouches for shapes, strides and buffers.
        unsafe {
            matrixmultiply::sgemm(
                m, k, n, 1.0, a.0, a.1, a.2, b.0, b.1, b.2, beta, c.0, c.1, c.2,
            )
        }
    }
}

impl Real for f64 {
    const ZERO: Self = 0.0;
    const ONE: Self = 1.0;

    fn from_f64(value: f64) -> Self {
        value
    }

    fn to_f64(self) -> f64 {
        self
    }

    fn exp(self) -> Self {
        f64::exp(self)
    }

    fn ln(self) -> Self {
        f64::ln(self)
    }

    unsafe fn gemm(
        m: usize,
        k: usize,
        n: usize,
        a: (*const Self, isize, isize),
        b: (*const Self, isize, isize),
        beta: Self,
        c: (*mut Self, isize, isize),
    ) {
        // SAFETY: the caller vouches for shapes, strides and buffers.
        unsafe {
            matrixmultiply::dgemm(
                m, k, n, 1.0, a.0, a.1, a.2, b.0, b.1, b.2, beta, c.0, c.1, c.2,
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Real;

    #[test]
    fn the_fast_exponential_is_the_exponential() {
        for step in -86_000..88_000 {
            let x = step as f32 / 1000.0;
            let exact = f64::from(x).exp();
            let relative = (Real::exp(x).to_f64() - exact).abs() / exact;
            assert!(relative < 3e-7, "e^{x}: {relative:e}");
        }
        assert_eq!(Real::exp(0.0f32), 1.0);
        assert!(Real::exp(-1e30f32) < 1e-37);
        assert!(Real::exp(f32::MAX).is_finite());
    }

    #[test]
    fn tanh_and_sigmoid_are_within_single_precision() {
        for step in -20_000..20_000 {
            let x = step as f32 / 1000.0;
            assert!((Real::tanh(x) - f32::tanh(x)).abs() < 4e-7, "tanh {x}");
            let exact = 1.0 / (1.0 + (-f64::from(x)).exp());
            assert!(
                (Real::sigmoid(x).to_f64() - exact).abs() < 2e-7,
                "sigmoid {x}"
            );
        }
    }
}
