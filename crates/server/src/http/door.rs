//! Which endpoint an address leads to.

use crate::config::{Config, Doors, Endpoint};

/// Addresses of NDES and of the first SCEP servers; SCEP clients have them built in (RFC 8894 §4.1).
const NDES: [&str; 5] = [
    "/scep",
    "/certsrv/mscep",
    "/certsrv/mscep/mscep.dll",
    "/cgi-bin",
    // What Windows' and Cisco's clients make of an address that already ends in pkiclient.exe.
    "/cgi-bin/pkiclient.exe",
];

/// What an address leads to.
#[derive(Debug, Clone, Copy)]
pub(super) enum Door<'a> {
    /// An endpoint of SCEP.
    Scep(&'a Endpoint),
    /// The challenge page, for this endpoint.
    ChallengePage(&'a Endpoint),
}

/// Finds the door for a path: the case of letters, a slash at the end, slashes too many (an address that ends in one,
/// and a client that puts another before `pkiclient.exe`) and an appended `pkiclient.exe` do not count.
pub(super) fn find<'a>(config: &'a Config, path: &str) -> Option<Door<'a>> {
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let path = format!("/{}", parts.join("/")).to_ascii_lowercase();
    let path = path.as_str();
    let ndes = config.endpoints.values().find(|e| e.doors == Doors::Ndes);
    let bare = path.strip_suffix("/pkiclient.exe").unwrap_or(path);
    if NDES.contains(&bare) {
        return ndes.map(Door::Scep);
    }
    if bare == "/certsrv/mscep_admin" || bare == "/certsrv/mscep_admin/mscep.dll" {
        return ndes.map(Door::ChallengePage);
    }
    let name = bare.strip_prefix("/scep/")?;
    config.endpoints.values().find(|e| e.name.eq_ignore_ascii_case(name)).map(Door::Scep)
}
