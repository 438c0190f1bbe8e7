//! What is on the screen after what was heard and pressed, drawn on a terminal in memory.

mod example;

use proptest::prelude::*;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::style::{Color, Modifier};

use super::draw::{Palette, draw};
use super::state::{Key, News, Order, Top, View};
use example::{heard, nearest, status, threads};

const WITHOUT: Palette = Palette { colour: false };

/// The screen's lines, without blanks at their ends.
fn screen(top: &mut Top, (width, height): (u16, u16), palette: Palette) -> Vec<String> {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).expect("in memory");
    terminal
        .draw(|frame| draw(frame, top, palette))
        .expect("in memory");
    let buffer = terminal.backend().buffer();
    let line = |y| {
        let line: String = (0..width).map(|x| buffer[(x, y)].symbol()).collect();
        line.trim_end().to_owned()
    };
    (0..height).map(line).collect()
}

fn press(top: &mut Top, keys: &str) -> Vec<Order> {
    keys.chars()
        .filter_map(|it| match it {
            '\n' => top.press(Key::Enter),
            it => top.press(Key::Letter(it)),
        })
        .collect()
}

#[test]
fn the_services_stand_by_their_scores_on_80_columns() {
    let lines = screen(&mut heard(), (80, 24), WITHOUT);
    assert_eq!(
        lines[0],
        "monitor 0.1.0  attached  up 1h 1m  0 incidents, 0 open"
    );
    assert_eq!(lines[1], "3 services: 1 learning, 2 watching");
    assert_eq!(lines[2], "1,505 calls/s  7 lost");
    assert_eq!(
        lines[4..9],
        [
            "SERVICE                  STATE       CALLS/S     SCORE- NOVELTY INCIDENTS   LOST",
            "unit:redis.service       watching        300  13.5/12.0       -         0      0",
            "unit:nginx.service       watching      1,200  0.50/12.0       -         0      0",
            "exe:/tmp/\\u{1b}[2J…      learning        5.0          -    41.0         0      7",
            "",
        ]
    );
    assert!(lines[23].starts_with("F10Quit F1Help EnterThreads"));
}

#[test]
fn a_blind_service_is_marked_until_it_is_seen_again() {
    let mut top = heard();
    let mut blind = status();
    blind.services[1].blind_since_s = Some(1_000_000_000);
    top.hear(News::Status(Box::new(blind)));
    let lines = screen(&mut top, (80, 24), WITHOUT);
    assert_eq!(lines[1], "3 services: 1 learning, 2 watching; blind to 1");
    assert!(
        lines[5].starts_with("unit:redis.service       blind "),
        "{}",
        lines[5]
    );
    top.hear(News::Status(Box::new(status())));
    let lines = screen(&mut top, (80, 24), WITHOUT);
    assert!(!lines.concat().contains("blind"), "{lines:#?}");
}

#[test]
fn a_row_stays_selected_wherever_it_goes() {
    let mut top = heard();
    screen(&mut top, (80, 24), WITHOUT);
    top.press(Key::Down);
    assert_eq!(top.list().key(), Some("unit:nginx.service"));
    let mut later = status();
    later.services[0].nearest = nearest(100.0);
    top.hear(News::Status(Box::new(later)));
    let lines = screen(&mut top, (80, 24), WITHOUT);
    assert!(lines[5].starts_with("unit:nginx"), "{}", lines[5]);
    assert_eq!(top.list().key(), Some("unit:nginx.service"));
    // Sorted by the name, the other way round, filtered, searched.
    press(&mut top, ">>>>");
    assert!(screen(&mut top, (80, 24), WITHOUT)[4].contains("SERVICE+"));
    press(&mut top, "/redis\n");
    assert_eq!(top.list().key(), Some("unit:redis.service"));
    press(&mut top, "\\nginx\n");
    let lines = screen(&mut top, (80, 24), WITHOUT);
    assert!(lines[5].starts_with("unit:nginx") && lines[6].is_empty());
    top.press(Key::Escape);
    assert_eq!(top.sheet().rows.len(), 3);
}

#[test]
fn a_surprising_call_says_what_was_expected() {
    let mut top = heard();
    screen(&mut top, (80, 24), WITHOUT);
    assert_eq!(
        press(&mut top, "\n"),
        [Order::Look(Some("unit:redis.service".into()))]
    );
    let mut others = threads();
    others.service = "unit:nginx.service".into();
    top.hear(News::Threads(Box::new(others)));
    assert!(top.threads.is_none(), "those of another service came late");
    top.hear(News::Threads(Box::new(threads())));
    let mut terminal = Terminal::new(TestBackend::new(80, 24)).expect("in memory");
    let palette = Palette { colour: true };
    terminal
        .draw(|frame| draw(frame, &mut top, palette))
        .expect("in memory");
    let lines = screen(&mut top, (80, 24), palette);
    let at = lines.iter().position(|it| it.contains("  14.2  ptrace"));
    let at = at.unwrap_or_else(|| panic!("{lines:#?}"));
    assert_eq!(
        lines[at],
        "  14.2  ptrace            never made here; expected write 62%"
    );
    let buffer = terminal.backend().buffer();
    let y = u16::try_from(at).expect("on the screen");
    assert_eq!(buffer[(8, y)].fg, Color::Red);
    assert_eq!(buffer[(8, y - 1)].fg, Color::Reset, "read is no surprise");
    assert_eq!(top.press(Key::Escape), Some(Order::Look(None)));
    assert_eq!(top.view, View::Services);
}

#[test]
fn nothing_is_told_by_colour_alone() {
    let mut top = heard();
    let mut terminal = Terminal::new(TestBackend::new(80, 24)).expect("in memory");
    terminal
        .draw(|frame| draw(frame, &mut top, WITHOUT))
        .expect("in memory");
    let buffer = terminal.backend().buffer();
    let is_plain = |it: &ratatui::buffer::Cell| it.fg == Color::Reset && it.bg == Color::Reset;
    assert!(buffer.content().iter().all(is_plain));
    assert!(buffer[(0, 5)].modifier.contains(Modifier::REVERSED));
    // Seven lost calls, in the head.
    assert!(buffer[(15, 2)].modifier.contains(Modifier::UNDERLINED));
}

#[test]
fn a_person_acts_upon_incidents() {
    let mut top = heard();
    press(&mut top, "2");
    let lines = screen(&mut top, (80, 24), WITHOUT);
    assert!(lines[5].contains("critical open         unit:redis.service"));
    assert_eq!(press(&mut top, "\n"), [Order::Explain("01B".into())]);
    top.hear(News::Page {
        title: "Incident 01B".into(),
        text: "a long line of many words ".repeat(9),
    });
    let lines = screen(&mut top, (80, 24), WITHOUT);
    assert_eq!(lines[4], "Incident 01B");
    assert!(lines[6].starts_with("  "), "it goes on: {}", lines[6]);
    top.press(Key::Escape);
    assert_eq!(
        press(&mut top, "amine\n"),
        [Order::Acknowledge("01B".into(), Some("mine".into()))]
    );
    assert!(press(&mut top, "s8x\n").is_empty());
    assert!(screen(&mut top, (80, 24), WITHOUT)[23].contains("give a time"));
    top.press(Key::Backspace);
    let day = std::time::Duration::from_hours(8);
    assert_eq!(
        press(&mut top, "h\nnightly\n"),
        [Order::Suppress("01B".into(), day, "nightly".into())]
    );
    assert!(press(&mut top, "x\n").is_empty(), "asked, and not agreed");
    assert_eq!(press(&mut top, "xy"), [Order::Accept("01B".into())]);
    // Sorted by severity the other way round, the light one comes first.
    press(&mut top, ">I");
    assert!(screen(&mut top, (80, 24), WITHOUT)[5].contains("low"));
}

#[test]
fn losses_and_a_guard_that_is_gone_are_shown() {
    let mut top = heard();
    press(&mut top, "3");
    let lines = screen(&mut top, (80, 24), WITHOUT);
    assert!(
        lines
            .iter()
            .any(|it| it.contains("ring full") && it.contains('7'))
    );
    top.hear(News::Trouble("nobody answers".into()));
    let lines = screen(&mut top, (80, 24), WITHOUT);
    assert_eq!(lines[2], "nothing new comes: nobody answers");
    top.hear(News::Status(Box::new(status())));
    assert_eq!(
        screen(&mut top, (80, 24), WITHOUT)[2],
        "1,505 calls/s  7 lost"
    );
}

fn key() -> impl Strategy<Value = Key> {
    prop_oneof![
        any::<char>().prop_map(Key::Letter),
        proptest::sample::select("123/\\nasx<>Ihjky8".chars().collect::<Vec<_>>())
            .prop_map(Key::Letter),
        proptest::sample::select(vec![
            Key::Up,
            Key::Down,
            Key::PageUp,
            Key::PageDown,
            Key::Home,
            Key::End,
            Key::Left,
            Key::Right,
            Key::Enter,
            Key::Escape,
            Key::Tab,
            Key::BackTab,
            Key::Backspace,
            Key::Function(1),
            Key::Function(6),
        ]),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_keys_on_a_screen_of_any_size_are_drawn(
        keys in proptest::collection::vec(key(), 0..40),
        size in (1_u16..130, 1_u16..40),
    ) {
        let mut top = heard();
        for key in keys {
            if let Some(Order::Look(Some(service))) = top.press(key) {
                let mut threads = threads();
                threads.service = service;
                top.hear(News::Threads(Box::new(threads)));
            }
            let lines = screen(&mut top, size, WITHOUT);
            let steers = |it: &String| it.contains(['\u{1b}', '\u{202e}']);
            prop_assert!(!lines.iter().any(steers));
        }
    }
}
