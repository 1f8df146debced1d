//! One message in pieces, with tokio-tungstenite at the other end.
use std::io;

use arkws::{CloseCode, CloseFrame, Config, MessageKind, Role};
use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};

use crate::common::open;

/// Both ways; with pings between the fragments, and a close that ends the last message early.
#[tokio::test]
async fn tungstenite_takes_a_message_in_pieces_and_sends_one() {
    for role in [Role::Client, Role::Server] {
        let (near, far) = tokio::io::duplex(1000);
        let mut socket = open(near, role, Config::default());
        let theirs = match role {
            Role::Client => tungstenite::protocol::Role::Server,
            Role::Server => tungstenite::protocol::Role::Client,
        };
        let mut peer = WebSocketStream::from_raw_socket(far, theirs, None).await;
        let data: Vec<u8> = (0..300_000_u32).map(|number| number as u8).collect();

        let write = async {
            let mut writer = socket.message_writer(MessageKind::Binary);
            for piece in data.chunks(70_001) {
                writer.write_all(piece).await.unwrap();
                writer.flush().await.unwrap();
            }
            writer.finish().await.unwrap();
        };
        let ((), message) = tokio::join!(write, peer.next());
        assert!(message.unwrap().unwrap() == data.clone().into(), "{role:?}");

        let fragment = |first: bool, piece: &[u8], is_last| {
            let opcode = match first {
                true => OpCode::Data(Data::Binary),
                false => OpCode::Data(Data::Continue),
            };
            tungstenite::Message::Frame(Frame::message(piece.to_vec(), opcode, is_last))
        };
        let send = async {
            let last = data.len().div_ceil(7001) - 1;
            for (number, piece) in data.chunks(7001).enumerate() {
                let fragment = fragment(number == 0, piece, number == last);
                peer.feed(fragment).await.unwrap();
                let ping = tungstenite::Message::Ping(vec![number as u8].into());
                peer.send(ping).await.unwrap();
            }
        };
        let read = async {
            let mut reader = socket.message_reader(u64::MAX).await.unwrap().unwrap();
            let mut read = Vec::new();
            reader.read_to_end(&mut read).await.unwrap();
            assert!(read == data, "{role:?}");
        };
        tokio::join!(send, read);

        let unfinished = fragment(true, b"unfinished", false);
        peer.send(unfinished).await.unwrap();
        let mut reader = socket.message_reader(u64::MAX).await.unwrap().unwrap();
        let reason = tungstenite::protocol::CloseFrame {
            code: 1001.into(),
            reason: "off".into(),
        };
        peer.close(Some(reason)).await.unwrap();
        let cut = reader.read_to_end(&mut Vec::new()).await.unwrap_err();
        assert_eq!(cut.kind(), io::ErrorKind::UnexpectedEof);
        drop(reader);
        let expected = CloseFrame::new(CloseCode::GOING_AWAY, "off");
        assert_eq!(socket.peer_close(), Some(expected));
    }
}
