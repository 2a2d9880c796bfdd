//! The sizes that the pages may have.

use super::Bundle;
use super::manifest::{BuiltBundle, Manifest};

/// What one bundle may weigh, in bytes sent to browsers.
struct Budget {
    bundle: Bundle,
    /// Shell with its inline style: the patient's fits the first window of a connection.
    shell_limit: usize,
    /// Everything loaded before the page is ready, shell included.
    total_limit: usize,
    /// Number of requests before the page is ready, shell included.
    requests_limit: usize,
}

const BUDGETS: [Budget; 8] = [
    // Loaded while waiting, after the page: it counts among no page's requests.
    Budget { bundle: Bundle::Worker, shell_limit: 0, total_limit: 250_000, requests_limit: 4 },
    // Loaded when somebody wants to write, or somebody wrote.
    Budget { bundle: Bundle::Panel, shell_limit: 0, total_limit: 58_000, requests_limit: 5 },
    // Loaded with each document, by the panel.
    Budget { bundle: Bundle::Cleaner, shell_limit: 0, total_limit: 130_000, requests_limit: 4 },
    // Loaded where a patient's browser cannot seal frames.
    Budget { bundle: Bundle::Way, shell_limit: 0, total_limit: 30_000, requests_limit: 4 },
    Budget { bundle: Bundle::Patient, shell_limit: 14_000, total_limit: 120_000, requests_limit: 6 },
    Budget { bundle: Bundle::Pro, shell_limit: 40_000, total_limit: 364_000, requests_limit: 12 },
    Budget { bundle: Bundle::Admin, shell_limit: 40_000, total_limit: 320_000, requests_limit: 12 },
    Budget { bundle: Bundle::Guest, shell_limit: 14_000, total_limit: 174_000, requests_limit: 4 },
];

/// Limit of the patient's boot script, in bytes sent to browsers.
const PATIENT_BOOT_LIMIT: usize = 3_000;

/// Limit of the patient's WebAssembly and its glue together, in bytes sent to browsers.
const PATIENT_CODE_LIMIT: usize = 108_500;

/// Prints the size table and gives one sentence for each excess.
pub fn check(manifest: &Manifest) -> Vec<String> {
    let mut excess = Vec::new();
    println!("{:<22} {:>10} {:>10}", "bundle / file", "brotli", "limit");
    for budget in &BUDGETS {
        let name = budget.bundle.name();
        let Some(built) = manifest.0.get(name) else { continue };
        let files: usize = built.files.values().map(|file| file.br_bytes).sum();
        let requests = built.files.len() + 1;
        let mut row = |what: &str, measured: usize, limit: Option<usize>| {
            println!("{what:<22} {measured:>10} {:>10}", limit.map_or_else(String::new, |limit| limit.to_string()));
            if limit.is_some_and(|limit| measured > limit) {
                excess.push(format!("{what} is {measured}, limit {}", limit.unwrap_or_default()));
            }
        };
        row(&format!("{name} total"), built.shell_br_bytes + files, Some(budget.total_limit));
        row(&format!("{name} requests"), requests, Some(budget.requests_limit));
        row(&format!("{name} shell"), built.shell_br_bytes, Some(budget.shell_limit));
        if budget.bundle == Bundle::Patient {
            row("patient code", code(built), Some(PATIENT_CODE_LIMIT));
        }
        for (file, asset) in &built.files {
            let is_boot = budget.bundle == Bundle::Patient && file == "boot.js";
            row(&format!("  {file}"), asset.br_bytes, is_boot.then_some(PATIENT_BOOT_LIMIT));
        }
    }
    excess
}

fn code(built: &BuiltBundle) -> usize {
    ["patient.wasm", "patient.js"].iter().filter_map(|name| built.files.get(*name)).map(|file| file.br_bytes).sum()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::web::asset::Asset;

    fn patient_of(wasm_br_bytes: usize) -> Manifest {
        let wasm =
            Asset { path: "/assets/patient-0.wasm".into(), sri: String::new(), br_bytes: wasm_br_bytes, bytes: 1 };
        let files = BTreeMap::from([("patient.wasm".to_owned(), wasm)]);
        let built = BuiltBundle { shell: "shells/patient.html".into(), shell_br_bytes: 9_000, styles: vec![], files };
        Manifest(BTreeMap::from([("patient".to_owned(), built)]))
    }

    #[test]
    fn a_page_within_its_budget_passes() {
        assert_eq!(check(&patient_of(100_000)), Vec::<String>::new());
    }

    #[test]
    fn a_page_past_its_budget_fails_with_the_measure() {
        let excess = check(&patient_of(112_000));
        assert_eq!(excess, ["patient total is 121000, limit 120000", "patient code is 112000, limit 108500"]);
    }
}
