//! Which alarms are one incident, and when it is reported.
//!
//! An alarm belongs to an open incident of its service when a process below the service's root
//! stands in the lineage of both, or when it comes within [`TOGETHER_NS`] of the incident's last
//! alarm. An incident is reported when it opens, when something new or markedly worse came, and
//! when it was calm for [`CALM_NS`].
//!
//! One event is to be one message, and one update at most. What a program does when it is taken
//! over takes it milliseconds, and makes an alarm for each of its steps. So an incident gathers for
//! [`GATHERING_NS`] before its first report. After that a rise of the severity, and the first thing
//! that is privileged or heavier than all that was reported, wait for [`SETTLING_NS`], in which
//! more may come; everything else waits for [`FIRST_PAUSE_NS`] since the last report, then twice as
//! long each time.

mod open;

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use super::{Incident, State};
use crate::detect::verdict::{Alarm, Suppressed};
use open::Open;

/// Alarms that are no further apart than this are one incident.
pub const TOGETHER_NS: u64 = 60_000_000_000;

/// An incident without an alarm for so long is closed.
pub const CALM_NS: u64 = 300_000_000_000;

/// How long an incident waits for more before it is reported: as little as a person does not
/// notice, so that with the time to judge in it what happened is still told within a second.
pub const GATHERING_NS: u64 = 500_000_000;

/// How long what is worse waits for more that belongs to it.
pub const SETTLING_NS: u64 = 1_000_000_000;

/// How long after a report something that is no worse waits for more to come.
pub const FIRST_PAUSE_NS: u64 = 30_000_000_000;

/// How long it waits at most.
pub const LONGEST_PAUSE_NS: u64 = CALM_NS;

/// How long an incident waits all of whose alarms were over the rate.
const OVER_RATE_NS: u64 = 60_000_000_000;

/// Incidents that are open at once; of more, the one that was calm longest is closed.
const MOST_OPEN: usize = 256;

/// Closed incidents whose repetitions are still counted, and alarms that are known to be in one.
const REMEMBERED: usize = 4096;

/// Groups alarms.
#[derive(Debug)]
pub struct Incidents {
    open: Vec<Open>,
    /// Closed, and still repeated by alarms that are alike; oldest first.
    closed: VecDeque<Open>,
    /// Which incident a reported alarm is in.
    alarms: HashMap<String, String>,
    alarms_order: VecDeque<String>,
    /// How long alarms are alike; `None` when all are reported.
    again_after_ns: Option<u64>,
    suppressions: Vec<Suppression>,
    now_ns: u64,
    opened: u64,
}

/// What a person asked not to be told of for a while.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Suppression {
    /// See [`Incident::fingerprint`].
    pub fingerprint: String,
    /// Until when, by the clock of the events.
    pub until_ns: u64,
    /// Why.
    pub reason: String,
}

impl Incidents {
    /// None yet. `again_after` is how long the detector holds alarms to be alike.
    #[must_use]
    pub fn new(again_after: Option<Duration>) -> Self {
        let nanoseconds = |span: Duration| u64::try_from(span.as_nanos()).unwrap_or(u64::MAX);
        Self {
            open: Vec::new(),
            closed: VecDeque::new(),
            alarms: HashMap::new(),
            alarms_order: VecDeque::new(),
            again_after_ns: again_after.map(nanoseconds),
            suppressions: Vec::new(),
            now_ns: 0,
            opened: 0,
        }
    }

    /// Incidents that opened so far, those left out that a person suppressed.
    #[must_use]
    pub const fn opened(&self) -> u64 {
        self.opened
    }

    /// Incidents that are open now.
    #[must_use]
    pub fn open(&self) -> usize {
        self.open.len()
    }

    /// Replaces what a person suppressed.
    pub fn set_suppressions(&mut self, suppressions: Vec<Suppression>) {
        self.suppressions = suppressions;
    }

    /// Takes an alarm in, and reports what is to be reported now.
    pub fn alarm(&mut self, alarm: &Alarm, statements: &mut Vec<Incident>) {
        self.advance(alarm.time_ns, statements);
        let now = self.now_ns;
        if let Some(Suppressed::Alike(like)) = &alarm.suppressed
            && let Some(incident) = self.of_alarm(like)
        {
            incident.alike(alarm);
            return;
        }
        let place = self.open.iter().position(|open| open.takes(alarm));
        if let Some(place) = place {
            let incident = &mut self.open[place];
            incident.take(alarm, now);
            let id = incident.id().to_owned();
            self.remember(&alarm.id, id);
            self.report(place, statements);
            return;
        }
        if self.open.len() >= MOST_OPEN {
            let calmest = (0..self.open.len()).min_by_key(|&at| self.open[at].last_ns());
            if let Some(calmest) = calmest {
                self.close(calmest, statements);
            }
        }
        let incident = Open::new(alarm, now);
        self.remember(&alarm.id, incident.id().to_owned());
        self.open.push(incident);
        self.report(self.open.len() - 1, statements);
    }

    /// Lets time pass to `now_ns`, which the events' clock says: closes what is calm, and reports
    /// what waited.
    pub fn advance(&mut self, now_ns: u64, statements: &mut Vec<Incident>) {
        self.now_ns = self.now_ns.max(now_ns);
        let now = self.now_ns;
        let mut place = 0;
        while place < self.open.len() {
            if self.open[place].is_calm(now) {
                self.close(place, statements);
            } else {
                self.report(place, statements);
                place += 1;
            }
        }
        let Some(span) = self.again_after_ns else {
            return;
        };
        for incident in self.closed.iter_mut().chain(&mut self.open) {
            let repeated = incident.repeated(now, span);
            statements.extend(repeated.map(|it| marked(it, &self.suppressions, now)));
        }
        self.closed
            .retain(|incident| incident.may_repeat(now, span));
    }

    /// Closes every incident and reports what waited: no more alarms come.
    pub fn finish(&mut self, statements: &mut Vec<Incident>) {
        while !self.open.is_empty() {
            self.close(0, statements);
        }
        for incident in &mut self.closed {
            let repeated = incident.repeated(self.now_ns, 0);
            statements.extend(repeated.map(|it| marked(it, &self.suppressions, self.now_ns)));
        }
        *self = Self {
            suppressions: std::mem::take(&mut self.suppressions),
            opened: self.opened,
            ..Self::new(self.again_after_ns.map(Duration::from_nanos))
        };
    }

    fn report(&mut self, place: usize, statements: &mut Vec<Incident>) {
        let now = self.now_ns;
        let incident = &mut self.open[place];
        if let Some(statement) = incident.due(now) {
            let marked = marked(statement, &self.suppressions, now);
            self.opened += u64::from(marked.suppressed.is_none() && incident.shown());
            statements.push(marked);
        }
    }

    fn close(&mut self, place: usize, statements: &mut Vec<Incident>) {
        let now = self.now_ns;
        let mut incident = self.open.remove(place);
        for statement in incident.close(now) {
            let marked = marked(statement, &self.suppressions, now);
            self.opened += u64::from(marked.suppressed.is_none() && incident.shown());
            statements.push(marked);
        }
        if self.again_after_ns.is_some() {
            if self.closed.len() == REMEMBERED {
                self.closed.pop_front();
            }
            self.closed.push_back(incident);
        }
    }

    fn of_alarm(&mut self, alarm: &str) -> Option<&mut Open> {
        let id = self.alarms.get(alarm)?;
        let mut all = self.open.iter_mut().chain(&mut self.closed);
        all.find(|incident| incident.id() == id)
    }

    fn remember(&mut self, alarm: &str, incident: String) {
        if self.alarms_order.len() == REMEMBERED
            && let Some(oldest) = self.alarms_order.pop_front()
        {
            self.alarms.remove(&oldest);
        }
        if self.alarms.insert(alarm.to_owned(), incident).is_none() {
            self.alarms_order.push_back(alarm.to_owned());
        }
    }
}

/// A statement with the reason why a person does not want it, if there is one.
fn marked(mut statement: Incident, suppressions: &[Suppression], now_ns: u64) -> Incident {
    let mut all = suppressions.iter();
    let fits = |it: &&Suppression| it.fingerprint == statement.fingerprint && it.until_ns > now_ns;
    statement.suppressed = all.find(fits).map(|it| it.reason.clone());
    statement
}

/// The state of what is reported first.
const fn first_state(was_reported: bool) -> State {
    if was_reported {
        State::Updated
    } else {
        State::Opened
    }
}

/// An alarm without what its incident does not show.
fn kept(alarm: &Alarm) -> Arc<Alarm> {
    Arc::new(alarm.clone())
}

#[cfg(test)]
mod tests;
