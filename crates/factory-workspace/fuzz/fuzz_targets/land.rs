//! Fuzzes patches into a tree.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    factory_workspace::fuzz::fuzz_land(data);
});
