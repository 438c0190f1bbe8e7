//! The table that is shown.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::Palette;
use crate::report::cells::{padded, shown, width};
use crate::top::sheet::{Cell, Column, Sheet, Tone};
use crate::top::state::{Top, View};

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, top: &mut Top, palette: Palette) {
    let sheet = top.sheet();
    let rows = usize::from(area.height.saturating_sub(1));
    top.rows = rows;
    let list = top.list();
    let place = list.place(&sheet);
    let from = place.map_or(0, |it| list.scrolled(it, rows));
    let cells = usize::from(area.width);
    let widths = widths(sheet.columns, cells);
    let mut lines = Vec::with_capacity(rows + 1);
    if sheet.columns.is_empty() {
        lines.push(Line::raw(""));
    } else {
        lines.push(head(
            &sheet,
            &widths,
            (list.column, list.descending),
            palette,
        ));
    }
    for (at, row) in sheet.rows.iter().enumerate().skip(from).take(rows) {
        let is_selected = place == Some(at);
        let mut pieces = Vec::new();
        for ((column, cell), &room) in sheet.columns.iter().zip(&row.cells).zip(&widths) {
            if !pieces.is_empty() {
                pieces.push(Span::raw(" "));
            }
            pieces.extend(cell_pieces(column, cell, room, palette));
        }
        let mut line = Line::from(pieces);
        if is_selected {
            // One colour from end to end, as in htop.
            let text: String = line.spans.iter().map(|it| it.content.as_ref()).collect();
            line = Line::styled(padded(&text, cells, false), palette.bar());
        }
        lines.push(line);
    }
    if sheet.rows.is_empty() {
        lines.push(Line::styled(nothing(top, cells), palette.of(Tone::Dim)));
    }
    frame.render_widget(Paragraph::new(lines), area);
}

/// Why there is no row.
fn nothing(top: &mut Top, cells: usize) -> String {
    let filter = top.list().filter.clone();
    let why = match (top.view, &top.threads) {
        _ if !filter.is_empty() => format!("no row has {filter}; Esc shows all"),
        (View::Threads, None) => "asking for its threads …".to_owned(),
        (View::Threads, Some(threads)) if !threads.judged => {
            let lacking = threads.lacking.join(", ");
            format!("not judged yet, so its calls have no surprise; lacking: {lacking}")
        }
        (View::Threads, Some(_)) => "none of its threads made a call lately".to_owned(),
        (View::Incidents, _) => "no incident since the guard was started".to_owned(),
        (View::Services | View::Host, _) => "no service seen yet".to_owned(),
    };
    shown(&why, cells)
}

/// How many cells each column has: those that it names, and the rest for the one that names none.
fn widths(columns: &[Column], cells: usize) -> Vec<usize> {
    let fixed: usize = columns.iter().map(|it| usize::from(it.cells)).sum();
    let gaps = columns.len().saturating_sub(1);
    let rest = cells.saturating_sub(fixed + gaps).max(12);
    let width = |it: &Column| match it.cells {
        0 => rest,
        cells => usize::from(cells),
    };
    columns.iter().map(width).collect()
}

fn head(
    sheet: &Sheet,
    widths: &[usize],
    (sorted, descending): (usize, bool),
    palette: Palette,
) -> Line<'static> {
    let mut pieces = Vec::new();
    for (at, (column, &room)) in sheet.columns.iter().zip(widths).enumerate() {
        if at > 0 {
            pieces.push(Span::styled(" ", palette.head()));
        }
        let title = match (at == sorted, descending) {
            (true, true) => format!("{}-", column.title),
            (true, false) => format!("{}+", column.title),
            (false, _) => column.title.to_owned(),
        };
        let style = if at == sorted {
            palette.bar()
        } else {
            palette.head()
        };
        pieces.push(Span::styled(padded(&title, room, column.is_number), style));
    }
    Line::from(pieces)
}

/// The pieces of a cell in exactly so many cells of the terminal.
fn cell_pieces(column: &Column, cell: &Cell, room: usize, palette: Palette) -> Vec<Span<'static>> {
    if let [(text, tone)] = &cell.pieces[..] {
        let text = padded(text, room, column.is_number);
        return vec![Span::styled(text, palette.of(*tone))];
    }
    let mut left = room;
    let mut pieces = Vec::new();
    for (text, tone) in &cell.pieces {
        let text = shown(text, left);
        left -= width(&text);
        pieces.push(Span::styled(text, palette.of(*tone)));
    }
    pieces.push(Span::styled(" ".repeat(left), Style::new()));
    pieces
}
