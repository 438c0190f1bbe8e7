//! Names of services as parts of a path.

/// A part of a path without its percent signs.
pub(crate) fn decoded(part: &str) -> Option<String> {
    let mut text = Vec::with_capacity(part.len());
    let mut rest = part.as_bytes();
    while let Some((&byte, behind)) = rest.split_first() {
        rest = behind;
        if byte == b'%' {
            let [high, low, after @ ..] = behind else {
                return None;
            };
            let digit = |it: u8| char::from(it).to_digit(16);
            text.push(u8::try_from(digit(*high)? * 16 + digit(*low)?).ok()?);
            rest = after;
        } else {
            text.push(byte);
        }
    }
    String::from_utf8(text).ok()
}

/// A key as a part of a path.
#[must_use]
pub fn encoded(key: &str) -> String {
    use std::fmt::Write as _;
    key.bytes().fold(String::new(), |mut text, byte| {
        if byte.is_ascii_alphanumeric() || b"-._:@".contains(&byte) {
            text.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(text, "%{byte:02X}");
        }
        text
    })
}
