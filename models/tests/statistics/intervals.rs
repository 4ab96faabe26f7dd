//! Intervals of means, ratios and quantiles.

use crate::minstd::{Minstd, autoregression, busy_cycles, transient};
use crate::vector::{Row, each, exact, printed, vectors};
use autoperf_models::Estimate;
use autoperf_models::statistics::autocorrelation::EffectiveSampleSize;
use autoperf_models::statistics::batch_means::{batch_means, batch_means_interval, von_neumann};
use autoperf_models::statistics::forecast::{sample_size_text, samples_needed};
use autoperf_models::statistics::quantile::{quantile_ranks, samples_to_bound};
use autoperf_models::statistics::ratio::{Ratio, jackknife_ratio};
use autoperf_models::statistics::regenerative::regenerative_interval;

fn generator() -> Vec<Row> {
    let mut random = Minstd::new(1);
    [16_807.0, 282_475_249.0, 1_622_650_073.0]
        .map(|expected| exact("x", expected, random.next() as f64))
        .into()
}

fn batches_a() -> Vec<Row> {
    let steady = &transient()[125..];
    let ten = batch_means_interval(steady, 10, 0.95).unwrap();
    let twenty = batch_means_interval(steady, 20, 0.95).unwrap();
    let means = batch_means(steady, 20).unwrap();
    let variance = means.iter().map(|m| (m - twenty.value).powi(2)).sum::<f64>() / 19.0;
    assert_eq!((ten.samples, twenty.samples), (370, 360));
    vec![
        printed("mean, 10 batches", "10.029619832", ten.value),
        printed("half-width, 10 batches", "0.352567225", ten.half_width()),
        printed("mean, 20 batches", "9.998399372", twenty.value),
        printed("variance of 20 batch means", "0.449158357", variance),
        printed("half-width, 20 batches", "0.313659874", twenty.half_width()),
    ]
}

fn independence_a() -> Vec<Row> {
    let test = von_neumann(&transient()[125..], 0.2).unwrap();
    assert!(test.independent());
    vec![
        printed("C", "0.001552910", test.statistic),
        printed("critical value", "0.0660026", test.critical),
    ]
}

fn effective_b() -> Vec<Row> {
    let mut series = EffectiveSampleSize::new();
    let values = autoregression();
    values.iter().for_each(|v| series.push(*v));
    let mean = series.mean().unwrap();
    let around: f64 = values.iter().map(|v| (v - mean).powi(2)).sum();
    let lagged: f64 = values.windows(2).map(|w| (w[0] - mean) * (w[1] - mean)).sum();
    let expected = [
        "1", "1.798303", "3.102736", "4.862905", "6.667862", "8.519359", "8.629187",
    ];
    let mut rows = vec![
        printed("mean", "5.021550850", mean),
        printed("variance", "0.229042131", series.variance().unwrap()),
        printed("lag-1 autocorrelation", "0.798572598", lagged / around),
        printed("autocorrelation time", "8.519359", series.autocorrelation_time()),
        printed("effective sample size", "480", series.effective().floor()),
    ];
    rows.extend(each(
        "time by level",
        &expected,
        &series.autocorrelation_times()[..7],
    ));
    rows
}

fn cycles_c() -> Vec<Row> {
    let (sums, lengths) = busy_cycles();
    let interval = regenerative_interval(&sums, &lengths, 0.95).unwrap();
    assert!(interval.contains(0.5));
    vec![
        exact("cycles", 10_008.0, interval.samples as f64),
        printed(
            "mean length",
            "1.998301",
            lengths.iter().sum::<f64>() / lengths.len() as f64,
        ),
        printed("mean wait", "0.505974", interval.value),
        printed("half-width", "0.036014", interval.half_width()),
    ]
}

fn ratio_d() -> Vec<Row> {
    let cpu_s = [1.20, 1.32, 1.08, 1.51, 1.26, 1.40, 1.15, 1.29];
    let requests = [60.0, 66.0, 55.0, 74.0, 63.0, 70.0, 58.0, 64.0];
    let plain = Ratio::new(&cpu_s, &requests).unwrap().interval(0.95).unwrap();
    let jackknife = jackknife_ratio(&cpu_s, &requests, 0.95).unwrap();
    vec![
        printed("D", "0.020019608", plain.value),
        printed("half-width", "0.000189803", plain.half_width()),
        printed("D, jackknife", "0.020021978", jackknife.value),
        printed("half-width, jackknife", "0.000191007", jackknife.half_width()),
    ]
}

fn ranks_e() -> Vec<Row> {
    let expected = [
        (100, 0.5, 40, 61),
        (1000, 0.95, 936, 964),
        (1000, 0.99, 983, 997),
        (200, 0.99, 195, 201),
        (10_000, 0.999, 9983, 9997),
    ];
    let ranks = |(n, p, low, high): (u64, f64, u64, u64)| {
        let got = quantile_ranks(n, p, 0.95).unwrap();
        assert_eq!(got.bounded(), n != 200);
        [
            exact(format!("n={n} p={p} low"), low as f64, got.low as f64),
            exact(format!("n={n} p={p} high"), high as f64, got.high as f64),
        ]
    };
    expected.into_iter().flat_map(ranks).collect()
}

fn fewest_for_a_bound() -> Vec<Row> {
    // p^n <= 0.025 and (1-p)^n <= 0.025 by hand.
    [
        (0.5, 6.0),
        (0.9, 36.0),
        (0.95, 72.0),
        (0.99, 368.0),
        (0.999, 3688.0),
    ]
    .map(|(p, n)| {
        exact(
            format!("n for p={p}"),
            n,
            samples_to_bound(p, 0.95).unwrap() as f64,
        )
    })
    .into()
}

fn forecast() -> Vec<Row> {
    let at_the_knee = Estimate::symmetric(1.0, 0.04, 16_000).unwrap();
    let needed = samples_needed(&at_the_knee, 0.05).unwrap();
    assert_eq!(sample_size_text(needed, 0.05), "about 10k responses for ±5 %");
    vec![exact("responses for 5 % from 4 % at 16000", 10_240.0, needed)]
}

vectors! {
    vector_minstd, "Park & Miller 1988" => generator();
    vector_batch_means_minstd_a, "computed independently; series A from 125" => batches_a();
    vector_von_neumann_minstd_a, "computed independently; series A from 125" => independence_a();
    vector_effective_sample_size_minstd_b, "computed independently; series B" => effective_b();
    vector_regenerative_minstd_c, "computed independently; series C, theory 0.5" => cycles_c();
    vector_ratio_demand_d, "computed independently; CPU s and requests of eight windows" => ratio_d();
    vector_quantile_ranks_e, "binomial law, 95 %; rank n+1 = no bound" => ranks_e();
    vector_quantile_fewest, "by hand, 95 %" => fewest_for_a_bound();
    vector_sample_size, "n = n0 (hw0/hw)^2 by hand" => forecast();
}
