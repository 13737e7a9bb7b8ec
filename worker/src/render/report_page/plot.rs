//! One plot: curves as inline SVG that stretches with the page, and an axis of plain text around it that does not.

use domain::report::number;

use super::markup::{clock, hertz};

/// The drawing's own units: whole numbers, so that paths stay short.
pub(super) const WIDTH: f64 = 2000.0;
/// Upright.
pub(super) const HEIGHT: f64 = 1000.0;

/// A mark on an axis: where, from 0 to 1, and its label. Every second one may go on a narrow screen.
pub(super) struct Tick {
    place: f64,
    label: String,
    is_spare: bool,
}

/// A linear axis from bottom to top.
#[derive(Clone, Copy)]
pub(super) struct Upright {
    pub(super) bottom: f64,
    pub(super) top: f64,
    pub(super) step: f64,
}

impl Upright {
    /// The drawing's coordinate of a value; what is beyond an end is drawn at the end.
    pub(super) fn y(&self, value: f64) -> f64 {
        (self.top - value.clamp(self.bottom, self.top)) / (self.top - self.bottom) * HEIGHT
    }

    fn ticks(&self) -> Vec<Tick> {
        let count = ((self.top - self.bottom) / self.step + 1e-9) as usize;
        let decimals = usize::from(self.step.fract() != 0.0);
        let tick = |index: usize| {
            let value = self.bottom + index as f64 * self.step;
            let label = number::decimal(value, decimals);
            Tick { place: self.y(value) / HEIGHT, label, is_spare: false }
        };
        (0..=count).map(tick).collect()
    }
}

/// The other axis.
#[derive(Clone, Copy)]
pub(super) enum Across {
    /// A song of so many seconds.
    Time { seconds: f64 },
    /// 20 Hz to 20 kHz, each octave as wide as the next.
    Frequency,
}

impl Across {
    /// From 0 to 1.
    fn place(self, value: f64) -> f64 {
        match self {
            Self::Time { seconds } => value / seconds.max(1e-9),
            Self::Frequency => (value / 20.0).ln() / 1000f64.ln(),
        }
    }

    /// The drawing's coordinate of a time or a frequency.
    pub(super) fn x(self, value: f64) -> f64 {
        self.place(value).clamp(0.0, 1.0) * WIDTH
    }

    fn ticks(self) -> Vec<Tick> {
        match self {
            Self::Time { seconds } => {
                const STEPS_S: [f64; 12] =
                    [1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1200.0, 1800.0];
                let step = STEPS_S.into_iter().find(|step| seconds / step <= 10.0).unwrap_or(3600.0);
                let tick = |index: usize| {
                    let time = index as f64 * step;
                    Tick { place: self.place(time), label: clock(time), is_spare: index % 2 == 1 }
                };
                (0..=(seconds / step) as usize).map(tick).collect()
            }
            Self::Frequency => [20.0, 50.0, 100.0, 200.0, 500.0, 1e3, 2e3, 5e3, 1e4, 2e4]
                .into_iter()
                .map(|value| {
                    let is_spare = !matches!(value as u32, 20 | 100 | 1_000 | 10_000);
                    Tick { place: self.place(value), label: hertz(value), is_spare }
                })
                .collect(),
        }
    }
}

/// A plot, ready to be written.
pub(super) struct Plot {
    /// Heading.
    pub(super) title: &'static str,
    /// One sentence on how to read it; markup.
    pub(super) note: String,
    /// Class of each curve and what it is; markup.
    pub(super) legend: Vec<(&'static str, String)>,
    /// What someone hears who cannot see it; plain words of ours.
    pub(super) spoken: String,
    /// `low`, `middle` or `tall`.
    pub(super) size: &'static str,
    pub(super) across: Across,
    pub(super) upright: Upright,
    pub(super) unit: &'static str,
    /// The curves, as SVG.
    pub(super) curves: String,
    /// The table under it.
    pub(super) table: String,
}

impl Plot {
    pub(super) fn html(&self) -> String {
        let rows = self.upright.ticks();
        self.with_rows(&rows)
    }

    /// With marks of its own at the side: places from 0 (top) to 1, and labels.
    pub(super) fn html_marked(&self, marks: &[(f64, String)]) -> String {
        let tick =
            |(place, label): &(f64, String)| Tick { place: *place, label: label.clone(), is_spare: false };
        self.with_rows(&marks.iter().map(tick).collect::<Vec<_>>())
    }

    fn with_rows(&self, rows: &[Tick]) -> String {
        let columns = self.across.ticks();
        let mut grid = String::new();
        for tick in rows {
            let y = (tick.place * HEIGHT).round();
            grid += &format!("<path class=\"grid\" d=\"M0 {y}H{WIDTH}\"/>");
        }
        for tick in &columns {
            let x = (tick.place * WIDTH).round();
            grid += &format!("<path class=\"grid\" d=\"M{x} 0V{HEIGHT}\"/>");
        }
        let mut labels = String::new();
        for tick in rows {
            labels +=
                &format!("<span class=\"y\" style=\"top:{:.2}%\">{}</span>", 100.0 * tick.place, tick.label);
        }
        for tick in &columns {
            let class = if tick.is_spare { "x alt" } else { "x" };
            labels += &format!(
                "<span class=\"{class}\" style=\"left:{:.2}%\">{}</span>",
                100.0 * tick.place,
                tick.label
            );
        }
        let legend: String =
            self.legend.iter().map(|(class, what)| format!("<li class=\"{class}\">{what}</li>")).collect();
        format!(
            "<figure>\n<figcaption><h3>{}{}</h3><ul class=\"legend\">{legend}</ul><p>{}</p></figcaption>\n\
             <div class=\"area {}\" role=\"img\" aria-label=\"{}\">\n\
             <svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" preserveAspectRatio=\"none\" aria-hidden=\"true\">{grid}{}</svg>\n\
             <div aria-hidden=\"true\">{labels}</div>\n</div>\n{}</figure>\n",
            self.title,
            if self.unit.is_empty() { String::new() } else { format!(" <span>{}</span>", self.unit) },
            self.note,
            self.size,
            self.spoken,
            self.curves,
            self.table
        )
    }
}

/// A line through points; where one is missing it is interrupted.
pub(super) fn line(class: &str, points: impl Iterator<Item = Option<(f64, f64)>>) -> String {
    let mut path = String::new();
    let mut is_down = false;
    for point in points {
        match point {
            Some((x, y)) => {
                path += &format!("{}{} {}", if is_down { 'L' } else { 'M' }, x.round(), y.round());
                is_down = true;
            }
            None => is_down = false,
        }
    }
    format!("<path class=\"line {class}\" d=\"{path}\"/>")
}

/// The area between a level and points.
pub(super) fn filled(class: &str, level: f64, points: impl Iterator<Item = (f64, f64)>) -> String {
    let mut path = String::new();
    let mut last = 0.0;
    for (x, y) in points {
        if path.is_empty() {
            path = format!("M{} {}", x.round(), level.round());
        }
        path += &format!("L{} {}", x.round(), y.round());
        last = x;
    }
    format!("<path class=\"fill {class}\" d=\"{path}L{} {}Z\"/>", f64::round(last), level.round())
}

/// The area between two lines.
pub(super) fn band(class: &str, upper: &[(f64, f64)], lower: &[(f64, f64)]) -> String {
    let mut path = String::new();
    for (index, (x, y)) in upper.iter().chain(lower.iter().rev()).enumerate() {
        path += &format!("{}{} {}", if index == 0 { 'M' } else { 'L' }, x.round(), y.round());
    }
    format!("<path class=\"fill {class}\" d=\"{path}Z\"/>")
}

/// A level across the whole plot.
pub(super) fn level(class: &str, y: f64) -> String {
    format!("<path class=\"line {class}\" d=\"M0 {}H{WIDTH}\"/>", y.round())
}
