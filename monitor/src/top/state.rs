//! What is on the screen, and what keys do to it.

use std::time::Duration;

use super::list::List;
use super::rows::incidents::{IncidentLine, Marks};
use super::rows::{host, incidents, services, threads};
use super::sheet::{Sheet, Tone};
use crate::guard::board::HostStatus;
use crate::guard::threads::{ServiceThreads, ThreadStatus};

mod entry;

mod keys;

pub use entry::Entry;
pub use keys::HELP;

/// A key.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Key {
    /// A letter, a digit, a sign or a blank.
    Letter(char),
    /// A function key.
    Function(u8),
    /// One row up.
    Up,
    /// One row down.
    Down,
    /// A screen up.
    PageUp,
    /// A screen down.
    PageDown,
    /// To the first row.
    Home,
    /// To the last row.
    End,
    /// To what is left of here.
    Left,
    /// To what is right of here.
    Right,
    /// Return.
    Enter,
    /// Escape.
    Escape,
    /// To the next view.
    Tab,
    /// To the view before.
    BackTab,
    /// Takes the last letter back.
    Backspace,
    /// Ctrl-C and Ctrl-D.
    Interrupt,
}

/// What a guard or a log said.
#[derive(Clone, Debug)]
pub enum News {
    /// How the host stands.
    Status(Box<HostStatus>),
    /// The threads of the service that is looked at.
    Threads(Box<ServiceThreads>),
    /// The latest statements about incidents.
    Incidents(Vec<IncidentLine>),
    /// What people noted about incidents.
    Marks(Marks),
    /// Nobody answers, or not as it should be.
    Trouble(String),
    /// What was ordered is done.
    Done(String),
    /// What was ordered is not done.
    Failed(String),
    /// A text that was asked for.
    Page {
        /// What it is.
        title: String,
        /// The text.
        text: String,
    },
}

/// What is to be done.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Order {
    /// End.
    Quit,
    /// Look at the threads of this service from now on, or of none.
    Look(Option<String>),
    /// Show an incident's explanation.
    Explain(String),
    /// Note that somebody knows of an incident, and what.
    Acknowledge(String, Option<String>),
    /// Do not report incidents like one for a time, and why.
    Suppress(String, Duration, String),
    /// Take an incident as normal.
    Accept(String),
}

/// A table that is shown.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum View {
    /// The services.
    #[default]
    Services,
    /// The incidents.
    Incidents,
    /// Losses and cost.
    Host,
    /// The threads of one service.
    Threads,
}

impl View {
    /// Those that Tab goes through, with their names.
    pub const TABS: [(Self, &'static str); 3] = [
        (Self::Services, "Services"),
        (Self::Incidents, "Incidents"),
        (Self::Host, "Losses and cost"),
    ];
}

/// A text over the table.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// What it is.
    pub title: String,
    /// Its lines.
    pub lines: Vec<String>,
    /// The first line on the screen.
    pub offset: usize,
    /// How many lines it took on the screen when it was last drawn.
    pub length: usize,
}

/// What is on the screen.
#[derive(Debug)]
pub struct Top {
    /// The table that is shown.
    pub view: View,
    /// How the host stands, once that is known.
    pub status: Option<Box<HostStatus>>,
    /// What the monitor used of one core lately.
    pub used: Option<f64>,
    /// Why nothing new comes.
    pub trouble: Option<String>,
    /// The service whose threads are shown.
    pub service: Option<String>,
    /// Its threads, once they are known.
    pub threads: Option<Box<ServiceThreads>>,
    /// What came of the last order, until the next key.
    pub message: Option<(String, Tone)>,
    /// What a person is writing.
    pub entry: Option<Entry>,
    /// A text over the table.
    pub page: Option<Page>,
    /// Rows that the screen had for the table or the text when it was last drawn.
    pub rows: usize,
    incidents: Vec<IncidentLine>,
    marks: Marks,
    sought: String,
    lists: [List; 4],
}

impl Default for Top {
    fn default() -> Self {
        Self {
            view: View::Services,
            status: None,
            used: None,
            trouble: None,
            service: None,
            threads: None,
            message: None,
            entry: None,
            page: None,
            rows: 10,
            incidents: Vec::new(),
            marks: Marks::default(),
            sought: String::new(),
            lists: [
                List::by(services::SORTED_BY, true),
                List::by(incidents::SORTED_BY, true),
                List::by(0, false),
                List::by(threads::SORTED_BY, true),
            ],
        }
    }
}

impl Top {
    /// Where the person stands in the table that is shown.
    pub fn list(&mut self) -> &mut List {
        &mut self.lists[self.view as usize]
    }

    /// The table that is shown, as it is sorted and filtered.
    #[must_use]
    pub fn sheet(&self) -> Sheet {
        let sheet = match self.view {
            View::Services => self.status.as_deref().map(services::sheet),
            View::Incidents => Some(incidents::sheet(&self.incidents, &self.marks)),
            View::Host => self.status.as_deref().map(|it| host::sheet(it, self.used)),
            View::Threads => self.threads.as_deref().map(threads::sheet),
        };
        self.lists[self.view as usize].arranged(sheet.unwrap_or_default())
    }

    /// The thread that is selected.
    #[must_use]
    pub fn thread(&self) -> Option<&ThreadStatus> {
        let selected = self.lists[View::Threads as usize].key()?;
        let threads = &self.threads.as_deref()?.threads;
        threads.iter().find(|it| threads::key(it) == selected)
    }

    /// The incident that is selected.
    #[must_use]
    pub fn incident(&self) -> Option<&IncidentLine> {
        let selected = self.lists[View::Incidents as usize].key()?;
        self.incidents.iter().find(|it| it.id == selected)
    }

    /// What the last column of the selected row says.
    pub fn note(&mut self) -> Option<String> {
        let sheet = self.sheet();
        let place = self.list().place(&sheet)?;
        Some(sheet.rows[place].cells.last()?.whole())
    }

    /// Incidents that are open, and all that are known.
    #[must_use]
    pub fn incident_counts(&self) -> (u64, u64) {
        self.status.as_ref().map_or((0, 0), |it| it.incidents)
    }

    /// Hears of something.
    pub fn hear(&mut self, news: News) {
        match news {
            News::Status(status) => {
                self.trouble = None;
                self.used = self.status.as_ref().and_then(|before| {
                    let passed = status.uptime_s - before.uptime_s;
                    // A guard that was started anew counts from 0.
                    (passed > 0.1 && status.cpu_s >= before.cpu_s)
                        .then(|| (status.cpu_s - before.cpu_s) / passed)
                        .or(self.used)
                });
                self.status = Some(status);
            }
            News::Threads(threads) => {
                // Those of the service before may come late.
                if self.service.as_ref() == Some(&threads.service) {
                    self.threads = Some(threads);
                }
            }
            News::Incidents(statements) => self.incidents = incidents::latest(statements),
            News::Marks(marks) => self.marks = marks,
            News::Trouble(why) => self.trouble = Some(why),
            News::Done(what) => self.message = Some((what, Tone::Good)),
            News::Failed(why) => self.message = Some((why, Tone::Bad)),
            News::Page { title, text } => self.open(title, &text),
        }
    }

    fn open(&mut self, title: String, text: &str) {
        self.page = Some(Page {
            title,
            lines: text.lines().map(str::to_owned).collect(),
            ..Page::default()
        });
    }
}
