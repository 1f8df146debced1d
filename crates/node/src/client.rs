//! The functions of a client object, `webSocket.WebSocket`.
//!
//! A call that can fail returns the failure, or nothing: `npm/core` makes the error, so that its
//! stack begins at the program's call.
use std::sync::Arc;

use arkws_netstack::{
    self as netstack, BusinessError, CloseCode, CloseFrame, CloseOptions, CloseResult, Listener,
    Payload, Stats, Text, WebSocket,
};
use bytes::Bytes;
use napi::Result;

use crate::answer::{answer, not_data, too_long};
use crate::asker::Asker;
use crate::call::Call;
use crate::event::Event;
use crate::event_to_js::milliseconds;
use crate::header_fields::flat;
use crate::napi::{Env, Value};
use crate::object_id::ObjectId;
use crate::options::{accept_views, binary_type, connect_options};
use crate::program;
use crate::question::Answered;
use crate::queue::Queue;
use crate::queue::batch::{Origin, SHARED_FROM};

/// Takes the events of one client object on the network thread.
struct ClientInbox {
    object: ObjectId,
    queue: Arc<Queue>,
}

impl Listener for ClientInbox {
    fn on_event(&self, event: netstack::Event<'_>) {
        let (queue, object) = (&self.queue, self.object);
        let event = match event {
            netstack::Event::Text(text) => return queue.text(object, Origin::Pieces, text),
            netstack::Event::Binary(payload) => {
                return queue.binary(object, Origin::Pieces, payload);
            }
            netstack::Event::DataEnd => return queue.data_end(object),
            netstack::Event::Sent { through } => return queue.sent(object, None, through),
            netstack::Event::HeaderReceive(headers) => Event::HeaderReceive(flat(headers)),
            netstack::Event::Open {
                status,
                message,
                protocol,
            } => {
                let message = message.to_owned();
                let open = Event::Open {
                    status,
                    message: message.clone(),
                };
                queue.event(object, open);
                Event::OpenInfo {
                    status,
                    message,
                    protocol: protocol.map(str::to_owned),
                }
            }
            netstack::Event::Error(error) => Event::Error(error),
            netstack::Event::Close(result) => Event::Close(result),
            netstack::Event::SendFailed {
                from,
                through,
                error,
            } => Event::SendFailed {
                client: None,
                from,
                through,
                error,
            },
            netstack::Event::Reconnecting {
                attempt,
                delay,
                cause,
            } => Event::Reconnecting {
                attempt,
                delay,
                cause,
            },
            netstack::Event::Reconnected { attempts } => Event::Reconnected { attempts },
            netstack::Event::Ping(data) => Event::Ping(data.to_vec()),
            netstack::Event::Pong { data, answer } => Event::Pong {
                data: data.to_vec(),
                answer,
            },
            netstack::Event::PingsLost { through, error } => Event::PingsLost { through, error },
            netstack::Event::Idle => Event::Idle,
        };
        queue.event(object, event);
    }

    fn on_text(&self, text: Text<'_>) {
        self.queue.text(self.object, Origin::Client, text);
    }

    fn on_binary(&self, data: Payload<'_>) {
        self.queue.binary(self.object, Origin::Client, data);
    }

    fn shared_from(&self) -> usize {
        SHARED_FROM
    }

    fn on_shared(&self, data: Bytes) {
        self.queue.shared(self.object, Origin::Client, data);
    }

    fn on_refused(&self, error: BusinessError) {
        self.queue.event(self.object, Event::Refused(error));
    }

    fn on_close_frame(&self, frame: Option<&CloseFrame>) {
        let close = frame.map(|frame| CloseResult {
            code: frame.code().get(),
            reason: frame.reason().to_owned(),
        });
        self.queue.event(self.object, Event::CloseFrame(close));
    }

    fn flush(&self) {
        self.queue.flush();
    }
}

/// `createClient(importer, import)`: the object's number.
pub(crate) fn create(call: Call<'_>) -> Result<Value<'_>> {
    let context = program::context(&call)?;
    let object = call.environment.next_object();
    let inbox = ClientInbox {
        object,
        queue: Arc::clone(&call.environment.queue),
    };
    let client = WebSocket::new(context, Arc::new(inbox));
    call.environment.add_client(object, client);
    call.env.number(object)
}

/// `connect(object, url, options)`.
pub(crate) fn connect(call: Call<'_>) -> Result<Value<'_>> {
    let url: String = call.get(1)?;
    let object = call.arguments.object(2)?;
    let asker = Asker {
        object: call.object()?,
        queue: Arc::clone(&call.environment.queue),
    };
    let options = connect_options(object, &asker)?;
    let binary_type = match binary_type(object)? {
        Ok(binary_type) => binary_type,
        Err(error) => return answer::<()>(call.env, Err(error)),
    };
    let accept_views = accept_views(object)?;
    let object = call.object()?;
    let result = call.environment.client(object)?.connect(&url, options);
    if result.is_ok() {
        call.environment.set_binary_type(object, binary_type);
        call.environment.set_accepts_views(object, accept_views);
    }
    answer(call.env, result)
}

/// `sendText(object, string)`; `flush` is to follow.
pub(crate) fn send_text(call: Call<'_>) -> Result<Value<'_>> {
    let object = call.object()?;
    let client = call.environment.client(object)?;
    let result = call.text(1, |text| client.feed_text(text))?;
    drop(client);
    let result = match result {
        Some(result) => result,
        None => Err(too_long(&call, 1)?),
    };
    answer(call.env, result)
}

/// `sendBinary(object, buffer)`; `flush` is to follow.
pub(crate) fn send_binary(call: Call<'_>) -> Result<Value<'_>> {
    let object = call.object()?;
    let client = call.environment.client(object)?;
    let send = |data: &[u8]| client.feed_binary(data);
    let mut result = call.array_buffer(1, send)?;
    if result.is_none() && call.environment.accepts_views(object) {
        result = call.view(1, send)?;
    }
    drop(client);
    answer(call.env, result.unwrap_or_else(|| Err(not_data())))
}

/// `sendUtf8(object, buffer)`: a text, of any length, as its bytes; `flush` is to follow.
pub(crate) fn send_utf8(call: Call<'_>) -> Result<Value<'_>> {
    let client = call.environment.client(call.object()?)?;
    let result = call.view(1, |data| client.feed_text(String::from_utf8_lossy(data)))?;
    drop(client);
    answer(call.env, result.unwrap_or_else(|| Err(not_data())))
}

/// `flush(object, answered)`, with how many sends have been answered: so many have been now, or
/// fewer if this call has sent nothing.
pub(crate) fn flush(call: Call<'_>) -> Result<Value<'_>> {
    let answered = call.number(1)?;
    let through = match call.environment.client(call.object()?) {
        Ok(client) => client.flush(answered),
        // An object that was freed since it sent has nothing left to send.
        Err(_) => 0,
    };
    call.env.number(through)
}

/// `closeClient(object, code | undefined, reason | undefined)`.
pub(crate) fn close(call: Call<'_>) -> Result<Value<'_>> {
    let options = CloseOptions::new(call.get(1)?, call.get(2)?);
    let result = call.environment.client(call.object()?)?.close(options);
    answer(call.env, result)
}

/// `terminate(object)`.
pub(crate) fn terminate(call: Call<'_>) -> Result<Value<'_>> {
    let result = call.environment.client(call.object()?)?.terminate();
    answer(call.env, result)
}

/// `abort(object, why)`.
pub(crate) fn abort(call: Call<'_>) -> Result<Value<'_>> {
    let why = call.string(1)?.unwrap_or_default();
    call.environment.client(call.object()?)?.abort(&why);
    call.env.undefined()
}

/// `hold(object, isHeld)`: reads nothing from its connection, or does again.
pub(crate) fn hold(call: Call<'_>) -> Result<Value<'_>> {
    let client = call.environment.client(call.object()?)?;
    match call.get(1)? {
        true => client.pause(),
        false => client.resume(),
    }
    call.env.undefined()
}

/// `ping(object, data | undefined)`, with an ArrayBuffer: the ping's number, or a failure.
pub(crate) fn ping(call: Call<'_>) -> Result<Value<'_>> {
    let data = call.array_buffer(1, <[u8]>::to_vec)?;
    let result = call.environment.client(call.object()?)?.ping(data);
    match result {
        Ok(number) => call.env.number(number),
        Err(error) => answer::<()>(call.env, Err(error)),
    }
}

/// `answerQuestion(id, why | undefined, url | undefined, list | undefined)`: why the program has no
/// answer, else its answer.
pub(crate) fn answer_question(call: Call<'_>) -> Result<Value<'_>> {
    let id: u32 = call.get(0)?;
    let failed: Option<String> = call.get(1)?;
    let answered = Answered {
        url: call.get(2)?,
        list: call.get(3)?,
    };
    let answer = failed.map_or(Ok(answered), Err);
    call.environment.answer_question(id, answer);
    call.env.undefined()
}

/// `observePings(object, observes)`.
pub(crate) fn observe_pings(call: Call<'_>) -> Result<Value<'_>> {
    let observes = call.get(1)?;
    call.environment
        .client(call.object()?)?
        .observe_pings(observes);
    call.env.undefined()
}

/// `closeWith(object, code | undefined, reason)`: with no body at all if there is no code.
pub(crate) fn close_with(call: Call<'_>) -> Result<Value<'_>> {
    let code: Option<u32> = call.get(1)?;
    let reason: String = call.get(2)?;
    let code = code.and_then(|code| CloseCode::new(u16::try_from(code).ok()?));
    let frame = code.map(|code| CloseFrame::new(code, &reason));
    let result = call.environment.client(call.object()?)?.close_with(frame);
    answer(call.env, result)
}

/// `readyState(object)`.
pub(crate) fn ready_state(call: Call<'_>) -> Result<Value<'_>> {
    let state = call.environment.client(call.object()?)?.ready_state();
    call.env.number(state as u32)
}

/// `bufferedAmount(object)`.
pub(crate) fn buffered_amount(call: Call<'_>) -> Result<Value<'_>> {
    let bytes = call.environment.client(call.object()?)?.buffered_amount();
    call.env.number(bytes as u64)
}

/// `bytesAccepted(object)`.
pub(crate) fn bytes_accepted(call: Call<'_>) -> Result<Value<'_>> {
    let bytes = call.environment.client(call.object()?)?.bytes_accepted();
    call.env.number(bytes)
}

/// `bytesHandedOver(object)`.
pub(crate) fn bytes_handed_over(call: Call<'_>) -> Result<Value<'_>> {
    let bytes = call.environment.client(call.object()?)?.bytes_handed_over();
    call.env.number(bytes)
}

/// `stats(object)`.
pub(crate) fn stats(call: Call<'_>) -> Result<Value<'_>> {
    let stats = call.environment.client(call.object()?)?.stats();
    stats_record(call.env, &stats)
}

/// What `stats()` returns; a fact that is not known is missing, and times are in milliseconds.
fn stats_record<'e>(env: &'e Env, stats: &Stats) -> Result<Value<'e>> {
    let counters = &stats.counters;
    env.record(&[
        (c"messagesReceived", counters.messages_received.into()),
        (c"messagesSent", counters.messages_sent.into()),
        (c"bytesReceived", counters.bytes_received.into()),
        (c"bytesSent", counters.bytes_sent.into()),
        (c"pingsSent", counters.pings_sent.into()),
        (c"pingsReceived", counters.pings_received.into()),
        (
            c"roundTripTime",
            counters.round_trip.map(milliseconds).into(),
        ),
        (c"protocol", stats.protocol.as_ref().into()),
        (c"extensions", stats.extensions.as_ref().into()),
        (c"tlsVersion", stats.tls_version.into()),
        (c"remoteAddress", stats.remote_address.as_ref().into()),
    ])
}
