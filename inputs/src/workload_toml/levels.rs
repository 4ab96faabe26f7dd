//! Manual load levels of workload.toml, cycles expanded.

use super::form::LevelForm;
use super::{Reader, span};
use crate::diagnostic::Diagnostic;
use crate::limits::{MAX_LEVELS, MAX_REPEAT_DEPTH, MAX_TIME_S, MAX_USERS};
use crate::workload::ManualLevel;

impl Reader<'_> {
    pub(super) fn levels(&mut self, forms: &[toml::Spanned<LevelForm>]) -> Vec<ManualLevel> {
        let mut levels = Vec::new();
        self.expand(forms, 0, &mut levels);
        levels
    }

    /// Appends the levels of some forms; `None` once there are too many.
    fn expand(
        &mut self,
        forms: &[toml::Spanned<LevelForm>],
        depth: usize,
        levels: &mut Vec<ManualLevel>,
    ) -> Option<()> {
        for form in forms {
            let place = span(form);
            let from = levels.len();
            let times = match form.get_ref() {
                LevelForm {
                    users: Some(users),
                    duration_s: Some(duration_s),
                    repeat: None,
                    levels: inner,
                } if inner.is_empty() => {
                    levels.extend(self.level(*users, *duration_s, form));
                    1
                }
                LevelForm {
                    users: None,
                    duration_s: None,
                    repeat: Some(times),
                    levels: inner,
                } if *times >= 1 && !inner.is_empty() && depth < MAX_REPEAT_DEPTH => {
                    self.expand(inner, depth + 1, levels)?;
                    usize::try_from(*times).unwrap_or(usize::MAX)
                }
                _ => {
                    let error = Diagnostic::error("neither a load level nor a cycle of them").expected(
                        format!("users and duration_s, or repeat (1 or more) and levels, at most {MAX_REPEAT_DEPTH} deep"),
                    );
                    self.report(place, error);
                    continue;
                }
            };
            let cycle: Vec<ManualLevel> = levels[from..].to_vec();
            let total = cycle.len().checked_mul(times).and_then(|n| n.checked_add(from));
            if total.is_none_or(|n| n > MAX_LEVELS) {
                let message = format!("more than {MAX_LEVELS} levels, cycles expanded");
                self.report(
                    place,
                    Diagnostic::error(message).expected("fewer repetitions, or longer levels"),
                );
                return None;
            }
            if !cycle.is_empty() {
                for _ in 1..times {
                    levels.extend_from_slice(&cycle);
                }
            }
        }
        Some(())
    }

    fn level(&mut self, users: i64, duration_s: f64, form: &toml::Spanned<LevelForm>) -> Option<ManualLevel> {
        let users = u32::try_from(users).ok().filter(|u| *u <= MAX_USERS);
        let good = duration_s > 0.0 && duration_s <= MAX_TIME_S;
        if let Some(users) = users.filter(|_| good) {
            return Some(ManualLevel { users, duration_s });
        }
        let error = Diagnostic::error("a load level that can't be run").expected(format!(
            "users from 0 to {MAX_USERS}, duration_s above 0 and at most {MAX_TIME_S}"
        ));
        self.report(span(form), error);
        None
    }
}
