//! Any bytes, in any reads, to a connection with any configuration.
#![no_main]
use arbitrary::Arbitrary;
use arkws_fuzz::{AnyConfig, End};
use arkws_proto::{Connection, Event, ProtocolError, State};
use bytes::{Buf, BufMut};
use libfuzzer_sys::fuzz_target;

#[derive(Debug, Arbitrary)]
struct Input {
    end: End,
    config: AnyConfig,
    reads: Vec<Vec<u8>>,
}

fuzz_target!(|input: Input| {
    let mut connection = Connection::new(input.end.role(), input.config.config());
    let mut failure: Option<ProtocolError> = None;
    for read in input.reads.iter().filter(|read| !read.is_empty()) {
        let result = receive(&mut connection, read);
        if let Some(error) = &failure {
            assert_eq!(
                result.as_ref(),
                Err(error),
                "a failed connection stays failed"
            );
        }
        failure = result.err();
        assert_eq!(failure.is_some(), connection.state() == State::Failed);
    }

    // What was answered is valid, and says why the connection failed.
    let transmit = connection.transmit();
    let answers = transmit.copy_to_bytes(transmit.remaining());
    let mut peer = Connection::new(input.end.peer(), input.config.default_limits());
    receive(&mut peer, &answers).expect("answers are valid frames");
    if failure.is_some() {
        assert_eq!(peer.state(), State::Closed);
    }
});

fn receive(connection: &mut Connection, mut read: &[u8]) -> Result<(), ProtocolError> {
    while !read.is_empty() {
        let direct = connection.direct_buffer().map(|mut buffer| {
            let len = read.len().min(buffer.remaining_mut());
            buffer.put_slice(&read[..len]);
            len
        });
        if let Some(len) = direct {
            read.advance(len);
            connection.recv(&mut &mut [][..])?.iter().for_each(inspect);
            continue;
        }
        let mut bytes = read.to_vec();
        let mut input = &mut bytes[..];
        while let Some(event) = connection.recv(&mut input)? {
            inspect(&event);
        }
        assert!(input.is_empty());
        return Ok(());
    }
    Ok(())
}

/// Text is UTF-8, whatever came before it.
fn inspect(event: &Event<'_>) {
    if let Event::Text(text) = event {
        assert!(std::str::from_utf8(text.as_str().as_bytes()).is_ok());
    }
}
