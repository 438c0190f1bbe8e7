use std::os::unix::fs::PermissionsExt;

use super::{Damage, PREAMBLE, SEAL, decode, encode, read, write};
use crate::profile::Profile;
use crate::profile::accepted::{Acceptance, BEFORE};
use crate::profile::provenance::Origin;
use crate::profile::sightings::Place;
use crate::syscall::event::{Abi, Call, Comm};
use sha2::{Digest, Sha256};

fn profile() -> Profile {
    let mut profile = Profile::default();
    let mut cursor = profile.ngram.middle();
    for (n, number) in [0, 1, 257, 3, 0, 1, 257, 3, 0, 9].into_iter().enumerate() {
        let call = Call {
            abi: if n == 9 { Abi::I386 } else { Abi::X86_64 },
            number,
        };
        let known = profile.vocabulary.calls().len();
        let token = profile.vocabulary.intern(call);
        let is_new = profile.vocabulary.calls().len() > known;
        let learned = profile.ngram.learn_next(&mut cursor, token);
        profile.novelty.push(learned.expect("a token"), 0.25);
        let place = Place {
            life: 3,
            seq: 512 * n as u64,
        };
        profile
            .known
            .learn(Comm::new(b"web-7"), (call, token), is_new, 0.25, place);
    }
    profile.mixture.weight = 0.75;
    profile.held_out.calls = 10;
    profile.held_out.push(0.5);
    profile.held_out.push(0.75);
    profile.held_out.drift = 0.125;
    profile
        .accepted
        .sequences
        .insert([BEFORE, BEFORE, 0, 1, 2, 3]);
    profile.accepted.acceptances.push(Acceptance {
        alarm: "a-1".into(),
        unix_s: 7,
        sequences: 1,
        reason: Some("planned".into()),
    });
    profile.provenance.origins.push(Origin {
        name: "web.rec".into(),
        sha256: "00".into(),
        calls: 10,
        seconds: 2.5,
        ..Origin::default()
    });
    profile
}

#[test]
fn a_profile_comes_back_as_it_was_and_equal_ones_have_equal_bytes() {
    let bytes = encode(&profile());
    let again = decode(&bytes).expect("a profile");
    assert_eq!(encode(&again), bytes);
    assert_eq!(encode(&profile()), bytes);
    assert_eq!(again.ngram.nodes(), profile().ngram.nodes());
    assert_eq!(again.known.names(), profile().known.names());
    assert_eq!(again.held_out, profile().held_out);
    assert_eq!(again.known.learned(), profile().known.learned());
    assert_eq!(again.accepted, profile().accepted);
}

#[test]
fn a_profile_cut_at_any_byte_is_refused() {
    let bytes = encode(&profile());
    for length in 1..bytes.len() {
        let refused = decode(&bytes[..length]).expect_err("cut off");
        assert!(matches!(refused, Damage::Cut(_)), "{length}: {refused}");
    }
    assert_eq!(decode(&[]).expect_err("nothing"), Damage::NoProfile);
    let mut longer = bytes.clone();
    longer.push(0);
    assert_eq!(decode(&longer).expect_err("too long"), Damage::Altered);
}

#[test]
fn every_flipped_bit_is_noticed() {
    let bytes = encode(&profile());
    for at in 0..bytes.len() * 8 {
        let mut flipped = bytes.clone();
        flipped[at / 8] ^= 1 << (at % 8);
        assert!(decode(&flipped).is_err(), "bit {at}");
    }
}

/// Whoever can write a profile can also seal it: what is inside must not panic either.
#[test]
fn hostile_contents_under_a_right_seal_never_panic() {
    let bytes = encode(&profile());
    let end = bytes.len() - SEAL;
    let mut refused = 0;
    for at in PREAMBLE..end {
        for value in [0, 1, 0x7f, 0x80, 0xff, bytes[at] ^ 1] {
            let mut hostile = bytes[..end].to_vec();
            hostile[at] = value;
            let seal = Sha256::digest(&hostile);
            hostile.extend(seal);
            match decode(&hostile) {
                Err(_) => refused += 1,
                Ok(profile) => {
                    // What is taken can be used and written again.
                    assert!(decode(&encode(&profile)).is_ok(), "byte {at} = {value}");
                    let _ = profile.novelty.settled(profile.known.sightings());
                }
            }
        }
    }
    assert!(refused > 100, "{refused}");
}

#[test]
fn another_version_is_refused_by_its_number() {
    let mut bytes = encode(&profile());
    bytes[8] = 3;
    let refused = decode(&bytes).map(|_| ()).expect_err("another version");
    assert_eq!(refused, Damage::Version(3));
    assert!(refused.to_string().contains("learn again"));
}

#[test]
fn a_file_is_replaced_whole_and_is_its_owners_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("web.profile");
    std::fs::write(&path, "old").expect("written");
    let told = read(&path).expect_err("no profile").to_string();
    assert!(
        told.contains("web.profile") && told.contains("monitor learn"),
        "{told}"
    );
    let sha256 = write(&path, &profile()).expect("written");
    let bytes = std::fs::read(&path).expect("there");
    assert_eq!(hex::encode(Sha256::digest(&bytes)), sha256);
    assert_eq!(encode(&read(&path).expect("a profile").0), bytes);
    let mode = std::fs::metadata(&path)
        .expect("there")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(std::fs::read_dir(folder.path()).expect("there").count(), 1);
}
