//! The functions that hand a server object connections which Node.js has accepted.
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use arkws_netstack::{HandedOver, Network, Transport};
use napi::Result;

use crate::answer::not_data;
use crate::call::Call;
#[cfg(unix)]
use crate::descriptor;
use crate::exit::time_left;
use crate::failure::failure;
use crate::napi::Value;
use crate::script_stream::ScriptLink;

/// `handOverSocket(object, fd, read)`: whether there is another descriptor for the socket, which
/// is then ours, or a failure. `read` is an ArrayBuffer with what has been read of it.
pub(crate) fn hand_over_socket(call: Call<'_>) -> Result<Value<'_>> {
    #[cfg(unix)]
    if let Ok(socket) = descriptor::duplicate(call.get::<f64>(1)? as i32) {
        let Some(read) = call.array_buffer(2, <[u8]>::to_vec)? else {
            return failure(call.env, &not_data());
        };
        let socket = HandedOver::Socket(socket);
        let object = call.object()?;
        let result = call.environment.server(object)?.hand_over(socket, read);
        return match result {
            Ok(()) => call.env.convert(true),
            Err(error) => failure(call.env, &error),
        };
    }
    call.env.convert(false)
}

/// `handOverStream(object, read, address | undefined, port | undefined, fd | undefined)`: the
/// number of a stream whose bytes JavaScript carries from now on, or a failure. `fd` is the socket
/// under it, of which we get another descriptor.
pub(crate) fn hand_over_stream(call: Call<'_>) -> Result<Value<'_>> {
    let Some(read) = call.array_buffer(1, <[u8]>::to_vec)? else {
        return failure(call.env, &not_data());
    };
    let address: Option<String> = call.get(2)?;
    let port: Option<f64> = call.get(3)?;
    let ip = address.and_then(|address| address.parse::<IpAddr>().ok());
    let address = ip.map(|ip| SocketAddr::new(ip, port.unwrap_or_default() as u16));
    #[cfg(unix)]
    let socket = match call.get::<Option<f64>>(4)? {
        Some(number) => descriptor::duplicate(number as i32).ok(),
        None => None,
    };
    let object = call.object()?;
    let queue = Arc::clone(&call.environment.queue);
    let (number, stream) = call.environment.add_stream(|number| {
        ScriptLink::new(
            object,
            number,
            queue,
            #[cfg(unix)]
            socket,
        )
    });
    let stream = HandedOver::Stream(Transport::other(stream), address);
    let result = call.environment.server(object)?.hand_over(stream, read);
    match result {
        Ok(()) => call.env.number(number),
        Err(error) => failure(call.env, &error),
    }
}

/// `streamPush(number, bytes)`: the peer has sent an ArrayBuffer.
pub(crate) fn push(call: Call<'_>) -> Result<Value<'_>> {
    if let Some(link) = link(&call)? {
        call.array_buffer(1, |bytes| link.push(bytes))?;
    }
    call.env.undefined()
}

/// `streamWritten(number)`: the bytes of the last `streamWrite` are written.
pub(crate) fn written(call: Call<'_>) -> Result<Value<'_>> {
    if let Some(link) = link(&call)? {
        link.written();
    }
    call.env.undefined()
}

/// `streamEnded(number)`: the peer sends nothing more.
pub(crate) fn ended(call: Call<'_>) -> Result<Value<'_>> {
    if let Some(link) = link(&call)? {
        link.end();
    }
    call.env.undefined()
}

/// `streamLost(number)`: the stream is no more.
pub(crate) fn lost(call: Call<'_>) -> Result<Value<'_>> {
    if let Some(link) = link(&call)? {
        link.lose();
    }
    call.env.undefined()
}

/// `leaveStreams(isProcess)`: the process ends, or only this thread. Of each stream three values in
/// an array: its number; what it was given to write and has not said that it has; and all that was
/// sent over it since then.
pub(crate) fn leave(call: Call<'_>) -> Result<Value<'_>> {
    let limit = match call.get(0)? {
        true => time_left(),
        false => Network::DEFAULT_LEAVE_LIMIT,
    };
    let streams = call.environment.streams();
    for (_, link) in &streams {
        link.leave();
    }
    // A peer of any connection may take nothing: the others, which leave later, have time, too.
    Network::hand_over(limit / 2);
    let mut values = Vec::with_capacity(3 * streams.len());
    for (number, link) in &streams {
        let (given, since) = link.take_unwritten();
        values.push(call.env.number(*number)?);
        values.push(call.env.buffer(&given)?);
        values.push(call.env.buffer(&since)?);
    }
    call.env.array(values)
}

/// `None`: the connection is over.
fn link(call: &Call<'_>) -> Result<Option<Arc<ScriptLink>>> {
    Ok(call.environment.stream(call.number(0)?))
}
