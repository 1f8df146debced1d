//! A rare event as the call of a method of an object of `npm/lib`.
use napi::Result;
use napi::bindgen_prelude::ToNapiValue;

use crate::environment::Environment;
use crate::event::{
    Connected, Disconnected, Event, Reconnected, Reconnecting, Request, SendFailed, TokensFailed,
};
use crate::failure::Failure;
use crate::napi::{Env, Value};

impl Event {
    /// The method's name and its argument.
    pub(crate) fn into_js(
        self,
        env: Env,
        environment: &Environment,
        object: u64,
    ) -> Result<(&'static str, Value)> {
        match self {
            Event::Error(error) => named(env, "error", Failure::from(error)),
            Event::Idle => named(env, "idle", ()),
            Event::Refused(error) => named(env, "refused", Failure::from(error)),
            Event::HeaderReceive(fields) => named(env, "headerReceive", fields),
            Event::Open(open) => named(env, "open", open),
            Event::Close(close) => named(env, "close", close),
            Event::SendFailed { count, error } => named(
                env,
                "sendFailed",
                SendFailed {
                    count,
                    error: error.into(),
                },
            ),
            Event::Reconnecting {
                attempt,
                delay,
                cause,
            } => named(
                env,
                "reconnecting",
                Reconnecting {
                    attempt,
                    delay: delay as f64,
                    cause: cause.into(),
                },
            ),
            Event::Reconnected { attempts } => named(env, "reconnected", Reconnected { attempts }),
            Event::Started(result) => named(env, "started", result.err().map(Failure::from)),
            Event::Request(request) => {
                let asked = Request::from(&request);
                environment.keep_request(object, request);
                named(env, "request", asked)
            }
            Event::RequestOver(id) => {
                drop(environment.take_request(object, id));
                named(env, "requestOver", u64::from(id) as f64)
            }
            Event::Connected(client) => named(env, "connected", Connected::from(client)),
            Event::Disconnected { client, result } => named(
                env,
                "disconnected",
                Disconnected {
                    client: u64::from(client) as f64,
                    code: result.code.into(),
                    reason: result.reason,
                },
            ),
            Event::TokensSent(tokens) => named(env, "tokensSent", numbers(&tokens)),
            Event::TokensFailed(tokens, error) => named(
                env,
                "tokensFailed",
                TokensFailed {
                    tokens: numbers(&tokens),
                    error: error.into(),
                },
            ),
        }
    }
}

fn named(env: Env, name: &'static str, value: impl ToNapiValue) -> Result<(&'static str, Value)> {
    Ok((name, env.convert(value)?))
}

fn numbers(tokens: &[u64]) -> Vec<f64> {
    tokens.iter().map(|token| *token as f64).collect()
}
