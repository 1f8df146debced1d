//! zlib itself, the C library, without headers and checksums: the other implementation of DEFLATE.
#![expect(unsafe_code, reason = "the functions of a C library")]

use std::ffi::c_int;
use std::mem::{MaybeUninit, size_of};

use libz_sys::{
    Z_BUF_ERROR, Z_DEFLATED, Z_OK, Z_STREAM_END, Z_SYNC_FLUSH, deflate, deflateEnd, deflateInit2_,
    deflateReset, inflate, inflateEnd, inflateInit2_, inflateReset, z_stream, zlibVersion,
};

/// Room that output grows by.
const ROOM: usize = 4096;

const STREAM_SIZE: c_int = size_of::<z_stream>() as c_int;

/// What compresses.
pub(crate) struct Compressor(Box<z_stream>);

/// What inflates.
pub(crate) struct Inflater(Box<z_stream>);

/// How a piece was inflated.
pub(crate) struct Inflated {
    /// How many bytes were taken: all, but for a stream that ended before.
    pub(crate) consumed: usize,
    /// Whether a block with BFINAL set ended here.
    pub(crate) ended: bool,
}

/// A stream in which nothing is set, as `initialise` asks for, which returns `Z_OK`.
///
/// # Safety
/// `initialise` is one of zlib's functions of that name.
unsafe fn stream(initialise: impl FnOnce(*mut z_stream) -> c_int) -> Box<z_stream> {
    let mut stream = Box::new(MaybeUninit::zeroed());
    let status = initialise(stream.as_mut_ptr());
    assert_eq!(status, Z_OK);
    // SAFETY: all fields may be zero but those for the allocator, and zlib has put its own there.
    unsafe { stream.assume_init() }
}

/// Calls `step` until it leaves room in the output, which is appended to `out`. Returns its last
/// status, and how much of `input` it took.
fn drive(
    stream: &mut z_stream,
    input: &[u8],
    out: &mut Vec<u8>,
    mut step: impl FnMut(&mut z_stream) -> c_int,
) -> (c_int, usize) {
    stream.next_in = input.as_ptr().cast_mut();
    stream.avail_in = input.len().try_into().expect("less than 4 GiB");
    let status = loop {
        let filled = out.len();
        out.resize(filled + ROOM, 0);
        stream.next_out = out[filled..].as_mut_ptr();
        stream.avail_out = ROOM as u32;
        let status = step(stream);
        out.truncate(out.len() - stream.avail_out as usize);
        if status != Z_OK || stream.avail_out > 0 {
            break status;
        }
    };
    (status, input.len() - stream.avail_in as usize)
}

impl Compressor {
    /// With a window of 9–15 bits, a level of 0–9, zlib's memLevel (1–9) and strategy (0–4).
    pub(crate) fn new(window_bits: u8, level: u8, mem_level: u8, strategy: u8) -> Compressor {
        // SAFETY: zlib's function, with its own version.
        let stream = unsafe {
            stream(|stream| {
                deflateInit2_(
                    stream,
                    level.into(),
                    Z_DEFLATED,
                    -c_int::from(window_bits),
                    mem_level.into(),
                    strategy.into(),
                    zlibVersion(),
                    STREAM_SIZE,
                )
            })
        };
        Compressor(stream)
    }

    /// Compresses `input` up to a sync flush.
    pub(crate) fn compress(&mut self, input: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        let (status, consumed) = drive(&mut self.0, input, &mut out, |stream| {
            // SAFETY: `drive` has set both ends to slices that it has.
            unsafe { deflate(stream, Z_SYNC_FLUSH) }
        });
        // There is nothing left to do when the output was just filled.
        assert!(matches!(status, Z_OK | Z_BUF_ERROR));
        assert_eq!(consumed, input.len());
        out
    }

    /// Forgets what was compressed.
    pub(crate) fn reset(&mut self) {
        // SAFETY: the stream was initialised.
        assert_eq!(unsafe { deflateReset(&mut *self.0) }, Z_OK);
    }
}

impl Inflater {
    /// With a window of 8–15 bits.
    pub(crate) fn new(window_bits: u8) -> Inflater {
        // SAFETY: zlib's function, with its own version.
        let stream = unsafe {
            stream(|stream| {
                inflateInit2_(
                    stream,
                    -c_int::from(window_bits),
                    zlibVersion(),
                    STREAM_SIZE,
                )
            })
        };
        Inflater(stream)
    }

    /// Inflates `input` behind `out`. `None`: it is not valid.
    pub(crate) fn inflate(&mut self, input: &[u8], out: &mut Vec<u8>) -> Option<Inflated> {
        let (status, consumed) = drive(&mut self.0, input, out, |stream| {
            // SAFETY: `drive` has set both ends to slices that it has.
            unsafe { inflate(stream, Z_SYNC_FLUSH) }
        });
        matches!(status, Z_OK | Z_BUF_ERROR | Z_STREAM_END).then_some(Inflated {
            consumed,
            ended: status == Z_STREAM_END,
        })
    }

    /// Forgets what was inflated.
    pub(crate) fn reset(&mut self) {
        // SAFETY: the stream was initialised.
        assert_eq!(unsafe { inflateReset(&mut *self.0) }, Z_OK);
    }
}

impl Drop for Compressor {
    fn drop(&mut self) {
        // SAFETY: the stream was initialised, and nobody uses it any more. What was not flushed is
        // of no interest.
        let _ = unsafe { deflateEnd(&mut *self.0) };
    }
}

impl Drop for Inflater {
    fn drop(&mut self) {
        // SAFETY: the stream was initialised, and nobody uses it any more.
        let _ = unsafe { inflateEnd(&mut *self.0) };
    }
}
