//! What documents leave behind in memory: measured in a process where nothing else runs.

#![allow(clippy::unwrap_used, dead_code)]

#[path = "it/sheet.rs"]
mod sheet;

use sheet::{draft, line, pdf};

/// The compiler's cache is emptied after each document, or a server that runs for months fills its memory.
#[test]
fn memory_stays_flat_over_many_documents() {
    let render_one = |number: usize| {
        let lines =
            (0..5).map(|line_number| line(&format!("Produit {number} {line_number}"), "1 gélule le soir")).collect();
        pdf(&draft(lines));
    };
    (0..40).for_each(render_one);
    let before = resident_bytes();
    (40..240).for_each(render_one);
    let grown = resident_bytes().saturating_sub(before);
    assert!(grown < 48 << 20, "{grown} bytes more after 200 documents");
}

fn resident_bytes() -> usize {
    let pages: usize = std::fs::read_to_string("/proc/self/statm").unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    pages * 4_096
}
