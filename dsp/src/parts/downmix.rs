//! More than two channels to left and right.

use crate::audio::{Audio, Channel, Layout};
use crate::units::SampleRate;

/// Left and right of a surround layout: centre and surrounds at −3 dB, without the low-frequency effects (ITU-R
/// BS.775-3, table 2). None for one or two channels, which need none, and for channels without a known place.
#[must_use]
pub fn to_stereo(audio: &Audio) -> Option<Audio> {
    let channels = audio.layout().channels();
    if channels.len() <= 2 || channels.contains(&Channel::Other) {
        return None;
    }
    let rate: SampleRate = audio.rate();
    let mut stereo = Audio::silence(rate, Layout::stereo(), audio.frames());
    for (index, channel) in channels.iter().enumerate() {
        for (side, gain) in gains(*channel).into_iter().enumerate() {
            if gain != 0.0 {
                let out = stereo.channel_mut(side).iter_mut();
                out.zip(audio.channel(index)).for_each(|(out, sample)| *out += gain * sample);
            }
        }
    }
    Some(stereo)
}

/// What of a channel goes left, and right.
const fn gains(channel: Channel) -> [f32; 2] {
    const HALF: f32 = std::f32::consts::FRAC_1_SQRT_2;
    match channel {
        Channel::Left => [1.0, 0.0],
        Channel::Right => [0.0, 1.0],
        Channel::Mono | Channel::Centre => [HALF, HALF],
        Channel::LeftSurround => [HALF, 0.0],
        Channel::RightSurround => [0.0, HALF],
        Channel::Lfe | Channel::Other => [0.0, 0.0],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::Samples;

    #[test]
    fn each_channel_of_a_surround_file_goes_where_it_is_heard() {
        let one = |index: usize| {
            let channel = |other: usize| Samples::copied(&[if other == index { 1.0 } else { 0.0 }]);
            let audio = Audio::from_channels(SampleRate::literal(48_000), (0..6).map(channel).collect());
            let stereo = to_stereo(&audio).unwrap();
            [stereo.channel(0)[0], stereo.channel(1)[0]]
        };
        let half = std::f32::consts::FRAC_1_SQRT_2;
        let expected = [[1.0, 0.0], [0.0, 1.0], [half, half], [0.0, 0.0], [half, 0.0], [0.0, half]];
        assert_eq!([0, 1, 2, 3, 4, 5].map(one), expected);
        for channels in [1, 2, 3] {
            let audio = Audio::silence(SampleRate::literal(48_000), Layout::usual(channels), 4);
            assert_eq!(to_stereo(&audio), None, "{channels}");
        }
    }
}
