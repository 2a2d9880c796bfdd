//! The register of explained differences: the table of `docs/differential.md`.

/// One explained kind of difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Explained<'a> {
    /// The kind, as the comparison names it.
    pub kind: &'a str,
    /// In how many of two hundred calls it may be seen: more is another difference under the same name.
    pub at_most: usize,
}

/// The rows of a Markdown document whose first cell is a kind between backquotes and whose second is a number.
#[must_use]
pub fn explained(document: &str) -> Vec<Explained<'_>> {
    let rows = document.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` | "));
    rows.filter_map(|(kind, rest)| Some(Explained { kind, at_most: rest.split(' ').next()?.parse().ok()? })).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_with_a_kind_and_a_number_count_and_other_lines_do_not() {
        let document = "# Title\n\n| kind | at most | why |\n|---|---|---|\n| `order` | 12 of 200 | because |\n| `x` | many | y |\n";
        assert_eq!(explained(document), [Explained { kind: "order", at_most: 12 }]);
    }
}
