//! What a server can be judged by: does it send messages back, does it compress?
use arkws::Cause;

use super::case::{Case, must};
use super::frame::text;
use super::play::TriedServer;
use super::verdict::{Judgement, Verdict};
use crate::exit::Failure;

/// What a server does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Abilities {
    pub(super) echoes: bool,
    pub(super) compresses: bool,
}

/// Finds out.
///
/// # Errors
/// There is no connection, or no handshake that any server accepts.
pub(super) async fn probe(target: &TriedServer) -> Result<Abilities, Failure> {
    let client = &target.client;
    let connected = async {
        let stream = client.dial(&target.url).await?;
        client.secure(&target.url, stream).await
    };
    if let Err(error) = connected.await {
        return Err(Failure::of_connecting(target.url.as_str(), &error));
    }
    let handshake = must("probe", "RFC 6455, 4.2.2", "a handshake");
    let mut judgement = Judgement::default();
    target.open(&handshake, &mut judgement).await;
    if let Verdict::Failed(why) = judgement.verdict(handshake.level) {
        let url = target.url.as_str();
        return Err(Failure::not_connected(
            &format!("{url} does not accept a WebSocket: {why}"),
            Cause::Handshake,
        ));
    }
    let echo = must("probe", "", "an echo");
    let echo = echo.send(text("arkws conform")).text("arkws conform");
    let compression = must("probe", "RFC 7692, 7", "compression").compressed();
    Ok(Abilities {
        echoes: has_passed(target, &echo).await,
        compresses: has_passed(target, &compression).await,
    })
}

async fn has_passed(target: &TriedServer, case: &Case) -> bool {
    matches!(target.play(case).await.verdict, Verdict::Passed)
}

impl Abilities {
    /// What a case needs, and the server does not do.
    pub(super) fn lack(self, case: &Case) -> Option<&'static str> {
        if case.needs_echo() && !self.echoes {
            return Some("the server does not send messages back");
        }
        if case.area() == "deflate" && !self.compresses {
            return Some("the server does not compress (permessage-deflate)");
        }
        None
    }
}
