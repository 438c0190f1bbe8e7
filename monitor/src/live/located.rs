//! Where a file is that a process named by a relative path, or through a link.

use std::{fs, os::unix::ffi::OsStrExt as _, path::PathBuf};

use monitor_common::touch::{Touched, WALKED_FILE, WALKED_FOLDER};

use crate::detail::{Access, Detail, PathText, Reader};

/// `S_IFMT` and `S_IFREG`, and the rights of group and others (include/uapi/linux/stat.h).
const KIND: u32 = 0o17_0000;
const REGULAR: u32 = 0o10_0000;
const OF_OTHERS: u32 = 0o077;

/// A detail as whole as it can be told, and the file behind it where that has another name or is
/// its owner's alone.
pub(super) fn located(detail: Detail, reader: Reader, touched: &Touched) -> Vec<Detail> {
    let Detail::Path(access, given) = &detail else {
        return vec![detail];
    };
    let opened = (touched.walked == WALKED_FILE)
        .then(|| walked(touched))
        .flatten();
    if *access == Access::LinkFrom && !given.is_absolute() && reader.folder().is_none() {
        // A symbolic link's target is relative to the link: what that is shows when it is opened.
        return Vec::new();
    }
    let named = if given.is_absolute() {
        given.clone()
    } else if let Some(opened) = &opened {
        opened.clone()
    } else {
        whole(given, reader, touched).unwrap_or_else(|| given.clone())
    };
    let mut details = vec![Detail::Path(*access, named.clone())];
    let Some(opened) = opened else {
        return details;
    };
    // The names in /proc are told by the process's own ids, which are others where it has a pid
    // namespace of its own.
    let is_of_proc = |path: &PathText| path.as_bytes().starts_with(b"/proc/");
    let generalised = |path: &PathText| path.generalised(touched.tgid);
    let is_elsewhere = generalised(&opened) != generalised(&named)
        && !(is_of_proc(&generalised(&named)) && is_of_proc(&opened));
    if is_elsewhere {
        details.push(Detail::Path(*access, opened.clone()));
    }
    let is_private = touched.mode & KIND == REGULAR && touched.mode & OF_OTHERS == 0;
    if *access == Access::Read && is_private && !is_of_proc(&opened) {
        details.push(Detail::Path(Access::ReadPrivate, opened));
    }
    details
}

/// The path that the kernel walked.
fn walked(touched: &Touched) -> Option<PathText> {
    let mut path = Vec::new();
    for name in touched.way()? {
        path.push(b'/');
        path.extend_from_slice(name);
    }
    if path.is_empty() {
        path.push(b'/');
    }
    Some(PathText::new(&path))
}

/// A relative path with the directory that it is relative to: as the kernel had it, else as it can
/// be read now.
fn whole(given: &PathText, reader: Reader, touched: &Touched) -> Option<PathText> {
    let folder = if touched.walked == WALKED_FOLDER {
        walked(touched)
    } else {
        None
    };
    let mut path = match folder {
        Some(folder) => folder.as_bytes().to_vec(),
        None => {
            let folder = match reader.folder() {
                Some(_) if touched.directory >= 0 => format!("fd/{}", touched.directory),
                _ => "cwd".to_owned(),
            };
            let folder = fs::read_link(PathBuf::from(format!("/proc/{}/{folder}", touched.tgid)));
            let folder = folder.ok().filter(|folder| folder.is_absolute())?;
            folder.as_os_str().as_bytes().to_vec()
        }
    };
    // Without a path the descriptor itself is meant (`AT_EMPTY_PATH`), as with fexecve.
    if !given.as_bytes().is_empty() {
        path.push(b'/');
        path.extend_from_slice(given.as_bytes());
    }
    Some(PathText::new(&path))
}

#[cfg(test)]
mod tests {
    use monitor_common::touch::{
        LEVEL, LEVELS, MEMORY, TOUCH, Touched, WALKED_FILE, WALKED_FOLDER,
    };

    use super::located;
    use crate::detail::{Access, Detail, PathText, Reader};

    fn told(name: &str, given: &str, walked: u32, way: &[&str], mode: u32) -> String {
        let mut names = [[0; LEVEL]; LEVELS];
        for (place, text) in names.iter_mut().zip(way.iter().rev()) {
            place[..text.len()].copy_from_slice(text.as_bytes());
        }
        let touched = Touched {
            kind: TOUCH,
            len: 0,
            tgid: 77,
            tid: 77,
            start_ns: 0,
            seq: 0,
            time_ns: 0,
            comm: [0; 16],
            number: 0,
            abi_tag: 0,
            result: 3,
            directory: -100,
            service: 0,
            arguments: [0; 6],
            word: 0,
            flags: 0,
            walked,
            levels: way.len() as u32,
            whole: 1,
            mode,
            padding: 0,
            memory: [0; MEMORY],
            names,
        };
        let reader = Reader::of(name).expect("a reader");
        let detail = Detail::Path(Access::Read, PathText::new(given.as_bytes()));
        let details = located(detail, reader, &touched);
        let texts: Vec<_> = details.iter().map(ToString::to_string).collect();
        texts.join(" ")
    }

    #[test]
    fn links_and_relative_paths_lead_to_the_file_that_was_opened() {
        let open = |given, way: &[&str], mode| told("openat", given, WALKED_FILE, way, mode);
        const PLAIN: u32 = 0o10_0644;
        assert_eq!(open("/a/b", &["a", "b"], PLAIN), "read:/a/b");
        assert_eq!(open("/a/./b/", &["a", "b"], PLAIN), "read:/a/./b/");
        assert_eq!(
            open("/srv/x", &["etc", "shadow"], PLAIN),
            "read:/srv/x read:/etc/shadow"
        );
        assert_eq!(
            open("shadow", &["etc", "shadow"], PLAIN),
            "read:/etc/shadow"
        );
        assert_eq!(
            open("/proc/self/root/etc/shadow", &["etc", "shadow"], PLAIN),
            "read:/proc/self/root/etc/shadow read:/etc/shadow"
        );
        // Its own id is another in its own namespace.
        let status = open("/proc/self/status", &["proc", "9", "status"], PLAIN);
        assert_eq!(status, "read:/proc/self/status");
        assert_eq!(
            open("/srv/key", &["srv", "key"], 0o10_0600),
            "read:/srv/key read-private:/srv/key"
        );
        assert_eq!(open("/srv", &["srv"], 0o4_0700), "read:/srv", "a folder");
    }

    #[test]
    fn a_folder_is_put_before_what_is_relative_to_it() {
        let way = ["root", ".ssh"];
        let told = told("unlinkat", "id_rsa", WALKED_FOLDER, &way, 0);
        assert_eq!(told, "read:/root/.ssh/id_rsa");
    }
}
