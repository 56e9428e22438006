use std::collections::BTreeMap;
use std::path::Path;

use super::check::Flaws;
use super::written::{self, OnOff};
use crate::credential::Role;
use crate::credential::plan::{Plan, Source};

/// The shortest life of a credential, in seconds: in a third of it all must be done that is to be done.
const SHORTEST: i64 = 6;

/// What is said of each role.
pub(super) fn check(
    written: &BTreeMap<String, written::Credential>,
    folder: &Path,
    flaws: &mut Flaws,
) -> BTreeMap<Role, Plan> {
    let mut plans = BTreeMap::new();
    for (name, written) in written {
        let Some(role) = Role::by_name(name) else {
            let known: Vec<&str> = Role::ALL.iter().map(|role| role.name()).collect();
            flaws.add(&format!("credential.{name}"), format!("is no role; there are {}", known.join(", ")));
            continue;
        };
        plans.insert(role, plan(role, written, folder, flaws));
    }
    plans
}

fn plan(role: Role, written: &written::Credential, folder: &Path, flaws: &mut Flaws) -> Plan {
    let key = |of: &str| format!("credential.{}.{of}", role.name());
    let default = Plan::default_of(role);
    let validity = written.validity.map_or(default.validity, |span| span.0);
    if validity < SHORTEST {
        flaws.add(&key("validity"), format!("is less than {SHORTEST} seconds"));
    }
    let source = match (&written.file, written.renew) {
        (Some(file), OnOff::On) => {
            Source::File { certificate: folder.join(file), key: written.key.as_ref().map(|key| folder.join(key)) }
        }
        (Some(_), OnOff::Off) => {
            flaws.add(&key("renew"), "is \"off\", though somebody renews `file`");
            Source::Nobody
        }
        (None, OnOff::On) => default.source,
        (None, OnOff::Off) => Source::Nobody,
    };
    if written.key.is_some() && written.file.is_none() {
        flaws.add(&key("key"), "is there without `file`");
    }
    if written.file.is_some() && matches!(role, Role::Root | Role::IssuingCa | Role::Sealing) {
        flaws.add(&key("file"), format!("{} is always the service's own", role.name()));
    }
    let thumbprint = written.thumbprint.as_ref().map(|text| {
        let digits: String = text.chars().filter(|c| !c.is_whitespace() && *c != ':').collect();
        if pki::digest::unhex(&digits).is_none_or(|octets| octets.len() != 20) {
            flaws.add(&key("thumbprint"), format!("`{text}` is no SHA-1 thumbprint of 40 hexadecimal digits"));
        }
        digits.to_ascii_uppercase()
    });
    Plan { validity, source, thumbprint, trusted_by: written.trusted_by.as_ref().map(|p| folder.join(p)) }
}
