//! A thread submits an operation to io_uring: a call that never enters the kernel as one.
//!
//! The tracepoint is passed by the thread that submits, whoever does the work afterwards. Where a
//! thread of the kernel polls the queue (`IORING_SETUP_SQPOLL`), that thread does, which is one of
//! the process itself since Linux 5.12; which of the process's other threads wrote the entry is not
//! known to the kernel.

use core::ffi::c_void;

use aya_ebpf::{helpers::generated::bpf_probe_read_kernel, programs::TracePointContext};
use monitor_common::{abi::Abi, loss::Loss};

use crate::{
    Error, filter, loss,
    record::{Arguments, Entry, Memory},
    setting::setting,
    task::Running,
    touch, window,
};

/// An operation that is submitted.
struct Operation {
    code: u32,
    /// The `struct io_kiocb`, whose first words are the operation's own.
    request: u64,
}

impl Entry for Operation {
    #[inline(always)]
    fn number(&self) -> u32 {
        self.code
    }

    #[inline(always)]
    fn arguments(
        &self,
        _abi_tag: u8,
        arguments: &mut Arguments,
        _memory: &mut Memory,
    ) -> Result<(), Error> {
        // SAFETY: the buffer is longer than that; the helper checks the address itself.
        let status = unsafe {
            bpf_probe_read_kernel(
                arguments.as_mut_ptr().cast(),
                8 * 6,
                self.request as *const c_void,
            )
        };
        if status == 0 {
            Ok(())
        } else {
            Err(Error::Unreadable)
        }
    }
}

/// Adds the operation to its thread's window, as a call of an ABI of its own.
#[inline(always)]
pub fn submitted(ctx: &TracePointContext) -> Result<(), Error> {
    let task = Running::task();
    let tgid = task.tgid();
    if !filter::watches(task, tgid)? {
        return Ok(());
    }
    let ids = task.ids_in(tgid);
    let code: u8 = field(ctx, setting!(LAYOUT.submit_code))?;
    let (number, abi_tag) = (u32::from(code), Abi::IoUring.tag());
    let window = window::of_current(ids)?;
    let seq = window.first_seq + u64::from(window.len);
    window::push(window, ids, number, abi_tag)?;
    if setting!(LAYOUT.submit_request) != 0 {
        let Ok(request) = field(ctx, setting!(LAYOUT.submit_request)) else {
            // The call itself is in the window.
            loss::count(Loss::TouchUnreadable, 1);
            return Ok(());
        };
        let operation = Operation {
            code: number,
            request,
        };
        touch::note(&operation, ctx, window, ids, seq, (number, abi_tag));
    }
    Ok(())
}

#[inline(always)]
fn field<T>(ctx: &TracePointContext, offset: u32) -> Result<T, Error> {
    // SAFETY: the helper checks the address itself.
    unsafe { ctx.read_at(offset as usize) }.map_err(|_| Error::Unreadable)
}
