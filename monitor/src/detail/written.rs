//! Which files a service wrote, so that a program of its own making is told from one that was
//! there.

use std::collections::{HashSet, VecDeque};

use super::access::Effect;
use super::{Access, Detail, PathText};

/// Files that are remembered; the one written longest ago is forgotten for another.
const MOST: usize = 4096;

/// The files that were written lately, generalised.
#[derive(Clone, Debug, Default)]
pub struct Written {
    paths: HashSet<PathText>,
    order: VecDeque<PathText>,
}

impl Written {
    /// Takes note of a detail, given generalised, and gives it back as what it is: a program that
    /// was written before, or that `wrote` says the service writes, is run as such.
    pub fn note(&mut self, detail: Detail, wrote: impl Fn(&PathText) -> bool) -> Detail {
        match detail {
            Detail::Path(Access::Execute, path) if self.paths.contains(&path) || wrote(&path) => {
                Detail::Path(Access::ExecuteWritten, path)
            }
            // Who wrote a file knows what is in it.
            Detail::Path(Access::ReadPrivate, path)
                if self.paths.contains(&path) || wrote(&path) =>
            {
                Detail::Path(Access::Read, path)
            }
            Detail::Path(access, path) => {
                let is_file = !matches!(
                    access,
                    Access::Remove | Access::RenameFrom | Access::MakeDirectory
                );
                if access.effect() == Effect::Changes && is_file {
                    self.add(&path);
                }
                Detail::Path(access, path)
            }
            other => other,
        }
    }

    fn add(&mut self, path: &PathText) {
        if !self.paths.insert(path.clone()) {
            return;
        }
        self.order.push_back(path.clone());
        if self.order.len() > MOST
            && let Some(oldest) = self.order.pop_front()
        {
            self.paths.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Written;
    use crate::detail::Detail;

    #[test]
    fn a_program_is_its_own_making_once_it_was_written() {
        let mut written = Written::default();
        let mut note = |text: &str| {
            let detail: Detail = text.parse().expect("a detail");
            written
                .note(detail, |path| path.as_bytes() == b"/srv/jobs/x")
                .to_string()
        };
        assert_eq!(note("execute:/tmp/x"), "execute:/tmp/x");
        assert_eq!(note("mkdir:/tmp/y"), "mkdir:/tmp/y");
        assert_eq!(note("create:/tmp/x"), "create:/tmp/x");
        assert_eq!(note("execute:/tmp/x"), "execute-written:/tmp/x");
        assert_eq!(note("execute:/tmp/y"), "execute:/tmp/y");
        assert_eq!(note("execute:/srv/jobs/x"), "execute-written:/srv/jobs/x");
        assert_eq!(note("read-private:/srv/key"), "read-private:/srv/key");
        assert_eq!(note("read-private:/tmp/x"), "read:/tmp/x");
    }
}
