//! A client object and a server object over a link on which something goes wrong at some byte of a
//! session: the link is cut, ends on one side, stands still, turns a bit or is reset. Both tell
//! what there was, in order, and their end, once and in time; and leave nothing behind.
//!
//! The network is in memory and time is simulated, so that each session takes no more than it
//! computes; but for resets, which are those of TCP. `ARKWS_FAULTS_STRIDE=1` tries each byte of
//! each direction; otherwise it is some of them.
//!
//! | file | what it has |
//! |---|---|
//! | `link.rs` | the link, its faults, and its ways to pass bytes on |
//! | `reset.rs` | a link over TCP that is reset |
//! | `session.rs` | both objects, and what they were told of one session |
//! | `judge.rs` | what holds of it |
//! | `killed.rs` | servers whose process is killed, over TCP |
#[path = "../support/connect.rs"]
mod connect;
mod judge;
mod killed;
mod link;
#[cfg(target_os = "linux")]
mod reset;
mod session;

use link::{Direction, Fault, Kind, Plan, Way};
use session::{Ends, Session, Tls};

/// From one byte to the next: nothing that divides 8, so that each bit has its turn.
fn stride(tls: bool) -> usize {
    let few = if tls { 41 } else { 7 };
    match std::env::var("ARKWS_FAULTS_STRIDE") {
        Ok(stride) => stride.parse().expect("a number"),
        Err(_) => few,
    }
}

/// One session, over what the fault is of.
async fn session(ends: &mut Ends, kind: Kind, fault: Option<Fault>) -> Session {
    match kind {
        #[cfg(target_os = "linux")]
        Kind::Reset => ends.session_over_tcp(fault).await,
        _ => ends.session(fault.map(Plan::of).unwrap_or_default()).await,
    }
}

/// Each of these kinds of fault at many places of a session.
async fn faults(kinds: &[Kind], tls: Tls, compressed: bool) {
    let secure = tls.is_some();
    let mut ends = Ends::start(tls, compressed).await;
    let before = ends.alive();
    let mut happened = 0;
    let mut tried = 0;
    for (number, &kind) in kinds.iter().enumerate() {
        let whole = session(&mut ends, kind, None).await;
        judge::whole(&whole);
        for direction in Direction::ALL {
            // Not all at the same places.
            let places = (number..whole.passed[direction as usize]).step_by(stride(secure));
            for at in places {
                let fault = Fault {
                    kind,
                    direction,
                    at,
                };
                let session = session(&mut ends, kind, Some(fault)).await;
                judge::faulty(&session, &whole, fault, secure);
                tried += 1;
                happened += usize::from(session.happened);
            }
        }
    }
    println!("{tried} faults, of which {happened} happened");
    assert_eq!(happened, tried);
    ends.assert_nothing_left(before).await;
}

#[tokio::test(start_paused = true)]
async fn plain() {
    faults(&Kind::IN_MEMORY, None, false).await;
}

#[tokio::test(start_paused = true)]
async fn compressed() {
    faults(&Kind::IN_MEMORY, None, true).await;
}

#[tokio::test(start_paused = true)]
async fn over_tls() {
    faults(&Kind::IN_MEMORY, session::tls(), false).await;
}

#[tokio::test(start_paused = true)]
async fn compressed_over_tls() {
    faults(&Kind::IN_MEMORY, session::tls(), true).await;
}

/// In the time of the machine, as the system tells of a reset.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn reset() {
    for tls in [None, session::tls()] {
        for compressed in [false, true] {
            faults(&[Kind::Reset], tls.clone(), compressed).await;
        }
    }
}

/// Of links that lose nothing.
#[tokio::test(start_paused = true)]
async fn a_session_is_whole_however_its_bytes_come() {
    for tls in [None, session::tls()] {
        for compressed in [false, true] {
            let mut ends = Ends::start(tls.clone(), compressed).await;
            let before = ends.alive();
            for way in [Way::OneByteAtATime, Way::Coalesce, Way::Late] {
                judge::whole(&ends.session(Plan { way, fault: None }).await);
            }
            ends.assert_nothing_left(before).await;
        }
    }
}
