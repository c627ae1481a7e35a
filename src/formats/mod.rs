//! The account databases as text: bytes to lines and back, without loss.
//!
//! A database is kept as the bytes that were read. What gosync does not change is written back as it was: comments,
//! blank and malformed lines, NIS `+`/`-` lines, odd spacing, a missing last newline. Nothing here opens a file.
//! Rules: passwd(5), shadow(5), group(5), gshadow(5), subuid(5), and how glibc reads them (`nss_files`).

pub mod fields;
pub mod group;
pub mod lines;
pub mod passwd;
pub mod shadow;
pub mod subid;

pub use fields::{BadField, name_of};
pub use group::{GroupLine, GshadowLine};
pub use lines::{Editor, Lines};
pub use passwd::PasswdLine;
pub use shadow::ShadowLine;
pub use subid::SubidLine;

#[cfg(test)]
mod tests;
