//! Matrix products with checked shapes.

use super::real::Real;

/// A view of a matrix in a slice.
#[derive(Clone, Copy)]
pub struct Matrix<'a, T> {
    data: &'a [T],
    rows: usize,
    columns: usize,
    row_stride: usize,
    column_stride: usize,
}

impl<'a, T> Matrix<'a, T> {
    /// `data` as `rows` rows of `columns`, one row after the other.
    ///
    /// # Panics
    /// When `data` is not as long as that.
    #[must_use]
    pub fn new(data: &'a [T], rows: usize, columns: usize) -> Self {
        assert_eq!(data.len(), rows * columns, "a {rows}x{columns} matrix");
        Self {
            data,
            rows,
            columns,
            row_stride: columns,
            column_stride: 1,
        }
    }

    /// The transpose, without moving anything.
    #[must_use]
    pub fn transposed(self) -> Self {
        Self {
            data: self.data,
            rows: self.columns,
            columns: self.rows,
            row_stride: self.column_stride,
            column_stride: self.row_stride,
        }
    }
}

/// `c ← a·b + beta·c`, with `c` row after row.
///
/// # Panics
/// When the shapes do not fit.
pub fn multiply<T: Real>(a: Matrix<T>, b: Matrix<T>, beta: T, c: &mut [T]) {
    assert_eq!(a.columns, b.rows, "inner dimensions");
    assert_eq!(c.len(), a.rows * b.columns, "the product's shape");
    // SAFETY: `new` checked that rows·columns elements are there for these strides, the assertion
    // above did for `c`, and `c` is borrowed mutably, so it overlaps neither.
    unsafe {
        T::gemm(
            a.rows,
            a.columns,
            b.columns,
            (
                a.data.as_ptr(),
                a.row_stride as isize,
                a.column_stride as isize,
            ),
            (
                b.data.as_ptr(),
                b.row_stride as isize,
                b.column_stride as isize,
            ),
            beta,
            (c.as_mut_ptr(), b.columns as isize, 1),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::{Matrix, multiply};

    #[test]
    fn products_with_and_without_a_transpose() {
        let a = [1.0f64, 2.0, 3.0, 4.0, 5.0, 6.0];
        let mut c = [1.0f64; 4];
        multiply(
            Matrix::new(&a, 2, 3),
            Matrix::new(&a, 2, 3).transposed(),
            1.0,
            &mut c,
        );
        assert_eq!(c, [15.0, 33.0, 33.0, 78.0]);
    }
}
