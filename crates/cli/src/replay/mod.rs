//! `arkws replay`: says what a recording says, and compares the answers.
//!
//! | file | what it holds |
//! |---|---|
//! | `arguments.rs` | the arguments |
//! | `play.rs` | what is sent, and when |
//! | `answers.rs` | what comes back, beside what came back then |
mod answers;
mod arguments;
mod play;

pub(crate) use arguments::ReplayArguments;

use std::io::{self, Write};
use std::time::Instant;

use arkws::{Cause, CloseFrame, Error, Receiver, Transport, WebSocket};

use crate::exit::{self, Exit, Failure};
use crate::record;
use crate::stop::{Reason, Stop};
use answers::Comparison;
use play::{Player, Replayed};

/// Runs the subcommand.
///
/// # Errors
/// What the exit status says.
pub(crate) async fn run(arguments: ReplayArguments) -> Result<Exit, Failure> {
    let recording = record::read(&arguments.file, arguments.connection)?;
    let player = Player::new(&recording, arguments.pace());
    let player = player.map_err(|why| {
        let place = arguments.file.display();
        Failure::usage(format!("{place} cannot be replayed: {why}"))
    })?;
    let mut answers = Comparison::new(&recording);
    let stop = Stop::on_ctrl_c();
    if let Some(time) = arguments.max_time {
        stop.after(time);
    }
    let url = arguments.url;
    let client = arguments.client.client()?;
    let connected = tokio::select! {
        connected = client.connect(&url) => connected,
        () = stop.given() => {
            return match stop.reason() {
                Some(Reason::Interrupted) => Ok(Exit::Interrupted),
                _ => Err(Failure::not_connected(
                    "not connected when the time was up",
                    Cause::Timeout,
                )),
            };
        }
    };
    let (socket, _) = connected.map_err(|error| Failure::of_connecting(&url, &error))?;
    let (began, goodbye) = (Instant::now(), player.goodbye());
    let (played, ended) = converse(socket, player, &mut answers, &stop).await;
    let took = began.elapsed().as_secs_f64();
    // Nobody may read it.
    _ = writeln!(
        io::stdout(),
        "sent {} in {took:.3} s; {answers}",
        count(played.messages)
    );
    if stop.reason() == Some(Reason::Interrupted) {
        return Ok(Exit::Interrupted);
    }
    let frame = ended.map_err(|error| Failure::of_connection(&error))?;
    if played.left == 0 {
        // A server repeats the client's code (RFC 6455, 5.5.1).
        let as_recorded = answers.has_ended_with(frame.as_ref()) || repeats(&goodbye, &frame);
        if !as_recorded && let Some(failure) = exit::abnormal(frame.as_ref()) {
            return Err(failure);
        }
    } else {
        let left = count(played.left);
        let why = format!("the connection was closed with {left} left to be sent");
        return Err(exit::abnormal(frame.as_ref()).unwrap_or_else(|| Failure::fault(why)));
    }
    match answers.difference() {
        Some(difference) if arguments.check => Err(Failure::fault(difference)),
        _ => Ok(Exit::Good),
    }
}

fn repeats(goodbye: &Option<CloseFrame>, frame: &Option<CloseFrame>) -> bool {
    let code = |frame: &Option<CloseFrame>| frame.as_ref().map(CloseFrame::code);
    code(goodbye) == code(frame)
}

/// Sends and receives at the same time.
async fn converse(
    socket: WebSocket<Transport>,
    player: Player<'_>,
    answers: &mut Comparison<'_>,
    stop: &Stop,
) -> (Replayed, Result<Option<CloseFrame>, Error>) {
    let (mut sender, mut receiver) = socket.split();
    let came = answers.count();
    let receiving = receive(&mut receiver, answers);
    tokio::pin!(receiving);
    let mut played = Replayed::of(&player);
    let sending = async {
        tokio::select! {
            biased;
            () = stop.given() => {}
            () = player.play(&mut sender, came, &mut played) => {}
        }
        sender.start_close(player.goodbye());
    };
    let ended = tokio::select! {
        ended = &mut receiving => ended,
        () = sending => receiving.await,
    };
    (played, ended)
}

/// Until the connection is over: the server's goodbye.
async fn receive(
    receiver: &mut Receiver<Transport>,
    answers: &mut Comparison<'_>,
) -> Result<Option<CloseFrame>, Error> {
    while let Some(message) = receiver.recv().await {
        answers.compare(&message?);
    }
    Ok(receiver.peer_close())
}

fn count(messages: usize) -> String {
    match messages {
        1 => "1 message".to_owned(),
        messages => format!("{messages} messages"),
    }
}
