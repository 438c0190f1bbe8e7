use super::{Host, PreflightError, charges_locked_memory};

fn host() -> Host {
    Host {
        release: "6.1.0-50-cloud-amd64".into(),
        capabilities: u64::MAX,
        lockdown: Some("[none] integrity confidentiality\n".into()),
        proc_self: Some(std::process::id()),
        btf: None,
    }
}

fn refusal(host: &Host) -> PreflightError {
    host.check().err().expect("refused")
}

#[test]
fn a_kernel_without_a_ring_buffer_is_too_old() {
    for release in ["5.7.19", "4.19.0-27-amd64", "", "unknown"] {
        let host = Host {
            release: release.into(),
            ..host()
        };
        assert_eq!(refusal(&host), PreflightError::OldKernel(release.into()));
    }
    let host = Host {
        release: "5.8.0".into(),
        ..host()
    };
    assert_eq!(refusal(&host), PreflightError::NoBtf);
}

#[test]
fn the_proc_of_another_pid_namespace_is_refused() {
    for proc_self in [None, Some(std::process::id() + 1)] {
        assert_eq!(
            refusal(&Host {
                proc_self,
                ..host()
            }),
            PreflightError::ForeignProc
        );
    }
}

#[test]
fn without_root_both_capabilities_are_needed() {
    for capabilities in [0, 1 << 38, 1 << 39] {
        assert_eq!(
            refusal(&Host {
                capabilities,
                ..host()
            }),
            PreflightError::NoPermission
        );
    }
    for capabilities in [1 << 38 | 1 << 39, 1 << 21] {
        assert_eq!(
            refusal(&Host {
                capabilities,
                ..host()
            }),
            PreflightError::NoBtf
        );
    }
}

#[test]
fn only_the_confidentiality_mode_of_lockdown_is_in_the_way() {
    let mode = |modes: &str| Host {
        lockdown: Some(modes.into()),
        ..host()
    };
    assert_eq!(
        refusal(&mode("none integrity [confidentiality]")),
        PreflightError::Lockdown
    );
    assert_eq!(
        refusal(&mode("none [integrity] confidentiality")),
        PreflightError::NoBtf
    );
}

#[test]
fn missing_or_broken_type_information_is_told_apart() {
    assert_eq!(refusal(&host()), PreflightError::NoBtf);
    let broken = Host {
        btf: Some(vec![0; 64]),
        ..host()
    };
    assert!(matches!(refusal(&broken), PreflightError::UnusableBtf(_)));
    // The smallest whole BTF: a header (hdr_len 24) with empty sections.
    let empty: Vec<u8> = [0x1_eb9f_u32, 24, 0, 0, 0, 0]
        .iter()
        .flat_map(|w| w.to_ne_bytes())
        .collect();
    let bare = Host {
        btf: Some(empty),
        ..host()
    };
    assert_eq!(refusal(&bare), PreflightError::NoTracepoint("sys_enter"));
}

#[test]
fn maps_are_locked_memory_on_old_kernels_alone() {
    for (release, charged) in [
        ("5.8.0", true),
        ("5.10.0-32-cloud-amd64", true),
        ("5.11.0", false),
        ("6.1.0-50-cloud-amd64", false),
        ("of nobody", false),
    ] {
        assert_eq!(charges_locked_memory(release), charged, "{release}");
    }
}

#[test]
fn every_refusal_is_one_sentence_with_a_remedy() {
    let all = [
        PreflightError::OldKernel("5.4".into()),
        PreflightError::ForeignProc,
        PreflightError::NoPermission,
        PreflightError::Lockdown,
        PreflightError::NoBtf,
        PreflightError::UnusableBtf("no struct".into()),
        PreflightError::NoTracepoint("sys_enter"),
    ];
    for error in all {
        let text = error.to_string();
        assert!(!text.contains('\n') && text.contains(": "), "{text}");
    }
}
