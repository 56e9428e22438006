//! Octets to text, piece by piece.
//!
//! Logs come in UTF-8, UTF-16 with or without a mark, and in the machine's ANSI code page. The code page is not written
//! anywhere; octets that are not UTF-8 are read as windows-1252, one by one, so that a file that mixes both (a paste,
//! an appended log) is read as far as possible.

use encoding_rs::{CoderResult, Decoder, UTF_16BE, UTF_16LE, WINDOWS_1252};

/// Turns chunks of octets into text without keeping more than one incomplete character.
pub(crate) struct TextDecoder {
    state: State,
    /// An incomplete UTF-8 sequence at the end of the last chunk.
    carried: Vec<u8>,
    ansi_seen: u64,
    lost: u64,
}

enum State {
    Utf8,
    Utf16(Box<Decoder>, &'static str),
}

/// What the first octets of a file say about its text encoding.
pub(crate) fn is_utf16(first: &[u8]) -> Option<&'static encoding_rs::Encoding> {
    match first {
        [0xff, 0xfe, ..] => return Some(UTF_16LE),
        [0xfe, 0xff, ..] => return Some(UTF_16BE),
        _ => {}
    }
    let pairs = first.chunks_exact(2).take(64);
    let (mut little, mut big, mut all) = (0, 0, 0);
    for pair in pairs {
        all += 1;
        match pair {
            [low, 0] if *low != 0 => little += 1,
            [0, low] if *low != 0 => big += 1,
            _ => {}
        }
    }
    if all >= 4 && little * 4 > all * 3 {
        Some(UTF_16LE)
    } else if all >= 4 && big * 4 > all * 3 {
        Some(UTF_16BE)
    } else {
        None
    }
}

impl TextDecoder {
    /// For a file that begins with these octets (they still have to be fed).
    pub(crate) fn for_start(first: &[u8]) -> TextDecoder {
        let state = match is_utf16(first) {
            Some(encoding) => State::Utf16(Box::new(encoding.new_decoder_with_bom_removal()), encoding.name()),
            None => State::Utf8,
        };
        TextDecoder { state, carried: Vec::new(), ansi_seen: 0, lost: 0 }
    }

    /// The encoding as it turned out so far.
    pub(crate) fn name(&self) -> &'static str {
        match &self.state {
            State::Utf16(_, name) => name,
            State::Utf8 if self.ansi_seen > 0 => WINDOWS_1252.name(),
            State::Utf8 => encoding_rs::UTF_8.name(),
        }
    }

    /// Chunks with characters that could not be told.
    pub(crate) fn lost(&self) -> u64 {
        self.lost
    }

    /// Decodes a chunk and appends the text.
    pub(crate) fn feed(&mut self, chunk: &[u8], out: &mut String) {
        match &mut self.state {
            State::Utf16(decoder, _) => self.lost += utf16(decoder, chunk, out, false),
            State::Utf8 => {
                if self.carried.is_empty() {
                    self.utf8(chunk, out);
                } else {
                    let mut joined = std::mem::take(&mut self.carried);
                    joined.extend_from_slice(chunk);
                    self.utf8(&joined, out);
                }
            }
        }
    }

    /// Appends what an incomplete end still yields.
    pub(crate) fn finish(&mut self, out: &mut String) {
        match &mut self.state {
            State::Utf16(decoder, _) => self.lost += utf16(decoder, &[], out, true),
            State::Utf8 => {
                let rest = std::mem::take(&mut self.carried);
                for octet in rest {
                    self.ansi(octet, out);
                }
            }
        }
    }

    fn utf8(&mut self, mut octets: &[u8], out: &mut String) {
        loop {
            let error = match std::str::from_utf8(octets) {
                Ok(text) => return out.push_str(text.strip_prefix('\u{feff}').unwrap_or(text)),
                Err(error) => error,
            };
            let (good, bad) = octets.split_at_checked(error.valid_up_to()).unwrap_or((octets, &[]));
            if let Ok(text) = std::str::from_utf8(good) {
                out.push_str(text.strip_prefix('\u{feff}').unwrap_or(text));
            }
            if error.error_len().is_none() {
                self.carried = bad.to_vec();
                return;
            }
            let Some((first, rest)) = bad.split_first() else { return };
            self.ansi(*first, out);
            octets = rest;
        }
    }

    fn ansi(&mut self, octet: u8, out: &mut String) {
        self.ansi_seen += 1;
        let (text, _) = WINDOWS_1252.decode_without_bom_handling(std::slice::from_ref(&octet));
        out.push_str(&text);
    }
}

fn utf16(decoder: &mut Decoder, mut chunk: &[u8], out: &mut String, last: bool) -> u64 {
    let mut lost = 0;
    loop {
        out.reserve(decoder.max_utf8_buffer_length(chunk.len()).unwrap_or(chunk.len() * 3 + 16));
        let (result, read, replaced) = decoder.decode_to_string(chunk, out, last);
        lost += u64::from(replaced);
        chunk = chunk.get(read..).unwrap_or_default();
        if result == CoderResult::InputEmpty {
            return lost;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(octets: &[u8], step: usize) -> (String, &'static str) {
        let mut decoder = TextDecoder::for_start(octets);
        let mut out = String::new();
        for chunk in octets.chunks(step.max(1)) {
            decoder.feed(chunk, &mut out);
        }
        decoder.finish(&mut out);
        (out, decoder.name())
    }

    #[test]
    fn every_split_gives_the_same_text() {
        let utf16: Vec<u8> = "\u{feff}Prüfung „ok“ 𝄞".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let samples: [(&[u8], &str, &str); 4] = [
            ("Prüfung „ok“ 𝄞".as_bytes(), "Prüfung „ok“ 𝄞", "UTF-8"),
            (b"Pr\xfcfung \x84ok\x93", "Prüfung „ok“", "windows-1252"),
            (&utf16, "Prüfung „ok“ 𝄞", "UTF-16LE"),
            (b"\xef\xbb\xbfplain", "plain", "UTF-8"),
        ];
        for (octets, text, name) in samples {
            for step in 1..octets.len() + 1 {
                let (got, encoding) = decode(octets, step);
                assert_eq!((got.as_str(), encoding), (text, name), "chunks of {step}");
            }
        }
    }

    #[test]
    fn utf16_is_told_without_its_mark() {
        let octets: Vec<u8> = "Windows Registry".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(decode(&octets, 7), ("Windows Registry".to_owned(), "UTF-16LE"));
        assert!(is_utf16(&[0; 400]).is_none());
    }
}
