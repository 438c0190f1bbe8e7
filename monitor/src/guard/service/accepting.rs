//! A profile in force is changed by what a person accepts, and put back by what is undone: the
//! watch goes on.

use super::{Service, Shared};
use crate::guard::acceptance::{Accepted, Change};
use crate::profile::accepted::{Difference, Later};
use crate::profile::{Profile, file};
use crate::report::acceptance::rows;

impl Service {
    /// Takes what an incident or an alarm did as normal, or takes that back. The profile before is
    /// kept beside it.
    pub(crate) fn change_normal(
        &mut self,
        id: &str,
        change: Change,
        is_tried: bool,
        now_s: u64,
        shared: &Shared,
    ) -> Result<Accepted, String> {
        let Some(profile) = self.judging.profile() else {
            let key = &self.key;
            return Err(format!("{key} has no profile yet: it is being learned"));
        };
        let before = profile.clone();
        match change {
            Change::Accept { flights, reason } => {
                let mut after = before.clone();
                let added = after.accept_all(id, &flights, now_s, reason.as_deref());
                let takes = rows(&Difference::between(&before, &after));
                let mut accepted = Accepted {
                    takes,
                    ..Accepted::default()
                };
                if !is_tried && !accepted.takes.is_empty() {
                    self.edit(id, before, after);
                }
                if !is_tried {
                    accepted.done = format!(
                        "accepted {id} for {}: {added} sequences are quiet from now on (monitor \
                         profile unaccept {id} undoes it)",
                        self.key
                    );
                }
                Ok(accepted)
            }
            Change::Undo {
                before: mut after,
                later,
            } => {
                self.check_later(&before, id, &later)?;
                after.accept_later(&later);
                let mut undone = Accepted {
                    takes: rows(&Difference::between(&after, &before)),
                    forgets: before.learned_since(&after),
                    ..Accepted::default()
                };
                if !is_tried {
                    undone.done = format!("{id} is reported again for {}", self.key);
                    let key = format!("undo-{id}-{now_s}");
                    self.unkept.befores.push((key, Box::new(before)));
                    self.unkept.previous = true;
                    self.judge_by(*after, shared);
                }
                Ok(undone)
            }
        }
    }

    /// Streams that have begun go on: only what is normal grew.
    fn edit(&mut self, id: &str, before: Profile, after: Profile) {
        self.profile_sha256 = Some(file::sha256(&after));
        self.judging.edit_profile(|profile| *profile = after);
        self.unkept.befores.push((id.to_owned(), Box::new(before)));
        self.unkept.state = true;
        self.unkept.profile = true;
        self.unkept.previous = true;
    }

    /// What is accepted again must be all that was accepted since.
    fn check_later(&self, now: &Profile, id: &str, later: &[Later]) -> Result<(), String> {
        let all = &now.accepted.acceptances;
        let Some(place) = all.iter().position(|it| it.alarm == id) else {
            return Err(format!("{} has not accepted {id}", self.key));
        };
        let since = all[place + 1..].iter().map(|it| &it.alarm);
        if since.eq(later.iter().map(|it| &it.id)) {
            return Ok(());
        }
        Err(format!(
            "{} has accepted something else meanwhile: ask again",
            self.key
        ))
    }
}
