//! Universal scalability law.

use crate::vector::{Row, cut, each, exact, printed, vectors, within};
use autoperf_models::usl::{self, Bound, Usl, UslError, UslFit};

const SPECSDM91: [(f64, f64); 7] = [
    (1.0, 64.9),
    (18.0, 995.9),
    (36.0, 1652.4),
    (72.0, 1853.2),
    (108.0, 1828.9),
    (144.0, 1775.0),
    (216.0, 1702.2),
];

const RAYTRACER: [(f64, f64); 11] = [
    (1.0, 20.0),
    (4.0, 78.0),
    (8.0, 130.0),
    (12.0, 170.0),
    (16.0, 190.0),
    (20.0, 200.0),
    (24.0, 210.0),
    (28.0, 230.0),
    (32.0, 260.0),
    (48.0, 280.0),
    (64.0, 310.0),
];

/// Throughput of 1 to 32 users in the measurements that Schwartz fits in his book on the law.
const CISCO: [f64; 32] = [
    955.16, 1878.91, 2688.01, 3548.68, 4315.54, 5130.43, 5931.37, 6531.08, 7219.8, 7867.61, 8278.71, 8646.7,
    9047.84, 9426.55, 9645.37, 9897.24, 10097.6, 10240.5, 10532.39, 10798.52, 11151.43, 11518.63, 11806.0,
    12089.37, 12075.41, 12177.29, 12211.41, 12158.93, 12155.27, 12118.04, 12140.4, 12074.39,
];

fn cisco() -> UslFit {
    let points: Vec<(f64, f64)> = (1..).map(f64::from).zip(CISCO).collect();
    usl::fit(&points).unwrap()
}

fn specsdm91() -> Vec<Row> {
    let fit = usl::fit(&SPECSDM91).unwrap();
    let law = fit.law;
    let errors = fit.standard_errors().map(Option::unwrap);
    let peak = law.peak().unwrap();
    let expected = ["-25.10", "-81.66", "111.09", "3.05", "-49.99", "-46.60", "56.00"];
    let mut rows = vec![
        printed("a", "0.027728", law.alpha),
        printed("b", "1.0437e-4", law.beta),
        printed("g", "89.9952", law.gamma_per_s),
        printed("se(a)", "0.009122", errors[1]),
        printed("se(b)", "1.988e-5", errors[2]),
        printed("se(g)", "14.21", errors[0]),
        printed("sigma", "82.85", fit.residuals.sigma_per_s.unwrap()),
        printed("degrees of freedom", "4", fit.residuals.degrees_of_freedom as f64),
        printed("peak users", "96.52", peak.users),
        printed("peak X", "1884", peak.throughput_per_s),
        printed("limit", "3245.59", law.contention_limit_per_s().unwrap()),
        printed("knee users", "36.064", law.knee_users().unwrap()),
    ];
    rows.extend(each("residual", &expected, &fit.residuals.residuals_per_s));
    rows
}

/// The first six points; the intervals by t with three degrees of freedom reach below zero and are cut there.
fn raytracer_six() -> Vec<Row> {
    let fit = usl::fit(&RAYTRACER[..6]).unwrap();
    let interval = fit.intervals(0.95)[1].unwrap();
    let error = fit.standard_errors()[1].unwrap();
    vec![
        exact("a", 0.024_444_041_421_926_5, fit.law.alpha),
        exact("b", 0.001_626_809_280_410_08, fit.law.beta),
        exact("g", 20.856_045_302_982_1, fit.law.gamma_per_s),
        printed("a, R package", "0.02444", fit.law.alpha),
        printed("b, R package", "0.00163", fit.law.beta),
        printed("g, R package", "20.85605", fit.law.gamma_per_s),
        printed(
            "a low, normal quantile",
            "0.0080",
            fit.law.alpha - 1.959_964 * error,
        ),
        printed(
            "a high, normal quantile",
            "0.0409",
            fit.law.alpha + 1.959_964 * error,
        ),
        printed(
            "a low, t(3), uncut",
            "-0.0023",
            fit.law.alpha - (interval.high - fit.law.alpha),
        ),
        printed("a low, t(3)", "0", interval.low),
        printed("a high, t(3)", "0.0511", interval.high),
    ]
}

fn raytracer_all() -> Vec<Row> {
    let fit = usl::fit(&RAYTRACER).unwrap();
    assert_eq!((fit.alpha_bound, fit.beta_bound), (Bound::Free, Bound::AtZero));
    assert_eq!((fit.law.peak(), fit.peak_users(0.95)), (None, None));
    assert_eq!((fit.standard_errors()[2], fit.intervals(0.95)[2]), (None, None));
    vec![
        printed("a", "0.05777", fit.law.alpha),
        printed("b", "0", fit.law.beta),
        printed("g", "21.849", fit.law.gamma_per_s),
        printed("degrees of freedom", "9", fit.residuals.degrees_of_freedom as f64),
    ]
}

fn cisco_rows() -> Vec<Row> {
    let law = cisco().law;
    let peak = law.peak().unwrap();
    vec![
        exact("a", 0.026_715_945_035_725_4, law.alpha),
        exact("b", 7.690_939_206_104_59e-4, law.beta),
        exact("g", 995.648_785_929_053, law.gamma_per_s),
        within("a, usl-rs", 0.026_715_91, law.alpha, 2e-6),
        within("b, usl-rs", 7.690_945e-4, law.beta, 1e-6),
        within("g, usl-rs", 995.648_6, law.gamma_per_s, 1e-6),
        printed("peak users, whole", "35", peak.users.floor()),
        within("X(35), usl-rs", 12_341.745_4, law.throughput_per_s(35.0), 1e-6),
        printed("cycle at 1", "0.0010043702", law.cycle_s(1.0)),
        printed("cycle at 20", "0.0018077244", law.cycle_s(20.0)),
        printed("cycle at 35", "0.0028359035", law.cycle_s(35.0)),
        printed("X(20)", "11063.6331", law.throughput_per_s(20.0)),
    ]
}

fn inverse() -> Vec<Row> {
    let law = cisco().law;
    let users = |throughput| law.users_for(throughput).unwrap();
    vec![
        printed("N(955)", "0.958069", users(955.0)),
        printed("N(11048)", "19.923903", users(11048.0)),
        cut("N(12201)", "29.569036", users(12201.0)),
        exact("X(N(11048))", 11048.0, law.throughput_per_s(users(11048.0))),
    ]
}

fn generated() -> Vec<Row> {
    let points = [
        (1.0, 1.0),
        (2.0, 1.8868),
        (4.0, 3.0769),
        (6.0, 3.5294),
        (8.0, 3.5398),
        (10.0, 3.3557),
    ];
    let law = usl::fit(&points).unwrap().law;
    vec![
        within("a", 0.02, law.alpha, 1e-2),
        within("b", 0.02, law.beta, 1e-2),
        within("g", 1.0, law.gamma_per_s, 1e-3),
    ]
}

vectors! {
    vector_specsdm91, "Gunther 2007, SPEC SDM91; R package usl" => specsdm91();
    vector_raytracer_six_points, "Gunther 2007, ray tracer; minimum with 50 digits; R package usl" => raytracer_six();
    vector_raytracer_active_bound, "Gunther 2007, ray tracer, all 11 points" => raytracer_all();
    vector_cisco, "Schwartz 2015; minimum with 50 digits; tests of usl-rs" => cisco_rows();
    vector_usl_inverse, "exact roots, on the fit of the former" => inverse();
    vector_usl_generated, "made with a=b=.02, g=1, rounded to four digits" => generated();
}

#[test]
fn exact_points_are_fitted_exactly() {
    for (alpha, beta) in [(0.0, 0.0), (0.3, 0.0), (0.0, 1e-3), (0.05, 1e-4), (0.9, 0.1)] {
        let law = Usl {
            gamma_per_s: 130.0,
            alpha,
            beta,
        };
        let points: Vec<(f64, f64)> = [1.0, 3.0, 10.0, 30.0, 100.0]
            .map(|users| (users, law.throughput_per_s(users)))
            .to_vec();
        let fit = usl::fit(&points).unwrap();
        assert!(
            (fit.law.gamma_per_s / 130.0 - 1.0).abs() < 1e-6,
            "{law:?} {:?}",
            fit.law
        );
        assert!(
            (fit.law.alpha - alpha).abs() < 1e-6 && (fit.law.beta - beta).abs() < 1e-6,
            "{:?}",
            fit.law
        );
        assert!(fit.residuals.r_squared > 1.0 - 1e-9);
    }
}

#[test]
fn intervals_narrow_where_points_agree() {
    let fit = cisco();
    let at_30 = fit.throughput_per_s(30.0, 0.95).unwrap();
    assert!(
        at_30.contains(12100.0) && at_30.relative_half_width() < 0.02,
        "{at_30:?}"
    );
    let peak = fit.peak_users(0.95).unwrap();
    assert!(peak.low > 30.0 && peak.high < 42.0, "{peak:?}");
    assert!(
        fit.residuals.durbin_watson < 1.0,
        "the residuals of this set swing slowly"
    );
}

#[test]
fn too_little_is_refused() {
    assert_eq!(usl::fit(&SPECSDM91[..2]), Err(UslError::TooFewPoints));
    assert_eq!(
        usl::fit(&[(1.0, 5.0), (1.0, 5.1), (2.0, 9.0)]),
        Err(UslError::TooFewPoints)
    );
    assert_eq!(
        usl::fit(&[(0.0, 5.0), (1.0, 5.1), (2.0, 9.0)]),
        Err(UslError::NotPositive)
    );
    assert_eq!(
        usl::fit(&[(1.0, 5.0), (2.0, f64::NAN), (3.0, 9.0)]),
        Err(UslError::NotPositive)
    );
    let three = usl::fit(&SPECSDM91[..3]).unwrap();
    assert_eq!(
        (three.residuals.sigma_per_s, three.intervals(0.95)[0]),
        (None, None)
    );
}

#[test]
fn a_throughput_beyond_the_peak_is_never_reached() {
    let law = Usl {
        gamma_per_s: 10.0,
        alpha: 0.1,
        beta: 0.01,
    };
    let peak = law.peak().unwrap();
    assert_eq!(law.users_for(peak.throughput_per_s * 1.001), None);
    assert!(law.users_for(peak.throughput_per_s * 0.999).unwrap() < peak.users);
    let limited = Usl { beta: 0.0, ..law };
    assert_eq!(limited.users_for(101.0), None);
    assert!((limited.users_for(50.0).unwrap() - 9.0).abs() < 1e-12);
}
