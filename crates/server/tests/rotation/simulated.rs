//! Years of the whole deployment in virtual time, with everything that goes wrong.

use server::credential::Role;
use server::simulation::{Report, Wanted, simulate};

use crate::place::START;

async fn simulated(years: u32, devices: u32, seed: u64) -> Report {
    let folder = tempfile::tempdir().expect("a folder");
    let wanted = Wanted { years, devices, seed, from: START, folder: folder.path().join("site") };
    simulate(&wanted, |_| {}).await.expect("simulated")
}

#[tokio::test]
async fn nothing_fails_that_should_work_in_twelve_years() {
    let report = simulated(12, 6, 2).await;
    assert_eq!(report.failed, Vec::new());
    let renewals = |role| report.renewals.get(&role).copied().unwrap_or_default();
    assert!(renewals(Role::IssuingCa) >= 2, "{:?}", report.renewals);
    for role in [Role::RaSigning, Role::RaEncryption, Role::Sealing, Role::TlsServer, Role::PolicyModuleClient] {
        assert!(renewals(role) >= 8, "{:?}", report.renewals);
    }
    let refused: u64 = report.refused.values().sum();
    assert_eq!(report.tried, report.enrolled + report.renewed + refused);
    assert!(refused > 0 && report.troubles.len() >= 8, "{:?}", report.troubles);
}

#[tokio::test]
async fn the_same_seed_gives_the_same_report() {
    assert_eq!(simulated(2, 12, 5).await, simulated(2, 12, 5).await);
}
