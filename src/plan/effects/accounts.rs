//! What the deeds mean that are done to accounts.

use super::{Count, Detail, Effects, Gives, Home, Lines, Pack, Part, Presence, Takes, losing, of};
use crate::model::owned::{Hold, Loss};
use crate::model::{Contact, Name, Uid};
use crate::plan::deed::{Adopted, FieldChange, HomeFate, LockShell, NewAccount, Number};
use crate::plan::hook_event::Event;
use crate::plan::key_change::KeyChange;
use crate::policy::Reason;
use crate::policy::keys::Place;

pub(super) fn create<'a>(name: &'a Name, new: &'a NewAccount) -> Effects<'a> {
    Effects {
        presence: Presence::Comes,
        number: Some(Number::Uid(new.uid)),
        gives: Gives {
            name: Some(name),
            number: Some(Number::Uid(new.uid)),
            primary: Some(new.gid),
            power: &[],
        },
        lines: Lines::NewAccount(new),
        home: match new.make_home {
            true => Home::Make {
                path: &new.fields.home,
                uid: new.uid,
                gid: new.gid.get(),
            },
            false => Home::Stays,
        },
        ..of("create-account", Count::Created, Some(Event::Created))
    }
}

pub(super) fn update(fields: &[FieldChange]) -> Effects<'_> {
    Effects {
        lines: Lines::Fields(fields),
        ..of("update-account", Count::Changed, Some(Event::Updated))
    }
}

pub(super) fn lock(reason: &Reason) -> Effects<'_> {
    Effects {
        part: Part::Closing,
        presence: Presence::Closes,
        lines: Lines::Lock,
        detail: Some(Detail::Reason(reason)),
        ..of("lock-account", Count::Locked, Some(Event::Locked))
    }
}

pub(super) fn unlock<'a>() -> Effects<'a> {
    Effects {
        presence: Presence::Opens,
        lines: Lines::Unlock,
        ..of("unlock-account", Count::Unlocked, Some(Event::Unlocked))
    }
}

pub(super) fn lock_shell(shell: &LockShell) -> Effects<'_> {
    Effects {
        part: match shell.before.is_some() {
            true => Part::Closing,
            false => Part::Opening,
        },
        lines: Lines::Fields(std::slice::from_ref(&shell.shell)),
        detail: Some(Detail::Shell(&shell.shell)),
        ..of("lock-shell", Count::Shell, Some(Event::Updated))
    }
}

pub(super) fn hold(hold: &Hold) -> Effects<'_> {
    Effects {
        part: Part::Closing,
        detail: Some(Detail::Held(hold)),
        ..of("hold-account", Count::Held, None)
    }
}

pub(super) fn free<'a>() -> Effects<'a> {
    of("free-account", Count::Freed, None)
}

pub(super) fn remove(uid: Uid, private_group: bool, home: &HomeFate) -> Effects<'_> {
    Effects {
        part: Part::Clearing,
        number: Some(Number::Uid(uid)),
        presence: Presence::Goes {
            with_home: *home != HomeFate::Keep,
        },
        takes: losing(Loss::Removal),
        lines: Lines::RemoveAccount { private_group },
        home: match home {
            HomeFate::Keep | HomeFate::Gone => Home::Stays,
            HomeFate::Remove { path } => Home::Goes {
                path,
                uid,
                pack: None,
            },
            HomeFate::Archive { path, into } => Home::Goes {
                path,
                uid,
                pack: Some(Pack::Into(into)),
            },
        },
        detail: Some(Detail::Home(home)),
        ..of("remove-account", Count::Removed, Some(Event::Removed))
    }
}

pub(super) fn forget<'a>() -> Effects<'a> {
    Effects {
        presence: Presence::Left,
        ..of("forget-account", Count::Removed, None)
    }
}

pub(super) fn change_contact<'a>(before: &'a Contact, after: &'a Contact) -> Effects<'a> {
    let detail = match (
        before.email == after.email,
        before.ssh_keys == after.ssh_keys,
    ) {
        (true, true) => Detail::Contact("attributes at the provider"),
        (true, false) => Detail::Contact("SSH keys at the provider"),
        (false, _) => Detail::Email {
            from: &before.email,
            to: &after.email,
        },
    };
    Effects {
        detail: Some(detail),
        ..of("change-contact", Count::Changed, Some(Event::Updated))
    }
}

pub(super) fn set_keys(keys: &KeyChange) -> Effects<'_> {
    Effects {
        part: if keys.text.is_empty() {
            Part::Closing
        } else {
            Part::Opening
        },
        // What is in a home is written as its owner.
        is_after_commit: keys.at.kind() == Place::Home,
        takes: Takes {
            all_keys: keys.takes_all(),
            ..Takes::default()
        },
        keys: Some(keys),
        detail: Some(Detail::Keys {
            from: &keys.before,
            to: &keys.after,
        }),
        ..of("set-keys", Count::Keys, Some(Event::Updated))
    }
}

pub(super) fn adopt(adopted: &Adopted) -> Effects<'_> {
    Effects {
        number: Some(Number::Uid(adopted.uid)),
        lines: Lines::Fields(&adopted.fields),
        login: Some(&adopted.login),
        was: adopted.was.as_ref(),
        detail: Some(Detail::Before(&adopted.fields)).filter(|_| !adopted.fields.is_empty()),
        ..of("adopt-account", Count::Adopted, Some(Event::Updated))
    }
}

pub(super) fn archive_home<'a>(uid: Uid, home: &'a str, archive: &'a str) -> Effects<'a> {
    Effects {
        number: Some(Number::Uid(uid)),
        part: Part::Clearing,
        takes: losing(Loss::Archive),
        home: Home::Goes {
            path: home,
            uid,
            pack: Some(Pack::As(archive)),
        },
        detail: Some(Detail::Archived(archive)),
        ..of("archive-home", Count::Archived, Some(Event::Archived))
    }
}

pub(super) fn make_home(uid: Uid, gid: u32, home: &str) -> Effects<'_> {
    Effects {
        number: Some(Number::Uid(uid)),
        home: Home::Make {
            path: home,
            uid,
            gid,
        },
        ..of("make-home", Count::Changed, Some(Event::Updated))
    }
}
