//! The plots over time: waveform, loudness, gain reduction, correlation.

use domain::report::number::{decimal, quantity};
use domain::report::pictures::{CorrelationPicture, ReductionPicture, ShortTermPicture, WaveformPicture};

use super::markup::{cell, clock, table};
use super::plot::{Across, HEIGHT, Plot, Upright, WIDTH, filled, level, line};

/// What the two signals of a page are called: «Original» and «Master», or the files of a comparison; markup.
#[derive(Clone, Copy, Debug)]
pub(super) struct Names<'a> {
    pub(super) before: &'a str,
    pub(super) after: &'a str,
    /// The same within a sentence.
    pub(super) inside: [&'a str; 2],
}

impl Names<'_> {
    pub(super) fn legend(&self) -> Vec<(&'static str, String)> {
        vec![("original", self.before.to_owned()), ("master", self.after.to_owned())]
    }
}

/// Columns of the table under a plot over time.
const SAMPLES: usize = 8;

/// The first signal above the line, the second below, at one scale.
pub(super) fn waveform(picture: &WaveformPicture, seconds: f64, names: Names<'_>) -> String {
    let extents = |columns: &[[f64; 2]]| -> Vec<f64> {
        columns.iter().map(|[low, high]| high.max(-low).clamp(0.0, 1.0)).collect()
    };
    let (before, after) = (extents(&picture.before), extents(&picture.after));
    let highest = |extents: &[f64]| extents.iter().fold(0.1f64, |top, value| top.max(*value));
    let (above, below) = (highest(&before), highest(&after));
    let scale = HEIGHT / (above + below);
    let middle = above * scale;
    let across = Across::Time { seconds };
    let points = |extents: &[f64], sign: f64| {
        let count = extents.len() as f64;
        let points: Vec<(f64, f64)> = extents
            .iter()
            .enumerate()
            .map(|(i, extent)| ((i as f64 + 0.5) / count * WIDTH, middle + sign * extent * scale))
            .collect();
        points
    };
    let curves = filled("original", middle, points(&before, -1.0).into_iter())
        + &filled("master", middle, points(&after, 1.0).into_iter());
    let mut marks = vec![(middle / HEIGHT, "−∞".to_owned())];
    for db in [0.0, -6.0, -12.0] {
        let amplitude = 10f64.powf(db / 20.0);
        for (room, sign) in [(above, -1.0), (below, 1.0)] {
            if amplitude <= room + 1e-9 {
                marks.push(((middle + sign * amplitude * scale) / HEIGHT, decimal(db, 0)));
            }
        }
    }
    let peaks = |extents: &[f64]| {
        let at = |i: usize| {
            let run = &extents[i * extents.len() / SAMPLES..(i + 1) * extents.len() / SAMPLES];
            let peak = run.iter().fold(0.0f64, |top, value| top.max(*value));
            (peak > 0.0).then(|| 20.0 * peak.log10())
        };
        (0..SAMPLES).map(|i| cell(at(i))).collect::<Vec<_>>()
    };
    let spans: Vec<String> = (0..SAMPLES).map(|i| clock(i as f64 * seconds / SAMPLES as f64)).collect();
    let rows = [(names.before, peaks(&before)), (names.after, peaks(&after))];
    Plot {
        title: "Waveform",
        note: format!("{} above the line, {} below, at one scale.", names.before, names.inside[1]),
        legend: names.legend(),
        spoken: "Waveform of both signals over time; the table below has the peaks of each eighth".to_owned(),
        size: "middle",
        across,
        upright: Upright { bottom: 0.0, top: 1.0, step: 1.0 },
        unit: "dBFS",
        curves,
        table: samples("Highest sample in dBFS, from each time on", &spans, &rows),
    }
    .html_marked(&marks)
}

/// Both short-term curves, and where the whole was to end up.
pub(super) fn loudness(
    picture: &ShortTermPicture,
    seconds: f64,
    target_lufs: Option<f64>,
    names: Names<'_>,
) -> String {
    let across = Across::Time { seconds };
    let upright = loudness_span(picture);
    let curve = |class: &str, values: &[Option<f64>]| {
        let time = |i: usize| picture.first_s + i as f64 * picture.hop_s;
        line(class, values.iter().enumerate().map(|(i, v)| v.map(|v| (across.x(time(i)), upright.y(v)))))
    };
    let mut curves = curve("original", &picture.before) + &curve("master", &picture.after);
    let mut legend = names.legend();
    if let Some(target) = target_lufs {
        curves = level("goal", upright.y(target)) + &curves;
        legend.push(("goal", format!("Target, {}", quantity(target, "LUFS"))));
    }
    let places = sampled(picture.before.len().max(picture.after.len()));
    let times: Vec<String> =
        places.iter().map(|&i| clock(picture.first_s + i as f64 * picture.hop_s)).collect();
    let rows = [
        (names.before, values(&picture.before, &places, 1)),
        (names.after, values(&picture.after, &places, 1)),
    ];
    Plot {
        title: "Loudness over time",
        note: "Short-term loudness: each point stands for 3\u{2009}s.".to_owned(),
        legend,
        spoken: "Short-term loudness of both signals over time; the table below has the values".to_owned(),
        size: "tall",
        across,
        upright,
        unit: "LUFS",
        curves,
        table: samples("Short-term loudness in LUFS", &times, &rows),
    }
    .html()
}

/// On multiples of 6 LU, at most 36 apart: what is quieter lies on the edge.
fn loudness_span(picture: &ShortTermPicture) -> Upright {
    let all = || picture.before.iter().chain(&picture.after).flatten().copied();
    let highest = all().fold(f64::NEG_INFINITY, f64::max);
    if !highest.is_finite() {
        return Upright { bottom: -36.0, top: 0.0, step: 6.0 };
    }
    let top = ((highest + 0.5) / 6.0).ceil() * 6.0;
    let lowest = (all().fold(f64::INFINITY, f64::min) / 6.0).floor() * 6.0;
    Upright { bottom: lowest.clamp(top - 36.0, top - 12.0), top, step: 6.0 }
}

/// One curve of gain: its class, its name, its values.
type Gains<'a> = (&'static str, &'static str, &'a [f64]);

/// What the limiter took away, and what compressors did before it.
pub(super) fn reduction(picture: &ReductionPicture, seconds: f64) -> String {
    let limiter: Gains<'_> = ("master", "Limiter", &picture.limiter_db);
    let note = "The deepest moment of each stretch: what was taken from peaks.";
    let mut html = if picture.limiter_db.is_empty() {
        String::new()
    } else {
        gains("Gain reduction of the limiter", note, &[limiter], seconds)
    };
    let mut compressors: Vec<Gains<'_>> = Vec::new();
    compressors.extend(picture.glue_db.as_ref().map(|gains| ("glue", "Everything", gains.as_slice())));
    for (index, gains) in picture.bands_db.iter().flatten().enumerate() {
        const BANDS: [(&str, &str); 4] =
            [("band1", "Low"), ("band2", "Low mid"), ("band3", "High mid"), ("band4", "High")];
        compressors.push((BANDS[index].0, BANDS[index].1, gains));
    }
    if !compressors.is_empty() {
        let note = "What was taken from loud passages, band by band and from everything.";
        html += &gains("Gain reduction of the compressors", note, &compressors, seconds);
    }
    html
}

fn gains(title: &'static str, note: &str, all: &[Gains<'_>], seconds: f64) -> String {
    let deepest = |gains: &[f64]| gains.iter().fold(0.0f64, |deepest, gain| deepest.min(*gain));
    let least = all.iter().fold(0.0f64, |least, (_, _, gains)| least.min(deepest(gains)));
    let (bottom, step) = [(-2.0, 0.5), (-4.0, 1.0), (-6.0, 2.0), (-12.0, 3.0)]
        .into_iter()
        .find(|(bottom, _)| least >= *bottom)
        .unwrap_or(((least / 6.0).floor() * 6.0, 6.0));
    let (across, upright) = (Across::Time { seconds }, Upright { bottom, top: 0.0, step });
    let point =
        |gains: &[f64], i: usize| ((i as f64 + 0.5) / gains.len() as f64 * WIDTH, upright.y(gains[i]));
    let mut curves = String::new();
    for (class, _, gains) in all {
        let points = (0..gains.len()).map(|i| point(gains, i));
        curves +=
            &if *class == "master" { filled(class, 0.0, points) } else { line(class, points.map(Some)) };
    }
    let row = |(_, name, gains): &Gains<'_>| {
        let mut sorted = gains.to_vec();
        sorted.sort_by(f64::total_cmp);
        let active = gains.iter().filter(|gain| **gain < -0.1).count() as f64 / gains.len().max(1) as f64;
        vec![
            (*name).to_owned(),
            cell(Some(deepest(gains))),
            cell(sorted.get(sorted.len() / 2).copied()),
            format!("{:.0}\u{2009}%", 100.0 * active),
        ]
    };
    let head = ["", "Deepest, dB", "Median, dB", "At work"].map(str::to_owned);
    Plot {
        title,
        note: note.to_owned(),
        legend: all.iter().map(|(class, name, _)| (*class, (*name).to_owned())).collect(),
        spoken: "Gain over time; the table below has the deepest and the median".to_owned(),
        size: "low",
        across,
        upright,
        unit: "dB",
        curves,
        table: table("", "Gain reduction", &head, &all.iter().map(row).collect::<Vec<_>>()),
    }
    .html()
}

/// How alike left and right are.
pub(super) fn correlation(picture: &CorrelationPicture, seconds: f64, names: Names<'_>) -> String {
    let (across, upright) = (Across::Time { seconds }, Upright { bottom: -1.0, top: 1.0, step: 0.5 });
    let curve = |class: &str, values: &[Option<f64>]| {
        let x = |i: usize| across.x((i as f64 + 0.5) * picture.hop_s);
        line(class, values.iter().enumerate().map(|(i, v)| v.map(|v| (x(i), upright.y(v)))))
    };
    let curves = level("zero", upright.y(0.0))
        + &curve("original", &picture.before)
        + &curve("master", &picture.after);
    let places = sampled(picture.before.len());
    let times: Vec<String> = places.iter().map(|&i| clock((i as f64 + 0.5) * picture.hop_s)).collect();
    let rows = [
        (names.before, values(&picture.before, &places, 2)),
        (names.after, values(&picture.after, &places, 2)),
    ];
    Plot {
        title: "Stereo correlation",
        note: "1 is mono, 0 is wide; what stays below 0 grows quieter or vanishes in mono.".to_owned(),
        legend: names.legend(),
        spoken: "Correlation of left and right over time; the table below has the values".to_owned(),
        size: "low",
        across,
        upright,
        unit: "",
        curves,
        table: samples("Correlation of left and right", &times, &rows),
    }
    .html()
}

/// Evenly spaced places, the middle of each eighth.
fn sampled(length: usize) -> Vec<usize> {
    (0..SAMPLES).map(|i| (2 * i + 1) * length / (2 * SAMPLES)).collect()
}

fn values(curve: &[Option<f64>], places: &[usize], decimals: usize) -> Vec<String> {
    let value = |i: &usize| curve.get(*i).copied().flatten();
    places.iter().map(|i| value(i).map_or_else(|| "–".to_owned(), |v| decimal(v, decimals))).collect()
}

/// The small table under a plot: a column for each place, a row for each signal.
pub(super) fn samples(caption: &str, places: &[String], rows: &[(&str, Vec<String>)]) -> String {
    let head: Vec<String> = std::iter::once(String::new()).chain(places.iter().cloned()).collect();
    let rows: Vec<Vec<String>> = rows
        .iter()
        .map(|(name, cells)| std::iter::once((*name).to_owned()).chain(cells.iter().cloned()).collect())
        .collect();
    table("samples", caption, &head, &rows)
}
