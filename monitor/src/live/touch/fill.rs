//! Writing the rules into the probe.

use aya::{
    Ebpf,
    maps::{Array, Map, MapData},
};
use monitor_common::{
    abi::Abi,
    names,
    touch::{self, Rule, rule_place},
};

use super::{
    Details,
    rule::{is_class, rule_of},
};
use crate::{
    detail::{Outcome, Reader},
    live::{error::ProbeError, io_uring, outcomes::Outcomes},
    syscall::table,
};

/// Errors that the kernel can return (`MAX_ERRNO`, include/linux/err.h), and none.
const MOST_ERRORS: u32 = 4096;

/// The ABIs of a kernel of this machine.
pub(super) fn abis() -> &'static [Abi] {
    if cfg!(target_arch = "aarch64") {
        &[Abi::Aarch64, Abi::Arm]
    } else {
        &[Abi::X86_64, Abi::I386, Abi::X32]
    }
}

/// Writes the rules of every call that has a reader, as far as `details` wants them, and the
/// classes of outcomes.
///
/// # Errors
///
/// When the kernel refuses.
pub(crate) fn fill(
    ebpf: &mut Ebpf,
    details: Details,
    outcomes: &Outcomes,
) -> Result<(), ProbeError> {
    let mut of_calls = Vec::new();
    let mut known = Known(vec![Rule::NONE]);
    for &abi in abis() {
        for call in table::calls(abi) {
            let Some(reader) = Reader::of_call(call) else {
                continue;
            };
            if details == Details::Off || details == Details::Classes && !is_class(reader) {
                continue;
            }
            let mut rule = rule_of(call, reader, outcomes);
            if let Some(also) = table::name(call).and_then(Reader::also_of) {
                let second = Rule {
                    flags: touch::SECOND,
                    ..super::rule::rule(also)
                };
                rule = known.before(rule, second);
            }
            if let Some(at) = rule_place(abi.tag(), call.number) {
                of_calls.push((at, known.place(rule)));
            }
        }
    }
    for call in table::calls(Abi::IoUring).filter(|_| details == Details::Full) {
        let Some((mut rule, second)) = table::name(call).and_then(io_uring::rules) else {
            continue;
        };
        if let Some(second) = second {
            rule = known.before(rule, second);
        }
        if let Some(at) = rule_place(call.abi.tag(), call.number) {
            of_calls.push((at, known.place(rule)));
        }
    }
    // All stay in the loader's hands: a map that nobody holds is gone before the programs are
    // loaded.
    let mut rule_of: Array<&mut MapData, u8> = map(ebpf, names::RULE_OF)?.try_into()?;
    for (place, id) in of_calls {
        rule_of.set(place, id, 0)?;
    }
    let mut rules: Array<&mut MapData, [u8; 64]> = map(ebpf, names::TOUCH_RULES)?.try_into()?;
    for (place, rule) in (0..touch::RULES).zip(&known.0) {
        rules.set(place, rule.to_bytes(), 0)?;
    }
    let mut classes: Array<&mut MapData, u8> = map(ebpf, names::OUTCOME_OF)?.try_into()?;
    for error in 0..MOST_ERRORS {
        let outcome = Outcome::of_result(-i64::from(error));
        classes.set(error, 1 << (outcome.tag() - 1), 0)?;
    }
    Ok(())
}

/// Rules, each once.
pub(super) struct Known(pub(super) Vec<Rule>);

impl Known {
    /// The rule `second` with `rule` behind it: the outcome of a call is that of what is read last.
    fn before(&mut self, rule: Rule, second: Rule) -> Rule {
        Rule {
            next: self.place(rule),
            ..second
        }
    }

    /// The number of a rule.
    pub(super) fn place(&mut self, rule: Rule) -> u8 {
        let known = self.0.iter().position(|it| *it == rule);
        let place = known.unwrap_or_else(|| {
            self.0.push(rule);
            self.0.len() - 1
        });
        // A test holds that there are few.
        u8::try_from(place).unwrap_or(0)
    }
}

fn map<'a>(ebpf: &'a mut Ebpf, name: &'static str) -> Result<&'a mut Map, ProbeError> {
    ebpf.map_mut(name).ok_or(ProbeError::Missing(name))
}
