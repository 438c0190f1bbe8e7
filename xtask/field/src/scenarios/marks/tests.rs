//! A small service of our own under the implant.

mod needs_root {
    mod needs_strace;
}
mod service;

use std::process::Command;
use std::time::Duration;

use self::service::Service;
use super::super::attack::Attack;
use super::{Aim, Control, Stage, User};
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
    let mut victim = Command::new("sleep").arg("60").spawn().expect("sleep");
    let secret = folder.path().join("secret");
    std::fs::write(&secret, "of the service's own").expect("written");
    control.set(Stage {
        secret,
        victim: victim.id(),
        in_namespaces: false,
    });
    for attack in Attack::ALL {
        if attack.needs_namespaces() || attack == Attack::ThroughApplication {
            let why = control.trigger(attack, PATIENCE).expect_err("not here");
            assert!(why.to_string().contains(attack.name()), "{why}");
            continue;
        }
        let mark = control.trigger(attack, PATIENCE).expect("taken");
        assert_eq!(mark.attack, attack);
        let lasts = attack.lasts().as_nanos() as u64;
        assert_eq!(
            (mark.tgid, mark.tid),
            (service.id(), service.id()),
            "{attack}"
        );
        assert!(mark.calls > 0, "{attack}");
        let lasted = mark.end_ns.saturating_sub(mark.start_ns);
        assert!(
            lasted > lasts && lasted < 9_000_000_000,
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
            Attack::WritableCode => assert_eq!((mark.calls, mark.errno), (3, 0)),
            Attack::CodeMadeExecutable => assert_eq!((mark.calls, mark.errno), (4, 0)),
            Attack::OwnSecretSent => assert_eq!(mark.answer, "20 bytes"),
            // Each time socket, connect, sendto, close.
            Attack::Beacon => assert_eq!((mark.calls, mark.errno), (8 * 4, 0)),
            Attack::Trickle => assert_eq!(mark.calls, 4),
            // A folder is opened, read twice and closed; a file opened, written and closed.
            Attack::TreeOverwritten => {
                assert_eq!((mark.calls, mark.errno), (6 * (4 + 10 * 3), 0));
            }
            Attack::WrittenThenRun => assert_eq!(mark.errno, 0),
            Attack::PortScan => assert!(mark.calls > 3000, "{} calls", mark.calls),
            Attack::KernelModule => assert_ne!(mark.errno, 0, "a module was loaded"),
            _ => {}
        }
        assert!(service.is_alive(), "{attack} ended the service");
    }
    victim.kill().and_then(|()| victim.wait()).expect("sleep");
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
