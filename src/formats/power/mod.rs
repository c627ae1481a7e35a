//! Whom the files of a host give power to, or let in: sudoers(5), doas.conf(5), rules of polkit(8), sshd_config(5),
//! access.conf(5), lists of cron and at, and the files of PAM.
//!
//! Each function takes the bytes of one file and says who is named in it, what it includes, and which lines it did not
//! understand; it opens nothing, and does not judge what the power is. Where two readings are possible, the one that
//! names more counts: a name too many is one that somebody has to trust, a name too few is power for a stranger.

mod doas;
mod lists;
mod pam;
mod polkit;
mod sshd;
mod sudoers;
mod words;

pub(crate) use doas::doas;
pub(crate) use lists::{access, allowed};
pub(crate) use pam::{capabilities, groups, pam};
pub(crate) use polkit::{local_authority, rules};
pub(crate) use sshd::sshd;
pub(crate) use sudoers::{sudo_conf, sudoers};
