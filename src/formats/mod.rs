//! The account databases as text: bytes to lines and back, without loss.
//!
//! A database is kept as the bytes that were read. What gosync does not change is written back as it was: comments,
//! blank and malformed lines, NIS `+`/`-` lines, odd spacing, a missing last newline. Nothing here opens a file.
//! Rules: passwd(5), shadow(5), group(5), gshadow(5), subuid(5), shells(5), and how glibc reads them (`nss_files`): it takes lines
//! with fields missing or too many, too, so that whoever stands in them is there, and has the number.

pub(crate) mod cache_index;
pub(crate) mod fields;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;
pub(crate) mod group;
pub(crate) mod lines;
pub(crate) mod passwd;
pub(crate) mod power;
pub(crate) mod shadow;
pub(crate) mod shells;
pub(crate) mod subid;

pub(crate) use fields::{BadField, name_of, number_of};
pub(crate) use group::{GroupLine, GshadowLine};
pub(crate) use lines::{Editor, Lines};
pub(crate) use passwd::PasswdLine;
pub(crate) use shadow::ShadowLine;
pub(crate) use shells::shells;
pub(crate) use subid::SubidLine;

#[cfg(test)]
mod tests;
