//! A process that builds some walls of the cage and not others. The program has no way to leave one out, so this is a
//! test that other tests start.

use std::io::BufRead;

use domain::sandbox::Sandbox;
use worker::cage::{self, Layer};

use crate::place::ALLOWANCE;

/// The variable that names the walls.
pub const WALLS: &str = "ESCAPE_WALLS";

/// What starts it, and what that variable has to be.
pub fn command(layers: &[Layer]) -> (Vec<String>, String) {
    let this = std::env::current_exe().unwrap().display().to_string();
    let arguments = ["--exact", "stage::shut_in_and_act", "--ignored", "--nocapture"].map(ToOwned::to_owned);
    let walls: Vec<String> = layers.iter().map(|layer| format!("{layer:?}")).collect();
    (std::iter::once(this).chain(arguments).collect(), walls.join(","))
}

#[expect(clippy::disallowed_methods, reason = "what a test tells the process that it starts")]
#[test]
#[ignore = "it is a stage for the tests beside it, which start it"]
fn shut_in_and_act() {
    let Ok(walls) = std::env::var(WALLS) else { return };
    let named = |layer: &Layer| walls.split(',').any(|wall| wall == format!("{layer:?}"));
    let layers: Vec<Layer> = Layer::ALL.into_iter().filter(named).collect();
    cage::enter(&std::env::current_dir().unwrap(), &ALLOWANCE, &layers, Sandbox::Full, || ()).unwrap();
    std::io::stdin().lock().read_line(&mut String::new()).unwrap();
}
