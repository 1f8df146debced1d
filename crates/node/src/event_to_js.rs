//! How a rare event becomes a call for JavaScript: its operation and its value.
use std::net::IpAddr;
use std::time::Duration;

use arkws_netstack::{ClientId, CloseResult, Connection, PeerCertificate, RequestHead, field_text};
use napi::Result;

use crate::environment::Environment;
use crate::event::Event;
use crate::failure::failure;
use crate::napi::{Content, Env, Value};
use crate::object_id::ObjectId;
use crate::operation::Operation;
use crate::question::{Question, Subject};

impl Event {
    /// JavaScript may run.
    pub(crate) fn into_js<'e>(
        self,
        env: &'e Env,
        environment: &Environment,
        object: ObjectId,
    ) -> Result<(Operation, Value<'e>)> {
        let (operation, value) = match self {
            Event::Error(error) => (Operation::Error, failure(env, &error)),
            Event::Idle => (Operation::Idle, env.undefined()),
            Event::Refused(error) => (Operation::Refused, failure(env, &error)),
            Event::HeaderReceive(fields) => (Operation::HeaderReceive, env.array(&fields)),
            Event::Open { status, message } => (
                Operation::Open,
                env.record(&[
                    (c"status", u32::from(status).into()),
                    (c"message", (&message).into()),
                ]),
            ),
            Event::OpenInfo {
                status,
                message,
                protocol,
            } => (
                Operation::OpenInfo,
                env.record(&[
                    (c"status", u32::from(status).into()),
                    (c"message", (&message).into()),
                    (c"protocol", protocol.as_ref().into()),
                ]),
            ),
            Event::Close(result) => (Operation::Close, close(env, &result)),
            Event::CloseFrame(Some(result)) => (Operation::CloseFrame, close(env, &result)),
            Event::CloseFrame(None) => (Operation::CloseFrame, env.convert(Content::Null)),
            Event::SendFailed {
                client,
                from,
                through,
                error,
            } => (
                Operation::SendFailed,
                env.record(&[
                    (c"client", client.map(u64::from).into()),
                    (c"from", from.into()),
                    (c"through", through.into()),
                    (c"error", failure(env, &error)?.into()),
                ]),
            ),
            Event::Reconnecting {
                attempt,
                delay,
                cause,
            } => (
                Operation::Reconnecting,
                env.record(&[
                    (c"attempt", attempt.into()),
                    (c"delay", delay.into()),
                    (c"cause", failure(env, &cause)?.into()),
                ]),
            ),
            Event::Reconnected { attempts } => (
                Operation::Reconnected,
                env.record(&[(c"attempts", attempts.into())]),
            ),
            Event::Ping(data) => (Operation::Ping, env.latin1(&data)),
            Event::Pong { data, answer } => {
                let (through, took) = answer.unzip();
                let pong = [
                    (c"data", env.latin1(&data)?.into()),
                    (c"through", through.into()),
                    (c"roundTrip", took.map(milliseconds).into()),
                ];
                (Operation::Pong, env.record(&pong))
            }
            Event::PingsLost { through, error } => (
                Operation::PingsLost,
                env.record(&[
                    (c"through", through.into()),
                    (c"error", failure(env, &error)?.into()),
                ]),
            ),
            Event::Question(Question { subject, answer }) => {
                let id = environment.keep_question(object, answer);
                (Operation::Question, question(env, id, &subject))
            }
            Event::StreamWrite { stream, bytes } => (
                Operation::StreamWrite,
                env.record(&[
                    (c"stream", stream.into()),
                    (c"bytes", env.buffer(&bytes)?.into()),
                ]),
            ),
            Event::StreamRead(stream) => (Operation::StreamRead, env.number(stream)),
            Event::StreamEnd(stream) => (Operation::StreamEnd, env.number(stream)),
            Event::StreamGone(stream) => {
                environment.remove_stream(stream);
                (Operation::StreamGone, env.number(stream))
            }
            Event::Started(Ok(())) => (Operation::Started, env.convert(Content::Null)),
            Event::Started(Err(error)) => (Operation::Started, failure(env, &error)),
            Event::Request(request) => {
                let (client, from) = (request.client(), request.connection());
                let address = request.forwarded_for();
                let asked = asked(env, client, from, address, None, request.head());
                environment.keep_request(object, request);
                (Operation::Request, asked)
            }
            Event::HttpRequest(request) => {
                let (client, from) = (request.client(), request.connection());
                let (address, method) = (request.forwarded_for(), Some(request.method()));
                let asked = asked(env, client, from, address, method, request.head());
                environment.keep_http_request(object, request);
                (Operation::HttpRequest, asked)
            }
            Event::RequestOver(client) => {
                drop(environment.take_request(object, client));
                drop(environment.take_http_request(object, client));
                (Operation::RequestOver, env.number(client))
            }
            Event::Connected { client, protocol } => (
                Operation::Connected,
                env.record(&[
                    (c"client", u64::from(client).into()),
                    (c"protocol", protocol.as_ref().into()),
                ]),
            ),
            Event::ClientError { client, error } => {
                let Connection {
                    client_ip,
                    client_port,
                } = &client.connection;
                let address = remote_address(client.forwarded_for);
                let failed = [
                    (c"client", u64::from(client.id).into()),
                    (c"clientIP", client_ip.into()),
                    (c"clientPort", u32::from(*client_port).into()),
                    (c"remoteAddress", address.as_ref().into()),
                    (c"error", failure(env, &error)?.into()),
                ];
                (Operation::ClientError, env.record(&failed))
            }
            Event::NeverConnected(client) => (Operation::NeverConnected, env.number(client)),
            Event::Disconnected { client, result } => (
                Operation::Disconnected,
                env.record(&[
                    (c"client", u64::from(client).into()),
                    (c"code", u32::from(result.code).into()),
                    (c"reason", (&result.reason).into()),
                ]),
            ),
            Event::HandedOverEnded => (Operation::HandedOverEnded, env.undefined()),
            Event::Stopped(id) => (Operation::Stopped, env.number(id)),
        };
        Ok((operation, value?))
    }
}

fn close<'e>(env: &'e Env, result: &CloseResult) -> Result<Value<'e>> {
    env.record(&[
        (c"code", u32::from(result.code).into()),
        (c"reason", (&result.reason).into()),
    ])
}

/// A question that JavaScript has to answer by its id.
fn question<'e>(env: &'e Env, id: u32, subject: &Subject) -> Result<Value<'e>> {
    let (name, attempt) = match subject {
        Subject::Addresses(name) => (Some(name), None),
        Subject::Renewal(attempt) => (None, Some(*attempt)),
    };
    env.record(&[
        (c"id", id.into()),
        (c"name", name.into()),
        (c"attempt", attempt.into()),
    ])
}

/// A request that JavaScript has to answer; `method`: it does not ask for a WebSocket.
/// `certificate` is what the client has shown in TLS (DER).
fn asked<'e>(
    env: &'e Env,
    client: ClientId,
    from: &Connection,
    forwarded_for: Option<IpAddr>,
    method: Option<&str>,
    head: &RequestHead,
) -> Result<Value<'e>> {
    let address = remote_address(forwarded_for);
    let certificate = head.certificate.as_ref();
    let name = certificate.and_then(PeerCertificate::common_name);
    let der = certificate.map(|certificate| env.buffer(certificate.der()));
    env.record(&[
        (c"client", u64::from(client).into()),
        (c"method", method.into()),
        (c"head", (&lines(head)).into()),
        (c"clientIP", (&from.client_ip).into()),
        (c"clientPort", u32::from(from.client_port).into()),
        (c"remoteAddress", address.as_ref().into()),
        (c"certificate", der.transpose()?.into()),
        (c"commonName", name.as_ref().into()),
    ])
}

/// Where a client comes from, if that is not the other end of its connection.
fn remote_address(forwarded_for: Option<IpAddr>) -> Option<String> {
    forwarded_for.map(|ip| ip.to_string())
}

/// Target and header fields as lines: the target, a name, its value, the next name, and so on. One
/// string is little to make and to keep, and most programs never ask for what is in it.
fn lines(head: &RequestHead) -> String {
    let fields = head.headers.iter();
    let length = fields.map(|(name, value)| name.as_str().len() + value.len() + 2);
    let mut lines = String::with_capacity(head.target.len() + length.sum::<usize>());
    lines.push_str(&head.target);
    for (name, value) in &head.headers {
        lines.push('\n');
        lines.push_str(name.as_str());
        lines.push('\n');
        // No value has the end of a line in it.
        lines.push_str(&field_text(value.as_bytes()));
    }
    lines
}

pub(crate) fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}
