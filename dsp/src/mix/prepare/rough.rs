//! Stems that are a mix of the others.

use rayon::prelude::*;

use super::Prepared;
use super::archive::dot;
use super::heard::Heard;
use crate::mix::Stem;
use crate::mix::finding::StemFinding;
use crate::mix::plan::Part;
use crate::mix::role::{Role, of_name};

/// Leaves out what is a rough mix: by its name, or since gains exist, none of them negative, with which the others add
/// up to it.
///
/// The gains are fitted because faders of a rough mix are not those of the stems as they came. A share of 0.64 of its
/// energy is a correlation of 0.8 with that sum. It must hold nearly all the others, or it would be the sum of a group,
/// or one of two microphones before the same drum.
pub(super) fn leave_out(stems: &[&Stem<'_>], heard: &[Heard], prepared: &mut [Prepared]) {
    const STEMS_MIN: usize = 4;
    const SHARE: f64 = 0.64;
    /// For a stem that is called an instrument.
    const SHARE_NAMED: f64 = 0.95;
    let named = |index: usize| prepared[index].role == Role::RoughMix;
    let members: Vec<usize> = (0..stems.len()).filter(|i| prepared[*i].part == Part::Plays).collect();
    let mut found: Vec<usize> = members.iter().copied().filter(|index| named(*index)).collect();
    let heard: Vec<&Heard> = members.iter().map(|index| &heard[*index]).collect();
    if members.len() >= STEMS_MIN {
        let products = products(&heard);
        for (place, index) in members.iter().enumerate() {
            let others: Vec<usize> =
                (0..members.len()).filter(|other| *other != place && !named(members[*other])).collect();
            let least = match is_instrument(stems[*index]) {
                None => continue,
                Some(true) => SHARE_NAMED,
                Some(false) => SHARE,
            };
            if !found.contains(index) && others.len() + 1 >= STEMS_MIN {
                let fit = Fit::of(place, &others, &products);
                if fit.share > least && fit.is_broad(others.len()) {
                    found.push(*index);
                }
            }
        }
    }
    for index in found {
        prepared[index].part = Part::LeftOut;
        prepared[index].findings.push(StemFinding::RoughMix);
    }
}

/// Whether its name says that it is an instrument; none if the user said so.
fn is_instrument(stem: &Stem<'_>) -> Option<bool> {
    const PLAIN: f64 = 6.0;
    if stem.wish.role.is_some() {
        return None;
    }
    let odds = of_name(&stem.name).odds;
    let is_named = |role: &Role| {
        !matches!(role, Role::RoughMix | Role::Other | Role::Drums) && odds[*role as usize] >= PLAIN
    };
    Some(Role::ALL.iter().any(is_named))
}

/// Products of all pairs of archives, with treble raised so that bass does not decide alone.
fn products(heard: &[&Heard]) -> Vec<Vec<f64>> {
    /// Multiplications at most: of more, every so many-th span is taken.
    const WORK_MAX: usize = 1_500_000_000;
    const SPAN: usize = 1 << 12;
    let longest = heard.iter().map(|heard| heard.archive.samples.len()).max().unwrap_or(0);
    let pairs = heard.len() * (heard.len() + 1) / 2;
    let every = (longest * pairs).div_ceil(WORK_MAX).max(1);
    let starts: Vec<usize> = (0..longest).step_by(SPAN * every).collect();
    let of_spans: Vec<Vec<f64>> = starts
        .into_par_iter()
        .map(|start| {
            let raised: Vec<Vec<f32>> = heard
                .iter()
                .map(|heard| {
                    let samples = &heard.archive.samples;
                    let span = &samples[start.min(samples.len())..(start + SPAN).min(samples.len())];
                    span.windows(2).map(|pair| pair[1] - 0.9 * pair[0]).collect()
                })
                .collect();
            let product = |(a, b): (usize, usize)| {
                let shared = raised[a].len().min(raised[b].len());
                f64::from(dot(&raised[a][..shared], &raised[b][..shared]))
            };
            all_pairs(heard.len()).map(product).collect()
        })
        .collect();
    let mut products = vec![vec![0.0; heard.len()]; heard.len()];
    for (place, (a, b)) in all_pairs(heard.len()).enumerate() {
        let sum = of_spans.iter().map(|products| products[place]).sum();
        products[a][b] = sum;
        products[b][a] = sum;
    }
    products
}

fn all_pairs(count: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..count).flat_map(|a| (0..=a).map(move |b| (a, b)))
}

/// How well gains of others make one stem.
struct Fit {
    /// Share of its energy that they explain.
    share: f64,
    /// Energy of each other stem in it, relative to its own.
    energies: Vec<f64>,
}

impl Fit {
    /// Least squares over gains of 0 or more, by coordinate descent.
    fn of(place: usize, others: &[usize], products: &[Vec<f64>]) -> Self {
        const ROUNDS: usize = 200;
        let own = products[place][place].max(1e-30);
        let mut gains = vec![0.0f64; others.len()];
        for _ in 0..ROUNDS {
            for (at, other) in others.iter().enumerate() {
                let energy = products[*other][*other];
                let explained: f64 =
                    others.iter().zip(&gains).map(|(other_, gain)| gain * products[*other][*other_]).sum();
                let rest = products[*other][place] - explained + gains[at] * energy;
                gains[at] = if energy > 1e-12 { (rest / energy).max(0.0) } else { 0.0 };
            }
        }
        let linear: f64 = others.iter().zip(&gains).map(|(other, gain)| gain * products[*other][place]).sum();
        let energies: Vec<f64> = others
            .iter()
            .zip(&gains)
            .map(|(other, gain)| gain * gain * products[*other][*other] / own)
            .collect();
        // At the minimum the products with what is left are 0, so the linear term is what is explained.
        Self { share: linear / own, energies }
    }

    /// Whether most of the others are in it and none is nearly all of it.
    fn is_broad(&self, others: usize) -> bool {
        const LEAST: f64 = 1e-5;
        const MOST_OF_IT: f64 = 0.9;
        let within = self.energies.iter().filter(|energy| **energy > LEAST).count();
        let largest = self.energies.iter().copied().fold(0.0, f64::max);
        within >= 3 && within as f64 >= 0.6 * others as f64 && largest < MOST_OF_IT * self.share
    }
}
