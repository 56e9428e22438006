//! Service credentials under a clock that is moved by hand.

mod support;

use ca::rotation::{
    Authority, Condition, Generation, KEPT, Lineage, Recipient, Renewable, Requirements, Slot, Step, Unfit, kept_until,
    next_due, step,
};
use ca::{Order, Profile, Template};
use pki::extension::{GeneralName, KeyUsage};
use pki::key::{KeySpec, Sign};
use pki::{Certificate, Time, Validity, oid};
use proptest::prelude::*;
use support::{DAY, NOW, key, name, root, serial, tiers};

const YEAR: i64 = 365 * DAY;
const FAR: Renewable = Renewable::Until(Time::NEVER);

fn at(slot: Slot, from: i64, to: i64) -> Generation {
    Generation { slot, validity: Validity { not_before: Time(from), not_after: Time(to) }, condition: Condition::Sound }
}

fn but(condition: Condition, generation: Generation) -> Generation {
    Generation { condition, ..generation }
}

/// What it is about, what is there, what can be made, the time, and what is to be done.
type Row = (&'static str, Vec<Generation>, Renewable, i64, Option<Step>);

#[test]
fn what_is_done_next() {
    use Condition::{Stale, Unsound};
    use Slot::{Current, Next, Retired};
    let current = at(Current, 0, 900);
    let next = at(Next, 450, 1350);
    let retired = at(Retired, -900, 800);
    let table: Vec<Row> = vec![
        ("nothing is there", vec![], FAR, 0, Some(Step::Prepare)),
        ("nothing is there, and nothing can be made", vec![], Renewable::No, 0, None),
        ("young", vec![current], FAR, 449, None),
        ("half", vec![current], FAR, 450, Some(Step::Prepare)),
        ("half, made elsewhere", vec![current], Renewable::No, 450, None),
        ("half, a new one would end with it", vec![current], Renewable::Until(Time(900)), 450, None),
        ("half, a new one would end later", vec![current], Renewable::Until(Time(901)), 450, Some(Step::Prepare)),
        ("prepared", vec![current, next], FAR, 599, None),
        ("two thirds", vec![current, next], FAR, 600, Some(Step::Activate(1))),
        ("two thirds, the new one is no good", vec![current, but(Unsound, next)], FAR, 600, Some(Step::Discard(1))),
        ("the new one has another issuer by now", vec![current, but(Stale, next)], FAR, 500, Some(Step::Discard(1))),
        (
            "two thirds, the new one is from the future",
            vec![current, at(Next, 700, 999)],
            FAR,
            600,
            Some(Step::Discard(1)),
        ),
        ("slept through everything", vec![current], FAR, 5000, Some(Step::Prepare)),
        ("slept, and prepared before", vec![current, next], FAR, 1000, Some(Step::Activate(1))),
        ("slept through the next one too", vec![current, next], FAR, 5000, Some(Step::Discard(1))),
        ("slept, another still works", vec![current, at(Retired, 0, 950)], FAR, 940, Some(Step::Recall(1))),
        ("slept, the root has ended", vec![current], Renewable::Until(Time(4000)), 5000, None),
        ("the clock has gone back", vec![current, retired], FAR, -1, Some(Step::Recall(1))),
        ("the clock has gone back, nothing is there", vec![current], FAR, -1, Some(Step::Prepare)),
        ("the key is gone", vec![but(Unsound, current)], FAR, 10, Some(Step::Prepare)),
        ("the key is gone, a next one is there", vec![but(Unsound, current), next], FAR, 460, Some(Step::Activate(1))),
        ("the issuer has changed", vec![but(Stale, current)], FAR, 10, Some(Step::Prepare)),
        ("the issuer has changed, ready", vec![but(Stale, current), at(Next, 5, 99)], FAR, 10, Some(Step::Activate(1))),
        ("a retired one is kept", vec![current, retired], FAR, 400, None),
        (
            "a retired one is over, by a clock that may be wrong",
            vec![at(Current, 800, 800 + 8 * KEPT), retired],
            FAR,
            801 + KEPT,
            None,
        ),
        (
            "a retired one is over",
            vec![at(Current, 800, 800 + 4 * KEPT), retired],
            FAR,
            801 + KEPT,
            Some(Step::Forget(1)),
        ),
    ];
    for (says, generations, renewable, now, expected) in table {
        assert_eq!(step(&generations, renewable, Time(now)), expected, "{says}");
    }
}

/// A role with its generations, and the engine reduced to what the rules see.
struct World {
    generations: Vec<Generation>,
    life: i64,
    made: u32,
}

impl World {
    fn new(life: i64, now: i64) -> World {
        World { generations: vec![at(Slot::Current, now, now + life)], life, made: 1 }
    }

    fn current(&self) -> Option<&Generation> {
        self.generations.iter().find(|g| g.slot == Slot::Current)
    }

    fn works(&self, now: i64) -> bool {
        self.current().is_some_and(|g| g.validity.contains(Time(now)) && g.condition != Condition::Unsound)
    }

    fn activate(&mut self, index: usize) {
        for generation in &mut self.generations {
            if generation.slot == Slot::Current {
                generation.slot = Slot::Retired;
            }
        }
        self.generations[index].slot = Slot::Current;
    }

    /// Does everything that is to be done; fails if that never ends.
    fn round(&mut self, renewable: Renewable, now: i64) {
        for _ in 0..2 * self.generations.len() + 6 {
            match step(&self.generations, renewable, Time(now)) {
                None => return,
                Some(Step::Prepare) => {
                    self.generations.push(at(Slot::Next, now, now + self.life));
                    self.made += 1;
                }
                Some(Step::Activate(i) | Step::Recall(i)) => self.activate(i),
                Some(Step::Discard(i)) => {
                    assert_eq!(self.generations[i].slot, Slot::Next);
                    self.generations.remove(i);
                }
                Some(Step::Forget(i)) => {
                    let gone = self.generations.remove(i);
                    assert_eq!(gone.slot, Slot::Retired);
                    assert!(Time(now) > kept_until(gone.validity));
                }
            }
            for slot in [Slot::Current, Slot::Next] {
                assert!(self.generations.iter().filter(|g| g.slot == slot).count() <= 1);
            }
        }
        panic!("the rules go round and round: {:?} at {now}", self.generations);
    }
}

#[test]
fn a_hundred_years_go_by_without_a_gap() {
    let life = 2 * YEAR;
    let mut world = World::new(life, 0);
    let mut now = 0;
    while now < 100 * YEAR {
        now = next_due(&world.generations, Time(now)).expect("something is due some day").0;
        assert!(world.works(now), "at {now}");
        world.round(FAR, now);
        // A client with any certificate that is still valid can be answered: its key is still held.
        assert!(world.generations.iter().all(|g| g.slot != Slot::Retired || Time(now) <= kept_until(g.validity)));
    }
    // One every half of a life: it begins to live when it is made.
    assert!((99..=102).contains(&world.made), "{}", world.made);
    assert!(world.generations.len() <= 4);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    /// Looked at more often than every third of a life, there is never a gap, and exactly enough are made.
    #[test]
    fn looked_at_in_time_nothing_ends(
        life in 90_i64..3 * YEAR,
        parts in proptest::collection::vec(1_i64..1000, 50..300),
    ) {
        let mut world = World::new(life, 0);
        let mut now = 0;
        for part in parts {
            now += (life / 3 - 2) * part / 1000 + 1;
            prop_assert!(world.works(now), "at {now} of {life}");
            world.round(FAR, now);
            prop_assert!(world.works(now));
        }
        prop_assert!(i64::from(world.made) <= now / (life / 2) + 2);
    }

    /// The clock may do what it likes: a round later something works, and what failed is not made again and again.
    #[test]
    fn any_jump_heals_in_one_round(
        life in 90_i64..3 * YEAR,
        jumps in proptest::collection::vec((-30 * YEAR..30 * YEAR, any::<bool>()), 1..40),
    ) {
        let mut world = World::new(life, 0);
        let mut now = 0_i64;
        for (jump, small) in jumps {
            now += if small { jump % life } else { jump };
            world.round(FAR, now);
            prop_assert!(world.works(now), "at {now} of {life}: {:?}", world.generations);
            let made = world.made;
            world.round(FAR, now);
            prop_assert_eq!(made, world.made);
        }
    }

    /// Without anybody who makes new ones nothing is made, and what there is serves as long as it can.
    #[test]
    fn what_cannot_be_renewed_serves_to_its_end(life in 90_i64..3 * YEAR, parts in proptest::collection::vec(0_i64..2000, 1..20)) {
        let mut world = World::new(life, 0);
        for part in parts {
            let now = life * part / 1000;
            world.round(Renewable::No, now);
            prop_assert_eq!(world.made, 1);
            prop_assert_eq!(world.works(now), now <= life);
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "tests order what they like")]
fn issued(
    profile: &Profile,
    subject: &str,
    names: Vec<GeneralName>,
    spec: KeySpec,
    number: u64,
    now: Time,
) -> Certificate {
    let issuer = &tiers().issuing;
    let order = Order::new(name(subject), names, key(spec).public_key().clone());
    let algorithm = issuer.key.preferred();
    let prepared =
        ca::prepare(&order, profile, &issuer.certificate, algorithm, &serial(number), now).expect("prepared");
    ca::sign(prepared, &issuer.certificate, &issuer.key).expect("signed")
}

#[test]
fn each_requirement_is_named_that_is_not_met() {
    let public = |spec| key(spec).public_key();
    let host = GeneralName::Dns("scep.example.test".to_owned());
    let server = issued(&Profile::tls_server(YEAR), "CN=server", vec![host.clone()], KeySpec::Rsa2048, 1, NOW);
    let wanted = Requirements {
        key_usage: KeyUsage::DIGITAL_SIGNATURE,
        purpose: Some(oid::SERVER_AUTH),
        names: vec![GeneralName::Dns("SCEP.example.test".to_owned())],
        subject: Some(name("CN=server")),
        issuers: vec![tiers().issuing.certificate.clone()],
        authority: Authority::No,
        recipient: Recipient::Yes,
    };
    let rsa = public(KeySpec::Rsa2048);
    assert_eq!(wanted.check(&server, rsa, NOW), vec![]);
    assert_eq!(wanted.check(&server, public(KeySpec::P256), NOW), vec![Unfit::Key]);
    let validity = server.validity();
    assert_eq!(wanted.check(&server, rsa, validity.not_after), vec![]);
    assert_eq!(wanted.check(&server, rsa, validity.not_after.plus(1)), vec![Unfit::Ended(validity.not_after)]);
    assert_eq!(wanted.check(&server, rsa, validity.not_before.plus(-1)), vec![Unfit::Early(validity.not_before)]);
    let other = |change: &dyn Fn(&mut Requirements)| {
        let mut other = wanted.clone();
        change(&mut other);
        other.check(&server, rsa, NOW)
    };
    let usage = KeyUsage::DIGITAL_SIGNATURE.with(KeyUsage::KEY_AGREEMENT);
    assert_eq!(other(&|w| w.key_usage = usage), vec![Unfit::KeyUsage("keyAgreement".to_owned())]);
    assert_eq!(other(&|w| w.purpose = Some(oid::CLIENT_AUTH)), vec![Unfit::Purpose(oid::CLIENT_AUTH)]);
    let elsewhere = vec![GeneralName::Dns("other.example.test".to_owned())];
    assert!(matches!(other(&|w| w.names = elsewhere.clone()).as_slice(), [Unfit::Name(_)]));
    assert!(matches!(other(&|w| w.subject = Some(name("CN=else"))).as_slice(), [Unfit::Subject(_)]));
    let stranger = root(KeySpec::P256).certificate;
    assert!(matches!(other(&|w| w.issuers = vec![stranger.clone()]).as_slice(), [Unfit::Issuer(_)]));
    assert!(matches!(other(&|w| w.authority = Authority::Yes).as_slice(), [Unfit::Authority(_)]));
    let on_curve = issued(&Profile::tls_server(YEAR), "CN=server", vec![host], KeySpec::P256, 2, NOW);
    assert_eq!(wanted.check(&on_curve, public(KeySpec::P256), NOW), vec![Unfit::Recipient]);
}

#[test]
fn a_thumbprint_names_a_lineage() {
    let v2 =
        |minor| Template::V2 { oid: "1.3.6.1.4.1.311.21.8.1.2".parse().expect("an identifier"), major: 100, minor };
    let profile = |template| Profile { template: Some(template), ..Profile::tls_client(2 * YEAR) };
    let made =
        |profile: &Profile, subject: &str, number, now| issued(profile, subject, vec![], KeySpec::P256, number, now);
    let pinned = made(&profile(v2(1)), "CN=ndes", 1, NOW);
    let renewed = made(&profile(v2(7)), "CN=NDES", 2, NOW.plus(YEAR));
    let again = made(&profile(v2(8)), "CN=ndes", 3, NOW.plus(2 * YEAR));
    let other_name = made(&profile(v2(1)), "CN=other", 4, NOW.plus(YEAR));
    let other_template = made(&profile(Template::V1("Machine".to_owned())), "CN=ndes", 5, NOW.plus(YEAR));
    let other_usage =
        made(&Profile { template: Some(v2(1)), ..Profile::ra_signing(2 * YEAR) }, "CN=ndes", 6, NOW.plus(YEAR));
    let lineage = Lineage::of(&pinned);
    assert!(lineage.has(&renewed) && lineage.has(&again));
    for stranger in [&other_name, &other_template, &other_usage] {
        assert!(!lineage.has(stranger), "{}", stranger.serial_hex());
    }
    let all = [pinned.clone(), other_name, renewed.clone(), other_template, again.clone(), other_usage];
    let pin = pinned.thumbprint().to_lowercase();
    let newest = |now: Time| Lineage::newest(&pin, &all, now).map(Certificate::serial_hex);
    assert_eq!(newest(NOW), Some(pinned.serial_hex()));
    assert_eq!(newest(NOW.plus(YEAR)), Some(renewed.serial_hex()));
    // The day after the pinned certificate has ended.
    assert_eq!(newest(pinned.validity().not_after.plus(1)), Some(again.serial_hex()));
    assert_eq!(newest(NOW.plus(9 * YEAR)), None);
    assert_eq!(Lineage::newest("00", &all, NOW), None);
}
