use super::{Record, Save, Store};
use crate::profile::Profile;
use crate::profile::file::encode;
use crate::service::key::Key;
use crate::service::life::Life;

fn save(key: &Key) -> Save {
    Save {
        record: Record::new(key.clone(), Life::begin(7), 7),
        profile: Some(Box::new(Profile::default())),
        learned: None,
        keeps_previous: true,
        befores: Vec::new(),
        versions: Vec::new(),
        ends_learning: false,
    }
}

#[test]
fn a_service_comes_back_as_it_was_kept() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = folder.path().join("state");
    let store = Store::open(&at).expect("made");
    let key = Key::executable(b"/usr/sbin/nginx");
    let mut first = save(&key);
    first.learned = Some((Box::new(Profile::default()), Vec::new()));
    store.save(&first).expect("written");
    let mut remark = |it: String| panic!("{it}");
    assert!(Store::open(&at).is_err(), "one monitor at a time");
    let kept = store.read(&mut remark);
    assert_eq!(kept.len(), 1);
    assert_eq!(kept[0].record, first.record);
    assert!(kept[0].profile.is_some() && kept[0].learned.is_some());
    assert!(store.previous(&key).is_err());
    let second = Save {
        ends_learning: true,
        befores: vec![("01HF7YAT00".to_owned(), Box::default())],
        ..save(&key)
    };
    assert!(store.before(&key, "01HF7YAT00").is_err());
    store.save(&second).expect("written");
    let previous = store.previous(&key).expect("kept");
    assert_eq!(encode(&previous), encode(&Profile::default()));
    assert!(store.read(&mut remark)[0].learned.is_none());
    assert!(store.before(&key, "01HF7YAT00").is_ok());
    assert!(store.before(&key, "../profile").is_err());
}

#[test]
fn what_is_damaged_is_told_and_the_rest_is_taken_up() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = Store::open(folder.path()).expect("made");
    let (good, bad) = (Key::unit("good.service"), Key::unit("bad.service"));
    store.save(&save(&good)).expect("written");
    store.save(&save(&bad)).expect("written");
    let at = store.of(&bad);
    std::fs::write(at.join("state.json"), "{").expect("written");
    std::fs::write(store.of(&good).join("profile"), "half").expect("written");
    let mut remarks = Vec::new();
    let kept = store.read(&mut |it| remarks.push(it));
    assert_eq!(kept.len(), 1);
    assert_eq!(kept[0].record.key, good);
    assert!(kept[0].profile.is_none());
    assert_eq!(remarks.len(), 2, "{remarks:?}");
}

#[test]
fn a_folder_that_others_can_write_to_is_refused() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().expect("a folder");
    let open = std::fs::Permissions::from_mode(0o777);
    std::fs::set_permissions(folder.path(), open).expect("set");
    assert!(Store::open(folder.path()).is_err());
}
