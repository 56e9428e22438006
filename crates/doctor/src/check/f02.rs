//! F-02: the pinned certificate is not in the machine's store, or is there archived or without its key.

use super::Check;
use crate::case::{Case, Needs, Signs, line};
use crate::fact::certificate::Archived;
use crate::fact::log::TraceMeaning;
use crate::finding::Outcome;
use crate::said::told;
use crate::witness::Witness;

const NEEDS: Needs = &[&[Witness::Registry, Witness::MachineStore]];

pub(super) const CHECK: Check = Check { code: "F-02", judge };

fn judge(case: &Case<'_>) -> Outcome {
    let missed =
        [case.traced(|meaning| *meaning == TraceMeaning::ClientCertificateNotFound), case.send_failed(&[12044])];
    let missed = missed.concat();
    let Some(pin) = case.pin() else {
        if case.heard(Witness::Registry) {
            return Outcome::NotApplicable;
        }
        return case.weigh("F-02", Signs::probable(missed), NEEDS);
    };
    let Some(thumbprint) = pin.thumbprint else { return Outcome::NotApplicable };
    let entry = case.machine_store().find(|(_, found)| found.described.thumbprint == Some(thumbprint));
    let pinned = line(pin.place, format!("NDESCertThumbprint = {}", pin.raw));
    let signs = match entry {
        None if case.heard(Witness::MachineStore) => {
            let listed = case.machine_store().count();
            let store = case.machine_store().next().map(|(place, _)| {
                line(
                    place,
                    told!(
                        "none of {listed} certificates of the machine's store My has this thumbprint",
                        "keines der {listed} Zertifikate im Computerspeicher My hat diesen Fingerabdruck"
                    ),
                )
            });
            Signs::certain([vec![pinned], store.into_iter().collect(), missed].concat())
        }
        Some((place, found)) if found.archived == Some(Archived::Yes) => Signs::certain(
            [
                vec![
                    pinned,
                    line(place, told!("archived in the machine's store My", "archiviert im Computerspeicher My")),
                ],
                missed,
            ]
            .concat(),
        ),
        // The pin is a word with blanks or invisible characters: another cause (F-03) explains why it is not found.
        Some(_) => return Outcome::Clear,
        None => Signs::probable(missed),
    };
    let described = case.describe(thumbprint).map(|(_, described)| described);
    let twin = described.and_then(|described| case.newer_twin(described)).map(|(_, twin)| twin);
    let outcome = case.weigh("F-02", signs, NEEDS).about(described).with("pin", thumbprint);
    match twin.and_then(|twin| twin.thumbprint.map(|thumbprint| (twin, thumbprint))) {
        Some((twin, new)) => outcome.with("new", new).map(|finding| finding.successor = Some(twin.clone())),
        None => outcome,
    }
}
