//! Where it is said what becomes of actions.

use std::sync::{Arc, OnceLock};

use jiff::Timestamp;

use crate::guard::board::Board;
use crate::report::hub::Hub;
use crate::response::statement::ActionStatement;

/// Says what becomes of actions: to every output, and to whoever asks how the host stands.
#[derive(Clone)]
pub struct Voice {
    board: Board,
    hub: Arc<OnceLock<Hub>>,
}

impl Voice {
    /// To this board, and to the hub once it is there.
    #[must_use]
    pub const fn new(board: Board, hub: Arc<OnceLock<Hub>>) -> Self {
        Self { board, hub }
    }

    pub(super) fn remark(&self, what: String) {
        let now = Timestamp::now().as_second();
        self.board
            .lock()
            .remark(u64::try_from(now).unwrap_or(0), what);
    }

    pub(super) fn say(&self, said: ActionStatement) {
        self.remark(said.line());
        if let Some(hub) = self.hub.get() {
            hub.action(said);
        }
    }
}
