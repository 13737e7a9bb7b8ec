//! Songs made here: loud enough that a master has something to do, never the same twice in one second.

use std::path::Path;

use hound::{SampleFormat, WavSpec, WavWriter};

/// Music-like stereo: a beat, a bass, two voices and air, from quiet to loud. Full scale ±1.0.
pub fn stereo(seconds: f64, rate: u32) -> [Vec<f32>; 2] {
    let frames = (seconds * f64::from(rate)) as usize;
    let mut noise = Noise(0x2545_f491_4f6c_dd1d);
    let mut channels = [Vec::with_capacity(frames), Vec::with_capacity(frames)];
    for n in 0..frames {
        let t = n as f64 / f64::from(rate);
        let tone = |hertz: f64| (std::f64::consts::TAU * hertz * t).sin();
        let swell = 0.35 + 0.65 * (0.5 - 0.5 * (std::f64::consts::TAU * t / 9.0).cos());
        let since_beat = t % 0.5;
        let beat = 0.55 * (-since_beat * 30.0).exp() * (std::f64::consts::TAU * 60.0 * since_beat).sin();
        let bass = 0.18 * tone(55.0 * (1.0 + (t / 4.0).floor() % 3.0 / 4.0));
        let (left, right) = (0.12 * tone(440.0) * swell, 0.12 * tone(554.37) * swell);
        let snare = if t % 1.0 > 0.5 { (-(t % 0.5) * 25.0).exp() * 0.3 } else { 0.0 };
        for (channel, voice) in channels.iter_mut().zip([left, right]) {
            let air = noise.next() * (0.02 + snare);
            channel.push(((beat + bass + voice + air) * 0.8) as f32);
        }
    }
    channels
}

/// Writes 24-bit WAV by another writer than ours.
pub fn write_wav24(path: &Path, channels: &[Vec<f32>; 2], rate: u32) {
    let spec =
        WavSpec { channels: 2, sample_rate: rate, bits_per_sample: 24, sample_format: SampleFormat::Int };
    let mut writer = WavWriter::create(path, spec).expect("a writable folder");
    for (left, right) in channels[0].iter().zip(&channels[1]) {
        for sample in [left, right] {
            writer
                .write_sample((f64::from(*sample) * 8_388_608.0).round() as i32)
                .expect("space on the disk");
        }
    }
    writer.finalize().expect("space on the disk");
}

/// A song of so many seconds in a new file.
pub fn wav24(path: &Path, seconds: f64) {
    write_wav24(path, &stereo(seconds, 44_100), 44_100);
}

/// xorshift64*, Vigna 2016: repeatable noise, -1 to 1.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> f64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 11) as f64 / (1u64 << 52) as f64 - 1.0
    }
}
