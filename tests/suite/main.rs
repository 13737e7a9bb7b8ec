//! The whole program, as its users meet it: the command line, and the service over HTTP.

mod cli;
mod crash;
mod harness;
mod hostile;
mod service;
