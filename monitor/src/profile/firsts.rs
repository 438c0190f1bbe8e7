//! What one thread did that its service never did before.

use std::collections::VecDeque;

use crate::detail::{Detail, Outcome};
use crate::profile::Profile;
use crate::profile::first_seen::{First, FirstSeen};
use crate::profile::known::{Known, evidence, family};
use crate::profile::touched::News;
use crate::profile::vocabulary::Vocabulary;
use crate::syscall::event::{Call, Comm};
use crate::syscall::table::only_ends;

/// New things of a thread that are kept, the heaviest; more would not make a verdict clearer.
const KEPT: usize = 32;

/// The new things among a thread's last calls, each told once.
#[derive(Clone, Debug, Default)]
pub struct Firsts {
    comm: Option<Comm>,
    name: Option<u32>,
    events: VecDeque<FirstSeen>,
    noted: u64,
    /// What one new file or flag is worth to this service, nats ([`Known::touch_alone`]).
    touch_alone: f64,
}

impl Firsts {
    /// Notes the name under which the `seq`th call of the thread and those after it are made.
    pub fn named(&mut self, known: &Known, comm: Comm, seq: u64) {
        if self.comm == Some(comm) {
            return;
        }
        self.comm = Some(comm);
        self.name = known.name(comm);
        if self.name.is_none() {
            self.add(known, First::Name(family(comm)), seq);
        }
    }

    /// Notes the `seq`th call of the thread, given its token.
    pub fn made(&mut self, known: &Known, call: Call, token: u32, seq: u64) {
        let what = if token == Vocabulary::UNSEEN {
            First::Call(call)
        } else if let (Some(name), Some(comm)) = (self.name, self.comm)
            && !known.made(name, token)
        {
            First::CallOfName(family(comm), call)
        } else {
            return;
        };
        if !only_ends(call) {
            self.add(known, what, seq);
        }
    }

    /// Notes that the `seq`th call of the thread touched this, given generalised, and how that
    /// went. Whether that is new.
    pub fn touched(
        &mut self,
        profile: &Profile,
        (detail, outcome): (&Detail, Option<Outcome>),
        seq: u64,
    ) -> bool {
        // Nobody knows what a path or an address was that could not be read: it is evidence of
        // nothing.
        let is_read = !matches!(
            detail,
            Detail::UnreadablePath(_) | Detail::UnreadableAddress(_)
        );
        if !is_read || profile.touched.is_empty() {
            return false;
        }
        let what = match profile.touched.news(detail, outcome) {
            Some(News::Thing) => First::Touch(detail.clone()),
            Some(News::Outcome(outcome)) => First::Outcome(detail.clone(), outcome),
            None => return false,
        };
        self.touch_alone = profile.known.touch_alone();
        self.add(&profile.known, what, seq);
        true
    }

    fn add(&mut self, known: &Known, what: First, seq: u64) {
        if self.events.iter().any(|event| event.what == what) {
            return;
        }
        let nats = known.nats(&what);
        self.noted += 1;
        self.events.push_back(FirstSeen { seq, what, nats });
        if self.events.len() > KEPT {
            // Of what is equally heavy the oldest goes: it was looked at.
            let weights = self.events.iter().enumerate();
            let lightest =
                weights.max_by(|(at, a), (before, b)| a.heaviest_first(b).then(before.cmp(at)));
            if let Some((place, _)) = lightest {
                self.events.remove(place);
            }
        }
    }

    /// Forgets what was done before the `seq`th call.
    pub fn forget(&mut self, seq: u64) {
        self.events.retain(|event| event.seq >= seq);
    }

    /// What was new, in the order in which it was done.
    #[must_use]
    pub const fn events(&self) -> &VecDeque<FirstSeen> {
        &self.events
    }

    /// How many new things were ever noted, those dropped and forgotten included.
    #[must_use]
    pub const fn noted(&self) -> u64 {
        self.noted
    }

    /// What was noted last, while it is kept.
    #[must_use]
    pub fn latest(&self) -> Option<&FirstSeen> {
        self.events.back()
    }

    /// What all of it is worth together, nats.
    #[must_use]
    pub fn evidence(&self) -> f64 {
        evidence(&self.events, self.touch_alone)
    }
}

#[cfg(test)]
mod tests {
    use super::Firsts;
    use crate::profile::first_seen::First;
    use crate::profile::known::Known;
    use crate::profile::sightings::Place;
    use crate::profile::vocabulary::Vocabulary;
    use crate::syscall::event::{Abi, Call, Comm};

    #[test]
    fn that_a_handler_or_a_thread_ends_is_no_reason_for_doubt() {
        let known = Known::default();
        let mut firsts = Firsts::default();
        // rt_sigreturn, exit, exit_group, and getuid.
        for (seq, number) in (0..).zip([15, 60, 231, 102]) {
            let call = Call {
                abi: Abi::X86_64,
                number,
            };
            firsts.made(&known, call, Vocabulary::UNSEEN, seq);
        }
        let places: Vec<_> = firsts.events().iter().map(|it| it.seq).collect();
        assert_eq!(places, [3]);
    }

    #[test]
    fn each_new_thing_is_told_once_and_forgotten_with_its_call() {
        let call = |number| Call {
            abi: Abi::X86_64,
            number,
        };
        let (web, shell) = (Comm::new(b"web-1"), Comm::new(b"sh"));
        let mut known = Known::default();
        known.learn(web, (call(10), 0), true, 0.0, Place::default());
        known.learn(
            Comm::new(b"log"),
            (call(11), 1),
            true,
            0.0,
            Place::default(),
        );
        // Nothing more for long.
        known.learn(web, (call(10), 0), false, 1e6, Place::default());
        let mut firsts = Firsts::default();
        firsts.named(&known, web, 0);
        firsts.made(&known, call(10), 0, 0);
        assert!(firsts.events().is_empty(), "all of it is known");
        // Token 1 is another process' call; 41 nobody's.
        firsts.made(&known, call(11), 1, 1);
        firsts.made(&known, call(41), Vocabulary::UNSEEN, 2);
        firsts.made(&known, call(41), Vocabulary::UNSEEN, 3);
        firsts.named(&known, shell, 4);
        firsts.made(&known, call(10), 0, 4);
        let what: Vec<_> = firsts
            .events()
            .iter()
            .map(|e| (e.seq, e.what.clone()))
            .collect();
        assert_eq!(
            what,
            [
                (1, First::CallOfName(Comm::new(b"web-#"), call(11))),
                (2, First::Call(call(41))),
                (4, First::Name(shell)),
            ]
        );
        assert!(firsts.evidence() > 0.0);
        firsts.forget(4);
        assert_eq!(firsts.events().len(), 1);
    }

    #[test]
    fn many_cheap_things_do_not_push_out_a_heavy_one() {
        let call = |number| Call {
            abi: Abi::X86_64,
            number,
        };
        let mut known = Known::default();
        known.learn(Comm::new(b"web"), (call(0), 0), true, 1.0, Place::default());
        for before in [true, false] {
            let mut firsts = Firsts::default();
            // 165 is mount.
            let mount = |firsts: &mut Firsts, seq| {
                firsts.made(&known, call(165), Vocabulary::UNSEEN, seq);
            };
            if before {
                mount(&mut firsts, 0);
            }
            for seq in 1..=200 {
                let name = [b'a' + (seq % 20) as u8, b'a' + (seq / 20) as u8];
                firsts.named(&known, Comm::new(&name), seq);
            }
            if !before {
                mount(&mut firsts, 201);
            }
            assert_eq!(firsts.events().len(), 32);
            let what: Vec<_> = firsts.events().iter().map(|it| it.what.clone()).collect();
            assert!(what.contains(&First::Call(call(165))), "before {before}");
            assert_eq!(firsts.noted(), 201);
        }
    }
}
