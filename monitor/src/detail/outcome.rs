//! How a call went.

/// The class of a call's result.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[repr(u8)]
pub enum Outcome {
    /// It succeeded.
    Ok = 1,
    /// `EAGAIN`, `EINPROGRESS`, `EALREADY`: it would have had to wait.
    WouldBlock = 2,
    /// `EINTR` and the kernel's own codes for a call that is begun again.
    Interrupted = 3,
    /// `ENOENT`, `ENOTDIR`, `ESRCH`, `ECONNREFUSED` and the like: there is no such thing.
    NotThere = 4,
    /// `EPERM`, `EACCES`, `EROFS`: it is forbidden.
    Denied = 5,
    /// `EEXIST`, `EADDRINUSE`, `EISCONN`: it is there already.
    Exists = 6,
    /// `EINVAL`, `EFAULT`, `ENOSYS` and the like: the question was wrong.
    Invalid = 7,
    /// Any other error.
    Other = 8,
}

impl Outcome {
    /// Every outcome, in the order of its tag.
    pub const ALL: [Self; 8] = [
        Self::Ok,
        Self::WouldBlock,
        Self::Interrupted,
        Self::NotThere,
        Self::Denied,
        Self::Exists,
        Self::Invalid,
        Self::Other,
    ];

    /// The tag as stored, from 1.
    #[must_use]
    pub const fn tag(self) -> u8 {
        self as u8
    }

    /// The outcome of a stored tag.
    #[must_use]
    pub fn from_tag(tag: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.tag() == tag)
    }

    /// In words.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::WouldBlock => "would block",
            Self::Interrupted => "interrupted",
            Self::NotThere => "not there",
            Self::Denied => "denied",
            Self::Exists => "exists",
            Self::Invalid => "invalid",
            Self::Other => "failed",
        }
    }

    /// The outcome in these words.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.name() == name)
    }

    /// The outcome of what the kernel returned: an error is between −4095 and −1 (`MAX_ERRNO`,
    /// include/linux/err.h).
    #[must_use]
    pub fn of_result(result: i64) -> Self {
        if !(-4095..0).contains(&result) {
            return Self::Ok;
        }
        let number = -i32::try_from(result).unwrap_or(0);
        match number {
            libc::EAGAIN | libc::EINPROGRESS | libc::EALREADY => Self::WouldBlock,
            // ERESTARTSYS to ERESTART_RESTARTBLOCK of include/linux/errno.h.
            libc::EINTR | 512..=516 => Self::Interrupted,
            libc::ENOENT
            | libc::ENOTDIR
            | libc::ESRCH
            | libc::ENODEV
            | libc::ENXIO
            | libc::ECONNREFUSED
            | libc::EHOSTUNREACH
            | libc::ENETUNREACH
            | libc::EADDRNOTAVAIL => Self::NotThere,
            libc::EPERM | libc::EACCES | libc::EROFS => Self::Denied,
            libc::EEXIST | libc::EADDRINUSE | libc::EISCONN | libc::ENOTEMPTY => Self::Exists,
            libc::EINVAL
            | libc::EFAULT
            | libc::ENOSYS
            | libc::EBADF
            | libc::ENOTTY
            | libc::ENOTSOCK
            | libc::EAFNOSUPPORT
            | libc::EOPNOTSUPP
            | libc::ENAMETOOLONG => Self::Invalid,
            _ => Self::Other,
        }
    }

    /// The outcome of an error that strace names (`ENOENT`), of those that a person looks for;
    /// [`Outcome::Other`] of others.
    #[must_use]
    pub fn of_error_name(name: &str) -> Self {
        let number = match name {
            "EAGAIN" => libc::EAGAIN,
            "EINPROGRESS" => libc::EINPROGRESS,
            "EALREADY" => libc::EALREADY,
            "EINTR" => libc::EINTR,
            "ENOENT" => libc::ENOENT,
            "ENOTDIR" => libc::ENOTDIR,
            "ESRCH" => libc::ESRCH,
            "ENODEV" => libc::ENODEV,
            "ENXIO" => libc::ENXIO,
            "ECONNREFUSED" => libc::ECONNREFUSED,
            "EHOSTUNREACH" => libc::EHOSTUNREACH,
            "ENETUNREACH" => libc::ENETUNREACH,
            "EADDRNOTAVAIL" => libc::EADDRNOTAVAIL,
            "EPERM" => libc::EPERM,
            "EACCES" => libc::EACCES,
            "EROFS" => libc::EROFS,
            "EEXIST" => libc::EEXIST,
            "EADDRINUSE" => libc::EADDRINUSE,
            "EISCONN" => libc::EISCONN,
            "ENOTEMPTY" => libc::ENOTEMPTY,
            "EINVAL" => libc::EINVAL,
            "EFAULT" => libc::EFAULT,
            "ENOSYS" => libc::ENOSYS,
            "EBADF" => libc::EBADF,
            "ENOTTY" => libc::ENOTTY,
            "ENOTSOCK" => libc::ENOTSOCK,
            "EAFNOSUPPORT" => libc::EAFNOSUPPORT,
            "EOPNOTSUPP" => libc::EOPNOTSUPP,
            "ENAMETOOLONG" => libc::ENAMETOOLONG,
            _ if name.starts_with("ERESTART") => 512,
            _ => return Self::Other,
        };
        Self::of_result(-i64::from(number))
    }
}

#[cfg(test)]
mod tests {
    use super::Outcome;

    #[test]
    fn results_fall_into_their_classes_and_tags_and_names_read_back() {
        assert_eq!(Outcome::of_result(3), Outcome::Ok);
        assert_eq!(Outcome::of_result(-1), Outcome::Denied);
        assert_eq!(Outcome::of_result(-2), Outcome::NotThere);
        assert_eq!(Outcome::of_result(-13), Outcome::Denied);
        assert_eq!(Outcome::of_result(-512), Outcome::Interrupted);
        assert_eq!(Outcome::of_result(-4096), Outcome::Ok, "an address");
        assert_eq!(Outcome::of_error_name("EACCES"), Outcome::Denied);
        assert_eq!(Outcome::of_error_name("EWHATEVER"), Outcome::Other);
        for one in Outcome::ALL {
            assert_eq!(Outcome::from_tag(one.tag()), Some(one));
            assert_eq!(Outcome::from_name(one.name()), Some(one));
        }
        assert_eq!(Outcome::from_tag(0), None);
    }
}
