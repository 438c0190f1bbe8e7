//! The last calls of the selected thread.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::Palette;
use crate::detect::verdict::Evidence;
use crate::report::cells::{padded, shown, width};
use crate::top::rows::threads;
use crate::top::state::Top;

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, top: &Top, palette: Palette) {
    let Some(thread) = top.thread() else { return };
    let cells = usize::from(area.width);
    let gapped = match thread.evidence {
        Evidence::Complete => "",
        Evidence::Gapped => ", calls before them are missing",
    };
    let title = format!(
        "  NATS  LAST CALLS of {}, pid {} tid {}{gapped}",
        thread.comm, thread.pid, thread.tid
    );
    let mut lines = vec![Line::styled(padded(&title, cells, false), palette.head())];
    let rows = usize::from(area.height.saturating_sub(1));
    let from = thread.last.len().saturating_sub(rows);
    for call in &thread.last[from..] {
        let mut left = cells;
        let pieces = threads::line(call).into_iter().map(|(text, tone)| {
            let text = shown(&text, left);
            left -= width(&text);
            Span::styled(text, palette.of(tone))
        });
        lines.push(Line::from_iter(pieces));
    }
    frame.render_widget(Paragraph::new(lines), area);
}
