//! `println!` and `eprintln!` as a program needs them: where nobody can be written to, the standard
//! library's panic.

use std::fmt::Arguments;
use std::io::{Write, stderr, stdout};
use std::process::exit;

/// Writes results. Without them a command has failed, and says so.
pub fn print(text: Arguments<'_>) {
    let written = stdout().lock().write_fmt(text).and_then(|()| stdout().flush());
    if let Err(error) = written {
        tell(format_args!("error: cannot write to standard output: {error}\n"));
        exit(1);
    }
}

/// Writes what a person may want to know. Failure to write is ignored.
pub fn tell(text: Arguments<'_>) {
    let _ = stderr().lock().write_fmt(text);
}

macro_rules! print {
    ($($text:tt)*) => { $crate::output::print(format_args!($($text)*)) };
}

macro_rules! println {
    ($($text:tt)*) => { $crate::output::print(format_args!("{}\n", format_args!($($text)*))) };
}

macro_rules! eprintln {
    ($($text:tt)*) => { $crate::output::tell(format_args!("{}\n", format_args!($($text)*))) };
}
