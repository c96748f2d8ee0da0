//! From a file's bytes to text, whatever it is encoded in: a byte order mark decides, then what XML says of itself,
//! then whether the bytes are UTF-8, then a guess.
//!
//! Encodings are found per file, never per source: two files of one system may differ.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Decoder, Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252, X_USER_DEFINED};

use super::outward::signs::CP850;

/// What stands at the beginning is looked at: the XML declaration.
const HEAD_BYTES_MAX: usize = 256;
/// So much of the lines with other letters than ASCII is enough to guess from; guessing takes longer than reading.
const GUESS_BYTES_MAX: usize = 64 * 1024;
/// The private sign for which byte 128 is read.
const PRIVATE_SIGNS: u32 = 0xf780;
/// Text decoded at a time.
const STEP_BYTES: usize = 16 * 1024;

/// The encoding of a name: what browsers know, and the code pages of DOS, which they do not. Its letters are those of
/// code page 850; 437 has them in the same places. It goes by the one encoding in which a byte stays a byte.
pub fn named(name: &str) -> Option<&'static Encoding> {
    match name.trim().to_ascii_lowercase().as_str() {
        "cp850" | "ibm850" | "850" | "cp437" | "ibm437" | "437" => Some(X_USER_DEFINED),
        name => Encoding::for_label(name.as_bytes()),
    }
}

/// Looks through a whole file before it is read, and says how it is encoded.
pub struct Sniff {
    head: Vec<u8>,
    detector: EncodingDetector,
    /// Bytes that may still be guessed from.
    guess_left: usize,
    /// What the present line begins with: plain ASCII so far.
    line: Vec<u8>,
    /// The present line has other letters than ASCII.
    telling: bool,
    /// Bytes of a character that the last piece broke off.
    open: Vec<u8>,
    utf8: bool,
}

impl Default for Sniff {
    fn default() -> Self {
        Self {
            head: Vec::new(),
            detector: EncodingDetector::new(Iso2022JpDetection::Deny),
            guess_left: GUESS_BYTES_MAX,
            line: Vec::new(),
            telling: false,
            open: Vec::new(),
            utf8: true,
        }
    }
}

impl Sniff {
    /// Looks at the next bytes.
    pub fn feed(&mut self, bytes: &[u8]) {
        let room = HEAD_BYTES_MAX - self.head.len().min(HEAD_BYTES_MAX);
        self.head.extend(bytes.iter().take(room));
        if self.utf8 {
            self.utf8 = self.still_utf8(bytes);
        }
        if self.guess_left > 0 {
            self.collect(bytes);
        }
    }

    /// Keeps what can be guessed from: lines with other letters than ASCII, whole, in whatever pieces they come.
    fn collect(&mut self, mut bytes: &[u8]) {
        if !self.telling && bytes.is_ascii() {
            if let Some(end) = bytes.iter().rposition(|byte| *byte == b'\n') {
                self.line.clear();
                bytes = &bytes[end + 1..];
            }
            return self.begin_line(bytes);
        }
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            if !self.telling && line.is_ascii() {
                self.begin_line(line);
            } else {
                self.telling = true;
                let begun = std::mem::take(&mut self.line);
                self.guess_from(&begun);
                self.guess_from(line);
            }
            if line.ends_with(b"\n") {
                self.telling = false;
                self.line.clear();
            }
        }
    }

    /// Other letters may still come in this line.
    fn begin_line(&mut self, bytes: &[u8]) {
        let room = self.guess_left - self.line.len().min(self.guess_left);
        self.line.extend(bytes.iter().take(room));
    }

    fn guess_from(&mut self, bytes: &[u8]) {
        let bytes = &bytes[..bytes.len().min(self.guess_left)];
        self.guess_left -= bytes.len();
        self.detector.feed(bytes, false);
    }

    /// Whether all is UTF-8 so far; a character may be broken off at the end of a piece.
    fn still_utf8(&mut self, bytes: &[u8]) -> bool {
        let mut rest = bytes;
        while !self.open.is_empty() && !rest.is_empty() {
            self.open.push(rest[0]);
            rest = &rest[1..];
            match std::str::from_utf8(&self.open) {
                Ok(_) => self.open.clear(),
                Err(error) if error.error_len().is_some() => return false,
                Err(_) => {}
            }
        }
        match std::str::from_utf8(rest) {
            Ok(_) => true,
            Err(error) if error.error_len().is_some() => false,
            Err(error) => {
                self.open.extend(&rest[error.valid_up_to()..]);
                true
            }
        }
    }

    /// The encoding. `wanted` is what a profile says: `auto`, or a name that browsers know; `fallback` is taken where
    /// nothing else says.
    pub fn encoding(mut self, wanted: &str, fallback: &str) -> &'static Encoding {
        if let Some((encoding, _)) = Encoding::for_bom(&self.head) {
            return encoding;
        }
        // What is UTF-8 beyond ASCII is nothing else, whatever the profile says: a refused record comes back so.
        let sure = self.utf8 && self.open.is_empty() && self.guess_left < GUESS_BYTES_MAX;
        if let Some(named) = named(wanted) {
            let wide = [UTF_16LE, UTF_16BE].contains(&named);
            return if sure && !wide { UTF_8 } else { named };
        }
        if let Some(wide) = utf16(&self.head) {
            return wide;
        }
        let declared = declared(&self.head);
        if self.utf8 && self.open.is_empty() {
            return UTF_8;
        }
        if let Some(declared) = declared.filter(|encoding| *encoding != UTF_8) {
            return declared;
        }
        if let Some(fallback) = named(fallback) {
            return fallback;
        }
        self.detector.feed(&[], true);
        let guess = self.detector.guess(None, Utf8Detection::Deny);
        if guess == UTF_8 { WINDOWS_1252 } else { guess }
    }
}

/// UTF-16 without a mark: plain letters with a zero byte beside each.
fn utf16(head: &[u8]) -> Option<&'static Encoding> {
    let zeros = |odd: usize| {
        let bytes = head.iter().skip(odd).step_by(2);
        bytes.filter(|byte| **byte == 0).count() * 4 > head.len()
    };
    match (head.len() >= 4, zeros(0), zeros(1)) {
        (true, false, true) => Some(UTF_16LE),
        (true, true, false) => Some(UTF_16BE),
        _ => None,
    }
}

/// What `<?xml … encoding="…"?>` says.
fn declared(head: &[u8]) -> Option<&'static Encoding> {
    let text = String::from_utf8_lossy(head);
    let declaration = text.trim_start().strip_prefix("<?xml")?;
    let declaration = &declaration[..declaration.find("?>")?];
    let value = declaration.split_once("encoding")?.1.split_once('=')?.1;
    let value = value.trim_start();
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let name = value[1..].split(quote).next()?;
    Encoding::for_label(name.as_bytes())
}

/// Turns bytes into text, piece by piece. What cannot be decoded becomes U+FFFD.
pub struct Text {
    decoder: Decoder,
    /// Bytes stand for the letters of code page 850.
    page: bool,
}

impl Text {
    /// Reads this encoding; a byte order mark is taken off.
    pub fn new(encoding: &'static Encoding) -> Self {
        Self {
            decoder: encoding.new_decoder(),
            page: encoding == X_USER_DEFINED,
        }
    }

    /// Adds the text of the next bytes; `last` ends it.
    pub fn feed(&mut self, bytes: &[u8], last: bool, text: &mut String) {
        if !self.page {
            return self.decode(bytes, last, text);
        }
        let mut bare = String::new();
        self.decode(bytes, last, &mut bare);
        text.extend(bare.chars().map(letter));
    }

    fn decode(&mut self, mut bytes: &[u8], last: bool, text: &mut String) {
        loop {
            let step = bytes.len().min(STEP_BYTES);
            let ends = last && step == bytes.len();
            let wanted = self.decoder.max_utf8_buffer_length(step);
            text.reserve(wanted.unwrap_or(STEP_BYTES * 3));
            let (_, read, _) = self.decoder.decode_to_string(&bytes[..step], text, ends);
            bytes = &bytes[read..];
            if bytes.is_empty() {
                return;
            }
        }
    }
}

/// What a byte beyond ASCII, which is read as a private sign, stands for on a code page.
fn letter(c: char) -> char {
    let byte = u32::from(c).checked_sub(PRIVATE_SIGNS);
    let index = byte.and_then(|byte| usize::try_from(byte).ok());
    index
        .and_then(|index| CP850.chars().nth(index))
        .unwrap_or(c)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn read(bytes: &[u8], piece: usize, fallback: &str) -> (String, &'static str) {
        let mut sniff = Sniff::default();
        for piece in bytes.chunks(piece) {
            sniff.feed(piece);
        }
        let encoding = sniff.encoding("auto", fallback);
        let (mut text, mut out) = (Text::new(encoding), String::new());
        for piece in bytes.chunks(piece) {
            text.feed(piece, false, &mut out);
        }
        text.feed(&[], true, &mut out);
        (out, encoding.name())
    }

    #[rstest]
    #[case::plain("Käse".as_bytes(), "Käse", "UTF-8")]
    #[case::mark(b"\xef\xbb\xbfK\xc3\xa4se", "Käse", "UTF-8")]
    #[case::windows(b"K\xe4se \x80 5", "Käse € 5", "windows-1252")]
    #[case::wide(b"\xff\xfeK\0\xe4\0s\0e\0", "Käse", "UTF-16LE")]
    #[case::wide_big(b"\xfe\xff\0K\0\xe4\0s\0e", "Käse", "UTF-16BE")]
    #[case::wide_unmarked(b"K\0a\0s\0e\0", "Kase", "UTF-16LE")]
    #[case::declared(
        b"<?xml version=\"1.0\" encoding='ISO-8859-2'?><a>\xb1</a>",
        "<?xml version=\"1.0\" encoding='ISO-8859-2'?><a>ą</a>",
        "ISO-8859-2"
    )]
    #[case::declared_wrongly("<?xml encoding=\"ISO-8859-1\"?><a>ä</a>".as_bytes(), "<?xml encoding=\"ISO-8859-1\"?><a>ä</a>", "UTF-8")]
    fn a_file_says_how_it_is_encoded(
        #[case] bytes: &[u8],
        #[case] text: &str,
        #[case] encoding: &str,
    ) {
        for piece in [1, 3, 1_000] {
            let read = read(bytes, piece, "windows-1252");
            assert_eq!(read, (text.to_owned(), encoding), "{piece} at a time");
        }
    }

    #[test]
    fn what_is_utf8_beyond_ascii_is_read_so_whatever_the_profile_says() {
        let encoding = |bytes: &[u8]| {
            let mut sniff = Sniff::default();
            sniff.feed(bytes);
            sniff.encoding("windows-1252", "").name()
        };
        assert_eq!(encoding("Käse".as_bytes()), "UTF-8");
        assert_eq!(encoding(b"K\xe4se"), "windows-1252");
        assert_eq!(encoding(b"Tee"), "windows-1252");
    }

    #[test]
    fn the_letters_of_dos_are_read_where_the_profile_names_them() {
        let bytes = b"K\x84se;M\x81esli;\x82t\x82;\x9c5";
        let mut sniff = Sniff::default();
        sniff.feed(bytes);
        let (mut text, mut out) = (
            Text::new(sniff.encoding("CP850", "windows-1252")),
            String::new(),
        );
        for piece in bytes.chunks(3) {
            text.feed(piece, false, &mut out);
        }
        text.feed(&[], true, &mut out);
        assert_eq!(out, "Käse;Müesli;été;£5");
    }

    #[test]
    fn it_is_guessed_from_the_lines_with_letters_of_their_own_however_late_they_come() {
        let plain = "1234567890;abc;1,50\r\n".repeat(20_000);
        let text = "Žluťoučký kůň úpěl ďábelské ódy\r\n".repeat(8_000);
        let whole = format!("{plain}{text}");
        let (bytes, _, _) = encoding_rs::WINDOWS_1250.encode(&whole);
        assert_eq!(read(&bytes, 65_536, "").1, "windows-1250");
    }

    #[test]
    fn without_a_fallback_it_is_guessed() {
        let text = "Žluťoučký kůň úpěl ďábelské ódy ".repeat(8);
        let (bytes, _, _) = encoding_rs::WINDOWS_1250.encode(&text);
        assert_eq!(read(&bytes, 7, "").0, text);
    }

    /// Found by fuzzing: the plain beginning of a line was left out of the guess when it came in a piece of its own.
    #[rstest]
    #[case::the_line_alone(b"Name,Paid at", &[0xff; 217])]
    #[case::after_others(b"Name\nPaid at", &[0xff; 217])]
    fn a_guess_is_the_same_in_whatever_pieces(#[case] begin: &[u8], #[case] rest: &[u8]) {
        let bytes = [begin, rest, b"\nplain\n"].concat();
        let whole = read(&bytes, bytes.len(), "");
        for piece in 1..20 {
            assert_eq!(read(&bytes, piece, ""), whole, "in pieces of {piece}");
        }
    }
}
