#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| autoperf_inputs_fuzz::input_xml(data));
