//! Offsets of kernel structures, out of the kernel's own type information.
//!
//! The format is that of Documentation/bpf/btf.rst. The library that loads the probe reads it too,
//! but keeps structure members to itself.
//!
//! It is one file with its tests, and so a long one, because the tests of readers and the fuzz
//! targets take it in by its path.

use std::collections::HashMap;

/// Why type information could not be used.
#[derive(Debug, Eq, PartialEq, thiserror::Error)]
pub enum BtfError {
    /// The bytes are not BTF of this machine's byte order, or are cut off.
    #[error("the kernel's type information is malformed at byte {0}")]
    Malformed(usize),
    /// There is no such structure.
    #[error("the kernel's type information has no struct {0}")]
    NoStruct(String),
    /// The structure has no such member.
    #[error("the kernel's type information has no member {1} in struct {0}")]
    NoMember(String, String),
}

struct Member {
    name: u32,
    type_id: u32,
    bit_offset: u32,
}

enum Type {
    Composite { size: u32, members: Vec<Member> },
    Alias(u32),
    Other,
}

/// Structures and type names of a kernel.
pub struct Btf {
    strings: Vec<u8>,
    types: Vec<Type>,
    structs: HashMap<Vec<u8>, u32>,
    typedefs: HashMap<Vec<u8>, u32>,
}

const MAGIC: u16 = 0xeb9f;
const MEMBER_OFFSET: u32 = 0xff_ffff;
// Deeper nesting than this is no kernel structure but a loop in hostile input.
const DEPTH: usize = 16;
/// The longest name that is read, bytes: `KSYM_NAME_LEN` of include/linux/kallsyms.h, to which the
/// kernel keeps its own.
const LONGEST_NAME: usize = 512;
/// Members that a search looks at; the largest structure of a kernel has some hundred.
const MOST_MEMBERS: usize = 1 << 16;

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn u32(&mut self) -> Result<u32, BtfError> {
        let malformed = BtfError::Malformed(self.at);
        let end = self.at.checked_add(4).ok_or(malformed)?;
        let word = self
            .bytes
            .get(self.at..end)
            .and_then(|word| word.try_into().ok());
        let word = word.ok_or(BtfError::Malformed(self.at))?;
        self.at = end;
        Ok(u32::from_ne_bytes(word))
    }

    fn skip(&mut self, words: usize) -> Result<(), BtfError> {
        for _ in 0..words {
            self.u32()?;
        }
        Ok(())
    }
}

impl Btf {
    /// Reads the content of `/sys/kernel/btf/vmlinux`.
    ///
    /// # Errors
    ///
    /// [`BtfError::Malformed`].
    pub fn parse(bytes: &[u8]) -> Result<Self, BtfError> {
        let mut header = Reader { bytes, at: 0 };
        if header.u32()? as u16 != MAGIC {
            return Err(BtfError::Malformed(0));
        }
        let header_len = header.u32()? as usize;
        let [type_off, type_len, str_off, str_len] =
            [header.u32()?, header.u32()?, header.u32()?, header.u32()?].map(|word| word as usize);
        let section = |offset: usize, len: usize| {
            let start = header_len.checked_add(offset)?;
            bytes.get(start..start.checked_add(len)?)
        };
        let strings = section(str_off, str_len)
            .ok_or(BtfError::Malformed(16))?
            .to_vec();
        let types = section(type_off, type_len).ok_or(BtfError::Malformed(8))?;

        let mut btf = Self {
            strings,
            // Type 0 is void and is not stored.
            types: vec![Type::Other],
            structs: HashMap::new(),
            typedefs: HashMap::new(),
        };
        let mut reader = Reader {
            bytes: types,
            at: 0,
        };
        while reader.at < types.len() {
            btf.read_type(&mut reader)?;
        }
        Ok(btf)
    }

    fn read_type(&mut self, reader: &mut Reader<'_>) -> Result<(), BtfError> {
        let (name, info, size_or_type) = (reader.u32()?, reader.u32()?, reader.u32()?);
        let (count, kind) = ((info & 0xffff) as usize, info >> 24 & 0x1f);
        let has_bit_fields = info >> 31 != 0;
        let id = self.types.len() as u32;
        let parsed = match kind {
            4 | 5 => {
                let mut members = Vec::new();
                for _ in 0..count {
                    let (name, type_id, offset) = (reader.u32()?, reader.u32()?, reader.u32()?);
                    let bit_offset = if has_bit_fields {
                        offset & MEMBER_OFFSET
                    } else {
                        offset
                    };
                    members.push(Member {
                        name,
                        type_id,
                        bit_offset,
                    });
                }
                if kind == 4 {
                    self.structs.entry(self.string(name).to_vec()).or_insert(id);
                }
                Type::Composite {
                    size: size_or_type,
                    members,
                }
            }
            8 => {
                self.typedefs
                    .entry(self.string(name).to_vec())
                    .or_insert(id);
                Type::Alias(size_or_type)
            }
            9..=11 | 18 => Type::Alias(size_or_type),
            2 | 7 | 12 | 16 => Type::Other,
            1 | 14 | 17 => reader.skip(1).map(|()| Type::Other)?,
            3 => reader.skip(3).map(|()| Type::Other)?,
            6 | 13 => reader.skip(2 * count).map(|()| Type::Other)?,
            15 | 19 => reader.skip(3 * count).map(|()| Type::Other)?,
            _ => return Err(BtfError::Malformed(reader.at)),
        };
        self.types.push(parsed);
        Ok(())
    }

    fn string(&self, offset: u32) -> &[u8] {
        let rest = self.strings.get(offset as usize..).unwrap_or_default();
        let rest = &rest[..rest.len().min(LONGEST_NAME)];
        rest.split(|&byte| byte == 0).next().unwrap_or_default()
    }

    fn composite(&self, id: u32) -> Option<(u32, &[Member])> {
        let mut id = id;
        for _ in 0..DEPTH {
            match self.types.get(id as usize)? {
                Type::Composite { size, members } => return Some((*size, members)),
                Type::Alias(next) => id = *next,
                Type::Other => return None,
            }
        }
        None
    }

    /// Bits to the member and its type. `left` is how many members may still be looked at.
    fn find(&self, id: u32, name: &[u8], depth: usize, left: &mut usize) -> Option<(u32, u32)> {
        let (_, members) = self.composite(id)?;
        for member in members {
            *left = left.checked_sub(1)?;
            let here = self.string(member.name);
            if here == name {
                return Some((member.bit_offset, member.type_id));
            }
            // The members of an anonymous struct or union are written as if they were the outer
            // one's.
            if here.is_empty()
                && depth < DEPTH
                && let Some((bits, type_id)) = self.find(member.type_id, name, depth + 1, left)
            {
                return Some((member.bit_offset.checked_add(bits)?, type_id));
            }
        }
        None
    }

    fn structure(&self, name: &str) -> Result<u32, BtfError> {
        let id = self.structs.get(name.as_bytes()).copied();
        id.ok_or_else(|| BtfError::NoStruct(name.to_owned()))
    }

    /// Bytes from the start of `structure` to the member that `path` names, from outside in.
    ///
    /// # Errors
    ///
    /// [`BtfError::NoStruct`], [`BtfError::NoMember`].
    pub fn offset(&self, structure: &str, path: &[&str]) -> Result<u32, BtfError> {
        let (mut id, mut bits) = (self.structure(structure)?, 0_u32);
        for name in path {
            let mut left = MOST_MEMBERS;
            let (more, type_id) = self
                .find(id, name.as_bytes(), 0, &mut left)
                .ok_or_else(|| BtfError::NoMember(structure.to_owned(), path.join(".")))?;
            bits = bits.saturating_add(more);
            id = type_id;
        }
        Ok(bits / 8)
    }

    /// Bytes of `structure`.
    ///
    /// # Errors
    ///
    /// [`BtfError::NoStruct`].
    pub fn size(&self, structure: &str) -> Result<u32, BtfError> {
        let id = self.structure(structure)?;
        let size = self.composite(id).map(|(size, _)| size);
        size.ok_or_else(|| BtfError::NoStruct(structure.to_owned()))
    }

    /// Whether a type of this name is defined. A raw tracepoint `x` has one named `btf_trace_x`.
    #[must_use]
    pub fn has_typedef(&self, name: &str) -> bool {
        self.typedefs.contains_key(name.as_bytes())
    }

    /// Whether anything carries this name, be it a type, a member or a value of an enumeration.
    #[must_use]
    pub fn has_name(&self, name: &str) -> bool {
        let mut names = self.strings.split(|&byte| byte == 0);
        names.any(|there| there == name.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::{Btf, BtfError};

    // struct task { int a; union { struct inner { int b; int c; } deep; long d; }; } with a typedef
    // btf_trace_x, by the tables of Documentation/bpf/btf.rst.
    fn example() -> Vec<u8> {
        let strings = b"\0task\0a\0deep\0inner\0b\0c\0d\0btf_trace_x\0int\0";
        let at = |name: &str| {
            let needle = [b"\0", name.as_bytes(), b"\0"].concat();
            let place = strings
                .windows(needle.len())
                .position(|window| window == needle);
            place.expect("listed") as u32 + 1
        };
        let info = |kind: u32, count: u32| kind << 24 | count;
        let words = [
            vec![at("int"), info(1, 0), 4, 32],
            vec![at("inner"), info(4, 2), 8, at("b"), 1, 0, at("c"), 1, 32],
            vec![0, info(5, 2), 8, at("deep"), 2, 0, at("d"), 1, 0],
            vec![at("task"), info(4, 2), 16, at("a"), 1, 0, 0, 3, 64],
            vec![at("btf_trace_x"), info(8, 0), 1],
        ]
        .concat();
        let type_len = words.len() as u32 * 4;
        let header = [0x1_eb9f, 24, 0, type_len, type_len, strings.len() as u32];
        let mut bytes: Vec<u8> = header
            .iter()
            .chain(&words)
            .flat_map(|word| word.to_ne_bytes())
            .collect();
        bytes.extend(strings);
        bytes
    }

    #[test]
    fn members_are_found_through_anonymous_and_nested_structures() {
        let btf = Btf::parse(&example()).expect("well-formed");
        assert_eq!(btf.offset("task", &["a"]), Ok(0));
        assert_eq!(btf.offset("task", &["deep", "c"]), Ok(12));
        assert_eq!(btf.size("task"), Ok(16));
        assert!(btf.has_typedef("btf_trace_x"));
        assert!(btf.has_name("inner") && !btf.has_name("inn"));
        assert_eq!(
            btf.offset("task", &["deep", "e"]),
            Err(BtfError::NoMember("task".into(), "deep.e".into()))
        );
        assert_eq!(
            btf.offset("mask", &["a"]),
            Err(BtfError::NoStruct("mask".into()))
        );
    }

    /// Sixteen levels of a hundred members without names: more paths than could ever be walked.
    #[test]
    fn a_search_ends_however_types_are_nested() {
        let mut words: Vec<u32> = vec![0, 4 << 24 | 1, 8, 1, 0, 0];
        for id in 1..=16 {
            words.extend([1, 4 << 24 | 100, 8]);
            words.extend([0, id, 0].repeat(100));
        }
        // The last one is found by its name.
        let last = words.len() - 303;
        words[last] = 2;
        let type_len = words.len() as u32 * 4;
        let header = [0x1_eb9f, 24, 0, type_len, type_len, 5];
        let words = header.iter().chain(&words);
        let mut bytes: Vec<u8> = words.flat_map(|word| word.to_ne_bytes()).collect();
        bytes.extend(b"\0ab\0\0");
        let btf = Btf::parse(&bytes).expect("well-formed");
        let missing = BtfError::NoMember("b".into(), "c".into());
        assert_eq!(btf.offset("b", &["c"]), Err(missing));
    }

    #[test]
    fn bytes_cut_or_changed_anywhere_never_panic() {
        let bytes = example();
        for end in 0..bytes.len() {
            assert!(Btf::parse(&bytes[..end]).is_err(), "cut at {end}");
        }
        for place in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[place] ^= 0xff;
            if let Ok(btf) = Btf::parse(&changed) {
                let _ = btf.offset("task", &["deep", "c"]);
            }
        }
    }
}
