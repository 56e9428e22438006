//! The numbers of the protocol (RFC 8894 §3.2.1). In the attributes they stand as decimal text.

/// What a message is (RFC 8894 §3.2.1.2). Any other number never becomes a value of this type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MessageType {
    /// The answer to every request.
    CertRep,
    /// Renewal, signed with the certificate to be renewed.
    RenewalReq,
    /// Enrolment; also renewal by clients that know no RenewalReq.
    PkcsReq,
    /// A question about a pending request; GetCertInitial in older texts.
    CertPoll,
    /// A request for a certificate by its serial number.
    GetCert,
    /// A request for the revocation list.
    GetCrl,
}

impl MessageType {
    const ALL: [(MessageType, u8, &'static str); 6] = [
        (MessageType::CertRep, 3, "CertRep"),
        (MessageType::RenewalReq, 17, "RenewalReq"),
        (MessageType::PkcsReq, 19, "PKCSReq"),
        (MessageType::CertPoll, 20, "CertPoll"),
        (MessageType::GetCert, 21, "GetCert"),
        (MessageType::GetCrl, 22, "GetCRL"),
    ];

    /// By its number.
    #[must_use]
    pub fn from_number(number: u8) -> Option<MessageType> {
        Self::ALL.iter().find(|(_, n, _)| *n == number).map(|(t, _, _)| *t)
    }

    /// Its number.
    #[must_use]
    pub fn number(self) -> u8 {
        Self::ALL.iter().find(|(t, _, _)| *t == self).map_or(0, |(_, n, _)| *n)
    }

    /// Its name as RFC 8894 writes it.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(t, _, _)| *t == self).map_or("", |(_, _, n)| n)
    }
}

/// How a request ended (RFC 8894 §3.2.1.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PkiStatus {
    /// Granted.
    Success,
    /// Refused.
    Failure,
    /// Waiting for a decision.
    Pending,
}

impl PkiStatus {
    /// By its number.
    #[must_use]
    pub fn from_number(number: u8) -> Option<PkiStatus> {
        match number {
            0 => Some(PkiStatus::Success),
            2 => Some(PkiStatus::Failure),
            3 => Some(PkiStatus::Pending),
            _ => None,
        }
    }

    /// Its number.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            PkiStatus::Success => 0,
            PkiStatus::Failure => 2,
            PkiStatus::Pending => 3,
        }
    }
}

/// Why a request was refused, as coarsely as the protocol can say it (RFC 8894 §3.2.1.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FailInfo {
    /// An algorithm is not known or not allowed.
    BadAlg,
    /// The message could not be verified or opened.
    BadMessageCheck,
    /// The transaction is not permitted or not supported.
    BadRequest,
    /// The message time is too far from the server's.
    BadTime,
    /// No certificate fits what was asked for.
    BadCertId,
}

impl FailInfo {
    const ALL: [(FailInfo, &'static str); 5] = [
        (FailInfo::BadAlg, "badAlg"),
        (FailInfo::BadMessageCheck, "badMessageCheck"),
        (FailInfo::BadRequest, "badRequest"),
        (FailInfo::BadTime, "badTime"),
        (FailInfo::BadCertId, "badCertId"),
    ];

    /// By its number.
    #[must_use]
    pub fn from_number(number: u8) -> Option<FailInfo> {
        Self::ALL.get(usize::from(number)).map(|(f, _)| *f)
    }

    /// Its number.
    #[must_use]
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// Its name as RFC 8894 writes it.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(f, _)| *f == self).map_or("", |(_, n)| n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_of_the_rfc_and_no_others() {
        let types: Vec<u8> = (0..=255).filter(|n| MessageType::from_number(*n).is_some()).collect();
        assert_eq!(types, [3, 17, 19, 20, 21, 22]);
        assert!(types.iter().all(|n| MessageType::from_number(*n).is_some_and(|t| t.number() == *n)));
        let statuses: Vec<u8> = (0..=255).filter(|n| PkiStatus::from_number(*n).is_some()).collect();
        assert_eq!(statuses, [0, 2, 3]);
        let fails: Vec<u8> = (0..=255).filter(|n| FailInfo::from_number(*n).is_some()).collect();
        assert_eq!(fails, [0, 1, 2, 3, 4]);
        assert!(fails.iter().all(|n| FailInfo::from_number(*n).is_some_and(|f| f.number() == *n)));
    }
}
