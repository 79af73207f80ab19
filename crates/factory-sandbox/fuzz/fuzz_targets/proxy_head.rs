//! Request heads to the sandbox's proxy, whatever they are.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| factory_sandbox::proxy::fuzz_proxy_head(data));
