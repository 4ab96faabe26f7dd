//! Response times as HDR histograms in microseconds (three significant digits), text-encoded for the journal.

use hdrhistogram::Histogram;
use hdrhistogram::serialization::{Deserializer, Serializer, V2DeflateSerializer};
use std::io::Cursor;

const HIGHEST_US: u64 = 24 * 3600 * 1_000_000;
const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// A mergeable distribution of times.
#[derive(Debug, Clone)]
pub struct Times {
    inner: Option<Histogram<u64>>,
}

impl Default for Times {
    fn default() -> Self {
        Self {
            inner: Histogram::new_with_bounds(1, HIGHEST_US, 3).ok(),
        }
    }
}

impl Times {
    /// Adds one time in microseconds; times beyond a day count as a day.
    pub fn record_us(&mut self, time_us: u64) {
        if let Some(inner) = &mut self.inner {
            inner.saturating_record(time_us);
        }
    }

    /// Adds the same time `count` times.
    pub fn record_many_us(&mut self, time_us: u64, count: u64) {
        if let Some(inner) = &mut self.inner {
            inner.saturating_record_n(time_us, count);
        }
    }

    /// The times in steps that grow by the same factor, at most `most` of them: from, to (s), and how many lie there. Empty
    /// steps between filled ones are there too; none where there are no times.
    #[must_use]
    pub fn steps_s(&self, most: usize) -> Vec<(f64, f64, u64)> {
        let Some(inner) = self.inner.as_ref().filter(|inner| !inner.is_empty()) else {
            return Vec::new();
        };
        // Below three significant digits there is nothing to be seen.
        let (low, high) = (
            inner.min_nz().clamp(1, inner.max().max(1)) as f64,
            inner.max().max(1) as f64,
        );
        let finest = 2.0_f64.powf(0.125).ln();
        let width = ((high / low).ln() / (most.max(2) - 1) as f64).max(finest);
        let first = (low.ln() / width).floor();
        let steps = ((high.ln() / width).floor() - first) as usize + 1;
        let mut counts = vec![0_u64; steps];
        for value in inner.iter_recorded() {
            let time_us = value.value_iterated_to().max(1) as f64;
            let step = ((time_us.ln() / width).floor() - first).max(0.0) as usize;
            if let Some(count) = counts.get_mut(step.min(steps - 1)) {
                *count += value.count_since_last_iteration();
            }
        }
        let edge_s = |step: usize| ((first + step as f64) * width).exp() * 1e-6;
        let row = |(step, count): (usize, u64)| (edge_s(step), edge_s(step + 1), count);
        counts.into_iter().enumerate().map(row).collect()
    }

    /// Adds another distribution's times.
    pub fn merge(&mut self, other: &Self) {
        if let (Some(inner), Some(other)) = (&mut self.inner, &other.inner) {
            // Both have the same bounds by construction, so nothing can fall outside.
            let _ = inner.add(other);
        }
    }

    /// How many times are in it.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.inner.as_ref().map_or(0, Histogram::len)
    }

    /// The time below which a share `quantile` (0..1) lies, s; `None` where it is empty.
    #[must_use]
    pub fn quantile_s(&self, quantile: f64) -> Option<f64> {
        let inner = self.inner.as_ref().filter(|inner| !inner.is_empty())?;
        Some(inner.value_at_quantile(quantile) as f64 * 1e-6)
    }

    /// The largest time, s; `None` where it is empty.
    #[must_use]
    pub fn max_s(&self) -> Option<f64> {
        self.inner
            .as_ref()
            .filter(|inner| !inner.is_empty())
            .map(|inner| inner.max() as f64 * 1e-6)
    }

    /// The time of a given rank from 1 (smallest) to the count, s; `None` where there is no such rank.
    #[must_use]
    pub fn at_rank_s(&self, rank: u64) -> Option<f64> {
        let inner = self.inner.as_ref()?;
        let count = inner.len();
        (1..=count)
            .contains(&rank)
            .then(|| inner.value_at_quantile((rank as f64 - 0.5) / count as f64) as f64 * 1e-6)
    }

    /// The distribution as text (HDR V2, deflated, base64); empty text for an empty one.
    #[must_use]
    pub fn encode(&self) -> String {
        let mut bytes = Vec::new();
        let filled = self.inner.as_ref().filter(|inner| !inner.is_empty());
        match filled.map(|inner| V2DeflateSerializer::new().serialize(inner, &mut bytes)) {
            Some(Ok(_)) => base64(&bytes),
            _ => String::new(),
        }
    }

    /// The distribution that a text stands for; empty text gives an empty one, a broken text `None`.
    #[must_use]
    pub fn decode(text: &str) -> Option<Self> {
        if text.is_empty() {
            return Some(Self::default());
        }
        let bytes = unbase64(text)?;
        let inner = Deserializer::new().deserialize(&mut Cursor::new(bytes)).ok()?;
        Some(Self { inner: Some(inner) })
    }
}

fn base64(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let group = chunk
            .iter()
            .fold(0_u32, |group, &byte| group << 8 | u32::from(byte))
            << (8 * (3 - chunk.len()));
        for place in 0..4 {
            let digit = BASE64[(group >> (18 - 6 * place) & 63) as usize];
            text.push(if place <= chunk.len() {
                char::from(digit)
            } else {
                '='
            });
        }
    }
    text
}

fn unbase64(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    for chunk in text.trim_end_matches('=').as_bytes().chunks(4) {
        let mut group = 0_u32;
        for &letter in chunk {
            group = group << 6 | u32::try_from(BASE64.iter().position(|&digit| digit == letter)?).ok()?;
        }
        group <<= 6 * (4 - chunk.len());
        bytes.extend_from_slice(&group.to_be_bytes()[1..chunk.len()]);
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_agrees_with_rfc_4648_section_10() {
        let vectors = [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
        ];
        for (plain, coded) in vectors {
            assert_eq!(base64(plain.as_bytes()), coded);
            assert_eq!(unbase64(coded).unwrap(), plain.as_bytes());
        }
        assert_eq!(unbase64("Zm9*"), None);
    }

    #[test]
    fn text_and_back_keeps_quantiles_and_merging_adds() {
        let mut times = Times::default();
        (1..=1000).for_each(|time| times.record_us(time * 100));
        let mut back = Times::decode(&times.encode()).unwrap();
        assert_eq!(back.quantile_s(0.95), times.quantile_s(0.95));
        assert!((back.quantile_s(0.5).unwrap() - 0.05).abs() < 1e-4);
        back.merge(&times);
        assert_eq!((back.count(), back.max_s()), (2000, times.max_s()));
        assert!((times.at_rank_s(10).unwrap() - 0.001).abs() < 1e-6);
        assert_eq!((times.at_rank_s(0), times.at_rank_s(1001)), (None, None));
    }

    #[test]
    fn steps_cover_every_time_once() {
        let mut times = Times::default();
        [0, 1, 900, 950, 1_000, 20_000, 3_000_000]
            .iter()
            .for_each(|&time| times.record_us(time));
        times.record_many_us(5_000, 40);
        for most in [2, 12, 48] {
            let steps = times.steps_s(most);
            assert!(
                steps.len() <= most + 1 && steps.len() > 1,
                "{most}: {}",
                steps.len()
            );
            assert_eq!(steps.iter().map(|step| step.2).sum::<u64>(), times.count());
            assert!(
                steps
                    .windows(2)
                    .all(|pair| (pair[0].1 - pair[1].0).abs() < 1e-12 && pair[0].0 < pair[0].1)
            );
            assert!(steps[0].0 <= 1e-6 && steps.last().unwrap().1 >= 2.99);
        }
        let mut one = Times::default();
        one.record_many_us(777, 3);
        let [(from_s, to_s, 3)] = one.steps_s(40)[..] else {
            panic!("one step was expected")
        };
        assert!(from_s <= 777e-6 && 776e-6 <= to_s, "{from_s} {to_s}");
        assert!(Times::default().steps_s(40).is_empty());
    }

    #[test]
    fn an_empty_one_has_no_figures() {
        let empty = Times::default();
        assert_eq!(
            (empty.encode().as_str(), empty.quantile_s(0.5), empty.max_s()),
            ("", None, None)
        );
        assert_eq!(Times::decode("").unwrap().count(), 0);
        assert!(Times::decode("!!").is_none());
    }
}
