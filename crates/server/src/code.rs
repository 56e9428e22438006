//! Codes of refusals that only the service as a whole can say. Like all of them they never change once released.

use scep::FailInfo;

/// Why a question was not answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Code {
    /// A certificate that does not exist here, or is not the asker's.
    CertificateUnknown,
    /// The list of another CA, or one that has not been made yet.
    CrlUnknown,
    /// The next CA, where none is prepared.
    NoNextCa,
}

impl Code {
    /// Every code.
    pub const ALL: [Code; 3] = [Code::CertificateUnknown, Code::CrlUnknown, Code::NoNextCa];

    /// The stable text, `certificate.unknown`.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Code::CertificateUnknown => "certificate.unknown",
            Code::CrlUnknown => "crl.unknown",
            Code::NoNextCa => "ca.no-next",
        }
    }

    /// What it means and who should do what.
    #[must_use]
    pub const fn meaning(self) -> &'static str {
        match self {
            Code::CertificateUnknown => {
                "GetCert asks for a certificate that this service has not issued, or that belongs to another device. A \
                 device gets its own ones only."
            }
            Code::CrlUnknown => {
                "GetCRL asks for the list of another CA, or there is none yet. The address in the certificates is the \
                 better way."
            }
            Code::NoNextCa => "GetNextCACert is asked and no next CA is prepared; `perennial ca next` prepares one.",
        }
    }

    /// The failInfo of the signed FAILURE; nothing if the answer is HTTP status 404.
    #[must_use]
    pub const fn fail_info(self) -> Option<FailInfo> {
        match self {
            Code::CertificateUnknown | Code::CrlUnknown => Some(FailInfo::BadCertId),
            Code::NoNextCa => None,
        }
    }
}
