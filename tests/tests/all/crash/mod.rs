//! What is left when the service ends at any moment: a store that opens, an audit that verifies, no serial number twice,
//! every certificate that may have left known, and the same certificate for whoever asks again.

mod kill;
mod steps;
