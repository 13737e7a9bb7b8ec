//! The commands, a file each. This one only names them.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::exit::Failure;

mod account;
mod album;
mod analyze;
mod api;
mod api_key;
mod audit;
mod billing;
mod compare;
mod installation;
mod keys;
mod local_song;
mod logging;
mod mail;
mod master;
mod migrate;
mod mix;
mod mix_table;
mod output_format;
mod payments;
mod peppers;
mod queue;
mod reaper;
mod render;
mod report_file;
mod sandbox;
mod serve;
mod service;
mod sound;
mod stem_flags;
mod table;
mod tags;
mod terminal;
mod worker;

/// Mixes and masters music: on the command line, and as a service.
#[derive(Parser, Debug)]
#[command(name = "mixrunners", version, about, max_term_width = 100)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Subcommand, Debug)]
pub enum Command {
    /// Master a song to a loudness and a true-peak ceiling
    Master(master::Arguments),
    /// Mix stems, and master the mix if asked
    Mix(Box<mix::Arguments>),
    /// Master songs that belong together, each at its place beside the others
    Album(album::Arguments),
    /// Measure a song: loudness, range, true peak
    Analyze(analyze::Arguments),
    /// Tell how two files differ, once both are equally loud
    Compare(compare::Arguments),
    /// Run the whole service on this machine: page, API, worker
    Serve(serve::Arguments),
    /// Run the page and the API alone, beside workers of the same database
    Api(api::Arguments),
    /// Render the jobs of a database
    Worker(worker::Arguments),
    /// Remove what is due: 120 days after a job, and everything else at its time
    Reaper(Box<reaper::Arguments>),
    /// Bring a database's tables to this version
    Migrate(migrate::Arguments),
    /// Make and change the keys that seal the audio
    #[command(subcommand)]
    Keys(keys::Action),
    /// Look at the queue, and step in
    Queue(queue::Arguments),
    /// Look at what operators did, and whether that was changed
    Audit(audit::Arguments),
    /// Compare payments with Stripe, and give credits
    Billing(billing::Arguments),
    /// Erase an account with all it has
    #[command(subcommand)]
    Account(account::Action),
    /// Make a key for programs that use the API
    #[command(subcommand)]
    ApiKey(api_key::Action),
    /// Decode and render one file for the worker, in a process of its own
    #[command(hide = true)]
    Render(render::Arguments),
}

impl Command {
    /// Runs it; the code says how it ended.
    pub fn run(self) -> Result<ExitCode, Failure> {
        match self {
            Self::Master(arguments) => master::run(&arguments),
            Self::Mix(arguments) => mix::run(&arguments),
            Self::Album(arguments) => album::run(&arguments),
            Self::Analyze(arguments) => analyze::run(&arguments),
            Self::Compare(arguments) => compare::run(&arguments),
            Self::Serve(arguments) => serve::run(arguments),
            Self::Api(arguments) => api::run(arguments),
            Self::Worker(arguments) => worker::run(arguments),
            Self::Reaper(arguments) => reaper::run(*arguments),
            Self::Migrate(arguments) => migrate::run(&arguments),
            Self::Keys(action) => keys::run(&action),
            Self::Queue(arguments) => queue::run(arguments),
            Self::Audit(arguments) => audit::run(&arguments),
            Self::Billing(arguments) => billing::run(arguments),
            Self::Account(action) => account::run(&action),
            Self::ApiKey(action) => api_key::run(action),
            Self::Render(arguments) => render::run(&arguments),
        }
    }
}
