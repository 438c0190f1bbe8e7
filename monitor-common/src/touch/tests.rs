use super::{
    HEADER, LEVEL, LEVELS, MEMORY, Memory, NO_RESULT, Rule, TOUCH, Touched, UNREADABLE, rule_place,
};

fn bytes(len: u32) -> [u8; Touched::SIZE] {
    let mut bytes = [0; Touched::SIZE];
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = at as u8;
    }
    bytes[..4].copy_from_slice(&TOUCH.to_ne_bytes());
    bytes[4..8].copy_from_slice(&len.to_ne_bytes());
    bytes[64..72].copy_from_slice(&NO_RESULT.to_ne_bytes());
    bytes[144..148].copy_from_slice(&2_u32.to_ne_bytes());
    bytes[148..152].copy_from_slice(&1_u32.to_ne_bytes());
    bytes[HEADER + MEMORY..].fill(0);
    bytes[HEADER + MEMORY] = b'b';
    bytes[HEADER + MEMORY + LEVEL] = b'a';
    bytes
}

#[test]
fn a_record_reads_back_and_one_cut_or_too_long_does_not() {
    let whole = bytes(5);
    let touched = Touched::from_bytes(&whole).expect("a record");
    assert_eq!(touched.tid, u32::from_ne_bytes([12, 13, 14, 15]));
    assert_eq!(touched.result, NO_RESULT);
    assert_eq!(touched.arguments[5].to_ne_bytes()[0], 120);
    assert_eq!(touched.word.to_ne_bytes()[0], 128);
    assert_eq!(touched.memory().map(<[u8]>::len), Some(5));
    assert_eq!(touched.memory[0], HEADER as u8);
    for end in 0..whole.len() {
        assert_eq!(Touched::from_bytes(&whole[..end]), None, "cut at {end}");
    }
    assert_eq!(Touched::from_bytes(&bytes(MEMORY as u32 + 1)), None);
    let unreadable = Touched::from_bytes(&bytes(UNREADABLE)).expect("a record");
    assert_eq!(unreadable.memory(), None);
    let mut way = touched.way().expect("a whole way");
    assert_eq!(way.next(), Some(&b"a"[..]));
    assert_eq!(way.next(), Some(&b"b"[..]));
    assert_eq!(way.next(), None);
    let mut far = bytes(5);
    far[148] = 0;
    let far = Touched::from_bytes(&far).expect("a record");
    assert!(far.way().is_none(), "the root was not reached");
    let mut deep = bytes(5);
    deep[144] = LEVELS as u8 + 1;
    assert_eq!(Touched::from_bytes(&deep), None);
}

#[test]
fn every_call_has_its_own_place_and_made_up_ones_none() {
    assert_eq!(rule_place(0, 0), Some(0));
    assert_eq!(rule_place(4, 1023), Some(5 * 1024 - 1));
    assert_eq!(rule_place(0, 1024), None);
    assert_eq!(rule_place(8, 0), None);
    let rule = Rule {
        memory: Memory::Text as u8,
        ..Rule::NONE
    };
    assert_eq!(rule.to_bytes()[56..59], [1, 255, 255]);
}
