//! A small service of our own under the implant.

mod needs_root {
    mod needs_strace;
}
mod service;

use std::time::Duration;

use self::service::Service;
use super::super::attack::Attack;
use super::{Aim, Control, User};
use crate::scenarios::implant::Implant;

const PATIENCE: Duration = Duration::from_secs(10);

/// A sandbox with a built implant.
fn sandbox() -> (tempfile::TempDir, Implant, Control) {
    let folder = tempfile::tempdir().expect("a folder");
    let implant = Implant::build(folder.path()).expect("the implant builds");
    let control = Control::create(&folder.path().join("control")).expect("the control file");
    (folder, implant, control)
}

fn number(name: &str) -> u32 {
    monitor::syscall::table::number(monitor::syscall::table::host(), name).expect("a call")
}

#[test]
fn every_attack_is_made_in_the_service_and_the_service_lives_on() {
    let (folder, implant, mut control) = sandbox();
    let pattern = ["read", "epoll_wait", "wait4", "ppoll", "brk"].map(number);
    control.pad_with(&pattern).expect("harmless calls");
    let mut service = Service::start(folder.path(), &implant, &control, &[]);
    for attack in Attack::ALL {
        let mark = control.trigger(attack, PATIENCE).expect("taken");
        assert_eq!(mark.attack, attack);
        assert_eq!(
            (mark.tgid, mark.tid),
            (service.id(), service.id()),
            "{attack}"
        );
        assert!(mark.calls > 0, "{attack}");
        let lasted = mark.end_ns.saturating_sub(mark.start_ns);
        assert!(
            lasted > 0 && lasted < 9_000_000_000,
            "{attack} lasted {lasted} ns"
        );
        match attack {
            Attack::ReverseShell | Attack::BindShell | Attack::MimicReverseShell => {
                assert!(mark.answer.contains("uid="), "{attack}: {}", mark.answer);
                assert!(mark.answer.contains("root:"), "{attack}: {}", mark.answer);
            }
            Attack::Exfiltration | Attack::MimicExfiltration => {
                assert_eq!(mark.answer, format!("{} bytes", 100 * 4096), "{attack}");
            }
            Attack::Ransomware | Attack::MimicRansomware => {
                assert!(mark.calls > 200 * 7, "{attack}: {} calls", mark.calls);
            }
            Attack::PortScan => assert!(mark.calls > 3000, "{} calls", mark.calls),
            Attack::KernelModule => assert_ne!(mark.errno, 0, "a module was loaded"),
            _ => {}
        }
        assert!(service.is_alive(), "{attack} ended the service");
    }
}

#[test]
fn nobody_takes_an_order_that_is_meant_for_another_program() {
    let (folder, implant, mut control) = sandbox();
    let _service = Service::start(folder.path(), &implant, &control, &[]);
    control.aim(Aim {
        program: Some("nginx".to_owned()),
        user: User::Any,
    });
    let why = control.trigger(Attack::ReadSecrets, Duration::from_millis(300));
    let why = format!("{:#}", why.expect_err("nobody fits"));
    assert!(why.contains("no thread took the order"), "{why}");
    control.aim(Aim {
        program: Some("serv".to_owned()),
        user: User::Any,
    });
    control
        .trigger(Attack::ReadSecrets, PATIENCE)
        .expect("the beginning of its name is enough");
}

#[test]
fn a_dangerous_call_is_refused_as_padding() {
    let (_folder, _implant, mut control) = sandbox();
    assert!(control.pad_with(&[number("kill")]).is_err());
    assert!(control.trigger(Attack::MimicRansomware, PATIENCE).is_err());
}
