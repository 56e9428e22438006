//! The last look at a reply before it leaves: does its signature verify with the certificate that clients hold? A
//! miscalculated RSA signature would give the key away (Boneh, DeMillo, Lipton 1997), and a wrong one strand a device.

use pki::Certificate;
use pki::cms::SignedData;

pub(crate) fn reply(octets: &[u8], ra: &Certificate) -> Result<(), String> {
    let signed = SignedData::parse(octets).map_err(|e| format!("the reply made cannot be read: {e}"))?;
    let [info] = signed.signers.as_slice() else { return Err("the reply made has not one signer".to_owned()) };
    info.verify(signed.content.unwrap_or_default(), ra.public_key())
        .map_err(|e| format!("the reply made does not verify: {e}"))?;
    Ok(())
}
