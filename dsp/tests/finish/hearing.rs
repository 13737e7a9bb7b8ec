//! Two descriptions of the threshold of hearing, each good for judging what the other was used to design.

/// Terhardt's formula ("Calculating virtual pitch", Hearing Research 1, 1979), in dB SPL.
pub fn threshold_by_formula(frequency_hz: f64) -> f64 {
    let khz = frequency_hz.max(20.0) / 1000.0;
    let resonance = -6.5 * (-0.6 * (khz - 3.3).powi(2)).exp();
    (3.64 * khz.powf(-0.8) + resonance + 1e-3 * khz.powi(4)).min(150.0)
}

/// At the octaves and a few places more, by ISO 226:2003 and ISO 389-7, straight lines over frequency between.
pub fn threshold_by_table(frequency_hz: f64) -> f64 {
    const TABLE: [(f64, f64); 15] = [
        (0.0, 90.0),
        (31.5, 59.5),
        (63.0, 37.5),
        (125.0, 22.1),
        (250.0, 11.4),
        (500.0, 4.4),
        (1_000.0, 2.4),
        (2_000.0, -1.3),
        (3_150.0, -6.0),
        (4_000.0, -5.4),
        (8_000.0, 12.6),
        (12_500.0, 12.3),
        (16_000.0, 40.2),
        (18_000.0, 70.4),
        (20_000.0, 100.0),
    ];
    let above = TABLE.partition_point(|(hz, _)| *hz <= frequency_hz);
    if above == TABLE.len() {
        return 100.0;
    }
    let ((low_hz, low), (high_hz, high)) = (TABLE[above - 1], TABLE[above]);
    low + (frequency_hz - low_hz) / (high_hz - low_hz) * (high - low)
}

/// The power of a spectrum (from 0 to the Nyquist frequency) as the ear weighs it, against that of a flat one of 1
/// in each bin, in dB.
pub fn weighted_db(spectrum: &[f64], rate_hz: f64, threshold: fn(f64) -> f64) -> f64 {
    let (mut sum, mut flat) = (0.0, 0.0);
    for (bin, power) in spectrum.iter().enumerate() {
        let hz = (bin as f64 + 0.5) / spectrum.len() as f64 * rate_hz / 2.0;
        let weight = 10f64.powf(-threshold(hz) / 10.0);
        sum += weight * power;
        flat += weight;
    }
    10.0 * (sum / flat).log10()
}
