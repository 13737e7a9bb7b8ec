//! The page: everything of the report is on it, nothing of it can do harm, and it needs nothing else.

use domain::report::DecisionStage;
use worker::render::report_page::page;

use crate::song::{full_report, mastered, song};

/// What a reader sees: tags taken away, entities turned back.
fn seen(html: &str) -> String {
    let body = html.split("<body>").nth(1).unwrap();
    let mut text = String::new();
    let mut is_tag = false;
    for letter in body.chars() {
        match letter {
            '<' => is_tag = true,
            '>' => is_tag = false,
            _ if !is_tag => text.push(letter),
            _ => {}
        }
    }
    let entities = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&")];
    entities.iter().fold(text, |text, (entity, letter)| text.replace(entity, letter))
}

#[test]
fn every_decision_finding_platform_and_certificate_is_on_the_page() {
    let report = full_report();
    let text = seen(&page(&report, "Night Drive")).to_lowercase();
    let mut wanted =
        vec!["night drive".to_owned(), report.outcome.text.clone(), report.engine_version.clone()];
    assert!(report.decisions.len() >= 9 && report.findings.len() >= 3 && report.platforms.len() >= 10);
    for decision in &report.decisions {
        wanted.extend([decision.what.clone(), decision.reason.trim_end_matches('.').to_owned()]);
        wanted.push(decision.stage.title().to_owned());
    }
    wanted.extend(report.findings.iter().map(|finding| finding.text.clone()));
    wanted
        .extend(report.platforms.iter().flat_map(|platform| [platform.name.clone(), platform.text.clone()]));
    wanted.extend(report.delivered.iter().flat_map(|file| [file.name.clone(), file.sha256.clone()]));
    for words in wanted {
        assert!(text.contains(&words.to_lowercase()), "{words:?} is not on the page");
    }
}

#[test]
fn text_from_outside_cannot_become_markup() {
    let mut report = full_report();
    let hostile = "\"><img src=x onerror=alert(1)></title></style><script>alert('1')</script>";
    report.engine_version = hostile.to_owned();
    report.source.audio.format = hostile.to_owned();
    report.outcome.text = hostile.to_owned();
    report.decisions[0].what = hostile.to_owned();
    report.decisions[0].unit = hostile.to_owned();
    report.decisions[0].reason = hostile.to_owned();
    report.findings[0].text = hostile.to_owned();
    report.platforms[0].name = hostile.to_owned();
    report.platforms[0].text = hostile.to_owned();
    report.delivered[0].name = hostile.to_owned();
    report.delivered[0].format = hostile.to_owned();
    report.delivered[0].sha256 = hostile.to_owned();
    report.before.integrated_lufs = None;
    report.before.absent.insert("integrated_lufs".to_owned(), hostile.to_owned());
    let html = page(&report, hostile);
    assert!(html.matches("&lt;img src=x").count() >= 13, "the texts are there");
    for harm in ["<img", "<script", "</title></style>", "\"><img"] {
        assert!(!html.contains(harm), "{harm}");
    }
    assert_eq!(html.matches("<style>").count(), 1);
    assert_eq!(html.matches("</style>").count(), 1);
}

#[test]
fn the_page_needs_nothing_from_elsewhere() {
    let html = page(&full_report(), "Song");
    for outside in ["http://", "https://", "url(", "@import", "src=", "href=", "<script", "<link", "<iframe"]
    {
        assert!(!html.contains(outside), "{outside}");
    }
    assert!(html.len() < 400 * 1024, "{} bytes", html.len());
}

#[test]
fn the_page_is_built_as_promised() {
    let html = page(&full_report(), "Song");
    let count = |what: &str| html.matches(what).count();
    assert_eq!(
        count("<figure>"),
        7,
        "waveform, loudness, spectrum, change, limiter, compressors, correlation"
    );
    assert_eq!(
        count("role=\"img\" aria-label=\""),
        count("<figure>"),
        "each is named for those who cannot see it"
    );
    let figures = html.split("<figure>").skip(1).map(|rest| rest.split("</figure>").next().unwrap());
    for figure in figures {
        assert!(
            figure.contains("<svg") && figure.contains("<table") && figure.contains("<caption>"),
            "{figure}"
        );
    }
    assert_eq!(count("<h1>"), 1);
    for stage in DecisionStage::ALL {
        // A song alone is not mixed.
        let expected = usize::from(stage != DecisionStage::Mix);
        assert_eq!(count(&format!("<h3>{}</h3>", stage.title())), expected);
    }
    for tag in ["section", "figure", "table", "tr", "ul", "li", "dl", "div", "span", "p", "svg", "header"] {
        let open = count(&format!("<{tag}>")) + count(&format!("<{tag} "));
        assert_eq!(open, count(&format!("</{tag}>")), "<{tag}> is closed as often as it is opened");
    }
    for no_number in ["NaN", ">inf", " inf", "−inf", ">-"] {
        assert!(!html.contains(no_number), "{no_number}");
    }
}

#[test]
fn songs_of_which_little_can_be_said_have_a_page_too() {
    let short = mastered(song(1, 0.5), -14.0).report;
    assert!(short.after.short_term_max_lufs.is_none(), "the case must be real");
    let text = seen(&page(&short, ""));
    assert!(text.contains("shorter than 3 s"), "{text}");
    assert!(!text.contains("Stereo correlation\n") && !text.contains("NaN"));
}

#[test]
fn the_colours_are_those_of_the_web_page() {
    let tokens = include_str!("../../../web/src/style/tokens.css");
    let style = include_str!("../../src/render/report_page/page.css");
    let mut compared = 0;
    for name in
        ["ground", "raised", "line", "edge", "ink", "quiet", "original", "master", "reference", "over"]
    {
        let values = |text: &str| -> Vec<String> {
            let token = format!("--{name}: ");
            let uses = text.split(&token).skip(1);
            uses.map(|rest| rest.split(';').next().unwrap().to_owned()).collect()
        };
        let theirs = values(tokens).remove(0);
        for ours in values(style) {
            assert!(theirs.contains(&ours), "--{name} is {ours} here and {theirs} there");
            compared += 1;
        }
    }
    assert_eq!(compared, 20, "light and dark");
}
