//! Text that fits a terminal's cells, whatever a process calls itself.

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// Letters of a text that are looked at, at most.
const LONGEST: usize = 4096;

/// How many cells a text takes.
#[must_use]
pub fn width(text: &str) -> usize {
    text.width()
}

/// A text whose every letter takes one or two cells, the others escaped, cut to so many cells.
///
/// Letters that join with the one before, change the direction of writing or steer a terminal could
/// make one name look like another.
#[must_use]
pub fn shown(text: &str, cells: usize) -> String {
    let mut shown = String::new();
    let mut used = 0;
    let mut letters = text.chars().take(LONGEST).peekable();
    while let Some(letter) = letters.next() {
        let is_plain = letter == ' '
            || letter.is_ascii_graphic()
            || "…→·×—“”’".contains(letter)
            || (letter.is_alphanumeric() && letter.width().is_some_and(|it| it > 0));
        let piece = if is_plain {
            letter.to_string()
        } else {
            letter.escape_default().to_string()
        };
        let takes = piece.width();
        let ends = letters.peek().is_none();
        if used + takes > cells || (used + takes == cells && !ends) {
            if used < cells {
                shown.push('…');
            }
            break;
        }
        used += takes;
        shown.push_str(&piece);
    }
    shown
}

/// The text in lines of at most so many cells, cut between words where there are.
pub fn wrapped(text: &str, cells: usize) -> impl Iterator<Item = String> {
    let text = shown(text, usize::MAX);
    // What a text begins with says what belongs together.
    let indent = text.len() - text.trim_start().len();
    let indent = " ".repeat(if indent + 2 < cells / 2 {
        indent + 2
    } else {
        0
    });
    let mut lines = vec![String::new()];
    for word in text.split_inclusive(' ') {
        let (mut word, mut used) = (word, lines.last().map_or(0, |it| it.width()));
        if used > indent.len() && used + word.trim_end().width() > cells {
            lines.push(indent.clone());
            used = indent.len();
        }
        // A word that no line holds is cut where the line ends.
        while used + word.trim_end().width() > cells && cells > indent.len() + 1 {
            let fits = shown_bytes(word, cells - used);
            if let Some(line) = lines.last_mut() {
                line.push_str(&word[..fits]);
            }
            word = &word[fits..];
            lines.push(indent.clone());
            used = indent.len();
        }
        if let Some(line) = lines.last_mut() {
            line.push_str(word);
        }
    }
    lines.into_iter().map(move |it| shown(it.trim_end(), cells))
}

/// How many bytes of a text fit so many cells: those of one letter at least.
fn shown_bytes(text: &str, cells: usize) -> usize {
    let mut used = 0;
    let over = text.char_indices().position(|(at, letter)| {
        used += letter.width().unwrap_or(0);
        at > 0 && used > cells
    });
    let over = over.and_then(|it| text.char_indices().nth(it));
    over.map_or(text.len(), |it| it.0)
}

/// The text in exactly so many cells: at the right end of them, or at the left.
#[must_use]
pub fn padded(text: &str, cells: usize, right: bool) -> String {
    let text = shown(text, cells);
    let blanks = " ".repeat(cells.saturating_sub(text.width()));
    if right {
        blanks + &text
    } else {
        text + &blanks
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{padded, shown, width, wrapped};

    #[test]
    fn what_steers_a_terminal_is_escaped() {
        assert_eq!(shown("a\u{1b}[2Jb", 40), "a\\u{1b}[2Jb");
        assert_eq!(shown("a\u{202e}b\u{301}c", 40), "a\\u{202e}b\\u{301}c");
        assert_eq!(shown("日本", 40), "日本");
    }

    #[test]
    fn what_is_too_long_is_cut() {
        assert_eq!(shown("nginx.service", 8), "nginx.s…");
        assert_eq!(shown("nginx", 5), "nginx");
        assert_eq!(shown("日本語", 4), "日…");
        assert_eq!(shown("x", 0), "");
        assert_eq!(padded("7", 3, true), "  7");
    }

    #[test]
    fn long_lines_go_on_below() {
        let lines: Vec<_> = wrapped("  one two three four", 12).collect();
        assert_eq!(lines, ["  one two", "    three", "    four"]);
        let lines: Vec<_> = wrapped("aaaaaaaaaaaaaaaaaaaa b", 8).collect();
        assert_eq!(lines, ["aaaaaaaa", "  aaaaaa", "  aaaaaa", "  b"]);
        assert_eq!(wrapped("", 8).collect::<Vec<_>>(), [""]);
    }

    proptest! {
        #[test]
        fn nothing_of_a_wrapped_text_is_lost(text in "[a-zé日 ]{0,200}", cells in 1_usize..60) {
            let lines: Vec<_> = wrapped(&text, cells).collect();
            prop_assert!(lines.iter().all(|it| width(it) <= cells));
            if cells > 8 {
                let letters = |text: &str| text.replace(' ', "");
                prop_assert_eq!(letters(&lines.concat()), letters(&text));
            }
        }

        #[test]
        fn any_text_fits(text in ".*", cells in 0_usize..200) {
            let fitted = padded(&text, cells, false);
            prop_assert_eq!(width(&fitted), cells);
            prop_assert!(!fitted.chars().any(char::is_control));
        }
    }
}
