//! What a person asks of a service.

use super::{Service, Shared};
use crate::guard::board::Action;
use crate::profile::Profile;

impl Service {
    /// Does what a person asked. What came of it, in words. `previous` is the profile before, for
    /// [`Action::Rollback`].
    pub(crate) fn act(
        &mut self,
        action: Action,
        previous: Option<Profile>,
        now_s: u64,
        shared: &Shared,
    ) -> Result<String, String> {
        self.unkept.state = true;
        let key = self.key.clone();
        match action {
            Action::Approve => {
                if !self.life.approve() {
                    return Err(format!("{key} is watched already"));
                }
                Ok(format!(
                    "{key} is approved: it is validated and watched as soon as that is done"
                ))
            }
            Action::Relearn => {
                self.life.relearn(now_s);
                self.learn_anew();
                self.validating = None;
                self.judging.judge_by(None);
                Ok(format!("{key} is learned anew"))
            }
            Action::Pause => {
                self.paused = true;
                Ok(format!(
                    "{key} is paused: it is neither judged nor learned until it is resumed"
                ))
            }
            Action::Resume => {
                self.paused = false;
                self.forgot_touches = true;
                Ok(format!("{key} goes on"))
            }
            Action::Rollback => {
                let previous = previous.ok_or_else(|| format!("{key} has no previous profile"))?;
                self.judge_by(previous, shared);
                self.unkept.previous = true;
                self.life.rolled_back(now_s);
                self.judging.learn_by(None);
                self.validating = None;
                Ok(format!("{key} is judged by its previous profile again"))
            }
        }
    }
}
