//! What is on the screen, and what keys do to it.

use std::time::Duration;

use super::list::List;
use super::rows::incidents::{IncidentLine, Marks};
use super::rows::{host, incidents, services, threads};
use super::sheet::{Sheet, Tone};
use crate::guard::board::HostStatus;
use crate::guard::threads::{ServiceThreads, ThreadStatus};

mod entry;

pub use entry::Entry;

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

    /// Takes a key. Gives what is to be done.
    pub fn press(&mut self, key: Key) -> Option<Order> {
        if key == Key::Interrupt {
            return Some(Order::Quit);
        }
        self.message = None;
        if let Some(entry) = self.entry.take() {
            return self.write(entry, key);
        }
        if self.page.is_some() {
            return self.turn(key);
        }
        let page = self.rows.max(1).cast_signed();
        match key {
            Key::Letter('q') | Key::Function(10) => return Some(Order::Quit),
            Key::Letter('h' | '?') | Key::Function(1) => self.open("Help".into(), HELP),
            Key::Letter('/') | Key::Function(3) => self.entry = Some(Entry::Search(String::new())),
            Key::Letter('n') => self.seek_again(),
            Key::Letter('\\') | Key::Function(4) => {
                self.entry = Some(Entry::Filter(self.list().filter.clone()));
            }
            Key::Letter('>' | '.') | Key::Function(6) => self.sort(1),
            Key::Letter('<' | ',') => self.sort(-1),
            Key::Letter('I') => {
                let list = self.list();
                list.descending = !list.descending;
            }
            Key::Up | Key::Letter('k') => self.step(-1),
            Key::Down | Key::Letter('j') => self.step(1),
            Key::PageUp => self.step(-page),
            Key::PageDown => self.step(page),
            Key::Home => self.step(isize::MIN),
            Key::End => self.step(isize::MAX),
            Key::Letter(letter @ '1'..='3') => {
                let place = usize::from(letter as u8 - b'1');
                return self.show(View::TABS[place].0);
            }
            Key::Tab | Key::Right => return self.beside(1),
            Key::BackTab | Key::Left => return self.beside(2),
            Key::Escape | Key::Backspace => return self.back(),
            Key::Enter => return self.enter(),
            Key::Letter(letter) => self.about_incident(letter),
            Key::Function(_) | Key::Interrupt => {}
        }
        None
    }

    /// A key while a text is over the table.
    fn turn(&mut self, key: Key) -> Option<Order> {
        let rows = self.rows.max(1);
        let page = self.page.as_mut()?;
        let last = page.length.saturating_sub(rows);
        page.offset = match key {
            Key::Up | Key::Letter('k') => page.offset.saturating_sub(1),
            Key::Down | Key::Letter('j') => page.offset + 1,
            Key::PageUp => page.offset.saturating_sub(rows),
            Key::PageDown | Key::Letter(' ') => page.offset + rows,
            Key::Home => 0,
            Key::End => last,
            Key::Function(10) => return Some(Order::Quit),
            _ => {
                self.page = None;
                return None;
            }
        }
        .min(last);
        None
    }

    /// A key while a person writes.
    fn write(&mut self, entry: Entry, key: Key) -> Option<Order> {
        let (entry, order) = match entry.press(key) {
            entry::Outcome::Goes(entry) => (Some(entry), None),
            entry::Outcome::Orders(order) => (None, Some(order)),
            entry::Outcome::Ends(entry) => {
                if let Entry::Filter(_) = entry {
                    // Left by Escape: all rows are shown again.
                    self.list().filter.clear();
                }
                return None;
            }
            entry::Outcome::Kept(entry) => {
                if let Entry::Search(text) = entry {
                    self.sought = text;
                }
                return None;
            }
            entry::Outcome::Wrong(entry, why) => {
                self.message = Some((why.to_owned(), Tone::Bad));
                (Some(entry), None)
            }
        };
        match &entry {
            Some(Entry::Search(text)) if !text.is_empty() => {
                let (sheet, text) = (self.sheet(), text.clone());
                if !self.list().search(&sheet, &text, false) {
                    self.message = Some(("no row has it".to_owned(), Tone::Warning));
                }
            }
            Some(Entry::Filter(text)) => self.lists[self.view as usize].filter.clone_from(text),
            _ => {}
        }
        self.entry = entry;
        order
    }

    fn seek_again(&mut self) {
        let (sheet, text) = (self.sheet(), self.sought.clone());
        if text.is_empty() || !self.list().search(&sheet, &text, true) {
            self.message = Some((
                "nothing was searched for that is here".into(),
                Tone::Warning,
            ));
        }
    }

    fn sort(&mut self, columns: isize) {
        let sheet = self.sheet();
        self.list().sort_beside(&sheet, columns);
    }

    fn step(&mut self, rows: isize) {
        let sheet = self.sheet();
        self.list().step(&sheet, rows);
    }

    fn show(&mut self, view: View) -> Option<Order> {
        self.view = view;
        self.service.take().map(|_| {
            self.threads = None;
            Order::Look(None)
        })
    }

    /// The view so many tabs further.
    fn beside(&mut self, tabs: usize) -> Option<Order> {
        let all = View::TABS;
        let here = all.iter().position(|it| it.0 == self.view).unwrap_or(0);
        self.show(all[(here + tabs) % all.len()].0)
    }

    fn back(&mut self) -> Option<Order> {
        if self.view == View::Threads {
            return self.show(View::Services);
        }
        self.list().filter.clear();
        None
    }

    fn enter(&mut self) -> Option<Order> {
        // A table that was not drawn yet has nothing selected.
        let sheet = self.sheet();
        self.list().place(&sheet)?;
        let key = self.list().key()?.to_owned();
        match self.view {
            View::Services => {
                self.view = View::Threads;
                self.lists[View::Threads as usize] = List::by(threads::SORTED_BY, true);
                self.threads = None;
                self.service = Some(key.clone());
                Some(Order::Look(Some(key)))
            }
            View::Incidents => Some(Order::Explain(key)),
            View::Host | View::Threads => None,
        }
    }

    /// What letters do to the selected incident.
    fn about_incident(&mut self, letter: char) {
        let sheet = self.sheet();
        if self.view != View::Incidents || self.list().place(&sheet).is_none() {
            return;
        }
        let Some(id) = self.list().key().map(str::to_owned) else {
            return;
        };
        self.entry = match letter {
            'a' => Some(Entry::Acknowledge(id, String::new())),
            's' => Some(Entry::SuppressFor(id, String::new())),
            'x' => Some(Entry::Accept(id)),
            _ => None,
        };
    }
}

/// What keys do.
pub const HELP: &str = "\
Up Down PgUp PgDn Home End   move
Enter                        threads of a service; explain an incident
Esc                          back; shows all rows again
Tab  1 2 3                   services, incidents, losses and cost
/  F3   n                    search; search on
\\  F4                        filter
<  >  F6   I                 sort by the column beside; the other way round
a                            acknowledge the incident
s                            suppress incidents like it for a time
x                            accept it: take what it did as normal
q  F10                       quit
h  F1                        this help

STATE    new and learning: no profile yet; validating; settled: waits for
         approval; watching: judged; changed: another release; unsettled: judged,
         but something is lacking
SCORE    the anomaly score that is nearest to its threshold, and the threshold
NOVELTY  new sequences per thousand calls while a service is learned
LOST     calls that were lost

Of a thread, the latest call stands first in its row. Below are the calls of the
selected thread with their surprise in nats (0 is what always comes, each 2.3 are
ten times as rare), and what was expected in the place of a surprising one.";
