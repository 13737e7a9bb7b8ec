//! Small parts that meters and effects are made of.
//!
//! | module | what |
//! |---|---|
//! | [`biquad`] | second-order sections: coefficients, response, matched design |
//! | [`window`] | the Kaiser window |
//! | [`interpolator`] | band-limited interpolation: filter tables |

pub mod biquad;
pub mod interpolator;
pub mod window;
