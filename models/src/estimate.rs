//! A figure never travels without its interval and its sample count.

/// A point estimate with its confidence interval (95 % unless the producer says otherwise).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// The point estimate, in the unit that the holder's name states. Always finite.
    pub value: f64,
    /// Lower end of the interval; `low <= value`.
    pub low: f64,
    /// Upper end of the interval; `value <= high`.
    pub high: f64,
    /// How many observations (batches are counted by the observations in them) the figure rests on.
    pub samples: u64,
}

impl Estimate {
    /// An estimate with a symmetric interval of the given half-width; `None` where a figure is not finite.
    #[must_use]
    pub fn symmetric(value: f64, half_width: f64, samples: u64) -> Option<Self> {
        Self::new(value, value - half_width.abs(), value + half_width.abs(), samples)
    }

    /// An estimate from its parts; `None` unless all are finite and `low <= value <= high`.
    #[must_use]
    pub fn new(value: f64, low: f64, high: f64, samples: u64) -> Option<Self> {
        let ordered = low <= value && value <= high;
        (ordered && low.is_finite() && high.is_finite()).then_some(Self {
            value,
            low,
            high,
            samples,
        })
    }

    /// Half the interval's length.
    #[must_use]
    pub fn half_width(&self) -> f64 {
        (self.high - self.low) / 2.0
    }

    /// Half-width over the absolute value; infinite where the value is zero and the interval is not.
    #[must_use]
    pub fn relative_half_width(&self) -> f64 {
        match (self.half_width(), self.value.abs()) {
            (0.0, _) => 0.0,
            (_, 0.0) => f64::INFINITY,
            (half, value) => half / value,
        }
    }

    /// Whether the interval contains `truth`.
    #[must_use]
    pub fn contains(&self, truth: f64) -> bool {
        self.low <= truth && truth <= self.high
    }

    /// The same estimate in another unit: every part multiplied by `factor` (> 0).
    #[must_use]
    pub fn scaled(&self, factor: f64) -> Self {
        Self {
            value: self.value * factor,
            low: self.low * factor,
            high: self.high * factor,
            ..*self
        }
    }
}
