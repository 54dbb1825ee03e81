//! See `syncline_fuzz::TARGETS`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| syncline_fuzz::run("livestore_receive", data));
