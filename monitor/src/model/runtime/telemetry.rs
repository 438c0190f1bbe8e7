//! Keeping libonnxruntime silent.
//!
//! Microsoft's Linux builds from about 1.29 on write a device id and a database under the user's
//! cache folder, start a thread and look up a host name, even when told not to through their API;
//! `ORT_DISABLE_TELEMETRY=1` in the environment before the library is loaded stops all of it.

#[cfg(feature = "live")]
use std::ffi::OsStr;
use std::ffi::OsString;
use std::sync::OnceLock;

/// The variable, read by the library when it is loaded.
const VARIABLE: &str = "ORT_DISABLE_TELEMETRY";

/// What the variable was before it was set.
static BEFORE: OnceLock<Option<OsString>> = OnceLock::new();

/// Switches the library's telemetry off for this process, and for those it starts.
///
/// # Safety
/// No other thread may run yet: call it first thing in `main`. (Setting a variable while another
/// thread reads the environment through libc is undefined behaviour.)
pub unsafe fn disable_telemetry() {
    BEFORE.get_or_init(|| std::env::var_os(VARIABLE));
    // SAFETY: The caller promises that no other thread runs.
    unsafe { std::env::set_var(VARIABLE, "1") };
}

/// The variable by which telemetry was switched off, and what it was before; `None` when it was
/// not.
#[cfg(feature = "live")]
pub(crate) fn telemetry_before() -> Option<(&'static OsStr, Option<OsString>)> {
    Some((OsStr::new(VARIABLE), BEFORE.get()?.clone()))
}

/// Whether the library would stay silent if it were loaded now.
pub(super) fn is_disabled() -> bool {
    std::env::var_os(VARIABLE).is_some_and(|value| value == "1")
}
