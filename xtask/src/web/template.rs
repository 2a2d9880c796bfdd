//! Placeholders of shells, scripts and styles.
//!
//! `{{asset:NAME}}` is the path of a file, `{{sri:NAME}}` its integrity, `{{inline-css:FILE}}` a style with its comments
//! taken out. Placeholders without a colon are left for the server, in shells only.

use super::BuildWebError;

/// A piece of a template.
#[derive(Debug, PartialEq, Eq)]
enum Piece<'a> {
    Text(&'a str),
    Placeholder(&'a str),
}

/// Fills the placeholders of `text` by what `fill` says; `fill` gets the words before and after the colon.
///
/// Placeholders without a colon stay as they are when `server_fills` is set.
pub fn expand(
    template: &str,
    text: &str,
    server_fills: bool,
    mut fill: impl FnMut(&str, &str) -> Result<Option<String>, BuildWebError>,
) -> Result<String, BuildWebError> {
    let mut expanded = String::with_capacity(text.len());
    for piece in pieces(text) {
        match piece {
            Piece::Text(text) => expanded.push_str(text),
            Piece::Placeholder(inside) => {
                let filled = match inside.split_once(':') {
                    Some((what, name)) => fill(what, name)?,
                    None if server_fills => Some(format!("{{{{{inside}}}}}")),
                    None => None,
                };
                expanded.push_str(&filled.ok_or_else(|| BuildWebError::UnknownPlaceholder {
                    template: template.to_owned(),
                    placeholder: inside.to_owned(),
                })?);
            }
        }
    }
    Ok(expanded)
}

/// Takes comments and needless white space out of a style.
pub fn shrink_style(style: &str) -> String {
    let mut shrunk = String::with_capacity(style.len());
    let mut rest = style;
    while let Some(first) = rest.chars().next() {
        if let Some(comment) = rest.strip_prefix("/*") {
            rest = comment.split_once("*/").map_or("", |(_, after)| after);
        } else if first == '"' || first == '\'' {
            let end = string_end(rest, first);
            shrunk.push_str(&rest[..end]);
            rest = &rest[end..];
        } else if first.is_whitespace() {
            rest = rest.trim_start();
            let glued = shrunk.is_empty()
                || shrunk.ends_with(['{', '}', ';', ','])
                || rest.starts_with(['{', '}', ';'])
                || shrunk.ends_with(' ');
            if !glued && !rest.is_empty() {
                shrunk.push(' ');
            }
        } else {
            shrunk.push(first);
            rest = &rest[first.len_utf8()..];
        }
    }
    shrunk
}

/// Gives the byte after the quote that closes the string at the start of `text`.
fn string_end(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, letter) in text.char_indices().skip(1) {
        if escaped {
            escaped = false;
        } else if letter == '\\' {
            escaped = true;
        } else if letter == quote {
            return at + 1;
        }
    }
    text.len()
}

fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        let placeholder = after.split_once("}}").filter(|(inside, _)| {
            !inside.is_empty() && inside.chars().all(|c| c.is_ascii_alphanumeric() || "_-:./".contains(c))
        });
        match placeholder {
            Some((inside, behind)) => {
                pieces.push(Piece::Text(before));
                pieces.push(Piece::Placeholder(inside));
                rest = behind;
            }
            None => {
                // Two braces of a script: not a placeholder.
                let length = before.len() + 2;
                pieces.push(Piece::Text(&rest[..length]));
                rest = &rest[length..];
            }
        }
    }
    pieces.push(Piece::Text(rest));
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    fn upper(what: &str, name: &str) -> Result<Option<String>, BuildWebError> {
        Ok((what == "asset").then(|| name.to_uppercase()))
    }

    #[test]
    fn placeholders_with_a_colon_are_filled_and_the_others_left_to_the_server() {
        let expanded = expand("t", "a {{asset:x.js}} b {{day}} c", true, upper).unwrap();
        assert_eq!(expanded, "a X.JS b {{day}} c");
    }

    #[test]
    fn braces_of_a_script_are_no_placeholder() {
        let script = "const a = {{}}; f({{ b: 1 }}); `${{c}}`";
        assert!(expand("t", script, true, upper).unwrap().starts_with("const a = {{}}; f({{ b: 1 }})"));
    }

    #[test]
    fn an_unknown_placeholder_is_an_error() {
        assert!(matches!(expand("t", "{{picture:x}}", true, upper), Err(BuildWebError::UnknownPlaceholder { .. })));
        assert!(expand("t", "{{day}}", false, upper).is_err());
    }

    #[test]
    fn a_style_shrinks_and_keeps_its_strings_and_sums() {
        let style = "/* c */\na {\n  width: calc(1px + 2px);\n  content: \"/* a  b */\";\n}\n\nb , c{}";
        assert_eq!(shrink_style(style), "a{width: calc(1px + 2px);content: \"/* a  b */\";}b ,c{}");
    }
}
