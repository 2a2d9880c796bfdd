//! Running other programs.

use std::process::{Command, Stdio};

use thiserror::Error;

/// Why a program did not do its work.
#[derive(Debug, Error)]
pub enum RunProgramError {
    /// It could not be started.
    #[error("cannot start {program}")]
    Start {
        /// The program.
        program: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// It ended with a failure.
    #[error("{program} failed ({status})")]
    Failed {
        /// The program.
        program: String,
        /// Its exit status.
        status: std::process::ExitStatus,
    },
}

/// Runs a program to its end, its output going to the terminal.
///
/// # Errors
///
/// - [`RunProgramError::Start`] when it cannot be started.
/// - [`RunProgramError::Failed`] when its exit status is not zero.
pub fn run(command: &mut Command) -> Result<(), RunProgramError> {
    let program = name(command);
    let status = command.status().map_err(|source| RunProgramError::Start { program: program.clone(), source })?;
    if status.success() { Ok(()) } else { Err(RunProgramError::Failed { program, status }) }
}

/// Runs a program to its end and gives what it wrote on its standard output.
///
/// # Errors
///
/// As [`run`].
pub fn output(command: &mut Command) -> Result<Vec<u8>, RunProgramError> {
    let program = name(command);
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .map_err(|source| RunProgramError::Start { program: program.clone(), source })?;
    if output.status.success() {
        Ok(output.stdout)
    } else {
        Err(RunProgramError::Failed { program, status: output.status })
    }
}

fn name(command: &Command) -> String {
    std::iter::once(command.get_program())
        .chain(command.get_args().take(2))
        .map(|part| part.to_string_lossy())
        .collect::<Vec<_>>()
        .join(" ")
}

/// Writes an error and all its causes on one line.
pub fn chain(error: &dyn std::error::Error) -> String {
    std::iter::successors(error.source(), |cause| cause.source())
        .fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}
