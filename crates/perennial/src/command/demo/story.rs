use std::time::Instant;

use crate::failure::Failure;
use crate::print;

/// What has happened so far, told step by step.
pub(super) struct Story {
    begun: Instant,
    step: Instant,
    number: usize,
}

impl Story {
    pub(super) fn begin(title: &str) -> Story {
        print::line(title);
        print::line("");
        Story { begun: Instant::now(), step: Instant::now(), number: 0 }
    }

    /// A step has gone as it should.
    pub(super) fn tell(&mut self, what: &str) {
        self.number += 1;
        let took = self.step.elapsed();
        print::line(&format!("{:>2}. {what}  [{:.0} ms]", self.number, took.as_secs_f64() * 1000.0));
        self.step = Instant::now();
    }

    /// A detail of the step just told.
    pub(super) fn detail(&self, what: &str) {
        print::line(&format!("      {what}"));
    }

    pub(super) fn end(&self) {
        print::line("");
        print::line(&format!("All of it went as it should, in {:.1} s.", self.begun.elapsed().as_secs_f64()));
    }
}

/// A step did not go as it should.
pub(super) fn wrong(what: impl Into<String>) -> Failure {
    Failure::new("demo", what)
}
