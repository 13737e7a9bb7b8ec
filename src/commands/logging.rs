//! What a command that runs on and on says of itself: to standard error, for people or for programs.

use clap::{Args, ValueEnum};
use tracing_subscriber::EnvFilter;

use crate::ambient;
use crate::exit::Failure;

/// How and how much is logged. A log holds ids of jobs and requests; never an address, a mail, a token, the name of a
/// file or of a song.
#[derive(Args, Debug)]
pub struct Logging {
    /// How the log is written: lines for people, or JSON for programs
    #[arg(long = "log", value_name = "FORM", value_enum, default_value_t = Form::Text, env = "MIXRUNNERS_LOG")]
    form: Form,
    /// How much is logged, as in `debug` or `info,worker=debug`
    #[arg(long, value_name = "FILTER", default_value = "info,sqlx=warn", env = "MIXRUNNERS_LOG_LEVEL")]
    log_level: String,
}

/// How a log is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Form {
    /// A line for each thing that happened.
    Text,
    /// An object for each thing that happened.
    Json,
}

impl Logging {
    /// From now on to standard error.
    pub fn begin(&self) -> Result<(), Failure> {
        let filter = EnvFilter::try_new(&self.log_level).map_err(|error| {
            Failure::usage(format!("--log-level is {:?}: {error}", self.log_level))
                .hint("a level (error, warn, info, debug), or several as in info,sqlx=warn")
        })?;
        let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
        // A second call finds a logger there already, which is all it wants.
        let _ = match self.form {
            Form::Text => log.with_ansi(ambient::errors_are_read_by_people()).try_init(),
            Form::Json => log.json().try_init(),
        };
        Ok(())
    }
}
