//! What `/proc/PID/status` says of a process, whatever it calls itself.
//!
//! A process chooses its own name, of any bytes (`PR_SET_NAME` of prctl(2)). procfs reads the file
//! as text, and so has nothing to say of a process whose name is none.

use std::fs;

/// The file of one process or thread.
#[derive(Clone, Debug)]
pub struct ProcessStatus(String);

impl ProcessStatus {
    /// As it is now; `None` where nobody has this number.
    #[must_use]
    pub fn read(pid: u32) -> Option<Self> {
        fs::read(format!("/proc/{pid}/status")).ok().map(Self::from)
    }

    /// What stands behind the name of a field.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&str> {
        let mut fields = self.0.lines().filter_map(|line| line.split_once(':'));
        fields.find_map(|(field, value)| (field == name).then(|| value.trim()))
    }

    /// The number at a place of a field: the ids of users and groups stand there four times, the
    /// real one first, then the effective one.
    #[must_use]
    pub fn number(&self, name: &str, place: usize) -> Option<u32> {
        let mut numbers = self.field(name)?.split_whitespace();
        numbers.nth(place)?.parse().ok()
    }
}

impl From<Vec<u8>> for ProcessStatus {
    /// What was read of such a file.
    fn from(bytes: Vec<u8>) -> Self {
        Self(String::from_utf8_lossy(&bytes).into_owned())
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt as _;
    use std::process::Command;
    use std::time::{Duration, Instant};

    use super::ProcessStatus;

    #[test]
    fn a_name_that_is_no_text_hides_nothing_of_its_process() {
        let folder = tempfile::tempdir().expect("a folder");
        let program = folder.path().join(OsStr::from_bytes(b"\xff\xfeUid: 7"));
        std::fs::copy("/bin/sleep", &program).expect("copied");
        let mut child = Command::new(&program).arg("60").spawn().expect("started");
        // The parent of a vfork goes on before the child has the name of its program
        // (begin_new_exec, fs/exec.c).
        let until = Instant::now() + Duration::from_secs(60);
        let status = loop {
            let status = ProcessStatus::read(child.id()).expect("it is there");
            let named = status.field("Name").is_some_and(|it| it.contains("Uid: 7"));
            if named || Instant::now() > until {
                break named.then_some(status);
            }
            std::thread::sleep(Duration::from_millis(5));
        };
        child.kill().expect("running");
        child.wait().expect("a child");
        let status = status.expect("it has its name");
        assert_eq!(status.number("PPid", 0), Some(std::process::id()));
        assert_eq!(status.number("Threads", 0), Some(1));
        // SAFETY: both read a number of this process and cannot fail.
        let ids = unsafe { (libc::getuid(), libc::geteuid()) };
        assert_eq!(status.number("Uid", 0), Some(ids.0));
        assert_eq!(status.number("Uid", 1), Some(ids.1));
        assert_eq!(status.number("Uid", 4), None);
        assert!(ProcessStatus::read(1 << 22).is_none());
    }
}
