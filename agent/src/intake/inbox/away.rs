//! Putting a taken file away: what was refused of it with its reason first, the file itself last, so that until the
//! very end it lies where it would be taken again.

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::Path;
use std::time::SystemTime;

use jiff::Timestamp;
use tillpost_shared::profile::clean::whole::Whole;

use super::Settings;
use super::complete::{REASON, markers};
use super::put::{Draft, move_in, remove};
use super::reason::words;
use super::source::{Part, Source};
use super::take::Reading;
use crate::failpoint;

/// Bytes of a file's name that a reason's own name takes over: the file system allows 255 in all.
const NAME_BYTES_MAX: usize = 200;

/// Puts a file away. `draft` holds its refused records.
pub fn put_away(
    settings: &Settings,
    name: &OsStr,
    source: Option<&Source>,
    reading: &Reading,
    draft: Option<Draft>,
    now: Timestamp,
) -> io::Result<()> {
    if let Some(draft) = draft {
        let kept = draft.keep(name)?;
        reason(settings, kept.file_name().unwrap_or(name), name, reading)?;
        failpoint::hit("inbox.refused_written");
    }
    let folder = if reading.whole {
        &settings.refused
    } else {
        &settings.done
    };
    if reading.whole {
        reason(settings, name, name, reading)?;
    }
    let path = settings.path.join(name);
    // A file that was known by its hash, or that broke, is looked through for what may not be kept.
    let unsure = reading.known || reading.whole || reading.refusals.stripped;
    let copied = match source.filter(|_| unsure) {
        Some(source) => clean_copy(folder, source, settings, name, reading.refusals.stripped)?,
        None => false,
    };
    failpoint::hit("inbox.copied");
    if copied {
        remove(&path)?;
    } else {
        move_in(&path, folder, name, SystemTime::from(now))?;
    }
    for marker in settings
        .marker
        .iter()
        .flat_map(|marker| markers(name, marker))
    {
        let marker = settings.path.join(marker);
        if marker.try_exists()? {
            remove(&marker)?;
        }
    }
    Ok(())
}

/// Writes the reason beside a refused file.
fn reason(settings: &Settings, beside: &OsStr, name: &OsStr, reading: &Reading) -> io::Result<()> {
    let text = reading
        .refusals
        .text(&name.to_string_lossy(), words(&settings.language));
    let mut draft = Draft::begin(&settings.refused)?;
    draft.add(&text)?;
    draft.keep(&reason_name(beside))?;
    Ok(())
}

fn reason_name(name: &OsStr) -> OsString {
    let mut own = if name.len() > NAME_BYTES_MAX {
        let text = name.to_string_lossy();
        let mut end = NAME_BYTES_MAX;
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        OsString::from(&text[..end])
    } else {
        name.to_owned()
    };
    own.push(REASON);
    own
}

/// Writes the file without what may not be kept; answers whether there was anything of that, and so a copy. Of an
/// archive each file in it is copied for itself.
fn clean_copy(
    folder: &Path,
    source: &Source,
    settings: &Settings,
    name: &OsStr,
    sure: bool,
) -> io::Result<bool> {
    let mut stripped = sure;
    for part in source.parts.iter().take_while(|_| !sure) {
        let mut whole = Whole::new(&settings.profile, part.encoding);
        stripped |= clean(source, part, &mut whole, |_| Ok(()))?;
    }
    if !stripped {
        return Ok(false);
    }
    for part in &source.parts {
        let mut draft = Draft::begin(folder)?;
        let mut whole = Whole::new(&settings.profile, part.encoding);
        clean(source, part, &mut whole, |text| draft.add(text))?;
        if source.parts.len() == 1 && !source.archive {
            draft.keep(name)?;
        } else {
            let mut own = Path::new(name).file_stem().unwrap_or(name).to_owned();
            own.push("-");
            own.push(&part.name);
            draft.keep(&own)?;
        }
    }
    Ok(true)
}

/// Cleans one file; answers whether anything was taken out.
fn clean(
    source: &Source,
    part: &Part,
    whole: &mut Whole<'_>,
    mut write: impl FnMut(&str) -> io::Result<()>,
) -> io::Result<bool> {
    let mut text = String::new();
    source.read(part, |bytes| {
        text.clear();
        whole.feed(bytes, false, &mut text);
        write(&text)
    })?;
    text.clear();
    whole.feed(&[], true, &mut text);
    write(&text)?;
    Ok(whole.stripped())
}
