#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| tests::doors::doctor_certutil(data));
