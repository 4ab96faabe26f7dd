//! Small dense linear algebra: what the visit equations, fits and condition indices need, for tens of unknowns.

/// A dense matrix, row by row.
#[derive(Debug, Clone, PartialEq)]
pub struct Matrix {
    rows: usize,
    columns: usize,
    values: Vec<f64>,
}

impl Matrix {
    /// All zeros.
    #[must_use]
    pub fn zeros(rows: usize, columns: usize) -> Self {
        Self {
            rows,
            columns,
            values: vec![0.0; rows * columns],
        }
    }

    /// The unit matrix.
    #[must_use]
    pub fn identity(size: usize) -> Self {
        let mut unit = Self::zeros(size, size);
        for index in 0..size {
            unit.set(index, index, 1.0);
        }
        unit
    }

    /// From rows of equal length; `None` where they differ or there is none.
    #[must_use]
    pub fn from_rows(rows: &[Vec<f64>]) -> Option<Self> {
        let columns = rows.first()?.len();
        rows.iter().all(|row| row.len() == columns).then(|| Self {
            rows: rows.len(),
            columns,
            values: rows.concat(),
        })
    }

    /// Number of rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Number of columns.
    #[must_use]
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// The element at `row`, `column`.
    #[must_use]
    pub fn get(&self, row: usize, column: usize) -> f64 {
        self.values[row * self.columns + column]
    }

    /// Replaces the element at `row`, `column`.
    pub fn set(&mut self, row: usize, column: usize, value: f64) {
        self.values[row * self.columns + column] = value;
    }

    /// One row.
    #[must_use]
    pub fn row(&self, row: usize) -> &[f64] {
        &self.values[row * self.columns..(row + 1) * self.columns]
    }

    /// One column.
    #[must_use]
    pub fn column(&self, column: usize) -> Vec<f64> {
        (0..self.rows).map(|row| self.get(row, column)).collect()
    }

    /// The matrix with only these columns, in this order.
    #[must_use]
    pub fn with_columns(&self, columns: &[usize]) -> Self {
        let mut chosen = Self::zeros(self.rows, columns.len());
        for row in 0..self.rows {
            for (to, from) in columns.iter().enumerate() {
                chosen.set(row, to, self.get(row, *from));
            }
        }
        chosen
    }

    /// Rows and columns exchanged.
    #[must_use]
    pub fn transposed(&self) -> Self {
        let mut other = Self::zeros(self.columns, self.rows);
        for row in 0..self.rows {
            for column in 0..self.columns {
                other.set(column, row, self.get(row, column));
            }
        }
        other
    }

    /// `self * vector`.
    #[must_use]
    pub fn times(&self, vector: &[f64]) -> Vec<f64> {
        (0..self.rows).map(|row| dot(self.row(row), vector)).collect()
    }

    /// `self' * vector`.
    #[must_use]
    pub fn transposed_times(&self, vector: &[f64]) -> Vec<f64> {
        (0..self.columns)
            .map(|column| dot(&self.column(column), vector))
            .collect()
    }

    /// Solves `self * x = right` for a square matrix by Gaussian elimination with partial pivoting; `None` where it is
    /// singular to working precision.
    #[must_use]
    pub fn solve(&self, right: &[f64]) -> Option<Vec<f64>> {
        let size = self.rows;
        if size != self.columns || right.len() != size {
            return None;
        }
        let (mut matrix, mut solution) = (self.clone(), right.to_vec());
        let scale = self
            .values
            .iter()
            .fold(0.0, |most: f64, value| most.max(value.abs()));
        for step in 0..size {
            let pivot = (step..size)
                .max_by(|a, b| matrix.get(*a, step).abs().total_cmp(&matrix.get(*b, step).abs()))?;
            if matrix.get(pivot, step).abs() <= scale * 1e-14 {
                return None;
            }
            matrix.swap_rows(step, pivot);
            solution.swap(step, pivot);
            for row in step + 1..size {
                let factor = matrix.get(row, step) / matrix.get(step, step);
                for column in step..size {
                    matrix.set(
                        row,
                        column,
                        matrix.get(row, column) - factor * matrix.get(step, column),
                    );
                }
                solution[row] -= factor * solution[step];
            }
        }
        for row in (0..size).rev() {
            let known: f64 = (row + 1..size)
                .map(|column| matrix.get(row, column) * solution[column])
                .sum();
            solution[row] = (solution[row] - known) / matrix.get(row, row);
        }
        solution.iter().all(|value| value.is_finite()).then_some(solution)
    }

    /// The inverse of a square matrix; `None` where it is singular to working precision.
    #[must_use]
    pub fn inverse(&self) -> Option<Self> {
        let mut inverse = Self::zeros(self.rows, self.columns);
        let unit = Self::identity(self.rows);
        for column in 0..self.columns {
            for (row, value) in self.solve(unit.row(column))?.into_iter().enumerate() {
                inverse.set(row, column, value);
            }
        }
        Some(inverse)
    }

    fn swap_rows(&mut self, a: usize, b: usize) {
        for column in 0..self.columns {
            self.values
                .swap(a * self.columns + column, b * self.columns + column);
        }
    }

    /// Least squares `min |self * x - right|` by Householder reflections (Golub & Van Loan, alg. 5.3.2); `None` where
    /// the columns are linearly dependent to working precision or outnumber the rows.
    #[must_use]
    pub fn least_squares(&self, right: &[f64]) -> Option<Vec<f64>> {
        let size = self.columns;
        if self.rows < size || right.len() != self.rows {
            return None;
        }
        let (mut matrix, mut right) = (self.clone(), right.to_vec());
        for step in 0..size {
            let original = norm(&self.column(step));
            let mut reflector: Vec<f64> = (step..self.rows).map(|row| matrix.get(row, step)).collect();
            let length = norm(&reflector);
            if length <= original * 1e-12 || length == 0.0 {
                return None;
            }
            reflector[0] += length.copysign(reflector[0]);
            let square = dot(&reflector, &reflector);
            for column in step..size {
                let below: Vec<f64> = (step..self.rows).map(|row| matrix.get(row, column)).collect();
                let factor = 2.0 * dot(&reflector, &below) / square;
                for (offset, part) in reflector.iter().enumerate() {
                    matrix.set(step + offset, column, below[offset] - factor * part);
                }
            }
            let factor = 2.0 * dot(&reflector, &right[step..]) / square;
            for (value, part) in right[step..].iter_mut().zip(&reflector) {
                *value -= factor * part;
            }
        }
        let mut solution = vec![0.0; size];
        for row in (0..size).rev() {
            let known: f64 = (row + 1..size)
                .map(|column| matrix.get(row, column) * solution[column])
                .sum();
            solution[row] = (right[row] - known) / matrix.get(row, row);
        }
        solution.iter().all(|value| value.is_finite()).then_some(solution)
    }

    /// `(self' self)^-1`, the shape of a least-squares fit's covariance; `None` as [`Self::least_squares`].
    #[must_use]
    pub fn gram_inverse(&self) -> Option<Self> {
        // Scaled to unit columns, so that unknowns of different size do not spoil the elimination.
        let lengths: Vec<f64> = (0..self.columns)
            .map(|column| norm(&self.column(column)))
            .collect();
        if lengths.contains(&0.0) || self.rows < self.columns {
            return None;
        }
        let mut gram = Self::zeros(self.columns, self.columns);
        for a in 0..self.columns {
            for b in 0..self.columns {
                gram.set(
                    a,
                    b,
                    dot(&self.column(a), &self.column(b)) / (lengths[a] * lengths[b]),
                );
            }
        }
        let mut inverse = gram.inverse()?;
        for a in 0..self.columns {
            for b in 0..self.columns {
                inverse.set(a, b, inverse.get(a, b) / (lengths[a] * lengths[b]));
            }
        }
        Some(inverse)
    }

    /// Singular values, the largest first, by one-sided Jacobi rotations (Golub & Van Loan, ch. 8.6).
    #[must_use]
    pub fn singular_values(&self) -> Vec<f64> {
        let mut columns: Vec<Vec<f64>> = (0..self.columns).map(|column| self.column(column)).collect();
        // Convergence is quadratic; 60 sweeps are never reached.
        for _ in 0..60 {
            let mut largest: f64 = 0.0;
            for a in 0..self.columns {
                for b in a + 1..self.columns {
                    largest = largest.max(rotate(&mut columns, a, b));
                }
            }
            if largest < 1e-15 {
                break;
            }
        }
        let mut values: Vec<f64> = columns.iter().map(|column| norm(column)).collect();
        values.sort_by(|a, b| b.total_cmp(a));
        values
    }
}

/// Makes two columns orthogonal; returns the cosine of their angle before.
fn rotate(columns: &mut [Vec<f64>], a: usize, b: usize) -> f64 {
    let (alpha, beta) = (dot(&columns[a], &columns[a]), dot(&columns[b], &columns[b]));
    let gamma = dot(&columns[a], &columns[b]);
    let cosine = gamma.abs() / (alpha * beta).sqrt().max(f64::MIN_POSITIVE);
    if gamma == 0.0 || cosine < 1e-16 {
        return 0.0;
    }
    let zeta = (beta - alpha) / (2.0 * gamma);
    let tangent = zeta.signum() / (zeta.abs() + zeta.hypot(1.0));
    let c = 1.0 / tangent.hypot(1.0);
    for row in 0..columns[a].len() {
        let (x, y) = (columns[a][row], columns[b][row]);
        columns[a][row] = c * (x - tangent * y);
        columns[b][row] = c * (tangent * x + y);
    }
    cosine
}

/// Inner product.
#[must_use]
pub fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

/// Euclidean length.
#[must_use]
pub fn norm(vector: &[f64]) -> f64 {
    dot(vector, vector).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hilbert(size: usize) -> Matrix {
        let row = |i: usize| (0..size).map(|j| 1.0 / (i + j + 1) as f64).collect();
        Matrix::from_rows(&(0..size).map(row).collect::<Vec<_>>()).unwrap()
    }

    #[test]
    fn solves_and_inverts() {
        let matrix = hilbert(5);
        let solution = [1.0, -2.0, 3.0, -4.0, 5.0];
        let found = matrix.solve(&matrix.times(&solution)).unwrap();
        for (a, b) in found.iter().zip(solution) {
            assert!((a - b).abs() < 1e-9);
        }
        // The inverse of the Hilbert matrix has integer elements; the first is the square of the size.
        assert!((matrix.inverse().unwrap().get(0, 0) - 25.0).abs() < 1e-8);
        assert_eq!(Matrix::zeros(3, 3).solve(&[1.0; 3]), None);
    }

    #[test]
    fn least_squares_leaves_an_orthogonal_residual() {
        let rows: Vec<Vec<f64>> = (0..7)
            .map(|i| vec![1.0, f64::from(i), f64::from(i * i)])
            .collect();
        let matrix = Matrix::from_rows(&rows).unwrap();
        let right = [1.0, 0.5, 2.0, -1.0, 4.0, 9.0, 12.0];
        let solution = matrix.least_squares(&right).unwrap();
        let residual: Vec<f64> = matrix
            .times(&solution)
            .iter()
            .zip(right)
            .map(|(a, b)| a - b)
            .collect();
        for slope in matrix.transposed_times(&residual) {
            assert!(slope.abs() < 1e-10);
        }
        let twice = matrix.with_columns(&[0, 1, 1]);
        assert_eq!(twice.least_squares(&right), None);
    }

    #[test]
    fn singular_values_of_known_matrices() {
        let matrix = Matrix::from_rows(&[vec![3.0, 0.0], vec![4.0, 5.0]]).unwrap();
        let values = matrix.singular_values();
        assert!((values[0] - 45f64.sqrt()).abs() < 1e-12);
        assert!((values[1] - 5f64.sqrt()).abs() < 1e-12);
        let dependent = Matrix::from_rows(&[vec![1.0, 2.0], vec![2.0, 4.0], vec![3.0, 6.0]]).unwrap();
        assert!(dependent.singular_values()[1] < 1e-12);
    }
}
