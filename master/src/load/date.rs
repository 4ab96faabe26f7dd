//! Dates as servers write them in header fields.

/// Reads a date as RFC 6265 section 5.1.1 tells browsers to: time, day, month and year wherever they stand.
#[must_use]
pub fn parse_date(text: &str) -> Option<i64> {
    const MONTHS: [&str; 12] = [
        "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
    ];
    let (mut time, mut day, mut month, mut year) = (None, None, None, None);
    for token in text.split(|c: char| !(c.is_ascii_alphanumeric() || c == ':')) {
        let lower = token.to_ascii_lowercase();
        if time.is_none() && token.contains(':') {
            let fields: Vec<i64> = token.split(':').map_while(|f| f.parse().ok()).collect();
            if let [h, m, s] = fields[..] {
                time = Some(h * 3600 + m * 60 + s);
            }
        } else if month.is_none() && lower.len() >= 3 && MONTHS.iter().any(|m| lower.starts_with(m)) {
            month = MONTHS
                .iter()
                .position(|m| lower.starts_with(m))
                .and_then(|m| i64::try_from(m + 1).ok());
        } else if let Ok(number) = token.parse::<i64>() {
            if day.is_none() && token.len() <= 2 {
                day = Some(number);
            } else if year.is_none() {
                year = Some(match number {
                    0..=69 => number + 2000,
                    70..=99 => number + 1900,
                    _ => number,
                });
            }
        }
    }
    let (day, month, year) = (day?, month?, year?);
    if !(1..=31).contains(&day) || !(1601..=9999).contains(&year) {
        return None;
    }
    Some(days_since_1970(year, month, day) * 86_400 + time?)
}

/// Days from 1970-01-01 in the Gregorian calendar, with the year taken to begin in March.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let shifted_year = if month <= 2 { year - 1 } else { year };
    let era = shifted_year.div_euclid(400);
    let year_of_era = shifted_year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_in_the_three_forms() {
        for text in [
            "Sun, 06 Nov 1994 08:49:37 GMT",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun Nov  6 08:49:37 1994",
        ] {
            assert_eq!(parse_date(text), Some(784_111_777), "{text}");
        }
        assert_eq!(parse_date("Thu, 29 Feb 2024 00:00:00 GMT"), Some(1_709_164_800));
        assert_eq!(parse_date("soon"), None);
    }
}
