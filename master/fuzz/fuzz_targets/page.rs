#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| autoperf_fuzz::page(data));
