//! Every target: the bytes go to the kind of input that the binary is named after.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| gosync::fuzzing::run(env!("CARGO_BIN_NAME"), bytes));
