//! What keys do.

use super::entry;
use super::{Entry, Key, Order, Tone, Top, View};
use crate::top::list::List;
use crate::top::rows::threads;

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

impl Top {
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
