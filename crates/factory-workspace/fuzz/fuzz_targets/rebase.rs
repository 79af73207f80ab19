//! Fuzzes patches over to another base.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    factory_workspace::fuzz::fuzz_rebase(data);
});
