//! What is kept of what a program says: so much of its beginning, or of its end, or all of it.
//!
//! Whatever is not kept is read all the same, so that the program need not wait for us.

use std::io::{self, PipeReader, Read};

use crate::system::memory;

/// After how many bytes that are kept memory is looked at again.
const LOOK: usize = 1 << 20;

/// How much is kept of what a program says, in bytes.
#[derive(Clone, Copy)]
pub(super) enum Keep {
    /// So much of the beginning.
    First(usize),
    /// So much of the end.
    Last(usize),
    /// All, if it is no more than this.
    Whole(usize),
}

/// What a program says.
pub(super) struct Output {
    /// `None` when nobody can write to it any more.
    pub(super) pipe: Option<PipeReader>,
    kept: Vec<u8>,
    keep: Keep,
    /// Whether it is more than may be kept.
    pub(super) is_over: bool,
}

impl Output {
    pub(super) fn new(pipe: PipeReader, keep: Keep) -> Self {
        Self {
            pipe: Some(pipe),
            ..Self::with(keep)
        }
    }

    pub(super) fn none() -> Self {
        Self::with(Keep::First(0))
    }

    fn with(keep: Keep) -> Self {
        Self {
            pipe: None,
            kept: Vec::new(),
            keep,
            is_over: false,
        }
    }

    /// Reads what is there; not more at a time than lets the deadline be seen.
    ///
    /// # Errors
    /// When there is no memory for it.
    pub(super) fn read(&mut self) -> io::Result<()> {
        let mut buffer = [0; 1 << 13];
        for _ in 0..64 {
            let Some(pipe) = &mut self.pipe else {
                return Ok(());
            };
            match pipe.read(&mut buffer) {
                Ok(0) => self.pipe = None,
                Ok(read) => self.take(&buffer[..read])?,
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => self.pipe = None,
            }
        }
        Ok(())
    }

    fn take(&mut self, bytes: &[u8]) -> io::Result<()> {
        let had = self.kept.len();
        match self.keep {
            Keep::First(most) => {
                let room = most.saturating_sub(had);
                self.kept.extend_from_slice(&bytes[..bytes.len().min(room)]);
            }
            Keep::Last(most) => {
                self.kept.extend_from_slice(bytes);
                // Not each time, or a byte would be moved as often as others come.
                if self.kept.len() > most.saturating_mul(2).max(1 << 14) {
                    self.shorten(most);
                }
            }
            Keep::Whole(most) if had + bytes.len() > most => self.is_over = true,
            Keep::Whole(_) => {
                if had / LOOK != (had + bytes.len()) / LOOK {
                    let room = memory::room_for(had as u64);
                    room.map_err(|e| io::Error::new(io::ErrorKind::OutOfMemory, e))?;
                }
                self.kept.extend_from_slice(bytes);
            }
        }
        Ok(())
    }

    /// Forgets all but so many of the last bytes.
    fn shorten(&mut self, most: usize) {
        let gone = self.kept.len().saturating_sub(most);
        self.kept.drain(..gone);
    }

    pub(super) fn into_kept(mut self) -> Vec<u8> {
        if let Keep::Last(most) = self.keep {
            self.shorten(most);
        }
        self.kept
    }
}
