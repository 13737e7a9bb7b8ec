//! The presets are published in numbers: the page about them says what the engine has.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use dsp::bands::centre;
use dsp::master::Preset;
use dsp::master::preset::Bass;

const PAGE: &str = "docs/presets.md";

/// To write the page anew after a change: `UPDATE_DOCS=1 cargo test --test suite presets`.
#[test]
fn the_page_about_presets_has_the_numbers_of_the_engine() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(PAGE);
    let expected = page();
    if option_env!("UPDATE_DOCS").is_some() {
        fs::write(&path, &expected).expect("the page can be written");
    }
    let found = fs::read_to_string(&path).unwrap_or_default();
    assert!(found == expected, "{PAGE} differs from the engine; write it anew with UPDATE_DOCS=1");
}

fn page() -> String {
    let mut text = String::from(
        "# Presets\n\n\
         What each preset means, in numbers. The page is written by a test from the engine's own constants. A \
         preset is a starting point:\nloudness, ceiling, intensity and the amounts of tone, dynamics and width are set \
         apart from it.\n",
    );
    facts(&mut text);
    spectra(&mut text);
    text.push_str(
        "\n## What intensity does\n\
         Intensity (0 to 1, 0.5 unless set) scales decisions and never the loudness. At 0 nothing but the loudness \
         changes.\n\n\
         - **Tone**: of what is beyond the tolerance, `min(1, 1.2 × intensity) × tone` is corrected, at most +3 \
         and −4 dB, no steeper than\n  6 dB an octave.\n\
         - **Dynamics**: mean reductions above are multiplied by `2 × intensity × 2 × dynamics`, at most 2.5 dB on \
         average and 3 dB for 95 % of\n  the time.\n\
         - **Width**: of what is more than 4 dB from the usual width, `0.5 × 2 × intensity × 2 × width` is corrected, \
         at most +2 and −3 dB.\n",
    );
    text
}

fn facts(text: &mut String) {
    let mut row = |name: &str, value: &dyn Fn(&Preset) -> String| {
        let _ = write!(text, "{name} |");
        for preset in Preset::ALL {
            let _ = write!(text, " {} |", value(preset));
        }
        text.push('\n');
    };
    row("\n| ", &|p| format!("`{}`", p.name));
    row("|---|", &|_| "---".to_owned());
    row("| for", &|p| p.purpose.to_owned());
    row("| version", &|p| p.version.to_string());
    row("| loudness", &|p| p.loudness.to_string());
    row("| ceiling", &|p| p.ceiling.to_string());
    row("| peaks above loudness, at least", &|p| p.budgets.peak_to_loudness_min.to_string());
    row("| limiter, for 95 % of the time at most", &|p| p.budgets.reduction_max.to_string());
    row("| limiter's modulation, at most", &|p| p.budgets.modulation_max.to_string());
    for (band, name) in ["bass", "lower middle", "upper middle", "treble"].into_iter().enumerate() {
        row(&format!("| mean compression, {name}"), &|p| p.band_reduction[band].to_string());
    }
    row("| mean glue", &|p| p.glue_reduction.to_string());
    row("| usual side over mid, by band", &|p| p.width.map(|w| w.to_string()).join(", "));
    row("| bass", &|p| match p.bass {
        Bass::Centred => "centred below 90 Hz".to_owned(),
        Bass::AsRecorded => "as recorded, unless it cancels".to_owned(),
    });
    row("| saturation at full intensity", &|p| format!("{}\u{2009}%", p.saturation_percent));
    row("| may shave peaks", &|p| if p.may_shave { "yes".to_owned() } else { "no".to_owned() });
}

fn spectra(text: &mut String) {
    text.push_str(
        "\n## Average spectra aimed at\n\
         Levels of sixths of an octave relative to 1 kHz, and how far from them is fine, in dB.\n\n| Hz |",
    );
    for preset in Preset::ALL {
        let _ = write!(text, " `{}` |", preset.name);
    }
    text.push_str("\n|---|");
    text.push_str(&"---|".repeat(Preset::ALL.len()));
    text.push('\n');
    for band in (0..dsp::bands::BANDS).step_by(3) {
        let _ = write!(text, "| {:.0} |", centre(band).value());
        for preset in Preset::ALL {
            let at_1_khz = preset.spectrum()[34];
            let (level, tolerance) = (preset.spectrum()[band] - at_1_khz, preset.tolerance()[band]);
            let _ = write!(text, " {} ± {tolerance:.1} |", signed(level));
        }
        text.push('\n');
    }
}

fn signed(value: f64) -> String {
    let text = format!("{:+.1}", value + 0.0);
    text.replace('-', "−")
}
