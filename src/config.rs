//! The configuration file: TOML, named by `--config`. What is not in it is as the documentation says.

use std::path::Path;

use domain::money::PriceList;

use crate::exit::Failure;

/// What a file can say.
#[derive(Debug, Default)]
pub struct Config {
    /// `[prices]`: what work costs.
    pub prices: PriceList,
}

impl Config {
    /// Reads a file; without one everything is as usual.
    pub fn read(path: Option<&Path>) -> Result<Self, Failure> {
        let Some(path) = path else { return Ok(Self::default()) };
        let wrong = |cause: &dyn std::fmt::Display| Failure::usage(format!("{}: {cause}", path.display()));
        let text = std::fs::read_to_string(path).map_err(|error| wrong(&error))?;
        Self::parse(&text).map_err(|cause| wrong(&cause))
    }

    fn parse(text: &str) -> Result<Self, String> {
        let mut file: toml::Table = text.parse().map_err(|error: toml::de::Error| error.to_string())?;
        let prices = match file.remove("prices") {
            Some(table) => toml::to_string(&table).map_err(|error| error.to_string())?,
            None => String::new(),
        };
        if let Some(name) = file.keys().next() {
            return Err(format!("there is no setting {name:?}; there is the table [prices]"));
        }
        Ok(Self { prices: PriceList::read(&prices).map_err(|error| error.to_string())? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_says_what_work_costs() {
        let file = "[prices]\ncurrency = \"sek\"\nmaster = { credits_per_minute = 2, minutes_min = 1 }\n\
                    [[prices.packs]]\nid = \"one\"\ncredits = 5\namount_minor = 5000\n";
        let prices = Config::parse(file).unwrap().prices;
        assert_eq!(prices.rate(domain::job::JobKind::Master).credits_per_minute, 2);
        assert_eq!(prices.packs().len(), 1);
        assert_eq!(Config::parse("").unwrap().prices, PriceList::default());
    }

    #[test]
    fn a_setting_that_is_not_known_is_refused_by_name() {
        assert!(Config::parse("[price]").unwrap_err().contains("\"price\""));
        assert!(Config::parse("[prices]\nmasters = 1").unwrap_err().contains("masters"));
        assert!(Config::parse("prices = 3").is_err());
    }
}
