# What there is to do. `.ci/run` does everything that must hold before a change goes in.
.PHONY: demo test bench fuzz soak advisories

# A device gets, renews and loses a certificate, over real HTTP, in a temporary folder.
demo:
	cargo run --release --quiet --locked -p perennial -- demo

# Every test. Installs the programs the tests start, as root on Debian; otherwise names them.
test:
	.ci/test

# Enrolments per second and CPU per enrolment, beside what the RSA operations alone cost; chains judged per second, beside
# rustls-webpki and OpenSSL; and evidence read per second by the doctor, beside evtx_dump, with the most memory it took.
bench:
	cargo build --release --quiet --locked -p perennial
	cargo run --release --quiet --locked -p benches
	cargo run --release --quiet --locked -p chain --example bench_chain
	test -x target/tools/bin/evtx_dump || CARGO_TARGET_DIR=target/tools/build cargo install --locked --quiet \
		--root target/tools evtx --version $$(sed -n '/^name = "evtx"$$/{n;s/version = "\(.*\)"/\1/p;}' Cargo.lock)
	cargo run --release --quiet --locked -p doctor --example bench_doctor

# The fuzzers, FUZZ_SECONDS (60) each. Needs cargo-fuzz and g++.
fuzz:
	.ci/fuzz

# The service killed again and again under load, for SOAK_SECONDS (3600); then every credential rotated under load, for
# ROTATION_SECONDS (120), which measures: let nothing else run; then the demonstration over and over, for SOAK_SECONDS.
soak:
	cargo build --release --locked -p perennial
	PERENNIAL_BIN=$(CURDIR)/target/release/perennial SOAK_SECONDS=$${SOAK_SECONDS:-3600} \
		cargo test --locked -p tests --test all -- --nocapture crash::kill
	PERENNIAL_BIN=$(CURDIR)/target/release/perennial SOAK_SECONDS=$${ROTATION_SECONDS:-120} \
		cargo test --locked -p tests --test all -- --nocapture rotation::
	@end=$$(( $$(date +%s) + $${SOAK_SECONDS:-3600} )); count=0; \
	while [ $$(date +%s) -lt $$end ]; do \
		target/release/perennial demo >target/soak.log 2>&1 || { cat target/soak.log; echo "failed after $$count"; exit 1; }; \
		count=$$((count + 1)); \
	done; echo "$$count demonstrations, none failed"

# Known vulnerabilities of dependencies; fetches the RustSec database.
advisories:
	cargo deny check advisories
