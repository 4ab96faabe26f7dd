//! Quantiles and probabilities against tables.

use crate::vector::{Row, printed, vectors};
use autoperf_models::statistics::special::{
    binomial_cdf, chi_square_cdf, chi_square_quantile, ln_gamma, normal_cdf, normal_quantile, students_t_cdf,
    students_t_quantile,
};

fn gamma() -> Vec<Row> {
    vec![
        printed("ln gamma(0.5)", "0.5723649429", ln_gamma(0.5).unwrap()),
        printed("ln gamma(100)", "359.1342053696", ln_gamma(100.0).unwrap()),
    ]
}

fn normal() -> Vec<Row> {
    vec![
        printed("Phi(1)", "0.8413447461", normal_cdf(1.0)),
        printed("Phi(-10)", "7.619853024e-24", normal_cdf(-10.0)),
        printed("z(0.9)", "1.2815515655", normal_quantile(0.9).unwrap()),
        printed("z(0.975)", "1.9599639845", normal_quantile(0.975).unwrap()),
        printed("z(1e-10)", "-6.3613409024", normal_quantile(1e-10).unwrap()),
    ]
}

fn students_t() -> Vec<Row> {
    [
        (1.0, "12.7062047362"),
        (2.0, "4.3026527297"),
        (5.0, "2.5705818356"),
        (9.0, "2.2621571628"),
        (19.0, "2.0930240544"),
        (30.0, "2.0422724563"),
        (120.0, "1.9799304051"),
    ]
    .map(|(df, expected)| {
        printed(
            format!("t(0.975, {df})"),
            expected,
            students_t_quantile(0.975, df).unwrap(),
        )
    })
    .into()
}

fn students_t_closed_forms() -> Vec<Row> {
    // F(t) = 1/2 + atan(t)/pi for one degree of freedom, 1/2 + t / (2 sqrt(2 + t^2)) for two.
    vec![
        printed("F(1, 1)", "0.75", students_t_cdf(1.0, 1.0).unwrap()),
        printed("F(2, 2)", "0.9082482905", students_t_cdf(2.0, 2.0).unwrap()),
    ]
}

fn chi_square() -> Vec<Row> {
    vec![
        printed(
            "F(3.841458821, 1)",
            "0.9500000000",
            chi_square_cdf(3.841_458_820_694_124, 1.0).unwrap(),
        ),
        printed(
            "chi2(0.95, 10)",
            "18.3070380533",
            chi_square_quantile(0.95, 10.0).unwrap(),
        ),
        printed(
            "chi2(0.95, 100)",
            "124.3421134040",
            chi_square_quantile(0.95, 100.0).unwrap(),
        ),
    ]
}

fn binomial() -> Vec<Row> {
    // Sums of whole numbers over 4^10.
    vec![printed(
        "P(X <= 2), n = 10, p = 1/4",
        "0.5255928040",
        binomial_cdf(2, 10, 0.25).unwrap(),
    )]
}

vectors! {
    vector_ln_gamma, "Abramowitz & Stegun 1964, tables 6.1 and 6.4" => gamma();
    vector_normal, "Abramowitz & Stegun 1964, tables 26.1 and 26.2, more digits by mpmath" => normal();
    vector_students_t, "Abramowitz & Stegun 1964, table 26.10, more digits by mpmath" => students_t();
    vector_students_t_closed_forms, "closed forms" => students_t_closed_forms();
    vector_chi_square, "Abramowitz & Stegun 1964, table 26.8, more digits by mpmath" => chi_square();
    vector_binomial, "by hand" => binomial();
}
