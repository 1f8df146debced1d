//! What a call that fails returns to JavaScript, which makes the error of it.
use arkws_netstack::{BusinessError, RefusalResponse};
use napi::Result;

use crate::header_fields::flat;
use crate::napi::{Env, Value};

/// A [`BusinessError`] as JavaScript gets it: `code`, `message`, and if there are any `data`,
/// `cause`, `response` and `eventFollows`. JavaScript may run.
pub(crate) fn failure<'e>(env: &'e Env, error: &BusinessError) -> Result<Value<'e>> {
    let response = error.response.as_deref();
    let response = response.map(|answered| response_record(env, answered));
    env.record(&[
        (c"code", error.code.into()),
        (c"message", (&error.message).into()),
        (c"data", error.data.as_ref().into()),
        (c"cause", error.cause_name().into()),
        (c"response", response.transpose()?.into()),
        (c"eventFollows", error.event_follows.then_some(true).into()),
    ])
}

/// What a server answered that refused the handshake: `status`, `headers` (`[name, value, name,
/// value, ...]`) and `body`, with a character for each byte.
fn response_record<'e>(env: &'e Env, response: &RefusalResponse) -> Result<Value<'e>> {
    env.record(&[
        (c"status", u32::from(response.status).into()),
        (c"headers", env.array(&flat(&response.headers))?.into()),
        (c"body", env.latin1(&response.body)?.into()),
    ])
}
