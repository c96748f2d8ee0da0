//! Text as bytes of an encoding. A character that it lacks is told; what stands for it is the profile's choice.

use encoding_rs::{EncoderResult, Encoding, UTF_8, UTF_16BE, UTF_16LE};

/// The upper half of code page 850, as DOS tills of western Europe have it.
pub const CP850: &str = "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜø£Ø×ƒáíóúñÑªº¿®¬½¼¡«»░▒▓│┤ÁÂÀ©╣║╗╝¢¥┐└┴┬├─┼ãÃ╚╔╩╦╠═╬¤ðÐÊËÈıÍÎÏ┘┌█▄¦Ì▀ÓßÔÒõÕµþÞÚÛÙýÝ¯´\u{ad}±‗¾¶§÷¸°¨·¹³²■\u{a0}";
/// The upper half of code page 437, as the first PCs had it.
const CP437: &str = "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u{a0}";

/// How text becomes bytes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Signs {
    /// As browsers know it; never UTF-16, which they do not write.
    Known(&'static Encoding),
    /// Two bytes a character, the lower one first.
    WideLittle,
    /// Two bytes a character, the higher one first.
    WideBig,
    /// A code page of DOS: ASCII, and these.
    Page(&'static str),
}

impl Signs {
    /// The encoding of a name; `cp850`, `cp437` and what browsers know.
    pub fn find(name: &str) -> Option<Self> {
        match name.trim().to_ascii_lowercase().as_str() {
            "cp850" | "ibm850" | "850" => return Some(Self::Page(CP850)),
            "cp437" | "ibm437" | "437" => return Some(Self::Page(CP437)),
            _ => {}
        }
        let known = Encoding::for_label(name.as_bytes())?;
        Some(if known == UTF_16LE {
            Self::WideLittle
        } else if known == UTF_16BE {
            Self::WideBig
        } else {
            Self::Known(known)
        })
    }

    /// The byte order mark, where the encoding has one.
    pub fn mark(self) -> &'static [u8] {
        match self {
            Self::Known(known) if known == UTF_8 => b"\xef\xbb\xbf",
            Self::WideLittle => b"\xff\xfe",
            Self::WideBig => b"\xfe\xff",
            Self::Known(_) | Self::Page(_) => b"",
        }
    }

    /// Adds a text's bytes; each character that is lacking is told, and `instead` is written.
    pub fn write(self, text: &str, instead: char, out: &mut Vec<u8>, tell: &mut dyn FnMut(char)) {
        match self {
            Self::WideLittle => out.extend(text.encode_utf16().flat_map(u16::to_le_bytes)),
            Self::WideBig => out.extend(text.encode_utf16().flat_map(u16::to_be_bytes)),
            Self::Page(page) => {
                let byte = |c: char| match u8::try_from(c) {
                    Ok(plain) if plain.is_ascii() => Some(plain),
                    _ => {
                        let at = page.chars().position(|known| known == c)?;
                        u8::try_from(at + 128).ok()
                    }
                };
                for c in text.chars() {
                    out.push(byte(c).unwrap_or_else(|| {
                        tell(c);
                        byte(instead).unwrap_or(b'?')
                    }));
                }
            }
            Self::Known(known) => encode(known, text, instead, out, tell),
        }
    }
}

fn encode(
    encoding: &'static Encoding,
    text: &str,
    instead: char,
    out: &mut Vec<u8>,
    tell: &mut dyn FnMut(char),
) {
    let mut encoder = encoding.new_encoder();
    let mut rest = text;
    loop {
        let room = encoder.max_buffer_length_from_utf8_without_replacement(rest.len());
        out.reserve(room.unwrap_or(rest.len() * 4));
        let (result, read) = encoder.encode_from_utf8_to_vec_without_replacement(rest, out, true);
        rest = rest.get(read..).unwrap_or_default();
        match result {
            EncoderResult::InputEmpty => return,
            EncoderResult::OutputFull => {}
            EncoderResult::Unmappable(c) => {
                tell(c);
                let mut own = [0; 4];
                let (bytes, _, lacking) = encoding.encode(instead.encode_utf8(&mut own));
                out.extend_from_slice(if lacking { b"?" } else { &bytes });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("utf-8", "Käse €", "4bc3a4736520e282ac", "")]
    #[case("windows-1252", "Käse €", "4be4736520 80", "")]
    #[case("windows-1252", "Łódź – 1", "3f f3 64 3f 20 96 20 31", "Łź")]
    #[case("iso-8859-2", "Łódź", "a3 f3 64 bc", "")]
    #[case("utf-16le", "ä€", "e400 ac20", "")]
    #[case("utf-16be", "ä€", "00e4 20ac", "")]
    #[case("cp850", "Käse ß€", "4b 84 73 65 20 e1 3f", "€")]
    #[case("cp437", "é½ø", "82 ab 3f", "ø")]
    #[case("shift_jis", "日本ä", "93fa 967b 3f", "ä")]
    fn text_becomes_bytes_and_what_is_lacking_is_told(
        #[case] name: &str,
        #[case] text: &str,
        #[case] bytes: &str,
        #[case] lacking: &str,
    ) {
        let (mut out, mut told) = (Vec::new(), String::new());
        let signs = Signs::find(name).unwrap();
        signs.write(text, '?', &mut out, &mut |c| told.push(c));
        let found: String = out.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(found, bytes.replace(' ', ""));
        assert_eq!(told, lacking);
    }

    #[test]
    fn a_code_page_has_128_signs() {
        for page in [CP850, CP437] {
            assert_eq!(page.chars().count(), 128);
        }
        assert_eq!(Signs::find("klingon"), None);
    }
}
