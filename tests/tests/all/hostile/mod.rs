//! What must not work, and what must not hurt: hostile octets over real HTTP against the real program.

mod connections;
mod messages;
mod names;
mod oracle;
mod requests;
mod siege;
mod wire;
