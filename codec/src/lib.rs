//! `codec`.
