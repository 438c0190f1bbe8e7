//! The inside of a string as strace prints it: `string_quote` of its `util.c`.

/// Where the closing quotation mark stands in text that begins behind the opening one.
pub(super) fn end(text: &[u8]) -> Option<usize> {
    let mut place = 0;
    while place < text.len() {
        match text[place] {
            b'"' => return Some(place),
            b'\\' => place += 2,
            _ => place += 1,
        }
    }
    None
}

/// The bytes behind a printed string: escapes of one letter, octal ones of one to three digits, and
/// hexadecimal ones of two (`-x`, `-xx`). What is no escape stays as it is.
pub(super) fn unescaped(text: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if byte != b'\\' {
            bytes.push(byte);
            continue;
        }
        match after.split_first() {
            Some((b'x', after)) if let Some(value) = digits(after, 16, 2) => {
                bytes.push(value.0);
                rest = &after[value.1..];
            }
            Some((b'0'..=b'7', _)) if let Some(value) = digits(after, 8, 3) => {
                bytes.push(value.0);
                rest = &after[value.1..];
            }
            Some((&letter, after)) if let Some(value) = control(letter) => {
                bytes.push(value);
                rest = after;
            }
            _ => bytes.push(byte),
        }
    }
    bytes
}

/// The value of at most `most` digits at the start, and how many there are; `None` when it is no
/// byte.
fn digits(text: &[u8], radix: u32, most: usize) -> Option<(u8, usize)> {
    let mut value = 0;
    let mut count = 0;
    for &byte in text.iter().take(most) {
        let Some(digit) = char::from(byte).to_digit(radix) else {
            break;
        };
        value = value * radix + digit;
        count += 1;
    }
    (count > 0).then_some((u8::try_from(value).ok()?, count))
}

const fn control(letter: u8) -> Option<u8> {
    Some(match letter {
        b'"' | b'\\' => letter,
        b'n' => b'\n',
        b't' => b'\t',
        b'r' => b'\r',
        b'f' => 0x0c,
        b'v' => 0x0b,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::{end, unescaped};

    #[test]
    fn every_way_to_print_a_byte_is_read_back() {
        assert_eq!(unescaped(br"\x2f\x62\x69\x6e"), b"/bin");
        assert_eq!(unescaped(br"\57b\0\1777"), b"/b\0\x7f7");
        assert_eq!(unescaped(br#"a\"\\\n\t\v\f\r"#), b"a\"\\\n\t\x0b\x0c\r");
        // Nothing of this is an escape.
        assert_eq!(unescaped(br"\q\x\777\"), br"\q\x\777\");
    }

    #[test]
    fn a_string_ends_at_a_mark_that_is_not_escaped() {
        assert_eq!(end(br#"a\"b", 1"#), Some(4));
        assert_eq!(end(br#"a\"#), None);
    }
}
