//! A coded frame is given its place in the stream: its number, its rate, and the checksums over both.

use dsp::units::SampleRate;

/// The rate that frames are coded with before they get their own: it takes no extra bytes.
pub(crate) const PROVISIONAL_HERTZ: u32 = 44_100;

/// `frame` as coded at the start of a stream of [`PROVISIONAL_HERTZ`], with its own number and rate (RFC 9639, 9.1).
pub(crate) fn renumbered(frame: &[u8], number: u64, rate: SampleRate) -> Vec<u8> {
    // Sync and strategy (2 bytes), sizes (1), channels and bits (1), the number (1: it is below 128), and the
    // block size where its code says that it follows.
    let size_bytes = match frame[2] >> 4 {
        6 => 1,
        7 => 2,
        _ => 0,
    };
    let (header, rest) = frame.split_at(5 + size_bytes);
    let body = &rest[1..rest.len() - 2];
    let mut place = Vec::with_capacity(frame.len() + 6);
    place.extend([header[0], header[1], header[2] & 0xf0 | rate_code(rate), header[3]]);
    put_number(&mut place, number);
    place.extend(&header[5..]);
    place.push(crc8(&place));
    place.extend(body);
    place.extend(crc16(&place).to_be_bytes());
    place
}

/// RFC 9639, table 15; 0 stands for the rate in the stream's header.
fn rate_code(rate: SampleRate) -> u8 {
    match rate.hertz() {
        88_200 => 1,
        176_400 => 2,
        192_000 => 3,
        8_000 => 4,
        16_000 => 5,
        22_050 => 6,
        24_000 => 7,
        32_000 => 8,
        44_100 => 9,
        48_000 => 10,
        96_000 => 11,
        _ => 0,
    }
}

/// Numbers are written as UTF-8 writes characters, but up to 36 bits (RFC 9639, 9.1.5).
fn put_number(bytes: &mut Vec<u8>, number: u64) {
    if number < 0x80 {
        bytes.push(number as u8);
        return;
    }
    // So many six-bit groups follow a first byte that has as many bits less than seven.
    let mut following = 1;
    while number >> (6 * following) >= 1 << (6 - following) {
        following += 1;
    }
    let first = (0xff00u16 >> (following + 1)) as u8;
    bytes.push(first | (number >> (6 * following)) as u8);
    for group in (0..following).rev() {
        bytes.push(0x80 | (number >> (6 * group)) as u8 & 0x3f);
    }
}

/// x^8 + x^2 + x + 1, over the header.
fn crc8(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0, |crc, byte| CRC8[usize::from(crc ^ byte)])
}

/// x^16 + x^15 + x^2 + 1, over the frame.
fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |crc, byte| crc << 8 ^ CRC16[usize::from((crc >> 8) as u8 ^ byte)])
}

const CRC8: [u8; 256] = {
    let mut table = [0; 256];
    let mut index = 0;
    while index < 256 {
        let mut crc = index as u8;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 0x80 != 0 { crc << 1 ^ 0x07 } else { crc << 1 };
            bit += 1;
        }
        table[index] = crc;
        index += 1;
    }
    table
};

const CRC16: [u16; 256] = {
    let mut table = [0; 256];
    let mut index = 0;
    while index < 256 {
        let mut crc = (index as u16) << 8;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 0x8000 != 0 { crc << 1 ^ 0x8005 } else { crc << 1 };
            bit += 1;
        }
        table[index] = crc;
        index += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use super::*;

    fn number(number: u64) -> Vec<u8> {
        let mut bytes = Vec::new();
        put_number(&mut bytes, number);
        bytes
    }

    #[test]
    fn numbers_are_written_as_utf8_writes_characters() {
        for character in
            ['\0', 'A', '\u{7f}', '\u{80}', '\u{7ff}', '\u{800}', '\u{ffff}', '\u{10000}', '\u{10ffff}']
        {
            assert_eq!(number(u64::from(u32::from(character))), character.to_string().as_bytes());
        }
        assert_eq!(number((1 << 36) - 1), [0xfe, 0xbf, 0xbf, 0xbf, 0xbf, 0xbf, 0xbf]);
    }

    #[test]
    fn checksums_are_those_of_the_catalogue() {
        // Check values of CRC-8/SMBUS and CRC-16/UMTS.
        assert_eq!(crc8(b"123456789"), 0xf4);
        assert_eq!(crc16(b"123456789"), 0xfee8);
    }
}
