//! Laws of think time by the names people type.

use crate::suggest::did_you_mean;
use autoperf_models::distribution::Distribution;

/// A law's name and its parameters beside the times.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Shape {
    pub(crate) law: String,
    pub(crate) cv: Option<f64>,
    pub(crate) stages: Option<f64>,
}

/// Why a law can't be.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Problem {
    pub(crate) message: String,
    pub(crate) expected: String,
    pub(crate) hint: Option<String>,
    /// Whether the law or its parameters are wrong rather than the times.
    pub(crate) about_law: bool,
}

/// The laws with the times each wants.
pub(crate) const LAWS: &[(&str, &str)] = &[
    ("constant", "one time"),
    ("uniform", "two times, the lowest and the highest"),
    ("exponential", "one time above 0, the mean"),
    ("erlang", "one time above 0, the mean"),
    ("hyperexponential", "one time above 0, the mean"),
    ("lognormal", "one time above 0, the mean"),
    ("empirical", "at least one time"),
];

/// Largest coefficient of variation that is taken for meant.
const MAX_CV: f64 = 100.0;

/// The law of a shape over times in seconds (each finite and not negative).
pub(crate) fn law(shape: &Shape, times: &[f64]) -> Result<Distribution, Problem> {
    let name = shape.law.as_str();
    let Some(&(_, wanted)) = LAWS.iter().find(|l| l.0 == name) else {
        let names: Vec<&str> = LAWS.iter().map(|l| l.0).collect();
        return Err(Problem {
            message: format!("unknown law `{name}`"),
            hint: did_you_mean(name, names.iter().copied()),
            expected: names.join(", "),
            about_law: true,
        });
    };
    superfluous(shape)?;
    let misfit = || Problem {
        message: format!("think times that do not fit the law `{name}`"),
        expected: wanted.to_owned(),
        hint: None,
        about_law: false,
    };
    match (name, times) {
        ("constant", &[value]) => Ok(Distribution::Constant(value)),
        ("uniform", &[low, high]) if low <= high => Ok(Distribution::Uniform { low, high }),
        ("empirical", &[_, ..]) => Ok(Distribution::Empirical(times.to_vec())),
        ("exponential", &[mean]) if mean > 0.0 => Ok(Distribution::Exponential { mean }),
        ("erlang", &[mean]) if mean > 0.0 => Ok(Distribution::Erlang {
            stages: stages(shape)?,
            mean,
        }),
        ("hyperexponential", &[mean]) if mean > 0.0 => Ok(Distribution::Hyperexponential {
            mean,
            cv: cv(shape, 1.0)?,
        }),
        ("lognormal", &[mean]) if mean > 0.0 => Ok(Distribution::Lognormal {
            mean,
            cv: cv(shape, 0.0)?,
        }),
        _ => Err(misfit()),
    }
}

fn superfluous(shape: &Shape) -> Result<(), Problem> {
    let law = shape.law.as_str();
    let unused = |name: &str| Problem {
        message: format!("`{name}` has no meaning for the law `{law}`"),
        expected: format!("the law `{law}` without `{name}`"),
        hint: None,
        about_law: true,
    };
    if shape.stages.is_some() && law != "erlang" {
        return Err(unused("stages"));
    }
    if shape.cv.is_some() && !matches!(law, "hyperexponential" | "lognormal") {
        return Err(unused("cv"));
    }
    Ok(())
}

fn stages(shape: &Shape) -> Result<u32, Problem> {
    let fits = |s: &f64| (1.0..=1000.0).contains(s) && s.fract() == 0.0;
    match shape.stages.filter(fits) {
        // A whole number up to 1000: the conversion is exact.
        Some(stages) => Ok(stages as u32),
        None => Err(Problem {
            message: "the law `erlang` without a usable number of stages".to_owned(),
            expected: "stages=\"k\", a whole number from 1 to 1000".to_owned(),
            hint: None,
            about_law: true,
        }),
    }
}

fn cv(shape: &Shape, above: f64) -> Result<f64, Problem> {
    match shape.cv.filter(|cv| *cv > above && *cv <= MAX_CV) {
        Some(cv) => Ok(cv),
        None => Err(Problem {
            message: format!(
                "the law `{}` without a usable coefficient of variation",
                shape.law
            ),
            expected: format!("cv=\"...\", above {above} and at most {MAX_CV}"),
            hint: None,
            about_law: true,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(law_name: &str, cv: Option<f64>, stages: Option<f64>, times: &[f64]) -> bool {
        let shape = Shape {
            law: law_name.to_owned(),
            cv,
            stages,
        };
        law(&shape, times).is_ok()
    }

    #[test]
    fn each_law_takes_what_it_needs_and_nothing_else() {
        assert!(of("constant", None, None, &[0.0]));
        assert!(!of("constant", None, None, &[0.0, 1.0]));
        assert!(!of("constant", Some(1.0), None, &[1.0]));
        assert!(of("uniform", None, None, &[1.0, 2.0]));
        assert!(!of("uniform", None, None, &[2.0, 1.0]));
        assert!(of("exponential", None, None, &[1.0]));
        assert!(!of("exponential", None, None, &[0.0]));
        assert!(of("erlang", None, Some(4.0), &[1.0]));
        assert!(!of("erlang", None, Some(4.5), &[1.0]));
        assert!(!of("erlang", None, None, &[1.0]));
        assert!(of("hyperexponential", Some(2.0), None, &[1.0]));
        assert!(!of("hyperexponential", Some(1.0), None, &[1.0]));
        assert!(of("lognormal", Some(0.5), None, &[1.0]));
        assert!(!of("lognormal", Some(f64::NAN), None, &[1.0]));
        assert!(of("empirical", None, None, &[1.0, 2.0, 3.0]));
        assert!(!of("empirical", None, None, &[]));
        assert!(!of("poisson", None, None, &[1.0]));
    }
}
