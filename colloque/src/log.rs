//! Technical output. It names short identifiers and never a person.

use std::error::Error;
use std::io;

use tracing_subscriber::EnvFilter;

/// Starts logging to the standard error; `RUST_LOG` overrides `filter`.
pub fn start(filter: &str, json: bool) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(filter));
    let logs = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr);
    // A second start in one process, as in tests, keeps the first logs.
    let _ = if json { logs.json().try_init() } else { logs.compact().with_target(false).try_init() };
}

/// Writes an error and all its causes on one line.
pub fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        // A transparent error repeats its cause.
        let words = error.to_string();
        if !text.ends_with(&words) {
            text.push_str(" : ");
            text.push_str(&words);
        }
        cause = error.source();
    }
    text.replace('\n', " ")
}
