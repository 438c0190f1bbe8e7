//! Draws what is on the screen.

mod calls;
mod head;
mod table;

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::sheet::Tone;
use super::state::{Page, Top, View};
use crate::report::cells::{padded, shown, width, wrapped};

/// Lines below a table for what its selected row has no room for.
const BELOW: u16 = 3;

/// Lines of a text that can be turned to, at most.
const LONGEST_PAGE: usize = 10_000;

/// How tones look.
#[derive(Clone, Copy, Debug)]
pub struct Palette {
    /// Whether there are colours.
    pub colour: bool,
}

impl Palette {
    fn of(self, tone: Tone) -> Style {
        let style = Style::new();
        match (tone, self.colour) {
            (Tone::Plain, _) | (Tone::Good, false) => style,
            (Tone::Dim, _) => style.add_modifier(Modifier::DIM),
            (Tone::Good, true) => style.fg(Color::Green),
            (Tone::Warning, true) => style.fg(Color::Yellow),
            (Tone::Warning, false) => style.add_modifier(Modifier::BOLD),
            (Tone::Bad, true) => style.fg(Color::Red).add_modifier(Modifier::BOLD),
            (Tone::Bad, false) => style.add_modifier(Modifier::BOLD | Modifier::UNDERLINED),
        }
    }

    fn bar(self) -> Style {
        if self.colour {
            Style::new().fg(Color::Black).bg(Color::Cyan)
        } else {
            Style::new().add_modifier(Modifier::REVERSED)
        }
    }

    fn head(self) -> Style {
        if self.colour {
            Style::new().fg(Color::Black).bg(Color::Green)
        } else {
            Style::new().add_modifier(Modifier::REVERSED)
        }
    }
}

/// Draws all of it.
pub fn draw(frame: &mut Frame<'_>, top: &mut Top, palette: Palette) {
    let area = frame.area();
    let [head, body, keys] = Layout::vertical([
        Constraint::Length(head::LINES),
        Constraint::Min(1),
        Constraint::Length(1),
    ])
    .areas(area);
    head::draw(frame, head, top, palette);
    if let Some(page) = &mut top.page {
        top.rows = usize::from(body.height.saturating_sub(1));
        text(frame, body, page, palette);
    } else {
        views(frame, body, top, palette);
    }
    bottom(frame, keys, top, palette);
}

fn views(frame: &mut Frame<'_>, body: Rect, top: &mut Top, palette: Palette) {
    match top.view {
        View::Services => table::draw(frame, body, top, palette),
        View::Threads => {
            let calls = Constraint::Length(body.height / 2);
            let [upper, lower] = Layout::vertical([Constraint::Min(2), calls]).areas(body);
            table::draw(frame, upper, top, palette);
            calls::draw(frame, lower, top, palette);
        }
        View::Incidents | View::Host => {
            let [upper, lower] =
                Layout::vertical([Constraint::Min(2), Constraint::Length(BELOW)]).areas(body);
            table::draw(frame, upper, top, palette);
            selected(frame, lower, top, palette);
        }
    }
}

/// What the selected row has no room for.
fn selected(frame: &mut Frame<'_>, area: Rect, top: &mut Top, palette: Palette) {
    let cells = usize::from(area.width);
    let (about, text) = match (top.view, top.incident()) {
        (View::Incidents, Some(it)) => (format!("{}  {}", it.id, it.service), it.headline.clone()),
        _ => (String::new(), top.note().unwrap_or_default()),
    };
    let mut lines = vec![Line::styled(shown(&about, cells), palette.of(Tone::Dim))];
    lines.extend(wrapped(&text, cells).map(Line::raw));
    lines.truncate(usize::from(BELOW));
    frame.render_widget(Paragraph::new(lines), area);
}

/// A text with its title.
fn text(frame: &mut Frame<'_>, area: Rect, page: &mut Page, palette: Palette) {
    let cells = usize::from(area.width);
    let rows = usize::from(area.height.saturating_sub(1));
    let all: Vec<_> = page
        .lines
        .iter()
        .flat_map(|it| wrapped(it, cells))
        .take(LONGEST_PAGE)
        .collect();
    page.length = all.len();
    page.offset = page.offset.min(page.length.saturating_sub(rows));
    let more = page.length.saturating_sub(page.offset + rows);
    let title = match more {
        0 => page.title.clone(),
        more => format!("{} ({more} more lines below)", page.title),
    };
    let mut lines = vec![Line::styled(padded(&title, cells, false), palette.head())];
    lines.extend(all.into_iter().skip(page.offset).take(rows).map(Line::raw));
    frame.render_widget(Paragraph::new(lines), area);
}

/// The last line: what is being written, what came of an order, or what keys do.
fn bottom(frame: &mut Frame<'_>, area: Rect, top: &Top, palette: Palette) {
    let cells = usize::from(area.width);
    let line = if let Some(entry) = &top.entry {
        let question = entry.question();
        let room = cells.saturating_sub(width(question) + 1);
        // The end of what is written stays in sight.
        let letters: Vec<char> = entry.text().chars().collect();
        let from = letters.len().saturating_sub(room);
        let written: String = letters[from..].iter().collect();
        let told = top.message.as_ref().map(|it| format!("  {}", it.0));
        let line = format!("{question}{written}_{}", told.unwrap_or_default());
        Line::styled(padded(&line, cells, false), palette.bar())
    } else if let Some((message, tone)) = &top.message {
        Line::styled(shown(message, cells), palette.of(*tone))
    } else {
        keys(top, palette, cells)
    };
    frame.render_widget(Paragraph::new(line), area);
}

fn keys(top: &Top, palette: Palette, cells: usize) -> Line<'static> {
    let of_view: &[(&str, &str)] = match (&top.page, top.view) {
        (Some(_), _) => &[("Esc", "Back"), ("PgDn", "Down")],
        (None, View::Services) => &[("Enter", "Threads")],
        (None, View::Incidents) => &[
            ("Enter", "Explain"),
            ("a", "Ack"),
            ("s", "Suppress"),
            ("x", "Accept"),
        ],
        (None, View::Host) => &[],
        (None, View::Threads) => &[("Esc", "Back")],
    };
    let common: &[(&str, &str)] = match top.page {
        Some(_) => &[],
        None => &[
            ("F3", "Search"),
            ("<>", "Sort"),
            ("Tab", "View"),
            ("F4", "Filter"),
        ],
    };
    let first = [("F10", "Quit"), ("F1", "Help")];
    let mut left = cells;
    let mut pieces = Vec::new();
    // Those that fit, the ones that are always there first.
    for (key, does) in first.iter().chain(of_view).chain(common) {
        let takes = key.len() + does.len() + 1;
        if takes > left + 1 {
            continue;
        }
        left = left.saturating_sub(takes);
        pieces.push(Span::raw((*key).to_owned()));
        pieces.push(Span::styled((*does).to_owned(), palette.bar()));
        pieces.push(Span::raw(" "));
    }
    Line::from(pieces)
}
