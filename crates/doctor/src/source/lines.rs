//! Text cut into lines, numbered, with a limit.

/// Cuts text that comes in pieces into lines.
#[derive(Default)]
pub(crate) struct Lines {
    partial: String,
    number: u64,
    skipping: Skipping,
}

#[derive(Default, PartialEq, Clone, Copy)]
enum Skipping {
    #[default]
    No,
    Yes,
}

/// One line, or word that one was left out.
pub(crate) enum Line<'a> {
    /// Number from 1, and text without its end.
    Text(u64, &'a str),
    /// This line was longer than the limit.
    TooLong,
}

impl Lines {
    /// Cuts a piece; `each` gets every line that ends in it.
    pub(crate) fn feed(&mut self, piece: &str, limit: usize, mut each: impl FnMut(Line<'_>)) {
        let mut rest = piece;
        while let Some(at) = memchr::memchr(b'\n', rest.as_bytes()) {
            let (head, tail) = rest.split_at_checked(at).unwrap_or((rest, ""));
            self.number += 1;
            if self.skipping == Skipping::Yes {
                self.skipping = Skipping::No;
            } else if self.partial.is_empty() {
                each(self.line(head, limit));
            } else {
                let mut whole = std::mem::take(&mut self.partial);
                whole.push_str(head);
                each(self.line(&whole, limit));
                whole.clear();
                self.partial = whole;
            }
            rest = tail.get(1..).unwrap_or_default();
        }
        if self.skipping == Skipping::Yes {
            return;
        }
        self.partial.push_str(rest);
        if self.partial.len() > limit {
            self.partial.clear();
            self.skipping = Skipping::Yes;
            each(Line::TooLong);
        }
    }

    /// The last line, if it has no end.
    pub(crate) fn finish(&mut self, limit: usize, mut each: impl FnMut(Line<'_>)) {
        if !self.partial.is_empty() {
            self.number += 1;
            let whole = std::mem::take(&mut self.partial);
            each(self.line(&whole, limit));
        }
    }

    fn line<'a>(&self, text: &'a str, limit: usize) -> Line<'a> {
        if text.len() > limit {
            return Line::TooLong;
        }
        Line::Text(self.number, text.strip_suffix('\r').unwrap_or(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_keep_their_numbers_whatever_the_pieces() {
        let text = "one\r\ntwo is much too long\n\nfour\nlast";
        for step in 1..text.len() {
            let mut lines = Lines::default();
            let mut got = Vec::new();
            let mut note = |line: Line<'_>| match line {
                Line::Text(number, text) => got.push(format!("{number}:{text}")),
                Line::TooLong => got.push("long".to_owned()),
            };
            let mut rest = text;
            while !rest.is_empty() {
                let (piece, tail) = rest.split_at(step.min(rest.len()));
                lines.feed(piece, 10, &mut note);
                rest = tail;
            }
            lines.finish(10, &mut note);
            assert_eq!(got, ["1:one", "long", "3:", "4:four", "5:last"], "pieces of {step}");
        }
    }
}
