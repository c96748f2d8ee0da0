//! Whether a file has to be read once more before its documents are made, found out while its bytes go by.

/// Finds out, byte by byte, whether anything in a file could be a number that can be read two ways, or a date whose
/// day and month could be either: only then is it worth reading the file once more before its documents are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Doubt {
    /// `1,234` or `1.234` stands somewhere.
    pub numbers: bool,
    /// `1/2/2026` or `1-2-2026` stands somewhere.
    pub dates: bool,
    /// Digits before the last sign, the sign, and digits since.
    before: usize,
    sign: u8,
    since: usize,
}

impl Doubt {
    /// Looks at the next bytes. Of UTF-16 every other byte is zero and passed over.
    pub fn feed(&mut self, bytes: &[u8]) {
        for byte in bytes {
            match *byte {
                0 => {}
                b'0'..=b'9' => self.since += 1,
                sign => {
                    let three = matches!(self.sign, b'.' | b',') && self.since == 3;
                    self.numbers |= three && (1..=3).contains(&self.before);
                    let twice = matches!(sign, b'/' | b'-') && sign == self.sign;
                    self.dates |=
                        twice && (1..=2).contains(&self.before) && (1..=2).contains(&self.since);
                    (self.before, self.sign, self.since) = (self.since, sign, 0);
                }
            }
        }
    }

    /// The end of the file.
    pub fn end(&mut self) {
        self.feed(b"\n");
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("a;1,345;b", true, false)]
    #[case("a;0,34;1234,5\n31.10.2026;7610000000019", false, false)]
    #[case("x\n12.345", true, false)]
    #[case("1\0,\x003\x004\x005\0", true, false)]
    #[case("01/10/2026", false, true)]
    #[case("2026-10-01 10:00", false, false)]
    fn doubt_is_seen_in_passing(#[case] text: &str, #[case] numbers: bool, #[case] dates: bool) {
        for step in [1, 3, 100] {
            let mut doubt = Doubt::default();
            text.as_bytes()
                .chunks(step)
                .for_each(|bytes| doubt.feed(bytes));
            doubt.end();
            assert_eq!((doubt.numbers, doubt.dates), (numbers, dates), "{step}");
        }
    }
}
