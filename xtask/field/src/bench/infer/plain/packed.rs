//! Weights packed for streaming, and their products with rows.

use crate::bench::infer::weights::Matrix;

/// Columns that are summed together, in registers.
const TILE: usize = 64;

/// Rows that share one pass over the weights.
const ROWS: usize = 4;

/// A matrix packed so that the columns of a tile stand together, the last tile padded with zeros.
pub struct Packed {
    /// Rows of the matrix.
    pub depth: usize,
    /// Its columns.
    pub columns: usize,
    tiles: Vec<[f32; TILE]>,
}

impl Packed {
    /// Packs `at(k, column)`.
    fn new(depth: usize, columns: usize, at: impl Fn(usize, usize) -> f32) -> Self {
        let mut tiles = Vec::with_capacity(columns.div_ceil(TILE) * depth);
        for start in (0..columns).step_by(TILE) {
            for k in 0..depth {
                let mut tile = [0.0; TILE];
                for (column, value) in (start..columns).zip(&mut tile) {
                    *value = at(k, column);
                }
                tiles.push(tile);
            }
        }
        Self {
            depth,
            columns,
            tiles,
        }
    }

    pub fn of(matrix: &Matrix) -> Self {
        let at = |k, column| matrix.values[k * matrix.columns + column];
        Self::new(matrix.rows, matrix.columns, at)
    }

    pub fn of_transposed(matrix: &Matrix) -> Self {
        let at = |k, column| matrix.values[column * matrix.columns + k];
        Self::new(matrix.columns, matrix.rows, at)
    }

    /// `out += rows · self`, `rows` being `[count, depth]` and `out` `[count, columns]`; `wide`
    /// says that the CPU has AVX-512.
    #[inline(always)]
    pub fn add_product(&self, wide: bool, rows: &[f32], out: &mut [f32]) {
        let rows = rows.chunks(ROWS * self.depth);
        for (rows, out) in rows.zip(out.chunks_mut(ROWS * self.columns)) {
            if rows.len() == ROWS * self.depth {
                self.add::<ROWS>(wide, rows, out);
            } else {
                let rows = rows.chunks_exact(self.depth);
                for (row, out) in rows.zip(out.chunks_exact_mut(self.columns)) {
                    self.add::<1>(wide, row, out);
                }
            }
        }
    }

    #[inline(always)]
    fn add<const N: usize>(&self, wide: bool, rows: &[f32], out: &mut [f32]) {
        for (number, tiles) in self.tiles.chunks_exact(self.depth).enumerate() {
            let start = number * TILE;
            let mut sums = [[0.0f32; TILE]; N];
            #[cfg(target_arch = "x86_64")]
            if wide {
                // SAFETY: `wide` says that the CPU has AVX-512.
                unsafe { sum_512(tiles, rows, &mut sums) };
            } else {
                sum(tiles, rows, &mut sums);
            }
            #[cfg(not(target_arch = "x86_64"))]
            {
                let _ = wide;
                sum(tiles, rows, &mut sums);
            }
            let end = (start + TILE).min(self.columns);
            for (row, sums) in sums.iter().enumerate() {
                let out = &mut out[row * self.columns + start..row * self.columns + end];
                for (out, sum) in out.iter_mut().zip(sums) {
                    *out += sum;
                }
            }
        }
    }
}

/// The sums of one tile's columns for `N` rows.
#[inline(always)]
fn sum<const N: usize>(tiles: &[[f32; TILE]], rows: &[f32], sums: &mut [[f32; TILE]; N]) {
    for (k, tile) in tiles.iter().enumerate() {
        for (row, sums) in sums.iter_mut().enumerate() {
            let value = rows[row * tiles.len() + k];
            for (sum, weight) in sums.iter_mut().zip(tile) {
                *sum += value * weight;
            }
        }
    }
}

/// The same with the sums in registers: the compiler leaves arrays of this size in memory.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
fn sum_512<const N: usize>(tiles: &[[f32; TILE]], rows: &[f32], sums: &mut [[f32; TILE]; N]) {
    use std::arch::x86_64::{
        _mm512_fmadd_ps, _mm512_loadu_ps, _mm512_set1_ps, _mm512_setzero_ps, _mm512_storeu_ps,
    };
    const LANES: usize = 16;
    const VECTORS: usize = TILE / LANES;
    let depth = tiles.len();
    let mut wide = [[_mm512_setzero_ps(); VECTORS]; N];
    for (k, tile) in tiles.iter().enumerate() {
        let mut weights = [_mm512_setzero_ps(); VECTORS];
        for (v, weights) in weights.iter_mut().enumerate() {
            // SAFETY: a tile has VECTORS times LANES values.
            *weights = unsafe { _mm512_loadu_ps(tile.as_ptr().add(v * LANES)) };
        }
        for (row, wide) in wide.iter_mut().enumerate() {
            let value = _mm512_set1_ps(rows[row * depth + k]);
            for (wide, weights) in wide.iter_mut().zip(weights) {
                *wide = _mm512_fmadd_ps(value, weights, *wide);
            }
        }
    }
    for (sums, wide) in sums.iter_mut().zip(wide) {
        for (v, wide) in wide.into_iter().enumerate() {
            // SAFETY: a row of sums has VECTORS times LANES values.
            unsafe { _mm512_storeu_ps(sums.as_mut_ptr().add(v * LANES), wide) };
        }
    }
}
