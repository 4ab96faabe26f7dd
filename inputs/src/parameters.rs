//! The parameters of config.properties (manual, section 4.2): one table from which the reader checks and the documentation is made.

use crate::workload::Parameters;

/// What values a parameter takes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind {
    /// A file name.
    File {
        /// Value where nothing is said.
        default: &'static str,
    },
    /// A whole number.
    Whole {
        /// Value where nothing is said.
        default: u64,
        /// Smallest value.
        low: u64,
        /// Largest value.
        high: u64,
    },
    /// A decimal number.
    Decimal {
        /// Value where nothing is said.
        default: f64,
        /// Smallest value.
        low: f64,
        /// Largest value.
        high: f64,
    },
}

/// A parameter of config.properties.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Parameter {
    /// Name, as typed.
    pub name: &'static str,
    /// Its values.
    pub kind: Kind,
    /// Unit of the value; empty for a name or a plain factor.
    pub unit: &'static str,
    /// What it steers, in one sentence.
    pub meaning: &'static str,
}

impl Parameter {
    /// The default as text.
    pub fn default_text(&self) -> String {
        match self.kind {
            Kind::File { default } => default.to_owned(),
            Kind::Whole { default, .. } => default.to_string(),
            Kind::Decimal { default, .. } => default.to_string(),
        }
    }

    /// The admitted values as text.
    pub fn range_text(&self) -> String {
        match self.kind {
            Kind::File { .. } => "a file name".to_owned(),
            Kind::Whole { low, high, .. } => format!("a whole number from {low} to {high}"),
            Kind::Decimal { low, high, .. } => format!("a number from {low} to {high}"),
        }
    }

    /// Whether `text` is an admitted value.
    pub fn admits(&self, text: &str) -> bool {
        match self.kind {
            Kind::File { .. } => !text.is_empty() && !text.contains(char::is_control),
            Kind::Whole { low, high, .. } => {
                let digits = text.bytes().all(|b| b.is_ascii_digit());
                let value = text.parse::<u64>().ok().filter(|_| digits);
                value.is_some_and(|v| (low..=high).contains(&v))
            }
            Kind::Decimal { low, high, .. } => {
                crate::number::decimal(text).is_some_and(|v| (low..=high).contains(&v))
            }
        }
    }
}

const fn file(name: &'static str, default: &'static str, meaning: &'static str) -> Parameter {
    Parameter {
        name,
        kind: Kind::File { default },
        unit: "",
        meaning,
    }
}

/// A whole number from 1 (or 0 where the default is 0) to `high`.
const fn whole(name: &'static str, default: u64, high: u64, meaning: &'static str) -> Parameter {
    let low = if default == 0 { 0 } else { 1 };
    Parameter {
        name,
        kind: Kind::Whole { default, low, high },
        unit: "",
        meaning,
    }
}

const fn percent(name: &'static str, default: f64, meaning: &'static str) -> Parameter {
    Parameter {
        name,
        kind: Kind::Decimal {
            default,
            low: 0.0,
            high: 100.0,
        },
        unit: "%",
        meaning,
    }
}

const fn factor(name: &'static str, default: f64, meaning: &'static str) -> Parameter {
    Parameter {
        name,
        kind: Kind::Decimal {
            default,
            low: 1.0,
            high: 10.0,
        },
        unit: "",
        meaning,
    }
}

/// Every parameter, in the manual's order.
pub const PARAMETERS: &[Parameter] = &[
    file(
        "config_file_name",
        "input.xml",
        "Name of the file with the transactions.",
    ),
    file(
        "cbmg_file_name",
        "cbmg.txt",
        "Name of the file with the customer behaviour model graph.",
    ),
    file(
        "manual_loadlevel_input_file_name",
        "mll.txt",
        "Name of the file with the manual load levels.",
    ),
    whole(
        "master_port",
        0,
        65535,
        "Port on which AutoPerf's master listened for its profilers; ours opens the connections itself, so the value is accepted and nothing listens.",
    ),
    whole(
        "infinity",
        1_000_000,
        1_000_000_000,
        "What counts as infinitely many: no load level and no execution count goes beyond it.",
    ),
    Parameter {
        unit: "ms",
        ..whole(
            "inter_profile_request_time",
            1000,
            3_600_000,
            "Time after which it is checked again whether enough transactions were executed to look at the stopping rules.",
        )
    },
    Parameter {
        unit: "users",
        ..whole(
            "max_seq_var_count",
            5,
            1_000_000,
            "Load level up to which levels go up one by one; above it they are halved between the last and the predicted one.",
        )
    },
    Parameter {
        unit: "values",
        ..whole(
            "warmup_window_size",
            5,
            10_000,
            "Where set, the window of throughput values by which warm-up is tested while a single transaction is profiled.",
        )
    },
    Parameter {
        unit: "transactions",
        ..whole(
            "lower_bound_on_transaction_execution_count",
            100,
            1_000_000_000,
            "Smallest execution count where it is determined automatically.",
        )
    },
    Parameter {
        unit: "transactions",
        ..whole(
            "upper_bound_on_transaction_execution_count",
            100_000,
            1_000_000_000,
            "Largest execution count where it is determined automatically.",
        )
    },
    percent(
        "max_seq_var_threshold",
        5.0,
        "Error of a predicted throughput at which the range is halved no further.",
    ),
    factor(
        "mstar_lower_bound_multiplier",
        1.2,
        "The predicted saturation point M* is multiplied by this, and levels are halved up to there.",
    ),
    factor(
        "mstar_upper_bound_multiplier",
        1.5,
        "The level reached so is multiplied by this, and levels go up in equal steps to there.",
    ),
    Parameter {
        unit: "values",
        ..whole(
            "avg_execution_count_window_size",
            5,
            10_000,
            "Profiling: a service demand rests on at least so many readings, one a second (AutoPerf: window by which a settled demand is detected).",
        )
    },
    percent(
        "percentage_error_allowed_in_avg_service_time_observed",
        10.0,
        "Profiling: wanted half-width of every service demand's 95 % interval, 5 % unless set (AutoPerf: largest deviation within the window).",
    ),
    Parameter {
        unit: "transactions per user",
        ..whole(
            "inter_service_time_measurement_execution_count",
            10,
            1_000_000,
            "Executions, times the load level, between two looks at the service demands.",
        )
    },
    Parameter {
        unit: "transactions",
        ..whole(
            "maximum_execution_count_when_service_demand_zero",
            1000,
            1_000_000_000,
            "Executions after which a process without any measured demand is left out of the stopping rule.",
        )
    },
    Parameter {
        unit: "values",
        ..whole(
            "throughput_window_size",
            5,
            10_000,
            "Where set, a level has at least so many times the executions below for each user; also the window of throughput values by which warm-up is tested in capacity analysis.",
        )
    },
    percent(
        "percentage_error_allowed_in_throughput_observed",
        5.0,
        "Wanted half-width of throughput's 95 % interval at a level, 3 % unless set (AutoPerf: largest deviation within the window).",
    ),
    Parameter {
        unit: "transactions per user",
        ..whole(
            "inter_throughput_measurement_execution_count",
            10,
            1_000_000,
            "Executions, times the load level, between two looks at the throughput.",
        )
    },
    percent(
        "warmup_window_difference_threshold",
        5.0,
        "Where set, a server is warm only once the means of two successive windows of throughput differ by less.",
    ),
    percent(
        "percentage_time_outs_allowed",
        5.0,
        "Share of timed-out transactions above which the run stops.",
    ),
    percent(
        "check_for_percentage_time_outs_after",
        10.0,
        "Share of the fewest transactions (of a level, or of a profiled transaction) that must be executed before time-outs are judged.",
    ),
];

/// The parameter of a name.
pub fn by_name(name: &str) -> Option<&'static Parameter> {
    PARAMETERS.iter().find(|p| p.name == name)
}

impl Parameters {
    /// The value as text: what was typed, else the default; `None` for a name that is no parameter.
    pub fn text(&self, name: &str) -> Option<String> {
        let parameter = by_name(name)?;
        let typed = self.values.get(name).cloned();
        Some(typed.unwrap_or_else(|| parameter.default_text()))
    }

    /// The value as a number (percentages as typed, 5 for 5 %): what was typed, else the default; `None` for a file name or a
    /// name that is no parameter.
    pub fn number(&self, name: &str) -> Option<f64> {
        match by_name(name)?.kind {
            Kind::File { .. } => None,
            Kind::Whole { .. } | Kind::Decimal { .. } => crate::number::decimal(&self.text(name)?),
        }
    }

    /// The value as a whole number; `None` where it is not one by its kind.
    pub fn whole(&self, name: &str) -> Option<u64> {
        match by_name(name)?.kind {
            Kind::Whole { .. } => self.text(name)?.parse().ok(),
            Kind::File { .. } | Kind::Decimal { .. } => None,
        }
    }

    /// Whether the user typed a value for it.
    pub fn is_set(&self, name: &str) -> bool {
        self.values.contains_key(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_default_is_admitted_and_every_name_unique() {
        for (i, parameter) in PARAMETERS.iter().enumerate() {
            assert!(parameter.admits(&parameter.default_text()), "{}", parameter.name);
            assert!(PARAMETERS[..i].iter().all(|p| p.name != parameter.name));
            assert!(parameter.meaning.ends_with('.'), "{}", parameter.name);
        }
    }

    #[test]
    fn typed_values_go_before_defaults() {
        let mut parameters = Parameters::default();
        assert_eq!(parameters.whole("throughput_window_size"), Some(5));
        assert_eq!(parameters.number("mstar_lower_bound_multiplier"), Some(1.2));
        assert_eq!(parameters.text("cbmg_file_name").as_deref(), Some("cbmg.txt"));
        assert_eq!(parameters.number("cbmg_file_name"), None);
        assert_eq!(parameters.number("nothing"), None);
        let value = ("throughput_window_size".to_owned(), "7".to_owned());
        parameters.values.extend([value]);
        assert_eq!(parameters.whole("throughput_window_size"), Some(7));
        assert!(parameters.is_set("throughput_window_size"));
    }
}
