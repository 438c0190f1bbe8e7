//! One incident while alarms may still come.

mod weight;

use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::super::headline::headline;
use super::super::ids::derived;
use super::super::{Change, Incident, MOST_ALARMS, MOST_FIRSTS, State};
use super::{
    CALM_NS, FIRST_PAUSE_NS, GATHERING_NS, LONGEST_PAUSE_NS, OVER_RATE_NS, SETTLING_NS, TOGETHER_NS,
};
use crate::detect::episode::WORSE;
use crate::detect::severity::Severity;
use crate::detect::verdict::{Alarm, Pace, Suppressed};
use crate::profile::first_seen::{First, FirstSeen};
use crate::profile::known::family;
use weight::{processes, weight};

/// Processes that are remembered of an incident.
const MOST_PROCESSES: usize = 1024;

/// What alarms made of an incident so far.
#[derive(Debug)]
pub(super) struct Open {
    id: String,
    service: Arc<str>,
    severity: Severity,
    opened_ns: u64,
    last_ns: u64,
    alarms: u64,
    alike: u64,
    /// Those that no statement counted yet.
    alike_unreported: u64,
    /// When its last alarm was made that said something new.
    told_ns: u64,
    /// When the last statement was made.
    reported_ns: u64,
    alarm_ids: Vec<String>,
    /// Processes of its alarms and of their lineages below the service's root.
    processes: Vec<u32>,
    /// Heaviest first.
    first_seen: Vec<FirstSeen>,
    /// What of it no statement told yet, heaviest first, and the alarm that brought the heaviest.
    untold: Vec<FirstSeen>,
    untold_by: Arc<Alarm>,
    /// What was said first.
    opening: String,
    /// The highest score that was told of each pace.
    scores: Vec<(Pace, f64)>,
    lead: Arc<Alarm>,
    provisional: bool,
    /// What came since it was reported last.
    changes: Vec<Change>,
    /// When that is to be reported, if it cannot wait for the pause to end.
    settled_ns: Option<u64>,
    /// Whether every alarm of it was over the rate.
    over_rate: bool,
    reported: bool,
    shown: bool,
    updated: bool,
    pause_ns: u64,
}

impl Open {
    /// An incident with its first alarm.
    pub(super) fn new(alarm: &Alarm, now_ns: u64) -> Self {
        let mut open = Self {
            id: derived(&alarm.id, "incident"),
            service: Arc::clone(&alarm.service),
            severity: Severity::of(alarm),
            opened_ns: alarm.time_ns,
            last_ns: alarm.time_ns,
            alarms: 0,
            alike: 0,
            alike_unreported: 0,
            told_ns: alarm.time_ns,
            reported_ns: now_ns,
            alarm_ids: Vec::new(),
            processes: Vec::new(),
            first_seen: Vec::new(),
            untold: Vec::new(),
            untold_by: super::kept(alarm),
            opening: String::new(),
            scores: Vec::new(),
            lead: super::kept(alarm),
            provisional: true,
            changes: Vec::new(),
            settled_ns: None,
            over_rate: true,
            reported: false,
            shown: false,
            updated: false,
            pause_ns: FIRST_PAUSE_NS,
        };
        open.take(alarm, now_ns);
        open.changes.clear();
        open.settled_ns = None;
        open
    }

    pub(super) fn id(&self) -> &str {
        &self.id
    }

    pub(super) const fn last_ns(&self) -> u64 {
        self.last_ns
    }

    /// True the first time that it is asked.
    pub(super) const fn shown(&mut self) -> bool {
        !std::mem::replace(&mut self.shown, true)
    }

    /// Whether an alarm belongs to it.
    pub(super) fn takes(&self, alarm: &Alarm) -> bool {
        let together = alarm.time_ns.saturating_sub(self.last_ns) <= TOGETHER_NS;
        let related = || processes(alarm).any(|tgid| self.processes.contains(&tgid));
        alarm.service == self.service && (together || related())
    }

    /// Takes an alarm of it in.
    pub(super) fn take(&mut self, alarm: &Alarm, now_ns: u64) {
        self.alarms += 1;
        self.last_ns = self.last_ns.max(alarm.time_ns).max(now_ns);
        self.told_ns = self.told_ns.max(alarm.time_ns);
        self.provisional &= alarm.provisional;
        self.over_rate &= alarm.suppressed == Some(Suppressed::Rate);
        for tgid in processes(alarm) {
            if self.processes.len() < MOST_PROCESSES && !self.processes.contains(&tgid) {
                self.processes.push(tgid);
            }
        }
        if self.alarm_ids.len() == MOST_ALARMS {
            self.alarm_ids.remove(MOST_ALARMS / 2);
        }
        self.alarm_ids.push(alarm.id.clone());
        let heaviest = self.first_seen.first().cloned();
        let is_fresh = |first: &&FirstSeen| !self.first_seen.iter().any(|it| it.what == first.what);
        let fresh: Vec<_> = alarm.first_seen.iter().filter(is_fresh).cloned().collect();
        add(&mut self.first_seen, &fresh);
        if !fresh.is_empty() {
            self.change(Change::FirstSeen);
            let heaviest_untold = self.untold.first().cloned();
            add(&mut self.untold, &fresh);
            if self.untold.first() != heaviest_untold.as_ref() {
                self.untold_by = super::kept(alarm);
            }
        }
        let heavier = |first: &FirstSeen| heaviest.as_ref().is_none_or(|it| first.outweighs(it));
        let is_heavy = |first: &FirstSeen| first.is_privileged() || heavier(first);
        if fresh.iter().any(is_heavy) && !self.updated {
            self.settle(now_ns);
        }
        for &(pace, score, _) in &alarm.reasons {
            // What first-seen evidence rests on was looked at above.
            if pace == Pace::FirstSeen {
                continue;
            }
            let told = self.scores.iter().position(|told| told.0 == pace);
            match told {
                Some(place) if score <= self.scores[place].1 * WORSE => continue,
                Some(place) => self.scores[place].1 = score,
                None => self.scores.push((pace, score)),
            }
            self.change(Change::Score);
        }
        let severity = Severity::of(alarm);
        if severity > self.severity {
            self.severity = severity;
            self.settle(now_ns);
            self.change(Change::Severity);
        }
        if weight(alarm) > weight(&self.lead) {
            self.lead = super::kept(alarm);
        }
    }

    fn settle(&mut self, now_ns: u64) {
        self.settled_ns
            .get_or_insert(now_ns.saturating_add(SETTLING_NS));
    }

    fn change(&mut self, change: Change) {
        if !self.changes.contains(&change) {
            self.changes.push(change);
        }
    }

    /// Counts an alarm that says nothing new.
    pub(super) fn alike(&mut self, alarm: &Alarm) {
        self.alarms += 1;
        self.alike += 1;
        self.alike_unreported += 1;
        self.last_ns = self.last_ns.max(alarm.time_ns);
    }

    pub(super) const fn is_calm(&self, now_ns: u64) -> bool {
        now_ns.saturating_sub(self.last_ns) >= CALM_NS
    }

    /// Its statement, if there is one to make now.
    pub(super) fn due(&mut self, now_ns: u64) -> Option<Incident> {
        let waited = now_ns.saturating_sub(self.reported_ns);
        if !self.reported {
            // The lightest waits where there are too many.
            let gathering = if self.over_rate {
                OVER_RATE_NS
            } else {
                GATHERING_NS
            };
            // Where there are no times nothing would ever be due.
            let timeless = now_ns == 0 && !self.over_rate;
            return (timeless || waited >= gathering).then(|| self.statement(now_ns));
        }
        let is_settled = self.settled_ns.is_some_and(|at| now_ns >= at);
        if self.changes.is_empty() || !(is_settled || waited >= self.pause_ns) {
            return None;
        }
        self.updated = true;
        self.pause_ns = (self.pause_ns * 2).min(LONGEST_PAUSE_NS);
        Some(self.statement(now_ns))
    }

    /// What its alarms repeated, if that is to be reported after `span_ns`.
    pub(super) fn repeated(&mut self, now_ns: u64, span_ns: u64) -> Option<Incident> {
        if self.alike_unreported == 0 || self.may_repeat(now_ns, span_ns) {
            return None;
        }
        self.change(Change::Repeated);
        Some(self.statement(now_ns))
    }

    /// Whether alarms like its own may still come.
    pub(super) const fn may_repeat(&self, now_ns: u64, span_ns: u64) -> bool {
        now_ns.saturating_sub(self.told_ns) < span_ns
    }

    /// The last statements before it is closed, and that it is.
    pub(super) fn close(&mut self, now_ns: u64) -> Vec<Incident> {
        let mut statements = Vec::new();
        if !self.reported || !self.changes.is_empty() {
            statements.push(self.statement(now_ns));
        }
        let mut last = self.statement(now_ns);
        last.state = State::Closed;
        statements.push(last);
        statements
    }

    fn statement(&mut self, now_ns: u64) -> Incident {
        let state = super::first_state(self.reported);
        self.reported = true;
        self.reported_ns = now_ns;
        self.settled_ns = None;
        self.alike_unreported = 0;
        let headline = self.headline(state);
        self.untold.clear();
        Incident {
            id: self.id.clone(),
            state,
            changes: match state {
                State::Updated => std::mem::take(&mut self.changes),
                _ => {
                    self.changes.clear();
                    Vec::new()
                }
            },
            service: Arc::clone(&self.service),
            severity: self.severity,
            headline,
            opened_ns: self.opened_ns,
            last_ns: self.last_ns,
            time_ns: now_ns,
            alarms: self.alarms,
            alike: self.alike,
            first_seen: self.first_seen.clone(),
            alarm_ids: self.alarm_ids.clone(),
            alarm: Arc::clone(&self.lead),
            provisional: self.provisional,
            fingerprint: self.fingerprint(),
            suppressed: None,
        }
    }

    /// What is said of it: of an update what is new in it, and what was said first.
    fn headline(&mut self, state: State) -> String {
        if state == State::Updated && !self.untold.is_empty() {
            let news = headline(&self.untold_by, &self.untold);
            return format!("{news}; before: {}", self.opening);
        }
        let whole = headline(&self.lead, &self.first_seen);
        if state == State::Opened {
            self.opening.clone_from(&whole);
        }
        whole
    }

    /// A hash of what a person would call the same: the calls and programs that were new, else the
    /// kind of alarm and its name.
    fn fingerprint(&self) -> String {
        let mut parts: Vec<String> = self
            .first_seen
            .iter()
            .filter(|first| !matches!(first.what, First::CallOfName(..)))
            .map(|first| format!("{:?}", first.what))
            .collect();
        if parts.is_empty() {
            parts.push(format!("{:?} {}", self.lead.pace, family(self.lead.comm)));
        }
        parts.sort();
        let mut hash = Sha256::new();
        hash.update(self.service.as_bytes());
        for part in parts {
            hash.update([0]);
            hash.update(part);
        }
        hex::encode(&hash.finalize()[..8])
    }
}

/// Adds new things to some that are kept heaviest first.
fn add(kept: &mut Vec<FirstSeen>, fresh: &[FirstSeen]) {
    kept.extend(fresh.iter().cloned());
    kept.sort_by(FirstSeen::heaviest_first);
    kept.truncate(MOST_FIRSTS);
}
