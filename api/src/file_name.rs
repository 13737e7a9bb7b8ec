//! File names that strangers chose: how they are shown and how they are handed to a browser.
//! A name is only ever a label; no blob key is made of it.

/// Longest name kept, in characters; longer ones lose their middle, so that the extension stays.
const NAME_CHARS_MAX: usize = 200;

/// A name that is safe to show on one line and to save as a file on any system.
///
/// Folders are cut off, control and direction-changing characters and the ones Windows forbids are dropped,
/// dots and spaces at the ends go; what is empty then is called `untitled`.
pub(crate) fn shown(raw: &str) -> String {
    let base = raw.rsplit(['/', '\\']).next().unwrap_or_default();
    let kept: String = base.chars().filter(|&c| is_plain(c)).collect();
    let kept = kept.trim_matches([' ', '.']);
    if kept.is_empty() { "untitled".to_owned() } else { shortened(kept) }
}

/// `Content-Disposition` of a download (RFC 6266): an ASCII stand-in for old readers, then the true name as
/// RFC 8187 writes it.
pub(crate) fn attachment(name: &str) -> String {
    let name = shown(name);
    let plain: String = name.chars().map(|c| if is_quotable(c) { c } else { '_' }).collect();
    if plain == name {
        return format!("attachment; filename=\"{plain}\"");
    }
    format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{}", percent_encoded(&name))
}

fn is_plain(c: char) -> bool {
    let forbidden = matches!(c, '<' | '>' | ':' | '"' | '|' | '?' | '*');
    // Marks that turn or hide text: U+200B..F, U+202A..E, U+2066..9, the byte order mark.
    let directing =
        matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}');
    !c.is_control() && !forbidden && !directing
}

fn is_quotable(c: char) -> bool {
    matches!(c, ' '..='~') && !matches!(c, '"' | '\\' | '%')
}

fn shortened(name: &str) -> String {
    let count = name.chars().count();
    if count <= NAME_CHARS_MAX {
        return name.to_owned();
    }
    let half = NAME_CHARS_MAX / 2;
    let head: String = name.chars().take(half - 1).collect();
    let tail: String = name.chars().skip(count - half).collect();
    format!("{head}…{tail}")
}

/// Every byte but the `attr-char` of RFC 8187, section 3.2.1, as `%XX`.
fn percent_encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len() * 3);
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"!#$&+-.^_`|~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_loses_folders_controls_and_turned_text() {
        for (raw, expected) in [
            ("Song.wav", "Song.wav"),
            ("../../etc/passwd", "passwd"),
            ("C:\\music\\Song.wav", "Song.wav"),
            ("a\r\nSet-Cookie: x.wav", "aSet-Cookie x.wav"),
            ("nul\0byte.wav", "nulbyte.wav"),
            ("evil\u{202e}vaw.exe", "evilvaw.exe"),
            ("trailing. . .", "trailing"),
            ("...", "untitled"),
            ("", "untitled"),
            ("Déjà vu — 最終.flac", "Déjà vu — 最終.flac"),
        ] {
            assert_eq!(shown(raw), expected, "{raw:?}");
        }
    }

    #[test]
    fn a_long_name_keeps_its_extension() {
        let long = format!("{}.wav", "x".repeat(4096));
        let kept = shown(&long);
        assert_eq!(kept.chars().count(), NAME_CHARS_MAX);
        assert!(kept.ends_with("x.wav"), "{kept}");
    }

    #[test]
    fn a_name_beyond_ascii_is_sent_both_ways() {
        assert_eq!(attachment("Song (master).wav"), "attachment; filename=\"Song (master).wav\"");
        assert_eq!(
            attachment("Déjà 100%.wav"),
            "attachment; filename=\"D_j_ 100_.wav\"; filename*=UTF-8''D%C3%A9j%C3%A0%20100%25.wav"
        );
    }
}
