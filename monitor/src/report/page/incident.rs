//! The page of one incident: what happened, who did it, how it went, what is usual, what to do.

mod sentence;

use maud::{Markup, html};

use super::{badge, document};
use crate::report::json::alarm::{AlarmRecord, KinRecord};
use crate::report::json::incident::IncidentRecord;
use crate::report::json::thread::AftermathRecord;
use crate::who::Program;

use sentence::{name, sentence, touched, usual};

/// Calls of the window before the alarm that are shown.
const BEFORE: usize = 48;

/// Calls after it that are shown.
const AFTER: usize = 24;

/// What a page is made of.
#[derive(Clone, Copy, Debug)]
pub struct IncidentPage<'a> {
    /// What was told last of the incident; `None` for an alarm of a log without incidents.
    pub incident: Option<&'a IncidentRecord>,
    /// Its heaviest alarm.
    pub alarm: &'a AlarmRecord,
    /// What the thread did next, where that was seen.
    pub aftermath: Option<&'a AftermathRecord>,
}

impl IncidentPage<'_> {
    /// The document.
    #[must_use]
    pub fn html(self) -> String {
        let headline = self.incident.map_or_else(
            || format!("{} behaved unlike itself", self.alarm.comm),
            |it| it.headline.clone(),
        );
        let severity = self.incident.map_or(self.alarm.severity, |it| it.severity);
        let body = html! {
            p { (badge(severity)) " " span class="dim" { (self.state()) } }
            h1 { (headline) }
            (self.facts())
            (self.lineage())
            (self.news())
            (self.surprises())
            (self.timeline())
            (self.advice())
        };
        document(&headline, &body)
    }

    fn id(&self) -> &str {
        self.incident.map_or(&self.alarm.id, |it| &it.id)
    }

    fn state(&self) -> String {
        let Some(incident) = self.incident else {
            return "an alarm".into();
        };
        let opened = incident.opened.as_deref().unwrap_or("at an unknown time");
        let state = format!("{:?}", incident.state).to_lowercase();
        format!(
            "incident, {state}; since {opened}; alarms: {}",
            incident.alarms
        )
    }

    fn facts(&self) -> Markup {
        let alarm = self.alarm;
        let who = alarm.who.as_deref();
        let host = who.and_then(|it| it.host.as_deref());
        let user = who.and_then(|it| it.user.as_ref()).map(|user| {
            let name = user.name.as_deref().unwrap_or("no name");
            format!("{name} ({})", user.uid)
        });
        let container = who.and_then(|it| it.container.as_ref()).map(|it| {
            let name = it.name.as_deref().unwrap_or(&it.id);
            let image = it.image.as_deref().unwrap_or("unknown image");
            format!("{name} ({image})")
        });
        let process = format!("{} (pid {}, thread {})", alarm.comm, alarm.pid, alarm.tid);
        let rows = [
            ("Host", host.and_then(|it| it.name.clone())),
            (
                "Service",
                (!alarm.service.is_empty()).then(|| alarm.service.clone()),
            ),
            ("Unit", who.and_then(|it| it.unit.clone())),
            ("Container", container),
            ("User", user),
            ("Process", Some(process)),
            ("When", alarm.time.clone()),
            ("Incident", Some(self.id().to_owned())),
        ];
        html! {
            dl {
                @for (name, value) in rows {
                    @if let Some(value) = value { dt { (name) } dd { (value) } }
                }
            }
        }
    }

    fn lineage(&self) -> Markup {
        let alarm = self.alarm;
        let told = alarm.who.as_deref().map(|it| it.lineage.clone());
        // What the calls themselves showed, where nothing was read of the processes.
        let seen = || {
            let program = |it: &KinRecord| Program {
                pid: it.pid,
                comm: it.comm.clone(),
                ..Program::default()
            };
            alarm.lineage.iter().map(program).collect()
        };
        let programs = told.filter(|it| !it.is_empty()).unwrap_or_else(seen);
        html! {
            @if !programs.is_empty() {
                h2 { "Who started it" }
                (tree(&programs))
            }
        }
    }

    fn news(&self) -> Markup {
        let news = self
            .incident
            .map_or(&self.alarm.first_seen, |it| &it.first_seen);
        html! {
            @if !news.is_empty() {
                h2 { "Never seen before" }
                div class="wide" {
                    table {
                        tr { th { "What" } th class="number" { "Evidence, nats" } }
                        @for first in news {
                            tr { td { (sentence(first)) } td class="number" { (format!("{:.1}", first.nats)) } }
                        }
                    }
                }
            }
        }
    }

    fn surprises(&self) -> Markup {
        let calls = &self.alarm.surprising;
        let most = calls
            .iter()
            .map(|it| it.surprise)
            .fold(f32::EPSILON, f32::max);
        html! {
            @if !calls.is_empty() {
                h2 { "Calls that surprised, and what is usual there" }
                div class="wide" {
                    table {
                        tr { th { "Call" } th class="meter" { "Surprise" } th class="number" { "nats" } th { "Usual" } }
                        @for call in calls {
                            tr {
                                td { code { (name(call.name.as_deref(), &call.abi, call.number)) } }
                                td class="meter" { span style=(width(call.surprise / most)) {} }
                                td class="number" { (format!("{:.1}", call.surprise)) }
                                td { (usual(call)) }
                            }
                        }
                    }
                }
            }
        }
    }

    fn timeline(&self) -> Markup {
        let flight = &self.alarm.flight;
        let from = flight.calls.len().saturating_sub(BEFORE);
        let after = self.aftermath.map_or(&[][..], |it| &it.calls[..]);
        let seq = |place: usize| flight.first_seq.saturating_add((from + place) as u64);
        html! {
            h2 { "What the thread did" }
            p class="dim" {
                "The last " (flight.calls.len() - from) " calls before the alarm"
                @if !after.is_empty() { ", and " (after.len().min(AFTER)) " after it" }
                ", oldest first."
            }
            div class="wide" {
                table {
                    @for (place, (abi, number, called)) in flight.calls[from..].iter().enumerate() {
                        (self.row(seq(place), &name(called.as_deref(), abi, *number)))
                    }
                    @for (abi, number, called) in after.iter().take(AFTER) {
                        tr class="dim" { td {} td { code { (name(called.as_deref(), abi, *number)) } } td {} }
                    }
                }
            }
        }
    }

    fn row(&self, seq: u64, name: &str) -> Markup {
        let surprising = self.alarm.surprising.iter().find(|it| it.seq == seq);
        let touch = self.alarm.flight.touches.iter().find(|it| it.seq == seq);
        html! {
            tr {
                td class="number dim" { (seq) }
                td { @if surprising.is_some() { strong class="high" { code { (name) } } } @else { code { (name) } } }
                td { @if let Some(touch) = touch { (touched(touch)) } }
            }
        }
    }

    fn advice(&self) -> Markup {
        let id = self.id();
        html! {
            h2 { "What to do" }
            p { "Look at the process and at what started it first: the list above says who they \
                 are." }
            dl {
                dt { "All of it, in a terminal" } dd { code { "monitor explain " (id) } }
                dt { "Judge it again" } dd { code { "monitor replay --alarm " (id) } }
                dt { "If it is normal" } dd { code { "monitor profile accept " (id) } }
            }
            @if let Some(profile) = &self.alarm.profile {
                p class="dim" { "Judged by the profile with sha256 " code { (profile.sha256) } }
            }
        }
    }
}

/// The programs, each inside the one that started it.
fn tree(programs: &[Program]) -> Markup {
    let Some((first, rest)) = programs.split_first() else {
        return html! {};
    };
    let shown = first
        .command_line
        .as_deref()
        .or(first.executable.as_deref());
    html! {
        ol class="tree" {
            li {
                code { (shown.unwrap_or(&first.comm)) }
                " " span class="dim" { (first.comm) ", pid " (first.pid) }
                (tree(rest))
            }
        }
    }
}

fn width(share: f32) -> String {
    format!("width:{:.0}%", share.clamp(0.0, 1.0) * 100.0)
}

#[cfg(test)]
mod tests;
