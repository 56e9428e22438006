//! Stable reasons why a message was not opened. The text never changes once released: it stands in failInfoText, in
//! the audit and in the reference, and people search for it.

use crate::FailInfo;

macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $name:ident = $text:literal, $fail:expr;)+) => {
        /// Why a pkiMessage was not opened.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Code { $($(#[doc = $doc])+ $name),+ }

        impl Code {
            /// Every code, in the order of the steps.
            pub const ALL: &'static [Code] = &[$(Code::$name),+];

            /// The stable text, `message.signature`.
            #[must_use]
            pub const fn text(self) -> &'static str {
                match self { $(Code::$name => $text),+ }
            }

            /// What it means and who should do what, for the reference and for people.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self { $(Code::$name => concat!($($doc),+)),+ }
            }

            /// The failInfo of the signed FAILURE that goes back; nothing if none can be made, so that the answer
            /// is HTTP status 400 (413 for [`Code::MessageSize`]).
            #[must_use]
            pub const fn fail_info(self) -> Option<FailInfo> {
                match self { $(Code::$name => $fail),+ }
            }
        }
    };
}

const ALG: Option<FailInfo> = Some(FailInfo::BadAlg);
const CHECK: Option<FailInfo> = Some(FailInfo::BadMessageCheck);
const REQUEST: Option<FailInfo> = Some(FailInfo::BadRequest);

codes! {
    /// The message is longer or nested deeper than any client's message.
    MessageSize = "message.size", None;
    /// The body is not a CMS SignedData.
    MessageSyntax = "message.syntax", None;
    /// The message has no SignerInfo or more than one.
    MessageSigners = "message.signers", None;
    /// The message has no signed attributes.
    MessageAttributes = "message.attributes", None;
    /// There is no transactionID, or two, or it is empty, too long or not text.
    MessageTransaction = "message.transaction", None;
    /// A signed attribute stands there twice.
    MessageDuplicate = "message.duplicate", REQUEST;
    /// There is no senderNonce, or it is no octet string of 1 to 256 octets.
    MessageNonce = "message.nonce", REQUEST;
    /// The messageType is missing or is none that a client sends.
    MessageType = "message.type", REQUEST;
    /// The signed content is not of type data.
    MessageContentType = "message.content-type", REQUEST;
    /// The digest algorithm is not known or not allowed here; MD5 never is.
    MessageDigest = "message.digest", ALG;
    /// The signature algorithm is not known or not allowed, or does not fit the key.
    MessageSignatureAlgorithm = "message.signature-algorithm", ALG;
    /// The message does not fit its signature: it was changed on the way, or signed with another key.
    MessageSignature = "message.signature", CHECK;
    /// The certificate of the signer is not in the message or cannot be read.
    SignerMissing = "signer.missing", CHECK;
    /// Several different certificates fit the SignerInfo.
    SignerAmbiguous = "signer.ambiguous", CHECK;
    /// The signer's key is of a kind or size that is not accepted: RSA needs 2048 to 4096 bits.
    SignerKey = "signer.key", ALG;
    /// The message holds no envelope.
    EnvelopeMissing = "envelope.missing", REQUEST;
    /// The envelope is not a CMS EnvelopedData.
    EnvelopeSyntax = "envelope.syntax", CHECK;
    /// The envelope is not addressed to any key of this service: the client used an old or a foreign certificate.
    EnvelopeRecipient = "envelope.recipient", CHECK;
    /// The envelope is addressed twice to the same certificate.
    EnvelopeRecipients = "envelope.recipients", CHECK;
    /// The content-encryption algorithm is not known.
    EnvelopeCipher = "envelope.cipher", ALG;
    /// The content is encrypted with single or triple DES, which this endpoint does not allow.
    EnvelopeLegacy = "envelope.legacy", ALG;
    /// The key transport algorithm is not known.
    EnvelopeTransport = "envelope.transport", ALG;
    /// The envelope could not be opened, or what is in it is not what the messageType says, or a request in it is not
    /// signed with its own key. These are not told apart, so that nobody can use the service to open envelopes.
    EnvelopeContent = "envelope.content", CHECK;
}

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.text())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_its_own_text() {
        let texts: std::collections::BTreeSet<_> = Code::ALL.iter().map(|c| c.text()).collect();
        assert_eq!(texts.len(), Code::ALL.len());
        assert!(Code::ALL.iter().all(|c| !c.meaning().is_empty()));
    }
}
