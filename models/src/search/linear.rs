//! The little dense algebra that a fit over a dozen levels needs.

/// A symmetric positive definite matrix as its Cholesky factor (Golub & Van Loan, Matrix Computations, 4.2.3).
#[derive(Debug, Clone)]
pub(crate) struct Cholesky {
    size: usize,
    lower: Vec<f64>,
}

impl Cholesky {
    /// Factors the row-major `matrix`; `None` where it is not positive definite.
    pub(crate) fn of(matrix: &[f64], size: usize) -> Option<Self> {
        let mut lower = vec![0.0; size * size];
        for row in 0..size {
            for column in 0..=row {
                let mut sum = matrix[row * size + column];
                for inner in 0..column {
                    sum -= lower[row * size + inner] * lower[column * size + inner];
                }
                if row == column {
                    if !(sum > 0.0 && sum.is_finite()) {
                        return None;
                    }
                    lower[row * size + row] = sum.sqrt();
                } else {
                    lower[row * size + column] = sum / lower[column * size + column];
                }
            }
        }
        Some(Self { size, lower })
    }

    /// Solves L y = b.
    pub(crate) fn forward(&self, right: &[f64]) -> Vec<f64> {
        let mut solution = right.to_vec();
        for row in 0..self.size {
            for column in 0..row {
                solution[row] -= self.lower[row * self.size + column] * solution[column];
            }
            solution[row] /= self.lower[row * self.size + row];
        }
        solution
    }

    /// Solves L L^T x = b.
    pub(crate) fn solve(&self, right: &[f64]) -> Vec<f64> {
        let mut solution = self.forward(right);
        for row in (0..self.size).rev() {
            for column in row + 1..self.size {
                solution[row] -= self.lower[column * self.size + row] * solution[column];
            }
            solution[row] /= self.lower[row * self.size + row];
        }
        solution
    }

    /// Logarithm of the determinant.
    pub(crate) fn log_determinant(&self) -> f64 {
        let diagonal = (0..self.size).map(|i| self.lower[i * self.size + i].ln());
        2.0 * diagonal.sum::<f64>()
    }
}

/// Inner product.
pub(crate) fn dot(left: &[f64], right: &[f64]) -> f64 {
    left.iter().zip(right).map(|(a, b)| a * b).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cholesky_solves_and_refuses() {
        let matrix = [4.0, 2.0, 0.6, 2.0, 5.0, 1.0, 0.6, 1.0, 3.0];
        let factor = Cholesky::of(&matrix, 3).unwrap();
        let x = factor.solve(&[1.0, -2.0, 0.5]);
        for row in 0..3 {
            let product = dot(&matrix[row * 3..row * 3 + 3], &x);
            assert!((product - [1.0, -2.0, 0.5][row]).abs() < 1e-12);
        }
        let determinant: f64 = 4.0 * (15.0 - 1.0) - 2.0 * (6.0 - 0.6) + 0.6 * (2.0 - 3.0);
        assert!((factor.log_determinant() - determinant.ln()).abs() < 1e-12);
        assert!(Cholesky::of(&[1.0, 2.0, 2.0, 1.0], 2).is_none());
    }
}
