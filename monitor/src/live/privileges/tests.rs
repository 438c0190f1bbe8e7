mod needs_root;

use super::{Needs, Remains, kept};
use caps::{Capability, CapsHashSet};

/// Of a run that opens no file after its start.
fn of_run() -> Needs {
    Needs {
        reads_maps: true,
        ..Needs::default()
    }
}

#[test]
fn only_what_is_used_is_kept() {
    let all = caps::all();
    let kept = |needs: &Needs| kept(needs, &all);
    assert_eq!(kept(&Needs::default()), CapsHashSet::new());
    assert_eq!(kept(&of_run()), CapsHashSet::from([Capability::CAP_BPF]));
    let command = Needs {
        signals_a_command: true,
        ..Needs::default()
    };
    assert_eq!(kept(&command), CapsHashSet::from([Capability::CAP_KILL]));
    let file = Needs::default().with_file("a/b".as_ref());
    assert_eq!(file.writes, [std::path::Path::new("a")]);
    assert_eq!(
        kept(&file),
        CapsHashSet::from([Capability::CAP_DAC_OVERRIDE])
    );
}

#[test]
fn before_there_was_cap_bpf_its_predecessor_is_kept() {
    let old = CapsHashSet::from([Capability::CAP_SYS_ADMIN, Capability::CAP_KILL]);
    let kept = kept(&of_run(), &old);
    assert_eq!(kept, CapsHashSet::from([Capability::CAP_SYS_ADMIN]));
}
