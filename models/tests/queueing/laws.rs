//! Operational laws.

use crate::vector::{Row, exact, printed, vectors, within};
use autoperf_models::laws;

/// One user, 63 requests in 20.571 s at .125 s each, 111.111 ms of CPU a request.
fn manual_sample() -> Vec<Row> {
    let throughput = 63.0 / 20.571;
    let busy = laws::utilization(throughput, 0.111_111).unwrap();
    vec![
        printed("X", "3.06256", throughput),
        printed("CPU seconds in all", "7.000", busy * 20.571),
        printed("U", "0.3403", busy),
        printed("Z", "0.2015", laws::think_time_s(1.0, throughput, 0.125).unwrap()),
        within(
            "R back",
            0.125,
            laws::response_time_s(1.0, throughput, 20.571 / 63.0 - 0.125).unwrap(),
            1e-9,
        ),
        exact(
            "D back",
            0.111_111,
            laws::service_demand_s(busy, throughput).unwrap(),
        ),
    ]
}

fn lzgs_113() -> Vec<Row> {
    let centre = laws::centre_throughput(0.3, 121.0).unwrap();
    let busy = laws::utilization(centre, 0.005).unwrap();
    let residence = 0.005 * 121.0 / (1.0 - busy);
    vec![
        exact("U[1]", 0.1815, busy),
        exact("X[1]", 36.3, centre),
        printed("Q[1]", "0.222", laws::mean_number(0.3, residence).unwrap()),
    ]
}

vectors! {
    vector_autoperf_manual_sample, "AutoPerf manual 2013, the one sample output" => manual_sample();
    vector_lzgs_113, "LZGS 1984, p. 113; V=[121,70,50] S=[.005,.03,.027] lambda=.3" => lzgs_113();
}
