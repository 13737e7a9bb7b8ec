//! The letters that the service writes, each as plain text and as a little HTML with the same words.

use domain::account::Email;
use domain::clock::Timestamp;
use domain::retention::Retention;
use serde::{Deserialize, Serialize};

/// A mail before it is one.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Letter {
    /// To whom.
    pub to: Email,
    /// One line.
    pub subject: String,
    /// What it says.
    pub blocks: Vec<Block>,
}

/// A piece of a letter.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Block {
    /// A paragraph.
    Text(String),
    /// An address to open, on a line of its own.
    Link(String),
}

/// Neither address nor token.
impl std::fmt::Debug for Letter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Letter").field("subject", &self.subject).finish_non_exhaustive()
    }
}

impl Letter {
    /// Brings a link that signs in, and up. It says the same whether there is an account or not.
    #[must_use]
    pub fn sign_in(to: Email, base: &str, link: &str, minutes: u64) -> Self {
        let blocks = vec![
            text("Somebody asked for a link to mixrunners with this address. If that was you, open it:"),
            Block::Link(link.to_owned()),
            text(&format!("It works once, and for {minutes} minutes.")),
            text(
                "If it was not you, do nothing. Without this link nobody gets in, and unless it is opened no \
                 account is made and your address is forgotten.",
            ),
            from(base),
        ];
        Self { to, subject: "Your link to mixrunners".to_owned(), blocks }
    }

    /// Tells that a browser signed in which was not signed in before.
    #[must_use]
    pub fn new_device(to: Email, base: &str, device: &str, at: Timestamp) -> Self {
        let device = if device.is_empty() { "It does not say what it is." } else { device };
        let blocks = vec![
            text(&format!("A browser signed in to your account at {}. It is:", minute(at))),
            text(device),
            text(
                "If that was you, there is nothing to do. If not, sign it out here, and look at your API keys:",
            ),
            Block::Link(format!("{base}/account")),
            from(base),
        ];
        Self { to, subject: "A new browser signed in".to_owned(), blocks }
    }

    /// Brings a link that gives an account this address.
    #[must_use]
    pub fn prove_address(to: Email, base: &str, link: &str, minutes: u64) -> Self {
        let blocks = vec![
            text(
                "Somebody who is signed in to mixrunners wants to use this address from now on. If that was you, \
                 open this in the browser that you are signed in with:",
            ),
            Block::Link(link.to_owned()),
            text(&format!("It works once, and for {minutes} minutes.")),
            text("If it was not you, do nothing: nothing changes."),
            from(base),
        ];
        Self { to, subject: "Confirm your new address".to_owned(), blocks }
    }

    /// Tells the address that an account had before that it has another one.
    #[must_use]
    pub fn address_changed(to: Email, base: &str, at: Timestamp) -> Self {
        let blocks = vec![
            text(&format!(
                "Your account has another address since {}: links to sign in go there, and no longer here.",
                minute(at)
            )),
            text("If that was not you, answer this mail at once."),
            from(base),
        ];
        Self { to, subject: "Your account has another address".to_owned(), blocks }
    }

    /// Tells that so many results go, from the first one's time to the last one's. Not which: a mailbox keeps what it
    /// gets for longer than the service keeps a song, its title included.
    #[must_use]
    pub fn deletion_notice(to: Email, base: &str, results: usize, first: Timestamp, last: Timestamp) -> Self {
        let (first, last) = (minute(first), minute(last));
        let (subject, what) = match results {
            1 => (
                "A result of yours will be deleted",
                format!("One of your results will be deleted at {first}."),
            ),
            _ if first == last => (
                "Results of yours will be deleted",
                format!("{results} of your results will be deleted at {first}."),
            ),
            _ => (
                "Results of yours will be deleted",
                format!(
                    "{results} of your results will be deleted, the first at {first}, the last at {last}."
                ),
            ),
        };
        let days = Retention::POLICY.after_job.as_secs() / 86_400;
        let why = format!(
            "Everything is deleted {days} days after it was made, with what was uploaded for it, and nobody can bring \
             it back. Until then you can download it here:"
        );
        let blocks = vec![
            text(&what),
            text(&why),
            Block::Link(format!("{base}/")),
            text("If you have what you need, there is nothing to do."),
            from(base),
        ];
        Self { to, subject: subject.to_owned(), blocks }
    }

    /// The plain text, lines ended by a line feed.
    #[must_use]
    pub fn plain(&self) -> String {
        let blocks = self.blocks.iter().map(|block| match block {
            Block::Text(text) => wrapped(text),
            Block::Link(link) => link.clone(),
        });
        blocks.collect::<Vec<_>>().join("\n\n") + "\n"
    }

    /// The same as HTML. It fetches nothing from anywhere.
    #[must_use]
    pub fn html(&self) -> String {
        let blocks = self.blocks.iter().map(|block| match block {
            Block::Text(text) => format!("<p>{}</p>\n", escaped(text)),
            Block::Link(link) => format!("<p><a href=\"{0}\">{0}</a></p>\n", escaped(link)),
        });
        format!(
            "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>{}</title>\n<body \
             style=\"max-width: 36em; font: 16px/1.5 system-ui, sans-serif\">\n{}</body>\n</html>\n",
            escaped(&self.subject),
            blocks.collect::<String>()
        )
    }
}

fn text(text: &str) -> Block {
    Block::Text(text.to_owned())
}

fn from(base: &str) -> Block {
    Block::Text(format!("mixrunners, {base}"))
}

/// To the minute, in universal time.
fn minute(at: Timestamp) -> String {
    let text = at.to_string();
    match text.split_once('T').and_then(|(day, time)| Some((day, time.get(..5)?))) {
        Some((day, time)) => format!("{day} {time} UTC"),
        None => text,
    }
}

const LINE: usize = 72;

fn wrapped(text: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= LINE => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines.join("\n")
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn anna() -> Email {
        Email::parse("anna@example.org").unwrap()
    }

    const AT: Timestamp = Timestamp::from_micros(1_800_000_000_000_000);

    #[test]
    fn both_parts_say_the_same_and_hold_the_link() {
        let letter = Letter::sign_in(anna(), "https://mix.example", "https://mix.example/sign-in#mxl_a", 10);
        let (plain, html) = (letter.plain(), letter.html());
        assert!(plain.contains("\n\nhttps://mix.example/sign-in#mxl_a\n\n"), "{plain}");
        assert!(html.contains("<a href=\"https://mix.example/sign-in#mxl_a\">"), "{html}");
        assert!(plain.lines().all(|line| line.chars().count() <= LINE), "{plain}");
        assert!(plain.contains("for 10 minutes") && html.contains("for 10 minutes"));
    }

    #[test]
    fn mr_7g_a_notice_tells_how_many_results_go_and_when() {
        let later = AT + std::time::Duration::from_secs(3600);
        let (eight, nine) = ("2027-01-15 08:00 UTC", "2027-01-15 09:00 UTC");
        for (results, last, expected) in [
            (1, AT, format!("One of your results will be deleted at {eight}.")),
            (2, AT, format!("2 of your results will be deleted at {eight}.")),
            (
                3,
                later,
                format!("3 of your results will be deleted, the first at {eight}, the last at {nine}."),
            ),
        ] {
            let letter = Letter::deletion_notice(anna(), "https://mix.example", results, AT, last);
            let plain = letter.plain().replace('\n', " ");
            assert!(plain.starts_with(&expected) && plain.contains(" https://mix.example/ "), "{plain}");
        }
    }

    #[test]
    fn mc_45_a_mail_fetches_nothing_and_what_a_browser_says_stays_text() {
        let device = "<img src=https://spy.example/x.png> & \"co\"";
        let letter = Letter::new_device(anna(), "https://mix.example", device, AT);
        let html = letter.html();
        for part in ["<img", "src=\"", "url(", "<script", "<link"] {
            assert!(!html.contains(part), "{part} in {html}");
        }
        assert!(html.contains("&lt;img src=https://spy.example/x.png&gt; &amp; &quot;co&quot;"));
        assert!(letter.plain().contains("2027-01-15 08:00 UTC"), "{}", letter.plain());
    }

    #[test]
    fn a_letter_comes_back_from_json_and_does_not_print_whom_it_is_for() {
        let letter = Letter::address_changed(anna(), "https://mix.example", AT);
        let json = serde_json::to_string(&letter).unwrap();
        assert_eq!(serde_json::from_str::<Letter>(&json).unwrap(), letter);
        assert!(!format!("{letter:?}").contains("anna"));
    }
}
