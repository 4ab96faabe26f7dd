use super::draw::draw;
use super::state::State;
use crate::campaign::state::Progress;
use crate::summary::Summary;
use autoperf_models::Estimate;
use autoperf_models::level::LevelState;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::style::Color;

fn going_on(level: usize) -> Progress {
    Progress {
        level,
        users: 64,
        why: "The demands put N* at 54 users.".to_owned(),
        elapsed_s: 12.0,
        forecast_s: 30.0,
        limit_s: 60.0,
        remaining_s: Some(150.0),
        state: LevelState::Measuring {
            since_s: 3.0,
            throughput_per_s: Estimate::symmetric(120.0, 3.0, 900),
            response_time_s: Estimate::symmetric(0.035, 0.002, 900),
            remaining_s: Some(18.0),
        },
        note: None,
    }
}

/// A run of which the recorded levels are over and the next goes on.
fn half_way(colour: bool) -> State {
    let recorded = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/summary.json");
    let summary: Summary = serde_json::from_str(&std::fs::read_to_string(recorded).unwrap()).unwrap();
    let mut state = State::new(colour);
    state.note("seed 1, results in results/demo");
    summary.levels.iter().for_each(|level| state.level(level));
    state.progress(&going_on(summary.levels.len() + 1));
    state
}

fn drawn(state: &State, (width, height): (u16, u16)) -> Terminal<TestBackend> {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| draw(frame, state)).unwrap();
    terminal
}

fn text(terminal: &Terminal<TestBackend>) -> String {
    let buffer = terminal.backend().buffer();
    let width = usize::from(buffer.area.width);
    let rows = buffer.content.chunks(width);
    rows.map(|row| {
        let line: String = row.iter().map(ratatui::buffer::Cell::symbol).collect();
        format!("{}\n", line.trim_end())
    })
    .collect()
}

#[test]
fn the_screen_is_as_it_was() {
    let found = format!(
        "{}\n{}",
        text(&drawn(&State::new(false), (80, 20))),
        text(&drawn(&half_way(false), (110, 34)))
    );
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/screen.txt");
    if std::env::var_os("AUTOPERF_BLESS").is_some() {
        std::fs::write(path, &found).unwrap();
    }
    let wanted = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        found == wanted,
        "screen.txt has changed; if that is meant, AUTOPERF_BLESS=1 writes it anew:\n{found}"
    );
}

#[test]
fn everything_that_matters_is_on_it() {
    let shown = text(&drawn(&half_way(true), (110, 34)));
    for part in [
        "throughput, transactions/s",
        "mean response time, ms",
        "12 s of about 30 s, the run about 2 min 18 s more",
        "64 users | 12 s | measuring | 120.0 ±3.0/s | 35.0 ±2.0 ms | about 18 s more",
        "CPU of the processes at",
        "httpd on db1",
        "ms per transaction",
        "Ctrl-C ends the run in order",
    ] {
        assert!(shown.contains(part), "{part} is missing in\n{shown}");
    }
}

#[test]
fn colours_are_used_only_where_they_are_wanted() {
    let coloured = |colour: bool| {
        let terminal = drawn(&half_way(colour), (110, 34));
        let mut cells = terminal.backend().buffer().content.iter();
        cells.any(|cell| cell.fg != Color::Reset || cell.bg != Color::Reset)
    };
    assert!(coloured(true));
    assert!(!coloured(false));
}

#[test]
fn a_small_terminal_is_no_reason_to_fail() {
    for size in [(1, 1), (20, 5), (40, 12), (300, 3)] {
        let _ = drawn(&half_way(true), size);
    }
}
