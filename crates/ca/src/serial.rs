//! Serial numbers (RFC 5280 §4.1.2.2).

use std::fmt;

use pki::Random;
use pki::certificate::serial_hex;

/// A serial number: positive, at most 20 octets, kept as INTEGER content octets.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Serial(Vec<u8>);

impl Serial {
    /// 128 random bits. A source that gives nothing but zeros gives 1, which the store then knows already.
    #[must_use]
    pub fn random(random: Random<'_>) -> Serial {
        let mut octets = [0; 16];
        random(&mut octets);
        let skip = octets.iter().take_while(|b| **b == 0).count();
        let digits = octets.get(skip..).unwrap_or_default();
        let mut content = Vec::with_capacity(17);
        match digits.first() {
            None => content.push(1),
            Some(first) if first & 0x80 != 0 => content.push(0),
            Some(_) => {}
        }
        content.extend_from_slice(digits);
        Serial(content)
    }

    /// From INTEGER content octets; nothing unless they are DER, positive and at most 20 octets.
    #[must_use]
    pub fn from_content(content: &[u8]) -> Option<Serial> {
        is_sound(content).then(|| Serial(content.to_vec()))
    }

    /// The INTEGER's content octets, a leading zero where the sign needs it.
    #[must_use]
    pub fn content(&self) -> &[u8] {
        &self.0
    }
}

/// Positive, minimal, at most 20 octets.
pub(crate) fn is_sound(content: &[u8]) -> bool {
    match content {
        [] | [0] => false,
        [0, second, ..] if second & 0x80 == 0 => false,
        [first, ..] => first & 0x80 == 0 && content.len() <= 20,
    }
}

impl fmt::Display for Serial {
    /// Lower-case hexadecimal without the sign octet.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&serial_hex(&self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_source_gives_a_sound_serial(octets: [u8; 16]) {
            let serial = Serial::random(&mut |out: &mut [u8]| out.copy_from_slice(&octets));
            prop_assert_eq!(Serial::from_content(serial.content()), Some(serial.clone()));
            let value = u128::from_be_bytes(octets).max(1);
            prop_assert_eq!(u128::from_str_radix(&serial.to_string(), 16), Ok(value));
        }
    }

    #[test]
    fn a_source_of_zeros_gives_one_and_unsound_octets_give_none() {
        assert_eq!(Serial::random(&mut |_: &mut [u8]| {}).content(), [1]);
        let long = [1; 21];
        for bad in [&[][..], &[0], &[0, 1], &[0x80], &[0xff, 1], &long] {
            assert_eq!(Serial::from_content(bad), None, "{bad:?}");
        }
        assert!(Serial::from_content(&[0, 0x80]).is_some() && Serial::from_content(&[1; 20]).is_some());
    }
}
