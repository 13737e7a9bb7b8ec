//! Stems that are another stem: the same samples, or so nearly the same that both together are one, louder.

use super::Prepared;
use super::archive::dot;
use super::heard::Heard;
use crate::mix::Stem;
use crate::mix::finding::StemFinding;
use crate::mix::plan::Part;
use crate::mix::reel::{Reel, ReelError};

/// Correlation of samples, at any gain and polarity, from which two stems are one.
const SAME: f64 = 0.99;

/// Of stems that are the same one plays: the one whose name is shortest, as copies are called by longer ones, unless
/// the user wants another of them to play. Stems that the user muted are no one's original.
pub(super) fn leave_out(stems: &[&Stem<'_>], heard: &[Heard], prepared: &mut [Prepared]) {
    let counts = |index: &usize| {
        let wished = stems[*index].wish.part;
        prepared[*index].part == Part::Plays && wished.is_none_or(|part| part == Part::Plays)
    };
    let mut order: Vec<usize> = (0..stems.len()).filter(counts).collect();
    order.sort_by_key(|index| {
        let stem = stems[*index];
        (stem.wish.part != Some(Part::Plays), stem.name.chars().count(), &stem.name)
    });
    let mut originals: Vec<usize> = Vec::new();
    for index in order {
        let is_same = |original: &&usize| {
            let starts = prepared[**original].starts_after_frames == prepared[index].starts_after_frames;
            starts && are_same((stems[**original], &heard[**original]), (stems[index], &heard[index]))
        };
        let original = originals.iter().find(is_same).copied();
        match original.filter(|_| stems[index].wish.part != Some(Part::Plays)) {
            Some(original) => {
                prepared[index].part = Part::LeftOut;
                prepared[index].findings.push(StemFinding::CopyOf { other: stems[original].name.clone() });
            }
            None => originals.push(index),
        }
    }
}

fn are_same(one: (&Stem<'_>, &Heard), other: (&Stem<'_>, &Heard)) -> bool {
    if one.1.condition.digest == other.1.condition.digest {
        return true;
    }
    let (a, b) = (&one.1.archive.samples, &other.1.archive.samples);
    let shared = a.len().min(b.len());
    let energy = |samples: &[f32]| f64::from(dot(samples, samples));
    let product = f64::from(dot(&a[..shared], &b[..shared]));
    let is_near = product.abs() > SAME * (energy(a) * energy(b)).sqrt() && product != 0.0;
    // Below 2.5 kHz they are the same; so they must be above it too. A stem that cannot be read again is no copy.
    is_near && correlation(one.0.reel, other.0.reel).is_ok_and(|correlation| correlation.abs() > SAME)
}

/// Correlation of differences of neighbouring samples, which weighs treble as much as bass, over both channels; one
/// channel stands for both.
fn correlation(one: &dyn Reel, other: &dyn Reel) -> Result<f64, ReelError> {
    const PIECE: usize = 1 << 16;
    let frames = one.frames().min(other.frames());
    let channels = one.layout().count().max(other.layout().count()).min(2);
    let mut pieces = [vec![0.0f32; PIECE], vec![0.0f32; PIECE]];
    let (mut product, mut of_one, mut of_other) = (0.0f64, 0.0f64, 0.0f64);
    for channel in 0..channels {
        for from in (0..frames).step_by(PIECE) {
            let count = PIECE.min(frames - from);
            let [a, b] = &mut pieces;
            one.read(channel.min(one.layout().count() - 1), from, &mut a[..count])?;
            other.read(channel.min(other.layout().count() - 1), from, &mut b[..count])?;
            for (a, b) in a[..count].windows(2).zip(b[..count].windows(2)) {
                let (a, b) = (f64::from(a[1] - a[0]), f64::from(b[1] - b[0]));
                if a.is_finite() && b.is_finite() {
                    product += a * b;
                    of_one += a * a;
                    of_other += b * b;
                }
            }
        }
    }
    Ok(product / (of_one * of_other).sqrt().max(1e-30))
}
