//! The attacks of a service in random order under the eyes of one monitor, as a host has it: what
//! one attack or false alarm leaves behind may hide the next.

use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use trainer::train::random::{Use, generator, shuffle};

use super::Study;
use super::results::{InTurn, Together};
use crate::scenarios::marks::now_ns;
use crate::scenarios::service::{Build, Load};
use support::stop;

/// One in so many attacks comes after a benign load that was never learned.
const PROVOKED: usize = 3;

/// How long that load lasts.
const PROVOCATION: Duration = Duration::from_secs(2);

impl Study<'_> {
    /// Makes the attacks. The service runs on between them; it is started anew only where none of
    /// it takes an order.
    pub(super) fn together(&mut self, profile: &Path, unpadded: bool) -> Result<Together> {
        let mut order = self.extent.attacks.clone();
        order.retain(|&attack| self.impossible(attack, unpadded).is_none());
        let seed = self.extent.seed;
        shuffle(&mut order, &mut generator(seed, Use::Attack, [0, 0]));
        let (mut attacks, mut not_made) = (Vec::new(), Vec::new());
        let ((), watched) = self.watched("attacks-together", profile, |study| {
            study.service.start(&study.sandbox, Build::Learned)?;
            for (place, attack) in order.into_iter().enumerate() {
                let seed = seed + 20_000 + place as u64;
                let provoked_ns = if place % PROVOKED == PROVOKED - 1 {
                    let began = now_ns()?;
                    // The attack before may have left nothing that can be put under load.
                    let _ = study
                        .service
                        .load(&study.sandbox, Load::Other, seed, PROVOCATION);
                    Some(began)
                } else {
                    None
                };
                let made = study.under_load(attack, seed);
                stop::check()?;
                match made {
                    Ok(mark) => attacks.push(InTurn { mark, provoked_ns }),
                    Err(why) => {
                        not_made.push((attack, why));
                        study.service.stop(&study.sandbox);
                        study.service.start(&study.sandbox, Build::Learned)?;
                    }
                }
            }
            study.service.stop(&study.sandbox);
            Ok(())
        })?;
        Ok(Together {
            attacks,
            watched,
            not_made,
        })
    }
}
