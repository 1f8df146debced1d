//! Text in the forms that JavaScript has it in.
pub(crate) mod latin1;
#[expect(
    unsafe_code,
    reason = "vector instructions, and text that is known to be valid"
)]
pub(crate) mod utf16;

/// Memory that texts pass through.
#[derive(Default)]
pub(crate) struct TextBuffer {
    pub(crate) units: Vec<u16>,
    /// As long as the UTF-8 of all units may become.
    pub(crate) utf8: Vec<u8>,
}
