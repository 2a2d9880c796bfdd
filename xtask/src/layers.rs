//! The layer table of ARCHITECTURE.md as data, and its check.

use thiserror::Error;

use crate::workspace::{self, Metadata, ReadWorkspaceError};

/// What one member of the workspace may depend on.
struct Layer {
    name: &'static str,
    /// Members that its code may name.
    may_use: &'static [&'static str],
    /// Whether it decides without moving bytes: no runtime, socket, database or clock of its own.
    is_pure: bool,
}

const fn pure(name: &'static str, may_use: &'static [&'static str]) -> Layer {
    Layer { name, may_use, is_pure: true }
}

const fn shell(name: &'static str, may_use: &'static [&'static str]) -> Layer {
    Layer { name, may_use, is_pure: false }
}

const IDS: &str = "colloque-ids";
const PROTOCOL: &str = "colloque-protocol";
const DOMAIN: &str = "colloque-domain";
const JOURNAL: &str = "colloque-journal";
const SIGNALING_CORE: &str = "colloque-signaling-core";
const CONGESTION: &str = "colloque-congestion";
const ATTESTATION: &str = "colloque-attestation";
const E2EE: &str = "colloque-e2ee";
const SEALING: &str = "colloque-sealing";
const TALK: &str = "colloque-talk";
const DIRECT: &str = "colloque-direct";
const PDF: &str = "colloque-pdf";
const SFU_CORE: &str = "colloque-sfu-core";
const CALL: &str = "colloque-call";
const DOCUMENTS: &str = "colloque-documents";
const CONSULTATION: &str = "colloque-consultation";
const SIGNALING: &str = "colloque-signaling";
const SFU: &str = "colloque-sfu";
const KIT: &str = "colloque-kit";
const WEB: &str = "colloque-web";
const SIGNALS: &str = "colloque-signals";

const LAYERS: &[Layer] = &[
    pure(IDS, &[]),
    pure(PROTOCOL, &[IDS]),
    pure(DOMAIN, &[IDS]),
    pure(JOURNAL, &[IDS]),
    pure(CONGESTION, &[]),
    pure(SFU_CORE, &[IDS, CONGESTION]),
    pure(ATTESTATION, &[IDS]),
    pure(E2EE, &[IDS, ATTESTATION]),
    pure(SEALING, &[IDS, E2EE, PROTOCOL]),
    pure(TALK, &[IDS]),
    pure(DIRECT, &[IDS]),
    pure(PDF, &[]),
    pure(SIGNALING_CORE, &[IDS, ATTESTATION, PROTOCOL]),
    pure(CALL, &[IDS, PROTOCOL]),
    pure(DOCUMENTS, &[IDS, DOMAIN]),
    shell(CONSULTATION, &[IDS, ATTESTATION, PROTOCOL, DOMAIN, JOURNAL, DOCUMENTS]),
    shell(SIGNALING, &[IDS, ATTESTATION, PROTOCOL, SIGNALING_CORE]),
    shell(SFU, &[IDS, SFU_CORE]),
    shell(WEB, &[IDS, PROTOCOL, CALL]),
    shell(KIT, &[IDS, PROTOCOL, WEB]),
    shell(SIGNALS, &[IDS, PROTOCOL, CALL, WEB]),
    shell("colloque-worker", &[IDS, SEALING]),
    shell("colloque-panel", &[IDS, TALK, WEB]),
    shell("colloque-way", &[IDS, DIRECT, WEB]),
    shell("colloque-cleaner", &[PDF]),
    shell("colloque-patient", &[IDS, PROTOCOL, CALL, WEB]),
    shell("colloque-pro", &[IDS, PROTOCOL, CALL, WEB, KIT, SIGNALS]),
    shell("colloque-admin", &[IDS, PROTOCOL, WEB, KIT]),
    shell("colloque-guest", &[IDS, PROTOCOL, CALL, WEB, KIT, SIGNALS]),
    shell("colloque", &[IDS, ATTESTATION, PROTOCOL, DOMAIN, CONSULTATION, SIGNALING, SFU]),
    shell("xtask", &[]),
];

/// Members below `tests/`: they look at everything, and nothing but tests looks at them.
const TEST_MEMBERS: &[&str] = &[
    "colloque-conformance",
    "colloque-differential",
    "colloque-load",
    "colloque-network",
    "colloque-participant",
    "colloque-relay",
    "colloque-rooms",
    "colloque-sim",
    "colloque-test-support",
];

/// Crates that a pure member may not use outside its tests.
const NOT_PURE: &[&str] =
    &["tokio", "axum", "hyper", "sqlx", "reqwest", "socket2", "libc", "lettre", "tracing-subscriber"];

/// Why the layers are broken.
#[derive(Debug, Error)]
pub enum CheckLayersError {
    /// The workspace could not be read.
    #[error(transparent)]
    Workspace(#[from] ReadWorkspaceError),
    /// One sentence for each fault.
    #[error("{}", .0.join("\n       "))]
    Broken(Vec<String>),
}

/// Checks every member's dependencies against the table.
///
/// # Errors
///
/// [`CheckLayersError::Broken`] names each edge that reaches upward, each member that the table does not know, and each edge
/// of the table that nobody uses.
pub fn check() -> Result<(), CheckLayersError> {
    let metadata = workspace::metadata()?;
    let faults = [faults(&metadata), unused(&metadata)].concat();
    if faults.is_empty() { Ok(()) } else { Err(CheckLayersError::Broken(faults)) }
}

fn faults(metadata: &Metadata) -> Vec<String> {
    let mut faults = Vec::new();
    for package in metadata.packages.iter().filter(|package| !TEST_MEMBERS.contains(&package.name.as_str())) {
        let Some(layer) = LAYERS.iter().find(|layer| layer.name == package.name) else {
            faults.push(format!("{} is not in the layer table", package.name));
            continue;
        };
        for dependency in &package.dependencies {
            let is_for_tests = dependency.kind.as_deref() == Some("dev");
            let name = dependency.name.as_str();
            // A test may meet any crate that decides: a client's engine against a server's shell.
            let is_pure_member = LAYERS.iter().any(|layer| layer.is_pure && layer.name == name);
            let is_allowed_member =
                layer.may_use.contains(&name) || (is_for_tests && (is_pure_member || TEST_MEMBERS.contains(&name)));
            if dependency.path.is_some() && !is_allowed_member {
                faults.push(format!("{} may not depend on {name}", package.name));
            }
            if layer.is_pure && !is_for_tests && NOT_PURE.contains(&name) {
                faults.push(format!("{} decides and moves no byte, so it may not depend on {name}", package.name));
            }
        }
    }
    faults
}

/// Edges that the table allows and the members do without: an open door that nobody needs.
fn unused(metadata: &Metadata) -> Vec<String> {
    let mut faults = Vec::new();
    for layer in LAYERS {
        let Some(package) = metadata.packages.iter().find(|package| package.name == layer.name) else {
            faults.push(format!("{} is in the layer table and not in the workspace", layer.name));
            continue;
        };
        let uses = |name: &str| {
            package
                .dependencies
                .iter()
                .any(|dependency| dependency.name == name && dependency.kind.as_deref() != Some("dev"))
        };
        for name in layer.may_use.iter().filter(|name| !uses(name)) {
            faults.push(format!("{} may depend on {name} and does not: take the edge out", layer.name));
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::{Dependency, Package, root};

    fn workspace_of(name: &str, dependency: &str, kind: Option<&str>, is_member: bool) -> Metadata {
        let dependency = Dependency {
            name: dependency.to_owned(),
            kind: kind.map(str::to_owned),
            path: is_member.then(|| "somewhere".into()),
        };
        let package = Package { name: name.to_owned(), dependencies: vec![dependency] };
        Metadata { packages: vec![package], target_directory: "target".into() }
    }

    #[test]
    fn a_downward_edge_passes() {
        assert_eq!(faults(&workspace_of(SIGNALING, SIGNALING_CORE, None, true)), Vec::<String>::new());
    }

    #[test]
    fn an_upward_edge_is_named() {
        let faults = faults(&workspace_of(DOMAIN, CONSULTATION, None, true));
        assert_eq!(faults, ["colloque-domain may not depend on colloque-consultation"]);
    }

    #[test]
    fn a_test_may_meet_a_pure_crate_and_no_other_shell() {
        assert_eq!(faults(&workspace_of(SIGNALING, CALL, Some("dev"), true)).len(), 0);
        assert_eq!(faults(&workspace_of(SIGNALING, CONSULTATION, Some("dev"), true)).len(), 1);
    }

    #[test]
    fn a_pure_crate_with_a_runtime_is_named_unless_it_is_for_tests() {
        assert_eq!(faults(&workspace_of(SFU_CORE, "tokio", None, false)).len(), 1);
        assert_eq!(faults(&workspace_of(SFU_CORE, "tokio", Some("dev"), false)).len(), 0);
    }

    #[test]
    fn an_unknown_member_is_named() {
        assert_eq!(faults(&workspace_of("colloque-else", "serde", None, false)).len(), 1);
    }

    #[test]
    fn an_edge_that_only_tests_use_is_named() {
        let faults = unused(&workspace_of(JOURNAL, IDS, Some("dev"), true));
        assert!(
            faults.contains(&"colloque-journal may depend on colloque-ids and does not: take the edge out".to_owned())
        );
        assert!(!unused(&workspace_of(JOURNAL, IDS, None, true)).iter().any(|fault| fault.contains("journal may")));
    }

    /// Texts between backquotes.
    fn quoted(cell: &str) -> impl Iterator<Item = &str> {
        cell.split('`').skip(1).step_by(2)
    }

    /// The package of a crate that ARCHITECTURE.md names by its folder.
    fn package(folder: &str) -> String {
        match folder.rsplit('/').next() {
            Some(name @ ("colloque" | "xtask")) => name.to_owned(),
            name => format!("colloque-{}", name.unwrap_or_default()),
        }
    }

    #[test]
    fn the_map_shows_the_table_as_it_is() {
        let map = std::fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
        let mut shown = Vec::new();
        for row in map
            .lines()
            .skip_while(|line| !line.starts_with("| crate |"))
            .skip(2)
            .take_while(|line| line.starts_with('|'))
        {
            let [_, crates, may_use, is_pure, _] = &row.split('|').collect::<Vec<_>>()[..] else { panic!("{row}") };
            let names = crates.split(':').next().unwrap();
            let mut may_use: Vec<String> = quoted(may_use).map(package).collect();
            may_use.sort();
            shown.extend(quoted(names).map(|name| (package(name), may_use.clone(), is_pure.trim() == "yes")));
        }
        let mut built: Vec<_> = LAYERS
            .iter()
            .map(|layer| {
                let mut may_use: Vec<String> = layer.may_use.iter().map(|name| (*name).to_owned()).collect();
                may_use.sort();
                (layer.name.to_owned(), may_use, layer.is_pure)
            })
            .collect();
        shown.sort();
        built.sort();
        assert_eq!(shown, built);
    }

    #[test]
    fn every_name_in_the_table_has_its_own_row() {
        for layer in LAYERS {
            assert_eq!(LAYERS.iter().filter(|other| other.name == layer.name).count(), 1, "{}", layer.name);
            for used in layer.may_use {
                assert!(LAYERS.iter().any(|other| other.name == *used), "{used}");
            }
        }
    }
}
