//! The vectors that this project publishes of its own formats: read, compared, written.

use std::fs;
use std::path::PathBuf;

use serde::Serialize;
use serde::de::DeserializeOwned;

/// When it is set, files are written with what the product computes instead of being compared with it.
const WRITE: &str = "WRITE_VECTORS";

fn path(name: &str) -> PathBuf {
    format!("{}/../vectors/{name}.json", env!("CARGO_MANIFEST_DIR")).into()
}

/// Reads a committed file, such as `envelope/frames`.
pub fn read<T: DeserializeOwned>(name: &str) -> T {
    let text = fs::read_to_string(path(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// Compares a committed file with what the product computes now, byte for byte.
///
/// A change of it is a change of the protocol. To make one, `WRITE_VECTORS=1 cargo test -p colloque-conformance` writes the files anew
/// and fails, so that nothing is ever compared with itself.
pub fn assert_published<T: Serialize>(name: &str, computed: &T) {
    let computed = serde_json::to_string_pretty(computed).unwrap() + "\n";
    if std::env::var_os(WRITE).is_some() {
        fs::create_dir_all(path(name).parent().unwrap()).unwrap();
        fs::write(path(name), computed).unwrap();
        panic!("{name} is written anew: look at what changed, then run the tests without {WRITE}");
    }
    let published = fs::read_to_string(path(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
    let differs = published.lines().zip(computed.lines()).position(|(published, computed)| published != computed);
    assert!(
        published == computed,
        "{name} is not what the product computes, from line {differs:?} (counted from 0) on"
    );
}

/// Files of a folder, without their ending.
fn names(folder: &str) -> Vec<String> {
    let files = fs::read_dir(path(folder).with_extension("")).unwrap();
    let mut names: Vec<_> =
        files.map(|file| file.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned()).collect();
    names.sort();
    names
}

#[test]
fn every_published_file_is_compared() {
    assert_eq!(
        names("envelope"),
        ["frames", "key-ids", "keys", "padding", "prefixes", "redundant", "refused", "replay"]
    );
    assert_eq!(names("words"), ["chains", "codes", "list"]);
}
