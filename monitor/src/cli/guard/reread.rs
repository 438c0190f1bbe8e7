//! The configuration, read again at SIGHUP.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use crossbeam_channel::Sender;
use monitor::config::diff::Diff;
use monitor::config::{self, Config};
use monitor::guard::Request;
use monitor::guard::board::Board;
use monitor::run::clock::unix_s;

use super::GuardArgs;
use super::outlets::Outlets;
use crate::cli::complain;

/// Reads the configuration again; a bad one leaves the old one in force.
pub fn reread(
    args: &GuardArgs,
    config: Arc<Config>,
    requests: Sender<Request>,
    board: Board,
    outlets: Rc<RefCell<Outlets>>,
) -> Box<dyn FnMut()> {
    let place = args.place.clone();
    let config = Rc::new(RefCell::new(config));
    Box::new(move || {
        // In the status too: what it says may be read by nobody.
        let remark = |what: String| {
            complain(&what);
            board.lock().remark(unix_s(), what);
        };
        let loaded = match config::load(place.path(), place.is_named()) {
            Ok(loaded) => loaded,
            Err(errors) => {
                let mut status = board.lock();
                status.config_is_right = false;
                status.remark(unix_s(), format!("the configuration is wrong: {errors}"));
                drop(status);
                // Rotated files and new addresses are to be found all the same.
                outlets.borrow_mut().reopen(&config.borrow(), remark);
                return complain(&format!("the configuration stays as it was: {errors}"));
            }
        };
        let diff = Diff::between(&config.borrow(), &loaded.config);
        let waits = diff.at_start();
        let waits = if waits.is_empty() {
            String::new()
        } else {
            format!("; {} at the next start", waits.join(", "))
        };
        let new = Arc::new(loaded.config);
        if requests
            .try_send(Request::Configure(Arc::clone(&new)))
            .is_err()
        {
            return complain("the configuration stays as it was: too much is asked at once");
        }
        complain(&format!("the configuration was read again: {diff}{waits}"));
        outlets.borrow_mut().reopen(&new, remark);
        config.replace(new);
    })
}
