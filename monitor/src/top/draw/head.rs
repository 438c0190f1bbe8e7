//! The lines above the table: how the host and the monitor stand.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::Palette;
use crate::guard::board::HostStatus;
use crate::report::cells::shown;
use crate::report::text::{counted, grouped, percent};
use crate::top::rows::services::rate;
use crate::top::sheet::Tone;
use crate::top::state::{Top, View};

/// How many there are.
pub(super) const LINES: u16 = 4;

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, top: &Top, palette: Palette) {
    let cells = usize::from(area.width);
    let mut lines = match &top.status {
        Some(status) => about(status, top, palette),
        None => vec![Line::raw("asking the guard …"), Line::raw("")],
    };
    lines.truncate(2);
    let trouble = top.trouble.as_ref().map(|why| {
        let line = format!("nothing new comes: {why}");
        Line::styled(shown(&line, cells), palette.of(Tone::Bad))
    });
    let cost = top.status.as_deref().map(|it| cost(it, top, palette));
    lines.push(trouble.or(cost).unwrap_or_default());
    lines.push(tabs(top, palette));
    frame.render_widget(Paragraph::new(lines), area);
}

fn about(status: &HostStatus, top: &Top, palette: Palette) -> Vec<Line<'static>> {
    let attached = if status.attached {
        Span::styled("attached", palette.of(Tone::Good))
    } else {
        Span::styled("not attached", palette.of(Tone::Bad))
    };
    let (opened, open) = top.incident_counts();
    let tone = if open > 0 { Tone::Bad } else { Tone::Plain };
    let incidents = format!("{}, {} open", counted(opened, "incident"), grouped(open));
    vec![
        Line::from(vec![
            Span::raw(format!("monitor {}  ", shown(&status.version, 20))),
            attached,
            Span::raw(format!("  up {}  ", span(status.uptime_s))),
            Span::styled(incidents, palette.of(tone)),
        ]),
        Line::raw(shown(&status.line(), 200)),
    ]
}

fn cost(status: &HostStatus, top: &Top, palette: Palette) -> Line<'static> {
    let calls: f64 = status.services.iter().map(|it| it.calls_per_second).sum();
    let lost = if status.lost > 0 {
        Tone::Bad
    } else {
        Tone::Plain
    };
    let mut cost = String::new();
    if let Some(used) = top.used {
        cost += &format!("  CPU {}", percent(used));
        if let Some(allowed) = status.cpu_allowed {
            cost += &format!(" of {}", percent(allowed));
        }
    }
    if let Some(bytes) = status.resident_bytes {
        cost += &format!("  {} MiB", grouped(bytes >> 20));
    }
    let exhausted = if status.cpu_exhausted {
        Tone::Warning
    } else {
        Tone::Plain
    };
    Line::from(vec![
        Span::raw(format!("{} calls/s  ", rate(calls))),
        Span::styled(format!("{} lost", grouped(status.lost)), palette.of(lost)),
        Span::styled(cost, palette.of(exhausted)),
    ])
}

fn tabs(top: &Top, palette: Palette) -> Line<'static> {
    let mut pieces = Vec::new();
    for (view, name) in View::TABS {
        let is_here = view == top.view || (view == View::Services && top.view == View::Threads);
        let style = if is_here {
            palette.bar()
        } else {
            palette.of(Tone::Plain)
        };
        pieces.push(Span::styled(format!(" {name} "), style));
        pieces.push(Span::raw(" "));
    }
    if let Some(service) = &top.service {
        pieces.push(Span::raw(format!("threads of {}", shown(service, 60))));
    }
    Line::from(pieces)
}

/// A time in its two largest units.
fn span(seconds: f64) -> String {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a time since a start"
    )]
    let seconds = seconds as u64;
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3600 => format!("{}m {}s", seconds / 60, seconds % 60),
        3600..86_400 => format!("{}h {}m", seconds / 3600, seconds / 60 % 60),
        _ => format!("{}d {}h", seconds / 86_400, seconds / 3600 % 24),
    }
}
