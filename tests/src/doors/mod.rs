//! The doors: every function that takes octets from outside, with seeds that come from real messages.
//!
//! A door is entered with arbitrary octets. It must not panic, must not take long, and its own assertions must hold.
//! The same list is walked by `make fuzz` (coverage-guided, `fuzz/`) and by the short run in `make test`
//! (`tests/all/fuzz_smoke.rs`).

mod chain;
mod doctor;
mod fixtures;
mod pki;
mod scep;

pub use self::chain::{chain_build, ocsp};
pub use self::doctor::{
    doctor_any, doctor_certutil, doctor_event_log, doctor_event_xml, doctor_http_error_log, doctor_iis_configuration,
    doctor_registry, doctor_service_trace, doctor_trace, doctor_web_log,
};
pub use self::pki::{certificate, cms, crl, name, normalise, request};
pub use self::scep::{ca_certs, http_query, scep_content, scep_open, scep_reply, scep_reply_content};

/// A way in.
#[derive(Clone, Copy)]
pub struct Door {
    /// Its name, which is also the name of its fuzz target.
    pub name: &'static str,
    /// Goes in with these octets.
    pub enter: fn(&[u8]),
    /// Octets that get far inside.
    pub seeds: fn() -> Vec<Vec<u8>>,
}

/// Every door.
pub const ALL: &[Door] = &[
    Door { name: "normalise", enter: normalise, seeds: self::pki::normalise_seeds },
    Door { name: "certificate", enter: certificate, seeds: self::pki::certificate_seeds },
    Door { name: "crl", enter: crl, seeds: self::pki::crl_seeds },
    Door { name: "request", enter: request, seeds: self::pki::request_seeds },
    Door { name: "cms", enter: cms, seeds: self::pki::cms_seeds },
    Door { name: "name", enter: name, seeds: self::pki::name_seeds },
    Door { name: "http_query", enter: http_query, seeds: self::scep::http_query_seeds },
    Door { name: "ca_certs", enter: ca_certs, seeds: self::scep::ca_certs_seeds },
    Door { name: "scep_open", enter: scep_open, seeds: self::scep::message_seeds },
    Door { name: "scep_content", enter: scep_content, seeds: self::scep::content_seeds },
    Door { name: "scep_reply", enter: scep_reply, seeds: self::scep::reply_seeds },
    Door { name: "scep_reply_content", enter: scep_reply_content, seeds: self::scep::reply_content_seeds },
    Door { name: "ocsp", enter: ocsp, seeds: self::chain::ocsp_seeds },
    Door { name: "chain_build", enter: chain_build, seeds: self::chain::chain_build_seeds },
    Door { name: "doctor_event_log", enter: doctor_event_log, seeds: self::doctor::event_log_seeds },
    Door { name: "doctor_event_xml", enter: doctor_event_xml, seeds: self::doctor::event_xml_seeds },
    Door { name: "doctor_trace", enter: doctor_trace, seeds: self::doctor::trace_seeds },
    Door { name: "doctor_web_log", enter: doctor_web_log, seeds: self::doctor::web_log_seeds },
    Door { name: "doctor_http_error_log", enter: doctor_http_error_log, seeds: self::doctor::http_error_seeds },
    Door { name: "doctor_service_trace", enter: doctor_service_trace, seeds: self::doctor::service_trace_seeds },
    Door { name: "doctor_registry", enter: doctor_registry, seeds: self::doctor::registry_seeds },
    Door {
        name: "doctor_iis_configuration",
        enter: doctor_iis_configuration,
        seeds: self::doctor::configuration_seeds,
    },
    Door { name: "doctor_certutil", enter: doctor_certutil, seeds: self::doctor::certutil_seeds },
    Door { name: "doctor_any", enter: doctor_any, seeds: self::doctor::any_seeds },
];
