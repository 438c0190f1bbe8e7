//! A detail from a call's arguments and memory.

use super::{CLONE_FLAGS, Reader};
use crate::detail::access::Access;
use crate::detail::address::{Address, Contact};
use crate::detail::{Detail, Field, PathText};

impl Reader {
    /// The detail of a call of the process `tgid` with these arguments. `memory` is what the
    /// process had at [`Reader::memory`], of a message and of `socketcall` its address, `None`
    /// where that could not be read; of an open with a structure, `how` are its flags. `None` when
    /// the call touches nothing: memory that may not be executed, no address.
    #[must_use]
    pub fn detail(
        self,
        arguments: &[u64; 6],
        memory: Option<&[u8]>,
        how: Option<u64>,
        tgid: u32,
    ) -> Option<Detail> {
        let at = |place: u8| arguments[usize::from(place) % 6];
        let of_path = |access| match memory {
            Some(path) => Detail::Path(access, PathText::new(path)),
            None => Detail::UnreadablePath(access),
        };
        let is_own = |process: u64| {
            // A pid is an `int`; 0 and -1 mean groups, in which the caller is.
            let process = process as u32 as i32;
            u32::try_from(process).is_ok_and(|process| process == tgid)
        };
        Some(match self {
            Self::Open { flags, .. } => of_path(Access::of_open(at(flags))),
            Self::OpenHow { .. } => of_path(how.map_or(Access::Read, Access::of_open)),
            Self::Path { access, .. } => of_path(access),
            Self::Address { contact, address } => {
                if at(address) == 0 {
                    return None;
                }
                match memory.and_then(Address::from_sockaddr) {
                    Some(address) => Detail::Address(contact, address),
                    None => Detail::UnreadableAddress(contact),
                }
            }
            Self::Message => match memory.map(Address::from_sockaddr) {
                Some(address) => Detail::Address(Contact::Send, address?),
                None => Detail::UnreadableAddress(Contact::Send),
            },
            Self::SocketCall => {
                let contact = match at(0) {
                    // Domain and type of a socket (include/uapi/linux/net.h has these numbers).
                    1 => {
                        let both = how?;
                        return Some(Detail::Number(
                            Field::Socket,
                            Field::socket(both >> 32, both),
                        ));
                    }
                    2 => Contact::Bind,
                    3 => Contact::Connect,
                    11 | 16 | 20 => Contact::Send,
                    _ => return None,
                };
                match memory.map(Address::from_sockaddr) {
                    Some(address) => Detail::Address(contact, address?),
                    None => Detail::UnreadableAddress(contact),
                }
            }
            Self::MapStructure => {
                let both = u64::from_ne_bytes(*memory?.first_chunk()?);
                let (protection, flags) = (both & 0xffff_ffff, both >> 32);
                Detail::Number(Field::Memory, Field::memory(protection, Some(flags))?)
            }
            Self::Number {
                field,
                argument,
                bits,
            } => Detail::Number(field, at(argument) & bits),
            Self::CloneStructure { .. } => {
                let flags = memory?.first_chunk::<8>()?;
                Detail::Number(Field::Clone, u64::from_ne_bytes(*flags) & CLONE_FLAGS)
            }
            Self::Map => Detail::Number(Field::Memory, Field::memory(at(2), Some(at(3)))?),
            Self::Protect => Detail::Number(Field::Memory, Field::memory(at(2), None)?),
            Self::Socket => Detail::Number(Field::Socket, Field::socket(at(0), at(1))),
            Self::Signal { signal, process } => {
                let field = match process {
                    Some(process) if !is_own(at(process)) => Field::SignalOther,
                    _ => Field::SignalOwn,
                };
                Detail::Number(field, at(signal) & 0xff)
            }
            // Its own memory may be read by way of its own pid.
            Self::ForeignMemory { .. } if is_own(at(0)) => return None,
            Self::ForeignMemory { writes } => {
                Detail::Number(Field::ForeignMemory, u64::from(writes))
            }
        })
    }
}
