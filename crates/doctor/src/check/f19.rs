//! F-19: the connector's own certificate is missing or has expired.

use super::Check;
use crate::case::{Case, Needs, Signs, certificate_says, line};
use crate::fact::Thumbprint;
use crate::finding::{Line, Outcome};
use crate::said::told;
use crate::witness::Witness;

const NEEDS: Needs = &[&[Witness::ConnectorLog], &[Witness::Registry, Witness::MachineStore]];

pub(super) const CHECK: Check = Check { code: "F-19", judge };

fn judge(case: &Case<'_>) -> Outcome {
    let told = case.connector(&[0x403, 0x404, 0x405, 0x408], &["CRPSCEPCert_NotFound"]);
    case.weigh("F-19", Signs::certain([told, encryption_certificate(case)].concat()), NEEDS)
}

/// The certificate that the connector's registry names for encryption, if the store lacks it or it has expired.
fn encryption_certificate(case: &Case<'_>) -> Vec<Line> {
    let mut lines = Vec::new();
    for (place, value) in case.evidence.registry() {
        let named = value.name.eq_ignore_ascii_case("EncryptionCertThumbprint");
        let Some(thumbprint) = value.data.text().filter(|_| named).and_then(Thumbprint::parse) else { continue };
        match case.describe(thumbprint) {
            Some((_, described)) if case.is_expired(described) => {
                lines.push(line(
                    place,
                    told!(
                        "EncryptionCertThumbprint names {}",
                        "EncryptionCertThumbprint nennt {}",
                        certificate_says(described)
                    ),
                ));
            }
            None if case.heard(Witness::MachineStore) => {
                lines.push(line(
                    place,
                    told!(
                        "EncryptionCertThumbprint {thumbprint} is not in the machine's store",
                        "EncryptionCertThumbprint {thumbprint} ist nicht im Computerspeicher"
                    ),
                ));
            }
            _ => {}
        }
    }
    lines
}
