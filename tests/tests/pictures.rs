//! The pictures of docs/pictures.md, drawn from simulated data with a fixed seed; `AUTOPERF_BLESS=1` writes them anew.
#![expect(clippy::unwrap_used, reason = "a test may panic, its helpers too")]

use std::fmt::Write;

const WIDE: f64 = 640.0;
const HIGH: f64 = 300.0;
const LEFT: f64 = 56.0;
const BOTTOM: f64 = 44.0;
const EDGE: f64 = 16.0;

/// Numbers that look random and are the same everywhere (Lehmer's generator with the minimal standard's constants).
struct Chance(u64);

impl Chance {
    fn uniform(&mut self) -> f64 {
        self.0 = self.0 * 48_271 % 2_147_483_647;
        self.0 as f64 / 2_147_483_647.0
    }

    /// Nearly normal with mean 0 and variance 1: a sum of twelve uniform ones.
    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.uniform()).sum::<f64>() - 6.0
    }

    /// A series in which each value remembers the last one by this share; variance 1.
    fn dependent(&mut self, count: usize, memory: f64) -> Vec<f64> {
        let mut value = self.normal();
        let fresh = (1.0 - memory * memory).sqrt();
        (0..count)
            .map(|_| {
                value = memory * value + fresh * self.normal();
                value
            })
            .collect()
    }
}

/// A picture with one plane whose axes begin at the left and at the bottom.
struct Picture {
    parts: String,
    across: (f64, f64),
    up: (f64, f64),
}

impl Picture {
    fn new(labels: (&str, &str), across: (f64, f64), up: (f64, f64)) -> Self {
        let mut picture = Self {
            parts: String::new(),
            across,
            up,
        };
        let (right, floor) = (WIDE - EDGE, HIGH - BOTTOM);
        picture.add(format_args!(
            "<path class=\"a\" d=\"M{LEFT} {EDGE}V{floor}H{right}\"/>"
        ));
        picture.add(format_args!(
            "<text x=\"{}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
            f64::midpoint(LEFT, right),
            HIGH - 10.0,
            labels.0
        ));
        picture.add(format_args!(
            "<text transform=\"translate(18 {}) rotate(-90)\" text-anchor=\"middle\">{}</text>",
            f64::midpoint(EDGE, floor),
            labels.1
        ));
        picture
    }

    fn add(&mut self, part: std::fmt::Arguments<'_>) {
        writeln!(self.parts, "{part}").unwrap();
    }

    fn x(&self, value: f64) -> f64 {
        LEFT + (value - self.across.0) / (self.across.1 - self.across.0) * (WIDE - EDGE - LEFT)
    }

    fn y(&self, value: f64) -> f64 {
        HIGH - BOTTOM - (value - self.up.0) / (self.up.1 - self.up.0) * (HIGH - BOTTOM - EDGE)
    }

    fn line(&mut self, class: &str, points: &[(f64, f64)]) {
        let places: Vec<String> = points
            .iter()
            .map(|&(x, y)| format!("{:.1} {:.1}", self.x(x), self.y(y)))
            .collect();
        self.add(format_args!(
            "<path class=\"{class}\" d=\"M{}\"/>",
            places.join("L")
        ));
    }

    fn dot(&mut self, class: &str, (x, y): (f64, f64)) {
        let (x, y) = (self.x(x), self.y(y));
        self.add(format_args!(
            "<circle class=\"{class}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3\"/>"
        ));
    }

    fn say(&mut self, text: &str, (x, y): (f64, f64), anchor: &str) {
        let (x, y) = (self.x(x), self.y(y));
        self.add(format_args!(
            "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{text}</text>"
        ));
    }

    fn shade(&mut self, from: f64, to: f64) {
        let (from, to) = (self.x(from), self.x(to));
        let (top, tall) = (EDGE, HIGH - BOTTOM - EDGE);
        self.add(format_args!(
            "<rect class=\"s\" x=\"{from:.1}\" y=\"{top}\" width=\"{:.1}\" height=\"{tall}\"/>",
            to - from
        ));
    }

    /// Holds the picture against the committed one.
    fn check(self, name: &str, title: &str) {
        let style = "text{font:14px sans-serif;fill:#1b1f24}path{fill:none;stroke:#1f5fbf;stroke-width:2}circle{fill:#1f5fbf}\
                     .a{stroke:#545d69;stroke-width:1}.m{stroke:#9f1239;stroke-dasharray:6 4}.b{stroke:#c2410c}circle.b{fill:#c2410c;stroke:none}\
                     .s{fill:#1b1f24;opacity:.08}@media(prefers-color-scheme:dark){text{fill:#e6e9ee}path{stroke:#7ab0ff}circle{fill:#7ab0ff}\
                     .a{stroke:#a6b0bc}.m{stroke:#ff8fa3}.b{stroke:#ff9d6b}circle.b{fill:#ff9d6b}.s{fill:#e6e9ee}}";
        let picture = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDE} {HIGH}\" role=\"img\">\n<title>{title}</title>\n<style>{style}</style>\n{}</svg>\n",
            self.parts
        );
        let path = format!("{}/../docs/pictures/{name}.svg", env!("CARGO_MANIFEST_DIR"));
        if std::env::var_os("AUTOPERF_BLESS").is_some() {
            std::fs::write(&path, &picture).unwrap();
        }
        let committed = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            committed == picture,
            "{name}.svg differs: run the test again with AUTOPERF_BLESS=1 and look at it"
        );
        assert!(!picture.contains("NaN") && !picture.contains("inf"));
    }
}

/// A closed network of two stations and a think time, solved exactly (mean value analysis): throughput at each number of users.
fn throughputs(demands_s: [f64; 2], think_s: f64, users: u32) -> Vec<f64> {
    let mut queues = [0.0; 2];
    (1..=users)
        .map(|users| {
            let times = [0, 1].map(|station| demands_s[station] * (1.0 + queues[station]));
            let rate = f64::from(users) / (think_s + times[0] + times[1]);
            queues = times.map(|time_s| rate * time_s);
            rate
        })
        .collect()
}

#[test]
fn asymptotes() {
    let (demands_s, think_s) = ([0.00785, 0.00444], 0.4);
    let alone_s = demands_s[0] + demands_s[1] + think_s;
    let (most, knee) = (1.0 / demands_s[0], alone_s / demands_s[0]);
    let rates = throughputs(demands_s, think_s, 100);
    let curve: Vec<_> = rates
        .iter()
        .zip(1_u32..)
        .map(|(rate, users)| (f64::from(users), *rate))
        .collect();
    assert!(
        curve
            .iter()
            .all(|(users, rate)| *rate <= most && *rate <= users / alone_s + 1e-9),
        "no throughput above its bounds"
    );
    let mut picture = Picture::new(("users", "throughput, /s"), (0.0, 100.0), (0.0, 150.0));
    picture.line("m", &[(0.0, 0.0), (145.0 * alone_s, 145.0)]);
    picture.line("m", &[(0.0, most), (100.0, most)]);
    picture.line("m", &[(knee, 0.0), (knee, most)]);
    picture.line("c", &curve);
    picture.say("X_max", (2.0, most + 5.0), "start");
    picture.say("N / (R(1) + Z)", (145.0 * alone_s - 3.0, 138.0), "end");
    picture.say(&format!("N* = {knee:.0}"), (knee + 1.5, 8.0), "start");
    picture.say("what users see", (80.0, most - 14.0), "middle");
    picture.check("asymptotes", "Throughput against users, with its two bounds");
}

#[test]
fn warm_up() {
    let mut chance = Chance(20_260_101);
    let values: Vec<f64> = chance
        .dependent(120, 0.6)
        .iter()
        .zip(0_u32..)
        .map(|(noise, window)| 80.0 + 110.0 * (-f64::from(window) / 9.0).exp() + 7.0 * noise)
        .collect();
    // MSER: the cut after which the standard error of the rest is least.
    let error = |cut: usize| {
        let rest = &values[cut..];
        let mean = rest.iter().sum::<f64>() / rest.len() as f64;
        rest.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (rest.len() as f64).powi(2)
    };
    let cut = (0..60).min_by(|a, b| error(*a).total_cmp(&error(*b))).unwrap();
    assert!(
        (12..40).contains(&cut),
        "the transient is over after a few of its time constants: {cut}"
    );
    let at = |window: usize| window as f64 * 0.5;
    let mut picture = Picture::new(
        ("seconds since users were added", "response time, ms"),
        (0.0, 60.0),
        (0.0, 210.0),
    );
    picture.shade(0.0, at(cut));
    let points: Vec<_> = values
        .iter()
        .enumerate()
        .map(|(window, value)| (at(window), *value))
        .collect();
    picture.line("c", &points);
    let mean = values[cut..].iter().sum::<f64>() / (values.len() - cut) as f64;
    picture.line("m", &[(at(cut), mean), (60.0, mean)]);
    picture.say("warm-up", (at(cut) / 2.0, 195.0), "middle");
    picture.say("what counts, and its mean", (40.0, 110.0), "middle");
    picture.check(
        "warm-up",
        "Response time after users were added, and where the level begins to count",
    );
}

/// Mean and half-width of a 95 % interval from values taken as independent.
fn interval(values: &[f64]) -> (f64, f64) {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (count - 1.0);
    // Student's t for 19 degrees of freedom; for hundreds the normal one.
    let quantile = if values.len() == 20 { 2.093 } else { 1.96 };
    (mean, quantile * (variance / count).sqrt())
}

#[test]
fn intervals() {
    let mut chance = Chance(7);
    let mut picture = Picture::new(("repetition", "mean response time"), (0.0, 41.0), (-1.4, 4.4));
    let mut missed = [0, 0];
    for (kind, truth) in [(0, 3.0), (1, 0.0)] {
        picture.line("m", &[(0.0, truth), (41.0, truth)]);
        for repetition in 1..=40 {
            let values = chance.dependent(600, 0.8);
            let batches: Vec<f64> = values
                .chunks(30)
                .map(|batch| batch.iter().sum::<f64>() / 30.0)
                .collect();
            let (mean, half) = interval(if kind == 0 { &values } else { &batches });
            let misses = mean.abs() > half;
            missed[kind] += u32::from(misses);
            let class = if misses { "b" } else { "c" };
            let place = f64::from(repetition);
            picture.line(
                class,
                &[(place, truth + mean - half), (place, truth + mean + half)],
            );
            picture.dot(class, (place, truth + mean));
        }
    }
    assert!(missed[0] >= 16 && missed[1] <= 5, "{missed:?}");
    picture.say(
        &format!("as if independent: {} of 40 miss the truth", missed[0]),
        (1.0, 4.1),
        "start",
    );
    picture.say(
        &format!("from 20 batches: {} of 40 miss it", missed[1]),
        (1.0, 1.3),
        "start",
    );
    picture.check(
        "intervals",
        "Forty intervals from single values and forty from batches, beside the truth",
    );
}

#[test]
fn separation() {
    let mut chance = Chance(99);
    let (browse_ms, order_ms) = (3.0, 6.0);
    let points: Vec<(f64, f64)> = (0..90)
        .map(|_| {
            let orders = (0..60).filter(|_| chance.uniform() < 0.23).count() as f64;
            let cpu_ms = orders * order_ms + (60.0 - orders) * browse_ms + 1.5 * chance.normal();
            (orders / 60.0, cpu_ms / 60.0)
        })
        .collect();
    let count = points.len() as f64;
    let (mean_x, mean_y) = (
        points.iter().map(|point| point.0).sum::<f64>() / count,
        points.iter().map(|point| point.1).sum::<f64>() / count,
    );
    let covariance: f64 = points.iter().map(|(x, y)| (x - mean_x) * (y - mean_y)).sum();
    let slope = covariance / points.iter().map(|(x, _)| (x - mean_x).powi(2)).sum::<f64>();
    let at = |share: f64| mean_y + slope * (share - mean_x);
    assert!(
        (at(0.0) - browse_ms).abs() < 0.1 && (at(1.0) - order_ms).abs() < 0.3,
        "{} {}",
        at(0.0),
        at(1.0)
    );
    let mut picture = Picture::new(
        ("share of orders in a stretch", "CPU per transaction, ms"),
        (0.0, 1.0),
        (2.0, 6.6),
    );
    picture.line("m", &[(0.0, at(0.0)), (1.0, at(1.0))]);
    for point in points {
        picture.dot("c", point);
    }
    picture.say(&format!("no orders: {:.1} ms", at(0.0)), (0.02, 2.6), "start");
    picture.say(&format!("orders alone: {:.1} ms", at(1.0)), (0.94, 6.2), "end");
    picture.check(
        "separation",
        "CPU time of stretches against the share of one transaction in them",
    );
}
