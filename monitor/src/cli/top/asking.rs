//! The thread that asks the guard, and does what a person orders.

use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};
use hyper::Method;
use monitor::alarm_log::notes::{Note, NoteKind, Notes};
use monitor::alarm_log::stored::Log;
use monitor::guard::place::encoded;
use monitor::run::clock::unix_s;
use monitor::top::rows::incidents::Marks;
use monitor::top::state::{News, Order};
use monitor::who::redaction::harmless;
use serde_json::Value;

use crate::cli::ask::AskArgs;
use crate::cli::explain::show;

/// How often the guard is asked.
const EVERY: Duration = Duration::from_secs(1);

/// How often it is read what people noted.
const NOTES_EVERY: Duration = Duration::from_secs(5);

/// Orders that may wait.
const QUEUED: usize = 16;

/// Where orders go.
pub struct Asking {
    orders: Sender<Order>,
}

struct Asker {
    ask: AskArgs,
    log: Option<PathBuf>,
    tell: Sender<News>,
    /// The service whose threads are looked at.
    looked_at: Option<String>,
    notes_read: Option<Instant>,
}

impl Asking {
    /// Starts the thread.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(ask: AskArgs, log: Option<PathBuf>, tell: Sender<News>) -> Result<Self> {
        let (orders, given) = bounded(QUEUED);
        let asker = Asker {
            ask,
            log,
            tell,
            looked_at: None,
            notes_read: None,
        };
        thread::Builder::new()
            .name("asking".into())
            .spawn(move || asker.run(&given))?;
        Ok(Self { orders })
    }

    /// Gives an order. One too many is forgotten: nothing has come of those before yet.
    pub fn order(&self, order: Order) {
        let _ = self.orders.try_send(order);
    }
}

impl Asker {
    /// Until nobody hears it any more.
    fn run(mut self, orders: &Receiver<Order>) {
        let mut due = Instant::now();
        loop {
            let order = match orders.recv_deadline(due) {
                Ok(order) => Some(order),
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => return,
            };
            let news = match order {
                Some(Order::Look(service)) => {
                    self.looked_at = service;
                    self.threads().into_iter().collect()
                }
                Some(order) => vec![
                    self.obey(&order)
                        .unwrap_or_else(|error| News::Failed(harmless(&format!("{error:#}")))),
                ],
                None => {
                    due = Instant::now() + EVERY;
                    self.look()
                }
            };
            for it in news {
                if self.tell.send(it).is_err() {
                    return;
                }
            }
        }
    }

    fn get<T: serde::de::DeserializeOwned>(&self, path: &str) -> Result<T> {
        let answer = self.ask.ask(Method::GET, path)?;
        serde_json::from_slice(&answer).context("the guard's answer is none of this version")
    }

    /// What changed by itself.
    fn look(&mut self) -> Vec<News> {
        let status = match self.ask.status() {
            Ok(status) => status,
            Err(error) => return vec![News::Trouble(harmless(&format!("{error:#}")))],
        };
        let mut news = vec![News::Status(Box::new(status))];
        let lines: Result<Vec<Value>> = self.get("/v1/incidents");
        if let Ok(lines) = lines {
            // One that another version wrote is left out.
            let read = lines
                .into_iter()
                .filter_map(|it| serde_json::from_value(it).ok());
            news.push(News::Incidents(read.collect()));
        }
        news.extend(self.threads());
        if self.notes_read.is_none_or(|it| it.elapsed() >= NOTES_EVERY) {
            news.extend(self.marks());
        }
        news
    }

    fn threads(&self) -> Option<News> {
        let service = self.looked_at.as_ref()?;
        let threads = self.get(&format!("/v1/services/{}/threads", encoded(service)));
        Some(threads.map_or_else(
            |error| News::Failed(harmless(&format!("{error:#}"))),
            |it| News::Threads(Box::new(it)),
        ))
    }

    /// Without a log that can be read nothing is marked.
    fn marks(&mut self) -> Option<News> {
        self.notes_read = Some(Instant::now());
        let (notes, _) = Notes::of(self.log.as_ref()?).read().ok()?;
        Some(News::Marks(Marks::of(&notes, unix_s())))
    }

    fn obey(&mut self, order: &Order) -> Result<News> {
        let noted = |kind, id: &str, more: &dyn Fn(Note) -> Note| {
            let log = self.log()?;
            let path = self.log.clone().unwrap_or_default();
            let note = more(Note::by_this_user(kind, &log.incident(id)?));
            anyhow::Ok(Notes::of(&path).add(&note)?)
        };
        let news = match order {
            Order::Quit | Order::Look(_) => News::Done(String::new()),
            Order::Explain(id) => {
                let found = self.log()?.find(id)?;
                News::Page {
                    title: format!("Incident {}", harmless(id)),
                    text: show::explanation(&found, false)?,
                }
            }
            Order::Acknowledge(id, known) => {
                noted(NoteKind::Acknowledged, id, &|note| Note {
                    reason: known.as_deref().map(harmless),
                    ..note
                })?;
                News::Done(format!("acknowledged {}", harmless(id)))
            }
            Order::Suppress(id, span, why) => {
                noted(NoteKind::Suppressed, id, &|note| Note {
                    reason: Some(harmless(why)),
                    until_unix_s: Some(unix_s().saturating_add(span.as_secs())),
                    ..note
                })?;
                News::Done(format!(
                    "incidents like it are logged and not reported for {}",
                    humantime::format_duration(*span)
                ))
            }
            Order::Accept(id) => {
                let path = format!("/v1/incidents/{}/accept", encoded(id));
                let answer: Value = serde_json::from_slice(&self.ask.ask(Method::POST, &path)?)?;
                News::Done(harmless(answer["done"].as_str().unwrap_or_default()))
            }
        };
        if matches!(order, Order::Acknowledge(..) | Order::Suppress(..)) {
            // Shown at the next look.
            self.notes_read = None;
        }
        Ok(news)
    }

    fn log(&self) -> Result<Log> {
        let path = self.log.clone();
        Ok(Log::new(path.context(
            "nothing says where the alarm log is: give --alarm-log",
        )?))
    }
}
