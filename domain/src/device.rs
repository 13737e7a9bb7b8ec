//! What is kept of a browser: its family and that of its system. Enough for its owner to tell sessions apart, and
//! nothing that tells one person from another.

use std::fmt;

/// A family of browsers on a family of systems.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Device {
    browser: Option<&'static str>,
    system: Option<&'static str>,
}

/// By what a browser is told, the more particular first: most claim to be several others as well.
const BROWSERS: [(&str, &str); 9] = [
    ("Edg", "Edge"),
    ("OPR", "Opera"),
    ("Opera", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Samsung Internet", "Samsung Internet"),
    ("Firefox", "Firefox"),
    ("FxiOS", "Firefox"),
    ("CriOS", "Chrome"),
    ("Chrom", "Chrome"),
];
const SYSTEMS: [(&str, &str); 8] = [
    ("Android", "Android"),
    ("iPhone", "iOS"),
    ("iPad", "iOS"),
    ("iOS", "iOS"),
    ("Windows", "Windows"),
    ("Mac", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
];

impl Device {
    /// From the header `User-Agent`, or from its own text.
    #[must_use]
    pub fn of_user_agent(text: &str) -> Self {
        let find = |names: &[(&str, &'static str)]| {
            names.iter().find(|(mark, _)| text.contains(mark)).map(|(_, name)| *name)
        };
        // Everybody claims to be Safari: whoever is nothing else may be.
        let browser = find(&BROWSERS).or_else(|| text.contains("Safari").then_some("Safari"));
        let system = find(&SYSTEMS).or_else(|| text.contains("ChromeOS").then_some("ChromeOS"));
        Self { browser, system: system.or_else(|| text.contains("macOS").then_some("macOS")) }
    }
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.browser, self.system) {
            (Some(browser), Some(system)) => write!(f, "{browser} on {system}"),
            (Some(browser), None) => f.write_str(browser),
            (None, Some(system)) => write!(f, "a program on {system}"),
            (None, None) => f.write_str("a program"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_families_are_kept_and_nothing_else() {
        const WEBKIT: &str = "AppleWebKit/537.36 (KHTML, like Gecko)";
        let cases = [
            (format!("Mozilla/5.0 (X11; Linux x86_64) {WEBKIT} Chrome/139.0.0.0 Safari/537.36"), "Chrome on Linux"),
            (
                format!("Mozilla/5.0 (Windows NT 10.0; Win64; x64) {WEBKIT} Chrome/139.0 Safari/537.36 Edg/139.0"),
                "Edge on Windows",
            ),
            ("Mozilla/5.0 (Macintosh; Intel Mac OS X 14.5; rv:142.0) Gecko/20100101 Firefox/142.0".into(),
                "Firefox on macOS"),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1 Version/18.0 Safari/604.1"
                    .into(),
                "Safari on iOS",
            ),
            (
                format!("Mozilla/5.0 (Linux; Android 15; SM-S921B) {WEBKIT} Chrome/139.0 Mobile Safari/537.36"),
                "Chrome on Android",
            ),
            (
                format!("Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) {WEBKIT} Chrome/139.0 Safari/537.36"),
                "Chrome on ChromeOS",
            ),
            ("Annas-Laptop/1.0 anna@example.org".into(), "a program"),
            (String::new(), "a program"),
        ];
        for (text, expected) in cases {
            let device = Device::of_user_agent(&text).to_string();
            assert_eq!(device, expected, "{text}");
            assert_eq!(Device::of_user_agent(&device).to_string(), device, "what is short stays as it is");
        }
    }
}
