//! Text into HTML, and the page around it.

use domain::report::number;

/// The style of every page: no font, script or picture from elsewhere, so that it opens from a mail and from a disk.
const STYLE: &str = include_str!("page.css");

/// Text from outside, harmless as content and inside quoted attributes. Control characters, and those that turn the
/// direction of what follows, become spaces.
pub(super) fn text(plain: &str) -> String {
    let mut safe = String::with_capacity(plain.len());
    for letter in plain.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => safe.push(' '),
            control if control.is_control() => safe.push(' '),
            other => safe.push(other),
        }
    }
    safe
}

/// A whole document. `title` is plain text, `body` is markup.
pub(super) fn document(title: &str, body: &str) -> String {
    let title = text(title);
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n{body}</main>\n</body>\n</html>\n"
    )
}

/// A section with its heading.
pub(super) fn section(name: &str, heading: &str, body: &str) -> String {
    format!("<section class=\"{name}\">\n<h2>{heading}</h2>\n{body}</section>\n")
}

/// A table whose first column and first row are headings. All cells are markup. Every second column of values may
/// go on a narrow screen where `alternate` says so.
pub(super) fn table(class: &str, caption: &str, head: &[String], rows: &[Vec<String>]) -> String {
    let narrow = class.split(' ').any(|name| name == "samples");
    let mark =
        |index: usize| if narrow && index > 0 && index.is_multiple_of(2) { " class=\"alt\"" } else { "" };
    let mut html = format!("<table class=\"{class}\">\n<caption>{caption}</caption>\n<thead><tr>");
    for (index, cell) in head.iter().enumerate() {
        html += &format!("<th scope=\"col\"{}>{cell}</th>", mark(index));
    }
    html += "</tr></thead>\n<tbody>\n";
    for row in rows {
        html += "<tr>";
        for (index, cell) in row.iter().enumerate() {
            html += &match index {
                0 => format!("<th scope=\"row\">{cell}</th>"),
                _ => format!("<td{}>{cell}</td>", mark(index)),
            };
        }
        html += "</tr>\n";
    }
    html + "</tbody>\n</table>\n"
}

/// A value with one decimal, or a dash.
pub(super) fn cell(value: Option<f64>) -> String {
    value.map_or_else(|| "–".to_owned(), |value| number::decimal(value, 1))
}

/// The first letter as a capital.
pub(super) fn capital(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map(char::to_uppercase).into_iter().flatten().chain(letters).collect()
}

/// `205.4` → `3:25`; an hour and more as `1:02:05`.
pub(super) fn clock(seconds: f64) -> String {
    let whole = seconds.max(0.0).round() as u64;
    let (hours, minutes, seconds) = (whole / 3600, whole / 60 % 60, whole % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes}:{seconds:02}") }
}

/// `8000` → `8k`, `31.5` → `31.5`.
pub(super) fn hertz(value: f64) -> String {
    if value >= 1000.0 { format!("{}k", (value / 100.0).round() / 10.0) } else { format!("{value}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_from_outside_stays_text() {
        assert_eq!(text("<b a='1'>\"&\u{7}\u{202e}"), "&lt;b a=&#39;1&#39;&gt;&quot;&amp;  ");
    }

    #[test]
    fn times_and_frequencies_read_as_on_a_ruler() {
        assert_eq!((clock(205.4).as_str(), clock(3725.0).as_str()), ("3:25", "1:02:05"));
        assert_eq!(
            (hertz(31.5).as_str(), hertz(1000.0).as_str(), hertz(12_500.0).as_str()),
            ("31.5", "1k", "12.5k")
        );
    }
}
