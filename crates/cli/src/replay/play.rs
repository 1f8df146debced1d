//! What is sent, and when.
use std::time::Duration;

use arkws::{CloseCode, CloseFrame, Message, Sender, Transport};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use crate::record::{Direction, Recorded};

/// When messages are sent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum ReplayPace {
    /// At the times of the recording, so many times as fast.
    Times { speed: f64 },
    /// When as many answers have come as had in the recording.
    Answers,
}

/// The client's part of a recording.
#[derive(Debug, PartialEq)]
pub(super) struct Player<'a> {
    steps: Vec<ReplayStep<'a>>,
    /// When there is nothing more to wait for.
    end: When,
    /// How the client has said goodbye; `None`: it has not.
    goodbye: Option<Option<&'a CloseFrame>>,
    /// The server has, before.
    server_closes: bool,
}

#[derive(Debug, PartialEq)]
struct ReplayStep<'a> {
    message: &'a Message,
    when: When,
}

/// When a step is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum When {
    /// So long after the beginning.
    Time(Duration),
    /// When so many answers have come.
    Answers(usize),
}

/// How far it has come.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Replayed {
    pub(super) messages: usize,
    pub(super) left: usize,
}

impl Replayed {
    pub(super) fn of(player: &Player<'_>) -> Replayed {
        Replayed {
            messages: 0,
            left: player.steps.len(),
        }
    }
}

impl<'a> Player<'a> {
    /// # Errors
    /// In words: it cannot be played in this way.
    pub(super) fn new(
        recording: &'a [Recorded],
        pace: ReplayPace,
    ) -> Result<Player<'a>, &'static str> {
        let mut player = Player {
            steps: Vec::new(),
            end: When::Answers(0),
            goodbye: None,
            server_closes: false,
        };
        let began = recording.first().and_then(|it| it.time);
        let mut answers = 0;
        for record in recording {
            let when = match pace {
                ReplayPace::Answers => When::Answers(answers),
                ReplayPace::Times { speed } => {
                    let since = began.zip(record.time).map(|(began, time)| time - began);
                    let since = since.ok_or("its messages have no times; there is --by answers")?;
                    let since = Duration::try_from_secs_f64(since.max(0.0) / speed);
                    When::Time(since.map_err(|_| "its times are no times")?)
                }
            };
            player.end = when;
            match (record.direction, &record.message) {
                (Direction::In, message) if message.is_data() => {
                    answers += 1;
                    if pace == ReplayPace::Answers {
                        player.end = When::Answers(answers);
                    }
                }
                (Direction::In, Message::Close(_)) => {
                    player.server_closes = true;
                    break;
                }
                // Pongs answer pings by themselves.
                (Direction::In, _) | (Direction::Out, Message::Pong(_)) => {}
                (Direction::Out, Message::Close(frame)) => {
                    player.goodbye = Some(frame.as_ref());
                    break;
                }
                (Direction::Out, message) => player.steps.push(ReplayStep { message, when }),
            }
        }
        match recording.is_empty() {
            true => Err("it has no messages"),
            false => Ok(player),
        }
    }

    /// Plays it, while answers are counted by `came`.
    pub(super) async fn play(
        &self,
        sender: &mut Sender<Transport>,
        mut came: watch::Receiver<usize>,
        played: &mut Replayed,
    ) {
        let began = Instant::now();
        for step in &self.steps {
            until(step.when, began, &mut came).await;
            if sender.send(step.message.clone()).await.is_err() {
                // The receiver is told why.
                return std::future::pending().await;
            }
            played.messages += 1;
            played.left -= 1;
        }
        until(self.end, began, &mut came).await;
        if self.server_closes {
            std::future::pending().await
        }
    }

    /// What the client says at its end.
    pub(super) fn goodbye(&self) -> Option<CloseFrame> {
        match self.goodbye {
            Some(frame) => frame.cloned(),
            None => Some(CloseFrame::new(CloseCode::NORMAL, "")),
        }
    }
}

async fn until(when: When, began: Instant, came: &mut watch::Receiver<usize>) {
    match when {
        When::Time(since) => sleep_until(began + since).await,
        When::Answers(count) => {
            if came.wait_for(|&came| came >= count).await.is_err() {
                std::future::pending().await
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(direction: Direction, time: f64, message: Message) -> Recorded {
        Recorded {
            direction,
            time: Some(time),
            message,
        }
    }

    fn recording() -> Vec<Recorded> {
        let (out, back) = (Direction::Out, Direction::In);
        let close = CloseFrame::new(CloseCode::NORMAL, "done");
        vec![
            record(back, 100.0, "welcome".into()),
            record(out, 101.0, "one".into()),
            record(out, 101.5, Message::Pong(Vec::new().into())),
            record(back, 102.0, "1".into()),
            record(out, 104.0, "two".into()),
            record(out, 105.0, Message::Close(Some(close))),
            record(back, 106.0, "behind".into()),
        ]
    }

    #[test]
    fn messages_wait_for_their_times() {
        let recording = recording();
        let player = Player::new(&recording, ReplayPace::Times { speed: 2.0 }).unwrap();
        let seconds = |seconds| When::Time(Duration::from_secs_f64(seconds));
        let steps: Vec<_> = player.steps.iter().map(|step| step.when).collect();
        assert_eq!(steps, [seconds(0.5), seconds(2.0)]);
        assert_eq!(player.end, seconds(2.5));
        assert_eq!(player.goodbye().unwrap().reason(), "done");
    }

    #[test]
    fn or_for_as_many_answers() {
        let recording = recording();
        let player = Player::new(&recording, ReplayPace::Answers).unwrap();
        let steps: Vec<_> = player.steps.iter().map(|step| step.when).collect();
        assert_eq!(steps, [When::Answers(1), When::Answers(2)]);
        assert_eq!(player.end, When::Answers(2));
    }

    #[test]
    fn what_has_no_times_is_played_by_answers() {
        let mut recording = recording();
        recording[1].time = None;
        assert!(Player::new(&recording, ReplayPace::Times { speed: 1.0 }).is_err());
        assert!(Player::new(&recording, ReplayPace::Answers).is_ok());
        assert!(Player::new(&[], ReplayPace::Answers).is_err());
    }
}
