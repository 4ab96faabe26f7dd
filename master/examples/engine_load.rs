//! The load engine alone, for measuring it: `engine_load URL USERS THINK_S SECONDS [THREADS [HTTP [RECORD]]]` prints one line of
//! JSON; HTTP is 1.1, 2 or auto, RECORD a new .csv or .jsonl file for every transaction.

use autoperf::cli::values::http_version;
use autoperf::clock::monotonic_ns;
use autoperf::load::{Engine, EngineConfig, Records, Script};
use autoperf::record::{FINISH_WITHIN, Mirror, RecordOptions};
use autoperf::transport::Version;
use autoperf_inputs::workload::{Method, Navigation, Parameters, Part, Template, Transaction, Workload};
use autoperf_models::distribution::Distribution;
use std::time::Duration;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [url, users, think_s, seconds, rest @ ..] = &arguments[..] else {
        return Err("engine_load URL USERS THINK_S SECONDS [THREADS [HTTP [RECORD]]]".into());
    };
    let (users, think_s, seconds): (u32, f64, f64) = (users.parse()?, think_s.parse()?, seconds.parse()?);
    let shards = rest.first().map_or(Ok(1), |text| text.parse())?;
    let config = EngineConfig {
        shards: Some(shards),
        http: rest
            .get(1)
            .map_or(Ok(Version::Http1), |text| http_version(text))?,
        records: if rest.len() > 2 {
            Records::Mirrored
        } else {
            Records::None
        },
        max_kept_records: RecordOptions::default().most_waiting,
        ..EngineConfig::default()
    };
    let mut mirror = rest.get(2).map(|file| mirror(file)).transpose()?;
    let engine = Engine::start(&workload(url, think_s), Script::Navigation, config)?;
    let before_bytes = resident_bytes();
    engine.set_users(users);
    let warm_s = if think_s > 0.0 { 1.0 + 2.0 * think_s } else { 0.3 };
    run(&engine, warm_s, |_| {});
    let mut sum = Sum::default();
    let mut windows = Vec::new();
    run(&engine, seconds, |window| {
        sum.add(window);
        windows.push(window.clone());
        if let Some(mirror) = &mut mirror {
            sum.unrecorded += window.generator.unrecorded;
            sum.unrecorded += mirror.take(engine.take_finished(), window.generator.unrecorded);
            mirror.pass_on(Some(1));
        }
    });
    let saturated =
        autoperf::load::generator_saturated(&windows).map_or("null".to_owned(), |s| format!("\"{s}\""));
    let account = autoperf::load::Account::of(&windows);
    let doubtful =
        autoperf::load::doubtful_tail(&account).map_or("null".to_owned(), |doubt| format!("\"{doubt}\""));
    sum.print(
        users,
        think_s,
        resident_bytes().saturating_sub(before_bytes),
        (&saturated, &doubtful),
    );
    mirror.map(|mirror| mirror.finish(FINISH_WITHIN));
    Ok(())
}

fn mirror(file: &str) -> Result<Mirror, Box<dyn std::error::Error>> {
    let options = RecordOptions {
        sinks: vec![file.into()],
        ..RecordOptions::default()
    };
    let transactions = ["page".to_owned(), "page".to_owned()];
    Ok(Mirror::open(&options, std::path::Path::new("."), &transactions)?)
}

fn run(engine: &Engine, seconds: f64, mut each: impl FnMut(&autoperf::load::Window)) {
    let until_ns = monotonic_ns() - engine.epoch_monotonic_ns() + (seconds * 1e9) as u64;
    while let Some(window) = engine.next_window(Duration::from_secs(10)) {
        each(&window);
        if window.end_ns >= until_ns {
            return;
        }
    }
}

#[derive(Default)]
struct Sum {
    elapsed_s: f64,
    served: u64,
    failed: u64,
    unrecorded: u64,
    cpu_s: f64,
    response_s: f64,
    think_s: f64,
    thinks: u64,
    response_us: Vec<u32>,
    lateness_us: Vec<u32>,
}

impl Sum {
    fn add(&mut self, window: &autoperf::load::Window) {
        self.elapsed_s += (window.end_ns - window.start_ns) as f64 * 1e-9;
        self.served += window.served();
        for transaction in &window.transactions {
            self.failed += transaction.failures().map(|(_, count)| count).sum::<u64>();
            self.response_s += transaction.response_sum_s;
            self.response_us.extend(&transaction.response_us);
        }
        self.cpu_s += window.generator.cpu_ns as f64 * 1e-9;
        self.think_s += window.think_sum_s;
        self.thinks += window.think_count;
        self.lateness_us.extend(&window.generator.lateness_us);
    }

    fn print(mut self, users: u32, think_s: f64, grown_bytes: u64, (saturated, doubtful): (&str, &str)) {
        let rate = self.served as f64 / self.elapsed_s;
        let response_s = self.response_s / self.served as f64;
        let expected = f64::from(users) / (response_s + think_s);
        let (late_50, late_99) = (
            quantile(&mut self.lateness_us, 0.5),
            quantile(&mut self.lateness_us, 0.99),
        );
        let (time_50, time_99) = (
            quantile(&mut self.response_us, 0.5),
            quantile(&mut self.response_us, 0.99),
        );
        println!(
            "{{\"users\":{users},\"rate\":{rate:.1},\"failed\":{},\"unrecorded\":{},\"cpu\":{:.4},\"per_cpu_s\":{:.0},\
             \"of_expected\":{:.4},\"response_p50_us\":{time_50},\"response_p99_us\":{time_99},\
             \"late_p50_us\":{late_50},\"late_p99_us\":{late_99},\"little_gap\":{:.4},\"bytes_per_user\":{},\"doubtful_tail\":{doubtful},\"saturated\":{saturated}}}",
            self.failed,
            self.unrecorded,
            self.cpu_s / self.elapsed_s,
            self.served as f64 / self.cpu_s,
            rate / expected,
            1.0 - rate * (response_s + self.think_s / self.thinks.max(1) as f64) / f64::from(users),
            grown_bytes / u64::from(users),
        );
    }
}

fn quantile(values: &mut [u32], share: f64) -> u32 {
    values.sort_unstable();
    values
        .get(((values.len() as f64 * share) as usize).min(values.len().saturating_sub(1)))
        .copied()
        .unwrap_or(0)
}

fn resident_bytes() -> u64 {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages: u64 = text
        .split(' ')
        .nth(1)
        .and_then(|field| field.parse().ok())
        .unwrap_or(0);
    pages * 4096
}

fn workload(url: &str, think_s: f64) -> Workload {
    let transaction = Transaction {
        name: "page".to_owned(),
        method: Method::Get,
        url: Template {
            parts: vec![Part::Literal(url.to_owned())],
        },
        body: None,
        headers: Vec::new(),
        timeout_s: Some(10.0),
        think_time_s: Distribution::Constant(think_s),
        follow_redirects: false,
        resources: false,
        checks: Vec::new(),
        extractions: Vec::new(),
        from_last_page: false,
    };
    Workload {
        // Two states, so that the walk is drawn for every transaction.
        transactions: vec![
            transaction.clone(),
            Transaction {
                name: "other".to_owned(),
                ..transaction
            },
        ],
        navigation: Some(Navigation {
            states: vec![0, 1],
            entry: vec![0.5, 0.5],
            rows: vec![vec![0.3, 0.7], vec![0.6, 0.4]],
        }),
        nodes: Vec::new(),
        start_load: None,
        warm_up: true,
        profile: None,
        manual_levels: Vec::new(),
        parameters: Parameters::default(),
        folder: std::path::PathBuf::new(),
    }
}
