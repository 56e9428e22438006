//! What is kept of evidence without end.

/// How much is kept. The readers stay within these whatever the evidence holds; what was left out is counted and said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Octets that all facts together may take, as estimated by [`super::Evidence::push`]. Facts that speak of success
    /// may use a quarter of it, so that a flood of them cannot crowd out the failures.
    pub memory: usize,
    /// Octets of one item: an XML event, a log line, a registry value. What is longer is skipped.
    pub item: usize,
    /// Octets of a file that has to be read as a whole: certificates, an IIS configuration.
    pub whole: usize,
    /// Repairs and troubles that are listed one by one; further ones are only counted.
    pub remarks: usize,
    /// Distinct rows of [`super::evidence::Tally`]; further ones are summed in one row.
    pub tallies: usize,
    /// How deep elements may nest.
    pub depth: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { memory: 96 << 20, item: 1 << 20, whole: 8 << 20, remarks: 1000, tallies: 4096, depth: 64 }
    }
}

/// A limit that was hit, and what it cost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Limit {
    /// Facts were left out because [`Limits::memory`] was used up; their number, and how many of them spoke of failure.
    Facts {
        /// Facts left out.
        left_out: u64,
        /// How many of those were failures. If this is not 0, conclusions may be missing.
        failures: u64,
    },
    /// Items longer than [`Limits::item`] were skipped; in this file, so many of them.
    LongItem {
        /// The file.
        file: std::sync::Arc<str>,
        /// How many were skipped.
        items: u64,
    },
    /// Elements deeper than [`Limits::depth`] were not looked into.
    Depth {
        /// The file.
        file: std::sync::Arc<str>,
    },
    /// An archive, a file or its unpacked content was larger than the shell was willing to read.
    Size {
        /// The file.
        file: std::sync::Arc<str>,
        /// Octets that were read before stopping.
        read: u64,
    },
}
