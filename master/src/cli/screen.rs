//! `--tui`: a whole screen while a run goes on. This is the driver; [`state`] knows what is shown and [`draw`] draws it.
//!
//! The screen is drawn on stderr, so that stdout keeps the verdict alone. The terminal stays in its usual mode apart from echo and
//! line editing: Ctrl-C arrives as the signal that it always is.

use crate::campaign::Display;
use crate::campaign::state::Progress;
use crate::summary::Level;
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::cursor::{Hide, Show};
use ratatui::crossterm::execute;
use ratatui::crossterm::terminal::{EnterAlternateScreen, LeaveAlternateScreen};
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use state::State;
use std::io::{self, Stderr};
use std::sync::OnceLock;

pub mod draw;
pub mod state;

/// How the terminal was before, for whoever puts it back.
static BEFORE: OnceLock<Termios> = OnceLock::new();

/// The screen; dropping it leaves the terminal as it was, with the log of the run on it.
#[derive(Debug)]
pub struct Screen {
    terminal: Terminal<CrosstermBackend<Stderr>>,
    state: State,
}

impl Screen {
    /// Takes the terminal over. It is put back at the end, also where the program panics.
    ///
    /// # Errors
    /// Where the terminal refuses.
    pub fn open() -> io::Result<Self> {
        let before = tcgetattr(io::stdin())?;
        let mut silent = before.clone();
        silent.local_modes.remove(LocalModes::ECHO | LocalModes::ICANON);
        let _ = BEFORE.set(before);
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            put_back();
            usual(panic);
        }));
        tcsetattr(io::stdin(), OptionalActions::Now, &silent)?;
        let shown = execute!(io::stderr(), EnterAlternateScreen, Hide)
            .and_then(|()| Terminal::new(CrosstermBackend::new(io::stderr())));
        let terminal = shown.inspect_err(|_| put_back())?;
        let colour = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        let mut screen = Self {
            terminal,
            state: State::new(colour),
        };
        screen.show();
        Ok(screen)
    }

    fn show(&mut self) {
        let state = &self.state;
        // A terminal that has gone away is no reason to end a run.
        let _ = self.terminal.draw(|frame| draw::draw(frame, state));
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        put_back();
        for line in self.state.log() {
            eprintln!("{line}");
        }
    }
}

/// Puts the terminal back as it was; harmless where that has been done.
pub fn put_back() {
    if let Some(before) = BEFORE.get() {
        // Nobody is left to be told.
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, before);
        let _ = execute!(io::stderr(), Show, LeaveAlternateScreen);
    }
}

impl Display for Screen {
    fn progress(&mut self, progress: &Progress) {
        self.state.progress(progress);
        self.show();
    }

    fn level(&mut self, level: &Level) {
        self.state.level(level);
        self.show();
    }

    fn note(&mut self, text: &str) {
        self.state.note(text);
        self.show();
    }
}

#[cfg(test)]
mod tests;
