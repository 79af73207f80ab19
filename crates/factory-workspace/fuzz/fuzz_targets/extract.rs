//! Fuzzes the way out of a checkout.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    factory_workspace::fuzz::fuzz_extract(data);
});
