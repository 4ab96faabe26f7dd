//! Draws the screen: a function of its state.

use super::state::{Point, State};
use crate::cli::progress::{Rest, progress_line};
use crate::report::number::{duration, percent, significant};
use autoperf_models::grammar::counted;
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::symbols::Marker;
use ratatui::text::Line;
use ratatui::widgets::{Axis, Block, Chart, Dataset, Gauge, GraphType, Paragraph, Wrap};

/// A process from which on its CPU counts as full.
const NEARLY_FULL: f64 = 0.9;

/// Draws everything.
pub fn draw(frame: &mut Frame<'_>, state: &State) {
    let processes = u16::try_from(state.busy().1.len())
        .unwrap_or(u16::MAX)
        .clamp(1, 6);
    let [curves, level, busy, log, foot] = Layout::vertical([
        Constraint::Fill(3),
        Constraint::Length(4),
        Constraint::Length(processes + 2),
        Constraint::Fill(2),
        Constraint::Length(1),
    ])
    .areas(frame.area());
    let [left, right] = Layout::horizontal([Constraint::Fill(1), Constraint::Fill(1)]).areas(curves);
    curve(frame, left, state, "throughput, transactions/s", |point| {
        point.throughput_per_s
    });
    curve(frame, right, state, "mean response time, ms", |point| {
        point.response_ms
    });
    current(frame, level, state);
    utilization(frame, busy, state);
    write_log(frame, log, state);
    frame.render_widget(
        Paragraph::new(
            "Ctrl-C ends the run in order and reports the finished levels; a second one ends it at once.",
        ),
        foot,
    );
}

fn coloured(state: &State, colour: Color) -> Style {
    if state.colour() {
        Style::new().fg(colour)
    } else {
        Style::new()
    }
}

/// One figure against users, as far as it is known.
fn curve(frame: &mut Frame<'_>, area: Rect, state: &State, title: &str, figure: fn(&Point) -> Option<f64>) {
    let points = |counts: bool| {
        let mut points: Vec<_> = state
            .curve()
            .iter()
            .filter(|point| point.counts == counts)
            .filter_map(|point| Some((point.users, figure(point)?)))
            .collect();
        points.sort_by(|a, b| a.0.total_cmp(&b.0));
        points
    };
    let (valid, others) = (points(true), points(false));
    let all = || valid.iter().chain(&others);
    let users = (all().map(|point| point.0).fold(1.0, f64::max) * 1.05).ceil();
    let most = all().map(|point| point.1).fold(0.0, f64::max) * 1.1;
    let most = if most > 0.0 { most } else { 1.0 };
    let set = |points, marker, colour| {
        Dataset::default()
            .data(points)
            .marker(marker)
            .style(coloured(state, colour))
    };
    let datasets = vec![
        set(&valid, Marker::Braille, Color::Cyan).graph_type(GraphType::Line),
        set(&valid, Marker::Dot, Color::Cyan).graph_type(GraphType::Scatter),
        set(&others, Marker::Block, Color::DarkGray).graph_type(GraphType::Scatter),
    ];
    let ends = |end: f64| [0.0, end / 2.0, end].map(|value| Line::from(significant(value, 3)));
    let whole = |end: f64| [0.0, end / 2.0, end].map(|value| Line::from(format!("{value:.0}")));
    let chart = Chart::new(datasets)
        .block(Block::bordered().title(format!(" {title} ")))
        .x_axis(
            Axis::default()
                .title("users")
                .bounds([0.0, users])
                .labels(whole(users)),
        )
        .y_axis(Axis::default().bounds([0.0, most]).labels(ends(most)));
    frame.render_widget(chart, area);
}

/// Where the current level stands.
fn current(frame: &mut Frame<'_>, area: Rect, state: &State) {
    let block = Block::bordered().title(" now ");
    let inner = block.inner(area);
    frame.render_widget(block, area);
    let Some(progress) = state.current() else {
        return frame.render_widget(
            Paragraph::new("The profilers and the site are being asked."),
            inner,
        );
    };
    let [gauge, line] = Layout::vertical([Constraint::Length(1), Constraint::Length(1)]).areas(inner);
    let (how, left_s) = match Rest::of(progress) {
        Rest::About(left_s) => ("about", left_s),
        Rest::UpTo(left_s) => ("up to", left_s),
    };
    let whole_s = progress.elapsed_s + left_s;
    let share = if whole_s > 0.0 {
        (progress.elapsed_s / whole_s).clamp(0.0, 1.0)
    } else {
        0.0
    };
    let rest = progress
        .remaining_s
        .map(|forecast_s| forecast_s - progress.elapsed_s)
        .filter(|rest_s| *rest_s > 0.0)
        .map_or_else(String::new, |rest_s| {
            format!(", the run about {} more", duration(rest_s.round()))
        });
    let label = format!(
        "{} of {how} {}{rest}",
        duration(progress.elapsed_s.round()),
        duration(whole_s.round())
    );
    let bar = Gauge::default()
        .ratio(share)
        .label(label)
        .gauge_style(coloured(state, Color::Cyan));
    frame.render_widget(bar, gauge);
    frame.render_widget(Paragraph::new(progress_line(progress)), line);
}

/// How busy the processes were at the last finished level, the busiest first.
fn utilization(frame: &mut Frame<'_>, area: Rect, state: &State) {
    let (users, processes) = state.busy();
    let title = match processes.is_empty() {
        true => " CPU of the processes: known after a level, where there are profilers ".to_owned(),
        false => format!(" CPU of the processes at {} ", counted(users, "user")),
    };
    let block = Block::bordered().title(title);
    let inner = block.inner(area);
    frame.render_widget(block, area);
    let rows = Layout::vertical(vec![Constraint::Length(1); usize::from(inner.height)]).split(inner);
    for (process, row) in processes.iter().zip(rows.iter()) {
        let [name, bar] = Layout::horizontal([Constraint::Length(30), Constraint::Fill(1)]).areas(*row);
        let demand = process.demand_ms.map_or_else(String::new, |demand_ms| {
            format!(", {} ms per transaction", significant(demand_ms, 3))
        });
        let colour = if process.utilization >= NEARLY_FULL {
            Color::Red
        } else {
            Color::Green
        };
        let gauge = Gauge::default()
            .ratio(process.utilization.clamp(0.0, 1.0))
            .label(format!("{}{demand}", percent(process.utilization)))
            .gauge_style(coloured(state, colour));
        frame.render_widget(Paragraph::new(process.name.as_str()), name);
        frame.render_widget(gauge, bar);
    }
}

/// The end of the log.
fn write_log(frame: &mut Frame<'_>, area: Rect, state: &State) {
    let block = Block::bordered().title(" log ");
    let inner = block.inner(area);
    let width = usize::from(inner.width).max(1);
    let mut room = usize::from(inner.height);
    let mut shown = Vec::new();
    for text in state.log().iter().rev() {
        room = match room.checked_sub(text.chars().count().div_ceil(width).max(1)) {
            Some(left) => left,
            None => break,
        };
        let style = if text.starts_with("note: ") {
            Style::new().add_modifier(Modifier::BOLD)
        } else {
            Style::new()
        };
        shown.push(Line::from(text.as_str()).style(style));
    }
    shown.reverse();
    frame.render_widget(
        Paragraph::new(shown).wrap(Wrap { trim: false }).block(block),
        area,
    );
}
