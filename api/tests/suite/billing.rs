//! Credits are bought, spent and given back, whatever happens in between.

mod buying;
mod hearing;
mod previews;
mod returning;
mod shop;
mod spending;
