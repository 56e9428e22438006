//! Where IIS lets NDES's requests in.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use doctor::Evidence;

/// A door of the web site that NDES is in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Binding {
    /// `http` or `https`.
    pub(super) protocol: String,
    /// Where it listens.
    pub(super) listen: SocketAddr,
    /// The host name it answers to, if it answers to one only.
    pub(super) host: Option<String>,
    /// As written: `*:80:`.
    pub(super) written: String,
}

/// The doors of the sites that have the application `…/mscep`.
pub(super) fn bindings(evidence: &Evidence) -> Vec<Binding> {
    const SITE: &str = "system.applicationHost/sites/site";
    let settings = || evidence.settings().map(|(_, setting)| setting);
    let applications = settings().filter(|setting| setting.path == format!("{SITE}/application"));
    let ours = applications.filter(|s| s.attribute("path").is_some_and(|p| p.to_ascii_lowercase().ends_with("/mscep")));
    let sites: Vec<&String> = ours.filter_map(|setting| setting.within.first()).collect();
    let all = settings().filter(|setting| setting.path == format!("{SITE}/bindings/binding"));
    let of_ours = all.filter(|setting| setting.within.first().is_some_and(|site| sites.contains(&site)));
    of_ours.filter_map(|s| binding(s.attribute("protocol")?, s.attribute("bindingInformation")?)).collect()
}

/// `address:port:host`; the address may be `*`, or IPv6 in brackets.
fn binding(protocol: &str, written: &str) -> Option<Binding> {
    let (rest, host) = written.rsplit_once(':')?;
    let (address, port) = rest.rsplit_once(':')?;
    let address = match address {
        "*" | "" => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        address => address.trim_matches(['[', ']']).parse().ok()?,
    };
    let plain = |host: &str| host.bytes().all(|b| b.is_ascii_alphanumeric() || b"-.".contains(&b));
    Some(Binding {
        protocol: protocol.to_ascii_lowercase(),
        listen: SocketAddr::new(address, port.parse().ok()?),
        host: Some(host).filter(|host| !host.is_empty() && plain(host)).map(str::to_owned),
        written: written.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bindings_as_iis_writes_them() {
        let cases = [
            ("*:80:", Some(("0.0.0.0:80", None))),
            ("10.0.0.5:8080:scep.example.com", Some(("10.0.0.5:8080", Some("scep.example.com")))),
            ("[::1]:80:", Some(("[::1]:80", None))),
            ("*:80:a b", Some(("0.0.0.0:80", None))),
            ("*:port:", None),
            ("*:70000:", None),
            ("", None),
        ];
        for (written, expected) in cases {
            let found = binding("http", written).map(|b| (b.listen.to_string(), b.host));
            let expected =
                expected.map(|(listen, host): (&str, Option<&str>)| (listen.to_owned(), host.map(str::to_owned)));
            assert_eq!(found, expected, "{written}");
        }
    }
}
