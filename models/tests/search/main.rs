//! The default search against sites whose curve is known exactly, seen through sampling noise.

mod analytic;
mod autoperf;
mod strategies;
mod verdicts;

use analytic::Site;
use autoperf_models::search::{Finding, ModelGuided, Next, Options, Strategy, VerdictCode};

/// Runs the default search to its end.
fn search(site: &mut Site, options: Options) -> (Finding, Vec<u32>, f64) {
    follow(&mut ModelGuided::new(options), site)
}

/// Follows a strategy to its end: (finding, levels, load seconds).
fn follow(strategy: &mut dyn Strategy, site: &mut Site) -> (Finding, Vec<u32>, f64) {
    let mut next = strategy.next(None);
    let (mut levels, mut load_s) = (Vec::new(), 0.0);
    loop {
        match next {
            Next::Done(finding) => return (finding, levels, load_s),
            Next::Run(plan) => {
                assert!(levels.len() < 40, "no end: {levels:?}");
                assert!(!plan.why.is_empty());
                let outcome = site.run(plan.users, &plan.precision);
                levels.push(plan.users);
                load_s += outcome.load_s;
                next = strategy.next(Some(&outcome));
            }
        }
    }
}

#[test]
fn single_tier_is_found() {
    for seed in 0..5 {
        let mut site = Site::new(&[(0.02, 1)], 1.0, seed);
        let (finding, _, load_s) = search(&mut site, Options::default());
        assert_eq!(finding.verdict, VerdictCode::Found, "{:?}", finding.reasons);
        let x = finding.max_throughput_per_s.unwrap();
        assert!((x.value / 50.0 - 1.0).abs() < 0.04, "{x:?}");
        assert!((finding.saturation_users.unwrap().value / 51.0 - 1.0).abs() < 0.08);
        assert_eq!(finding.bottleneck.unwrap().0, "station 0");
        assert!(load_s < 1300.0, "{load_s}");
    }
}

#[test]
fn four_cores_and_a_disk_without_profiler() {
    for seed in 0..5 {
        let mut site = Site::new(&[(0.04, 4), (0.008, 1)], 1.0, seed).without_profiler();
        let (finding, ..) = search(&mut site, Options::default());
        assert_eq!(finding.verdict, VerdictCode::Found, "{:?}", finding.reasons);
        let x = finding.max_throughput_per_s.unwrap();
        assert!((x.value / 100.0 - 1.0).abs() < 0.05, "{x:?}");
        assert!(finding.bottleneck.is_none());
    }
}

#[test]
fn curve_follows_the_exact_one() {
    for seed in 0..4 {
        let mut site = Site::new(&[(0.008, 1), (0.025, 1), (0.012, 1)], 2.0, seed);
        let (finding, levels, _) = search(&mut site, Options::default());
        let exact = site.exact(*levels.iter().max().unwrap());
        let mut mean = 0.0;
        let rows: Vec<_> = finding.curve.iter().filter(|p| p.users <= 122).collect();
        for point in &rows {
            let (_, response_s) = exact[point.users as usize - 1];
            let error = (point.response_time_s.value / response_s - 1.0).abs();
            mean += error / rows.len() as f64;
        }
        assert!(mean < 0.08, "mean {mean}");
    }
}
