//! Fuzzes path rules.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    factory_workspace::fuzz::fuzz_paths(data);
});
