//! Keys that somebody in this process holds already: to read an RSA key costs a millisecond of checks, and every round
//! looks at all of them. Nothing is kept here longer than elsewhere.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError, Weak};

use pki::key::PrivateKey;

type Known = HashMap<[u8; 32], Weak<PrivateKey>>;

static KNOWN: LazyLock<Mutex<Known>> = LazyLock::new(Mutex::default);

/// Parses a key, unless one that was written with the same octets is still held.
pub(crate) fn parse(octets: &[u8]) -> Result<Arc<PrivateKey>, String> {
    let name = pki::digest::sha256(octets);
    let known = || KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(key) = known().get(&name).and_then(Weak::upgrade) {
        return Ok(key);
    }
    let key = Arc::new(PrivateKey::parse(octets).map_err(|e| e.to_string())?);
    let mut known = known();
    known.retain(|_, held| held.strong_count() > 0);
    known.insert(name, Arc::downgrade(&key));
    Ok(key)
}

#[cfg(test)]
mod tests {
    use pki::key::KeySpec;

    use super::*;

    #[test]
    fn a_key_is_known_as_long_as_somebody_holds_it() {
        let pem = PrivateKey::generate(KeySpec::P256).expect("a key").to_pem();
        let first = parse(pem.as_bytes()).expect("parsed");
        assert!(Arc::ptr_eq(&first, &parse(pem.as_bytes()).expect("parsed")));
        let held = Arc::downgrade(&first);
        drop(first);
        assert!(held.upgrade().is_none());
        let other = PrivateKey::generate(KeySpec::P256).expect("a key").to_pem();
        assert!(!Arc::ptr_eq(&parse(pem.as_bytes()).expect("parsed"), &parse(other.as_bytes()).expect("parsed")));
        assert!(parse(b"none").is_err());
    }
}
