//! Any bytes as the header of a frame.
use arkws_proto::frame::{Header, MAX_HEADER};

/// What is decoded is encoded in the same bytes; a part of a header is no header, and is not
/// refused if the whole is not.
pub(crate) fn run(data: &[u8]) {
    let whole = Header::decode(data);
    if let Ok(Some((header, len))) = &whole {
        let mut out = [0; MAX_HEADER];
        let encoded = header.encode(&mut out);
        assert_eq!(out[..encoded], data[..*len]);
    }
    for end in 0..data.len().min(MAX_HEADER) {
        match (Header::decode(&data[..end]), &whole) {
            (Ok(Some(part)), Ok(Some(whole))) => assert_eq!(&part, whole),
            (Ok(None), _) => {}
            (Err(part), Err(whole)) => assert_eq!(&part, whole),
            (part, whole) => panic!("{part:?} of {whole:?}"),
        }
    }
}
