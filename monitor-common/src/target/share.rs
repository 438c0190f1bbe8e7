//! What services share of the probe's room, and how much of it one of them may have.

use super::Service;

/// Services whose part of what all share is counted apart, a power of two; of more, some are
/// counted together. One more place counts what all have.
pub const SHARES: u32 = 1 << 12;

/// The place of all services together in an array of shares.
pub const SHARE_OF_ALL: u32 = SHARES;

/// The place of a service in an array of shares.
#[inline(always)]
#[must_use]
pub const fn share_place(service: Service) -> u32 {
    service & (SHARES - 1)
}

/// Whether a service that has `own` of what all share may have more of it, of which `free` is left:
/// at most four times as much as stays free for the others, so that one that floods leaves them a
/// fifth (the dynamic threshold of Choudhury and Hahne, "Dynamic queue length thresholds for
/// shared-memory packet switches", IEEE/ACM Transactions on Networking 6 (2), 1998).
#[inline(always)]
#[must_use]
pub const fn may_have(own: u64, free: u64) -> bool {
    // Many count at once: what looks negative for a moment is nothing.
    own < free << 2 || own > 1 << 63
}

#[cfg(test)]
mod tests {
    use super::may_have;

    #[test]
    fn whoever_takes_all_that_it_may_leaves_the_others_their_part() {
        let room = 1000;
        for flooding in [1_u64, 2, 10] {
            let mut all = [0_u64; 10];
            let own = &mut all[..flooding as usize];
            loop {
                let before: u64 = own.iter().sum();
                for place in 0..own.len() {
                    let free = room - own.iter().sum::<u64>();
                    own[place] += u64::from(may_have(own[place], free));
                }
                if own.iter().sum::<u64>() == before {
                    break;
                }
            }
            let free = room - own.iter().sum::<u64>();
            let fair = room / (4 * flooding + 1);
            assert!(
                free.abs_diff(fair) <= flooding,
                "{flooding}: {free} of {fair}"
            );
            assert!(may_have(0, free));
        }
        assert!(may_have(u64::MAX, 0), "one below nothing");
        assert!(!may_have(0, 0));
    }
}
