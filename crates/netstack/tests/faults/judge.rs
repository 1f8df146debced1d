//! What holds of what both ends were told of a session.
use std::time::Duration;

use crate::link::{Direction, Fault, Kind};
use crate::session::{EventLog, Session, messages};

/// The longest that an end takes: to be opened or to be found silent, to be given up, and to be
/// closed; and for a link that lies the program's own patience.
const BOUND: Duration = Duration::from_secs(60);

/// To whom what passes in a direction comes.
fn receiver(session: &Session, direction: Direction) -> &EventLog {
    match direction {
        Direction::ToServer => &session.server,
        Direction::ToClient => &session.client,
    }
}

/// The orders of events that there are: of an attempt that failed, and of a connection.
fn is_order(order: &str, opens: &str) -> bool {
    match order.strip_prefix(opens) {
        Some(rest) => matches!(rest.trim_start_matches('M'), "C" | "EC"),
        None => matches!(order, "E" | "HE" | "EN" | "N" | ""),
    }
}

/// What holds of each session, whatever happened to it. `altered`: also to bytes of messages.
fn any(session: &Session, altered: bool, what: &str) {
    assert!(session.took <= BOUND, "{what}");
    assert!(is_order(&session.client.order, "HO"), "{what}");
    assert!(!session.client.order.is_empty(), "{what}");
    assert!(is_order(&session.server.order, "O"), "{what}");
    for told in [&session.client, &session.server] {
        for error in &told.errors {
            assert_eq!(error.code, 200, "{what}");
            let cause = error.cause_name();
            assert!(cause.is_some_and(|cause| cause != "internal"), "{what}");
        }
        for close in &told.closes {
            assert_eq!(close.code == 1006, !told.errors.is_empty(), "{what}");
        }
        // Each send has one answer, in order.
        let mut through = 0;
        for &(from, last) in &told.answers {
            assert!(from == through + 1 && last >= from, "{what}");
            through = last;
        }
        assert_eq!(through, told.sent, "{what}");
        if !altered {
            assert!(messages().starts_with(&told.received), "{what}");
        }
    }
}

/// What holds of a session to which nothing happened.
pub(crate) fn whole(session: &Session) {
    let what = format!("{session:?}");
    any(session, false, &what);
    for (told, order) in [(&session.client, "HOMMMC"), (&session.server, "OMMMC")] {
        assert_eq!(told.order, order, "{what}");
        assert_eq!(told.received, messages(), "{what}");
        assert_eq!(told.closes[0].code, 1000, "{what}");
        assert_eq!(told.closes[0].reason, "enough", "{what}");
    }
}

/// What holds of a session with a fault: what had come whole was delivered, and no more.
pub(crate) fn faulty(session: &Session, whole: &Session, fault: Fault, secure: bool) {
    let Fault {
        kind,
        direction,
        at,
    } = fault;
    let of = whole.passed[direction as usize];
    let what = format!("{kind:?} at {at} of {of} bytes {direction:?}: {session:?}");
    let corrupt = kind == Kind::Corrupt;
    any(session, corrupt && !secure, &what);
    if corrupt && !secure {
        return;
    }
    let marks = &receiver(whole, direction).marks;
    let before = marks
        .iter()
        .filter(|passed| passed[direction as usize] <= at)
        .count();
    let count = receiver(session, direction).received.len();
    // The version in the head of a record is ignored (RFC 8446, 5.1): then nothing is altered.
    assert!(
        count == before || corrupt && count == messages().len(),
        "{what}"
    );
    // Nobody hears an answer to what has not come.
    let [client, server] = [&session.client, &session.server].map(|told| told.received.len());
    assert!(client <= server, "{what}");
    // Only who waits in vain waits.
    let waits = matches!(kind, Kind::HalfClose | Kind::Stall | Kind::Corrupt);
    if !waits {
        assert!(session.took < Duration::from_secs(10), "{what}");
    }
}
