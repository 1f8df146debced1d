//! The queue between the threads, with threads: for ThreadSanitizer, and because `tests/loom` takes
//! few events.
use std::collections::VecDeque;
use std::sync::{Arc, mpsc};

use arkws_netstack::Payload;

#[path = "../src/text/latin1.rs"]
mod latin1;
#[allow(dead_code, reason = "used in its crate")]
#[path = "../src/object_id.rs"]
mod object_id;
#[allow(dead_code, reason = "used in its crate")]
#[path = "../src/queue/mod.rs"]
mod queue;
#[path = "../src/sync.rs"]
mod sync;

mod text {
    pub(crate) use crate::latin1;
}

/// In place of the events that JavaScript gets, which need it.
mod event {
    pub(crate) struct Event;
}

use event::Event;
use object_id::ObjectId;
use queue::Queue;
use queue::batch::{Item, ItemKind, Origin, PayloadLocation};

const MESSAGES: usize = 20_000;

/// A payload: short ones, and now and then one that the queue keeps as it is.
fn payload(number: usize) -> Vec<u8> {
    let len = if number.is_multiple_of(1000) {
        300_000
    } else {
        number % 50
    };
    vec![number as u8; len]
}

#[test]
fn all_that_one_thread_adds_another_takes_in_order_while_it_looks_only_when_woken() {
    // Before there is a second thread: both are to work at the same time.
    let expected: Vec<u8> = (0..MESSAGES).flat_map(payload).collect();
    let (wake, woken) = mpsc::channel();
    let queue = Arc::new(Queue::default());
    queue.open(Box::new(move || {
        // Whoever has taken everything does not listen any more.
        let _ = wake.send(());
    }));
    let object = ObjectId::from(1);
    let network = {
        let queue = Arc::clone(&queue);
        std::thread::spawn(move || {
            for number in 0..MESSAGES {
                let mut bytes = payload(number);
                queue.binary(object, Origin::Client, Payload::Borrowed(&mut bytes));
                if number.is_multiple_of(7) {
                    queue.flush();
                }
                if number.is_multiple_of(100) {
                    queue.event(object, Event);
                }
            }
            queue.flush();
        })
    };

    let (mut bytes, mut events, mut batches) = (Vec::new(), 0, VecDeque::new());
    while bytes.len() < expected.len() || events < MESSAGES / 100 {
        woken.recv().expect("the queue wakes until all is taken");
        loop {
            queue.take(&mut batches);
            for batch in &mut batches {
                // Large ones among them lie elsewhere, in order.
                let mut small = &*batch.arenas.narrow;
                let mut large = batch.owned.drain(..);
                for location in &batch.locations {
                    match *location {
                        PayloadLocation::Run { len, .. } | PayloadLocation::Small { len, .. } => {
                            let (these, rest) = small.split_at(len as usize);
                            bytes.extend_from_slice(these);
                            small = rest;
                        }
                        PayloadLocation::Owned { .. } => {
                            bytes.extend_from_slice(&large.next().expect("one each"));
                        }
                    }
                }
                let is_event = |item: &&Item| matches!(item.kind, ItemKind::Event(_));
                events += batch.items.iter().filter(is_event).count();
            }
            if !queue.give_back(&mut batches) {
                break;
            }
        }
    }
    assert!(bytes == expected, "in order, and each once");
    assert_eq!(events, MESSAGES / 100);
    network.join().unwrap();
}
