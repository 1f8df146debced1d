//! How a rare event becomes a call for JavaScript: its operation and its value.
use napi::Result;
use napi::bindgen_prelude::ToNapiValue;

use crate::environment::Environment;
use crate::event::{
    Asked, ClientError, Connected, Disconnected, Event, HttpRequest, PingsLost, Reconnected,
    Reconnecting, Request, SendFailed, StreamWrite,
};
use crate::failure::Failure;
use crate::napi::{Env, Value};
use crate::object_id::ObjectId;
use crate::operation::Operation;
use crate::question::Question;

impl Event {
    pub(crate) fn into_js<'e>(
        self,
        env: &'e Env,
        environment: &Environment,
        object: ObjectId,
    ) -> Result<(Operation, Value<'e>)> {
        match self {
            Event::Error(error) => with(env, Operation::Error, Failure::from(error)),
            Event::Idle => with(env, Operation::Idle, ()),
            Event::Refused(error) => with(env, Operation::Refused, Failure::from(error)),
            Event::HeaderReceive(fields) => with(env, Operation::HeaderReceive, fields),
            Event::Open(open) => with(env, Operation::Open, open),
            Event::OpenInfo(info) => with(env, Operation::OpenInfo, info),
            Event::Close(close) => with(env, Operation::Close, close),
            Event::CloseFrame(close) => with(env, Operation::CloseFrame, close),
            Event::SendFailed {
                client,
                from,
                through,
                error,
            } => with(
                env,
                Operation::SendFailed,
                SendFailed {
                    client: client.map(|client| u64::from(client) as f64),
                    from: from as f64,
                    through: through as f64,
                    error: error.into(),
                },
            ),
            Event::Reconnecting {
                attempt,
                delay,
                cause,
            } => with(
                env,
                Operation::Reconnecting,
                Reconnecting {
                    attempt,
                    delay: delay as f64,
                    cause: cause.into(),
                },
            ),
            Event::Reconnected { attempts } => {
                with(env, Operation::Reconnected, Reconnected { attempts })
            }
            Event::Ping(data) => with(env, Operation::Ping, data),
            Event::Pong(pong) => with(env, Operation::Pong, pong),
            Event::PingsLost { through, error } => with(
                env,
                Operation::PingsLost,
                PingsLost {
                    through: through as f64,
                    error: error.into(),
                },
            ),
            Event::Question(question) => {
                let Question { subject, answer } = question;
                let id = environment.keep_question(object, answer);
                with(env, Operation::Question, Asked::new(id, subject))
            }
            Event::Started(result) => {
                with(env, Operation::Started, result.err().map(Failure::from))
            }
            Event::Request(request) => {
                let asked = Request::from(&request);
                environment.keep_request(object, request);
                with(env, Operation::Request, asked)
            }
            Event::StreamWrite { stream, bytes } => {
                let stream = stream as f64;
                let bytes = bytes.into();
                with(env, Operation::StreamWrite, StreamWrite { stream, bytes })
            }
            Event::StreamRead(stream) => with(env, Operation::StreamRead, stream as f64),
            Event::StreamEnd(stream) => with(env, Operation::StreamEnd, stream as f64),
            Event::StreamGone(stream) => {
                environment.remove_stream(stream);
                with(env, Operation::StreamGone, stream as f64)
            }
            Event::HttpRequest(request) => {
                let asked = HttpRequest::from(&request);
                environment.keep_http_request(object, request);
                with(env, Operation::HttpRequest, asked)
            }
            Event::RequestOver(id) => {
                drop(environment.take_request(object, id));
                drop(environment.take_http_request(object, id));
                with(env, Operation::RequestOver, u64::from(id) as f64)
            }
            Event::Connected { client, protocol } => with(
                env,
                Operation::Connected,
                Connected {
                    client: u64::from(client) as f64,
                    protocol,
                },
            ),
            Event::ClientError { client, error } => {
                let error = ClientError::new(client, error);
                with(env, Operation::ClientError, error)
            }
            Event::NeverConnected(client) => {
                with(env, Operation::NeverConnected, u64::from(client) as f64)
            }
            Event::HandedOverEnded => with(env, Operation::HandedOverEnded, ()),
            Event::Stopped(id) => with(env, Operation::Stopped, u64::from(id) as f64),
            Event::Disconnected { client, result } => with(
                env,
                Operation::Disconnected,
                Disconnected {
                    client: u64::from(client) as f64,
                    code: result.code.into(),
                    reason: result.reason,
                },
            ),
        }
    }
}

fn with(
    env: &Env,
    operation: Operation,
    value: impl ToNapiValue,
) -> Result<(Operation, Value<'_>)> {
    Ok((operation, env.convert(value)?))
}
