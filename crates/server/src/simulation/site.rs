use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use ca::rotation::{Condition, next_due};
use pki::Time;
use pki::key::KeySpec;

use super::switched::Switched;
use super::{DAY, HOUR, Report, Wanted, YEAR};
use crate::config::{Config, Endpoint, Lives};
use crate::credential::{Inventory, Role};
use crate::init::{self, Legacy, WantedPoint};
use crate::registration::{self, Clock, InProcess, NewChallenge, NoAnswer, Point, Shows, Wanted as Challenge};
use crate::store::Slot;
use crate::{Service, ServiceError, task};

/// The endpoint whose policy module asks the registration point.
const ENDPOINT: &str = "mdm";
/// The root outlives the simulation by twice as much as an issuing CA lives: it is not what is simulated.
const ROOT_BEYOND: i64 = 20 * YEAR;

/// The service and its registration point, as far as they run.
pub(super) struct Site {
    config: Config,
    clock: Clock,
    /// How far the machine's clock is ahead, in seconds.
    ahead: i64,
    state: State,
    point_answers: Arc<AtomicBool>,
    serving: Option<Serving>,
    seen: BTreeSet<(Role, String)>,
}

/// What the machine does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Runs,
    Suspended,
    Off,
}

/// What is there while the process runs.
pub(super) struct Serving {
    pub(super) service: Arc<Service>,
    pub(super) point: Arc<Point>,
    management: InProcess,
}

impl Site {
    pub(super) async fn build(wanted: &Wanted, report: &mut Report) -> Result<Site, ServiceError> {
        let nowhere = std::net::SocketAddr::from(([127, 0, 0, 1], 9));
        let made = init::init(
            &init::Wanted {
                folder: wanted.folder.clone(),
                listen: nowhere,
                public_url: Some("http://scep.example".to_owned()),
                store: None,
                organisation: "Simulated".to_owned(),
                root_key: KeySpec::P256,
                root_validity: i64::from(wanted.years) * YEAR + ROOT_BEYOND,
                issuing_key: KeySpec::P256,
                static_challenge: None,
                legacy: Legacy::Refuse,
                registration_point: Some(WantedPoint { listen: nowhere, url: None, folder: None }),
            },
            wanted.from,
        )
        .await?;
        let mut config = Config::read(&made.config)?;
        // No list more than twice a month: every round costs. A challenge is good for a day.
        config.lives = Lives::Simulated;
        (config.crl_validity, config.crl_overlap) = (30 * DAY, 15 * DAY);
        if let Some(point) = config.registration_point.as_mut() {
            point.challenge_validity = DAY;
        }
        let mut site = Site {
            config,
            clock: Clock::at(wanted.from),
            ahead: 0,
            state: State::Runs,
            point_answers: Arc::new(AtomicBool::new(true)),
            serving: None,
            seen: BTreeSet::new(),
        };
        site.start(report, wanted.from).await?;
        report.renewals.clear();
        Ok(site)
    }

    /// Starts the process; what is due is done before anybody is served.
    pub(super) async fn start(&mut self, report: &mut Report, at: Time) -> Result<(), ServiceError> {
        let now = self.now(at);
        self.clock.set(now);
        let mut service = Service::open_at(self.config.clone(), now).await?;
        let point = Arc::new(Point::open(&self.config).await?);
        let module = || InProcess {
            point: Arc::clone(&point),
            credentials: Arc::clone(&service.credentials),
            shows: Shows::Role,
            clock: self.clock.clone(),
        };
        let management = module();
        let module = Switched { asked: module(), answers: Arc::clone(&self.point_answers) };
        service.modules.insert(ENDPOINT.to_owned(), Arc::new(module));
        self.state = State::Runs;
        self.serving = Some(Serving { service: Arc::new(service), point, management });
        self.counted(report).await
    }

    pub(super) fn stop(&mut self) {
        self.serving = None;
        self.state = State::Off;
    }

    pub(super) fn suspend(&mut self) {
        self.state = State::Suspended;
    }

    pub(super) fn wake(&mut self) {
        self.state = State::Runs;
    }

    pub(super) fn set_clock_ahead(&mut self, seconds: i64) {
        self.ahead = seconds;
    }

    pub(super) fn set_point_answers(&self, answers: bool) {
        self.point_answers.store(answers, Ordering::Relaxed);
    }

    pub(super) fn point_answers(&self) -> bool {
        self.point_answers.load(Ordering::Relaxed)
    }

    pub(super) fn state(&self) -> State {
        self.state
    }

    pub(super) fn is_running(&self) -> bool {
        self.state == State::Runs
    }

    /// Whether the machine's clock is right.
    pub(super) fn clock_is_right(&self) -> bool {
        self.ahead == 0
    }

    /// What the machine's clock shows.
    pub(super) fn now(&self, at: Time) -> Time {
        at.plus(self.ahead)
    }

    /// The process, if it runs, with its clock set.
    pub(super) fn serving(&self, at: Time) -> Option<&Serving> {
        self.clock.set(self.now(at));
        self.serving.as_ref().filter(|_| self.state == State::Runs)
    }

    pub(super) async fn round(&mut self, report: &mut Report, at: Time) -> Result<(), ServiceError> {
        let now = self.now(at);
        let Some(serving) = self.serving(at) else { return Ok(()) };
        task::round(&serving.service, now).await?;
        serving.point.refresh(now).await?;
        report.rounds += 1;
        self.deliver(at).await?;
        self.counted(report).await
    }

    /// Delivers what the registration point is to be told, if it answers.
    pub(super) async fn deliver(&self, at: Time) -> Result<(), ServiceError> {
        let Some(serving) = self.serving(at).filter(|_| self.point_answers()) else { return Ok(()) };
        let clock = self.clock.clone();
        Ok(registration::deliver(&serving.service, move || clock.now()).await?)
    }

    /// A round that dies once it has written so often, and the start after it.
    pub(super) async fn crash_in_round(
        &mut self,
        writes: u64,
        report: &mut Report,
        at: Time,
    ) -> Result<(), ServiceError> {
        let now = self.now(at);
        let Some(serving) = self.serving(at) else { return Ok(()) };
        serving.service.events.settled().await;
        let died = serving.service.store.dies_after(writes);
        let dead = tokio::select! {
            biased;
            ended = task::round(&serving.service, now) => Some(ended),
            () = died => None,
        };
        report.count(match dead {
            None => "crashes between two steps of a round",
            Some(ended) => {
                ended?;
                "crashes after a round"
            }
        });
        self.stop();
        self.start(report, at).await
    }

    /// Whether the next round has something to do for a credential.
    pub(super) async fn is_due(&self, at: Time) -> Result<bool, ServiceError> {
        // What was due in the last hour has just become so.
        Ok(self.next_due(at.plus(-HOUR)).await?.is_some_and(|due| due <= at))
    }

    /// When the next thing is due for a credential, by a clock that is right.
    pub(super) async fn next_due(&self, at: Time) -> Result<Option<Time>, ServiceError> {
        let Some(serving) = self.serving.as_ref() else { return Ok(None) };
        let inventory = Inventory::read(&serving.service.store, &self.config.folder).await?;
        let generations: Vec<_> = inventory.held.iter().map(|h| h.generation(Condition::Sound)).collect();
        Ok(next_due(&generations, self.now(at)).map(|due| due.plus(-self.ahead)))
    }

    /// Counts what has taken over since the last look.
    async fn counted(&mut self, report: &mut Report) -> Result<(), ServiceError> {
        let Some(serving) = self.serving.as_ref() else { return Ok(()) };
        let inventory = Inventory::read(&serving.service.store, &self.config.folder).await?;
        for role in Role::ALL {
            if let Some(held) = inventory.in_slot(role, Slot::Current)
                && self.seen.insert((role, held.record.id.clone()))
            {
                *report.renewals.entry(role).or_default() += 1;
            }
        }
        Ok(())
    }

    /// Whether all is as it should be, after a round, while the clock is right.
    pub(super) async fn look(&self, report: &mut Report, at: Time) -> Result<(), ServiceError> {
        let Some(serving) = self.serving(at).filter(|_| self.ahead == 0) else { return Ok(()) };
        let service = &serving.service;
        for reason in service.state.reasons() {
            *report.degraded.entry(reason.code).or_default() += 1;
            if reason.breaks.is_some_and(|breaks| breaks <= at) {
                report.fail(at, reason.role.name(), format!("{}: {}", reason.code, reason.says));
            }
        }
        let credentials = service.credentials.load_full();
        for issuer in credentials.issuing.iter().filter(|k| k.certificate.validity().contains(at)) {
            let list = service.store.crl_latest(&issuer.certificate.fingerprint()).await?;
            let list = list.and_then(|row| pki::Crl::parse(&row.der).ok());
            let good = list.is_some_and(|l| l.this_update() <= at && l.next_update().is_none_or(|next| at <= next));
            if !good {
                report.fail(
                    at,
                    "revocation list",
                    format!("there is none that is valid of {}", issuer.certificate.serial_hex()),
                );
            }
        }
        Ok(())
    }

    pub(super) async fn end(&mut self, report: &mut Report, at: Time) -> Result<(), ServiceError> {
        self.ahead = 0;
        self.set_point_answers(true);
        self.stop();
        self.start(report, at).await?;
        // A notice that failed waits for two minutes at the most.
        for later in [0, 200] {
            self.deliver(at.plus(later)).await?;
        }
        let Some(serving) = self.serving(at) else { return Ok(()) };
        let waiting = serving.service.store.notices_waiting(ENDPOINT, 10).await?.len();
        if waiting > 0 {
            report.fail(at, "notices", "there are some that the registration point was never told");
        }
        for chain in serving.service.store.audit_verify().await? {
            report.audited += chain.rows;
            if let Some(fault) = chain.fault {
                report.fail(at, "audit", fault);
            }
        }
        Ok(())
    }
}

impl Serving {
    /// The endpoint of the devices.
    pub(super) fn endpoint(&self) -> Result<&Endpoint, ServiceError> {
        let missing = || ServiceError::Refused(format!("there is no endpoint {ENDPOINT}"));
        self.service.config.endpoints.get(ENDPOINT).ok_or_else(missing)
    }

    /// A challenge for a device, made where the registration point is.
    pub(super) async fn challenge(&self, device: &str) -> Result<NewChallenge, NoAnswer> {
        let wanted = Challenge {
            endpoint: ENDPOINT.to_owned(),
            device: Some(device.to_owned()),
            subject: Some(format!("CN={device}")),
            ..Challenge::default()
        };
        self.management.mint(wanted).await
    }
}
