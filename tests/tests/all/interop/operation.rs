//! An operator starts the service, stops it, and starts it again.

use crate::harness::{Options, Service};

#[test]
fn starts_stops_and_comes_back_after_a_kill() {
    let mut service = Service::start(Options::default());
    assert!(service.get("/scep?operation=GetCACaps").text().contains("SCEPStandard"));
    service.restart();
    let challenge = service.challenge();
    service.kill();
    service.serve();
    let url = service.url("/scep");
    service.device(&["enrol", &url, "--subject", "CN=d", "--challenge", &challenge]).succeeded();
    let held = service.operator(&["cert", "list"]);
    assert_eq!(held[0]["subject"], "CN=d");
    assert!(service.process() > 0 && service.folder().is_dir());
}

#[test]
fn the_log_is_plain_text_where_nobody_watches() {
    let service = Service::start(Options::default());
    let log = service.log();
    assert!(log.contains("ready") && !log.contains('\u{1b}'), "{log}");
}
