//! A client object and a server object over a link on which something goes wrong at some byte of a
//! session: the link is cut, ends on one side, stands still or turns a bit. Both tell what there
//! was, in order, and their end, once and in time; and leave nothing behind.
//!
//! The network is in memory and time is simulated, so that each session takes no more than it
//! computes. `ARKWS_FAULTS_STRIDE=1` tries each byte of each direction; otherwise it is some of
//! them.
//!
//! | file | what it has |
//! |---|---|
//! | `link.rs` | the link, its faults, and its ways to pass bytes on |
//! | `session.rs` | both objects, and what they were told of one session |
//! | `judge.rs` | what holds of it |
//! | `killed.rs` | servers whose process is killed, over TCP |
#[path = "../support/connect.rs"]
mod connect;
mod judge;
mod killed;
mod link;
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

async fn whole(ends: &mut Ends) -> Session {
    let whole = ends.session(Plan::default()).await;
    judge::whole(&whole);
    whole
}

/// Each kind of fault at many places of a session.
async fn faults(tls: Tls, compressed: bool) {
    let secure = tls.is_some();
    let mut ends = Ends::start(tls, compressed).await;
    let before = ends.alive();
    let whole = whole(&mut ends).await;
    let mut happened = 0;
    let mut tried = 0;
    for (number, kind) in Kind::ALL.into_iter().enumerate() {
        for direction in Direction::ALL {
            // Not all at the same places.
            let places = (number..whole.passed[direction as usize]).step_by(stride(secure));
            for at in places {
                let fault = Fault {
                    kind,
                    direction,
                    at,
                };
                let session = ends.session(Plan::of(fault)).await;
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
    faults(None, false).await;
}

#[tokio::test(start_paused = true)]
async fn compressed() {
    faults(None, true).await;
}

#[tokio::test(start_paused = true)]
async fn over_tls() {
    faults(session::tls(), false).await;
}

#[tokio::test(start_paused = true)]
async fn compressed_over_tls() {
    faults(session::tls(), true).await;
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
