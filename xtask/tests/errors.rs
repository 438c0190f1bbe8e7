//! No error's text holds the text of its source: who prints an error with its causes says each of
//! them once.

use std::fs;
use std::path::{Path, PathBuf};

use syn::{Attribute, Field, Fields, Item, Meta};

/// What was found in the sources of the workspace.
#[derive(Default)]
struct Walk {
    /// Texts of errors, one of each variant.
    texts: usize,
    /// Those that have a source and do not hold it.
    with_source: usize,
    /// Those that repeat theirs.
    repeated: Vec<String>,
}

impl Walk {
    fn items(&mut self, items: &[Item], file: &str) {
        for item in items {
            match item {
                Item::Mod(module) => {
                    let inner = module.content.as_ref();
                    self.items(inner.map_or(&[], |(_, items)| items), file);
                }
                Item::Struct(it) if is_error(&it.attrs) => {
                    self.text(&it.attrs, &it.fields, &format!("{file}: {}", it.ident));
                }
                Item::Enum(it) if is_error(&it.attrs) => {
                    for variant in &it.variants {
                        let name = format!("{file}: {}::{}", it.ident, variant.ident);
                        self.text(&variant.attrs, &variant.fields, &name);
                    }
                }
                Item::Impl(it) => {
                    let of = it
                        .trait_
                        .as_ref()
                        .and_then(|(path, _)| path.segments.last());
                    assert!(
                        of.is_none_or(|of| of.ident != "Error") || it.items.is_empty(),
                        "{file}: an error tells its source by hand, which is not looked at here: \
                         derive it by thiserror"
                    );
                }
                _ => {}
            }
        }
    }

    fn text(&mut self, attributes: &[Attribute], fields: &Fields, name: &str) {
        let told = attributes.iter().find(|it| it.path().is_ident("error"));
        let Some(Meta::List(told)) = told.map(|it| &it.meta) else {
            // A text by hand, which thiserror gives no source.
            return;
        };
        self.texts += 1;
        let told = told.tokens.to_string();
        // Whose text and source are those of what is inside.
        if told == "transparent" {
            return;
        }
        let source = fields
            .iter()
            .enumerate()
            .find(|(_, field)| is_source(field));
        let Some((place, field)) = source else {
            return;
        };
        self.with_source += 1;
        let by = field
            .ident
            .as_ref()
            .map_or(place.to_string(), ToString::to_string);
        let held = [format!("{{{by}}}"), format!("{{{by}:")];
        let argument = format!(".{by}");
        // The printed tokens have blanks between them.
        let squeezed: String = told.split_whitespace().collect();
        if held.iter().any(|it| squeezed.contains(it)) || squeezed.contains(&argument) {
            self.repeated.push(name.to_owned());
        }
    }
}

fn is_error(attributes: &[Attribute]) -> bool {
    let derives = attributes.iter().filter(|it| it.path().is_ident("derive"));
    let mut names = derives.flat_map(|it| {
        let mut names = Vec::new();
        let each = it.parse_nested_meta(|meta| {
            names.extend(meta.path.segments.last().map(|it| it.ident.to_string()));
            Ok(())
        });
        each.expect("a list of paths");
        names
    });
    names.any(|it| it == "Error")
}

/// As thiserror decides it.
fn is_source(field: &Field) -> bool {
    let marked = |it: &Attribute| it.path().is_ident("source") || it.path().is_ident("from");
    field.ident.as_ref().is_some_and(|it| it == "source") || field.attrs.iter().any(marked)
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|it| it == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn no_error_repeats_its_source() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("a workspace");
    let mut files = Vec::new();
    for package in [
        "monitor/src",
        "monitor-common/src",
        "monitor-ebpf/src",
        "xtask/src",
        "xtask/support/src",
        "xtask/trainer/src",
        "xtask/evaluation/src",
        "xtask/field/src",
    ] {
        sources(&root.join(package), &mut files);
    }
    let mut walk = Walk::default();
    for path in files {
        let text = fs::read_to_string(&path).expect("a source");
        let file = syn::parse_file(&text).expect("Rust");
        walk.items(
            &file.items,
            &path.strip_prefix(root).expect("in it").to_string_lossy(),
        );
    }
    assert!(
        walk.texts > 50 && walk.with_source > 2,
        "{} texts",
        walk.texts
    );
    assert!(walk.repeated.is_empty(), "{:#?}", walk.repeated);
}

#[test]
fn an_error_that_repeats_its_source_is_found() {
    let file = r#"
        #[derive(Debug, thiserror::Error)]
        enum Fault {
            #[error("cannot read {path}: {source}")]
            Named { path: String, source: std::io::Error },
            #[error("cannot start: {}", chain(.0))]
            ByArgument(#[from] std::io::Error),
            #[error("cannot stop: {0:?}")]
            ByPlace(#[source] std::io::Error),
            #[error("cannot go on ({error})")]
            NoSource { error: std::io::Error },
            #[error("cannot wait")]
            Silent(#[from] std::io::Error),
            #[error(transparent)]
            Inner(#[from] Other),
        }
    "#;
    let mut walk = Walk::default();
    walk.items(&syn::parse_file(file).expect("Rust").items, "here");
    let found: Vec<_> = walk
        .repeated
        .iter()
        .map(|it| it.rsplit("::").next())
        .collect();
    assert_eq!(found, [Some("Named"), Some("ByArgument"), Some("ByPlace")]);
    assert_eq!((walk.texts, walk.with_source), (6, 4));
}
