#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| autoperf_profiler_fuzz::messages(data));
