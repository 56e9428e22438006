use pki::crl::Reason;
use pki::key::{KeySpec, PrivateKey};
use pki::{Certificate, Name, Time};
use scep::client::{Answer as Reply, Ask};
use scep::http::Operation;

use super::seat::{Challenge, Reached, Seat};
use super::site::{Serving, Site, State};
use super::{DAY, Event, HOUR, Queue, Report, Wanted, YEAR};
use crate::credential::generate;
use crate::device::{self, SOURCE, Signer};
use crate::store::Actor;
use crate::{ServiceError, revocation};

/// Keys for all devices together: to make one takes longer than to enrol, and nothing is decided by it here.
const KEYS: usize = 6;

/// All devices.
pub(super) struct Fleet {
    keys: Vec<PrivateKey>,
    seats: Vec<Seat>,
}

/// What a request must come to, by the facts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Right {
    Granted,
    Refused(&'static str),
}

/// What a device asks with.
struct Request<'a> {
    name: &'a str,
    key: usize,
    challenge: Option<&'a str>,
    /// The certificate that is to be replaced, and which key it has.
    held: Option<(&'a Certificate, usize)>,
}

/// What a device has been told.
enum Told {
    Granted(Box<Certificate>),
    Refused(String),
}

impl Fleet {
    pub(super) fn new(wanted: &Wanted, random: &mut fastrand::Rng, queue: &mut Queue) -> Result<Fleet, ServiceError> {
        let keys = (0..KEYS).map(|_| generate(KeySpec::Rsa2048)).collect::<Result<_, _>>()?;
        let count = usize::try_from(wanted.devices).unwrap_or(usize::MAX);
        let mut seats = Vec::new();
        for number in 0..count {
            let first = wanted.from.plus(random.i64(0..2 * YEAR));
            seats.push(Seat::new(number, 1, first.plus(random.i64(YEAR..6 * YEAR))));
            queue.put(first, Event::Seat(number));
        }
        Ok(Fleet { keys, seats })
    }

    /// Lets the device at a seat do what it has to do, and says when it comes again.
    pub(super) async fn act(
        &mut self,
        seat: usize,
        site: &Site,
        random: &mut fastrand::Rng,
        report: &mut Report,
        at: Time,
    ) -> Result<Reached, ServiceError> {
        if site.state() == State::Suspended {
            report.unreachable += 1;
            return Ok(Reached::Asleep);
        }
        let (Some(serving), Some(mut held)) = (site.serving(at), self.seats.get_mut(seat).map(take)) else {
            report.unreachable += 1;
            return Ok(Reached::Next(at.plus(random.i64(HOUR..6 * HOUR))));
        };
        let mut visit = Visit { keys: &self.keys, site, serving, random, report, at };
        let next = if at >= held.retires && held.certificate.is_some() {
            visit.replace(&mut held).await?
        } else if held.certificate.is_some() {
            visit.renew(&mut held).await?
        } else {
            visit.enrol(&mut held).await?
        };
        if let Some(place) = self.seats.get_mut(seat) {
            *place = held;
        }
        site.deliver(at).await?;
        Ok(Reached::Next(next))
    }
}

/// The device is away from its seat while it acts.
fn take(seat: &mut Seat) -> Seat {
    std::mem::replace(seat, Seat::new(0, 0, Time(0)))
}

/// A device before the service.
struct Visit<'a> {
    keys: &'a [PrivateKey],
    site: &'a Site,
    serving: &'a Serving,
    random: &'a mut fastrand::Rng,
    report: &'a mut Report,
    at: Time,
}

impl Visit<'_> {
    /// A first certificate: with a challenge that the device management made, at once or days later.
    async fn enrol(&mut self, seat: &mut Seat) -> Result<Time, ServiceError> {
        let Some(challenge) = &seat.challenge else { return self.ask_for_challenge(seat).await };
        let now = self.site.now(self.at);
        let misspelt = self.random.u8(0..40) == 0;
        let right = if misspelt || !self.site.point_answers() {
            Right::Refused(if self.site.point_answers() {
                "a challenge with a wrong letter"
            } else {
                "the registration point was down"
            })
        } else if now > challenge.expires {
            Right::Refused("the challenge had expired")
        } else {
            Right::Granted
        };
        let text = if misspelt { spoilt(&challenge.text) } else { challenge.text.clone() };
        let key = self.random.usize(0..self.keys.len());
        let request = Request { name: &seat.name.clone(), key, challenge: Some(&text), held: None };
        let Some(certificate) = self.ask(seat, &request, right).await? else {
            if now > challenge_end(seat) {
                seat.challenge = None;
            }
            return Ok(self.at.plus(self.random.i64(HOUR / 6..8 * HOUR)));
        };
        self.report.enrolled += 1;
        seat.challenge = None;
        if self.random.u8(0..40) == 0 {
            // Somebody else has seen the challenge.
            let other = Request { name: "somebody-else", key: (key + 1) % self.keys.len(), ..request };
            self.ask(seat, &other, Right::Refused("the challenge had been spent")).await?;
        }
        (seat.certificate, seat.key) = (Some(certificate), key);
        Ok(seat.renews(self.at, self.random))
    }

    async fn ask_for_challenge(&mut self, seat: &mut Seat) -> Result<Time, ServiceError> {
        if !self.site.point_answers() {
            self.report.unreachable += 1;
            return Ok(self.at.plus(self.random.i64(HOUR..12 * HOUR)));
        }
        match self.serving.challenge(&seat.name).await {
            Ok(made) => seat.challenge = Some(Challenge { text: made.challenge, expires: Time(made.expires) }),
            Err(no) => self.report.fail(self.at, "a challenge", no),
        }
        let later = match self.random.u8(0..20) {
            0 => self.random.i64(2 * DAY..4 * DAY),
            1..4 => self.random.i64(HOUR..20 * HOUR),
            _ => self.random.i64(5..300),
        };
        Ok(self.at.plus(later))
    }

    async fn renew(&mut self, seat: &mut Seat) -> Result<Time, ServiceError> {
        let Some(certificate) = seat.certificate.clone() else { return Ok(self.at.plus(DAY)) };
        let now = self.site.now(self.at);
        let validity = certificate.validity();
        let right = if now > validity.not_after {
            Right::Refused("the certificate to be renewed had ended")
        } else if now < validity.not_before {
            Right::Refused("the certificate to be renewed was not valid yet")
        } else {
            Right::Granted
        };
        let key = self.random.usize(0..self.keys.len());
        let request = Request { name: &seat.name.clone(), key, challenge: None, held: Some((&certificate, seat.key)) };
        match self.ask(seat, &request, right).await? {
            Some(renewed) => {
                self.report.renewed += 1;
                (seat.certificate, seat.key) = (Some(renewed), key);
                Ok(seat.renews(self.at, self.random))
            }
            None => {
                // Its user is sent to the device management for a new challenge.
                if self.at > validity.not_after {
                    seat.certificate = None;
                }
                Ok(self.at.plus(self.random.i64(HOUR..2 * DAY)))
            }
        }
    }

    /// Another device takes the place. Of some that go, the certificate is revoked; and some of those were stolen.
    async fn replace(&mut self, seat: &mut Seat) -> Result<Time, ServiceError> {
        let next = Seat::new(seat.number, seat.generation + 1, self.at.plus(self.random.i64(YEAR..6 * YEAR)));
        let mut gone = std::mem::replace(seat, next);
        let now = self.site.now(self.at);
        if let Some(certificate) = gone.certificate.take().filter(|c| c.validity().contains(now) && self.random.bool())
        {
            let by = Actor { name: "operator".to_owned(), source: "simulation".to_owned() };
            let service = &self.serving.service;
            revocation::revoke(service, certificate.serial(), Reason::CessationOfOperation, &by, now).await?;
            if self.random.bool() {
                let held = Some((&certificate, gone.key));
                let request = Request { name: &gone.name.clone(), key: gone.key, challenge: None, held };
                self.ask(&mut gone, &request, Right::Refused("the certificate to be renewed was revoked")).await?;
            }
        }
        Ok(self.at.plus(self.random.i64(DAY..60 * DAY)))
    }

    /// Asks, and compares what came of it with what must come of it.
    async fn ask(
        &mut self,
        seat: &mut Seat,
        request: &Request<'_>,
        right: Right,
    ) -> Result<Option<Certificate>, ServiceError> {
        self.report.tried += 1;
        let what = format!("{} {}", if request.held.is_some() { "renewal of" } else { "enrolment of" }, request.name);
        match (self.exchange(seat, request).await, right) {
            (Ok(Told::Granted(certificate)), Right::Granted) => return Ok(Some(*certificate)),
            (Ok(Told::Refused(code)), Right::Refused(why)) => *self.report.refused.entry((why, code)).or_default() += 1,
            (Ok(Told::Granted(_)), Right::Refused(why)) => {
                self.report.fail(self.at, &what, format!("it was granted, though {why}"));
            }
            (Ok(Told::Refused(code)), Right::Granted) => self.report.fail(self.at, &what, code),
            (Err(why), _) => self.report.fail(self.at, &what, why),
        }
        Ok(None)
    }

    /// What a device does: it asks for the certificates, or believes what it knows of them, and sends its message; some
    /// never hear the answer, and send it again.
    async fn exchange(&mut self, seat: &mut Seat, request: &Request<'_>) -> Result<Told, String> {
        let (service, now) = (&self.serving.service, self.site.now(self.at));
        let endpoint = self.serving.endpoint().map_err(|e| e.to_string())?;
        let remembered = self.random.u8(0..10) < 3 && self.site.clock_is_right();
        let known = seat.known.take().filter(|k| remembered && k.encryption.validity().contains(self.at));
        let authorities = match known {
            Some(known) => known,
            None => device::authorities(service, endpoint, now).await?,
        };
        let key = self.keys.get(request.key).ok_or("there is no such key")?;
        let subject = Name::parse(&format!("CN={}", request.name)).map_err(|e| e.to_string())?;
        let wish = device::request(&subject, key, request.challenge)?;
        let own = device::self_signed(&subject, key, now)?;
        let (by, ask) = match request.held {
            Some((certificate, which)) => {
                let key = self.keys.get(which).ok_or("there is no such key")?;
                (Signer { certificate, key }, Ask::Renew(&wish))
            }
            None => (Signer { certificate: &own, key }, Ask::Enrol(&wish)),
        };
        let sent = device::message(&ask, by, &authorities, now)?;
        let send = || service.answer(endpoint, Operation::PkiOperation(sent.der.clone()), SOURCE, now);
        let told = told(device::opened(&send().await, &sent, by, &authorities)?)?;
        if self.random.u8(0..30) == 0
            && let Told::Granted(first) = &told
        {
            match device::opened(&send().await, &sent, by, &authorities)? {
                Reply::Success { certificates, .. } if certificates.first() == Some(first) => self.report.repeated += 1,
                other => return Err(format!("the same message again got another answer: {other:?}")),
            }
        }
        seat.known = Some(authorities);
        Ok(told)
    }
}

fn told(reply: Reply) -> Result<Told, String> {
    match reply {
        Reply::Success { certificates, .. } => {
            let first = certificates.into_iter().next().ok_or("the reply holds no certificate")?;
            Ok(Told::Granted(Box::new(first)))
        }
        Reply::Failure { text, .. } => Ok(Told::Refused(text.unwrap_or_default())),
        Reply::Pending => Err("it waits for an operator".to_owned()),
    }
}

fn challenge_end(seat: &Seat) -> Time {
    seat.challenge.as_ref().map_or(Time(i64::MAX), |c| c.expires)
}

/// With another last letter.
fn spoilt(text: &str) -> String {
    let mut letters: Vec<char> = text.chars().collect();
    if let Some(letter) = letters.get_mut(text.len() / 2) {
        *letter = if *letter == 'A' { 'B' } else { 'A' };
    }
    letters.into_iter().collect()
}
