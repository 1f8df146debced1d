//! The functions of a server object, `webSocket.WebSocketServer`.
//!
//! JavaScript knows its clients by their ids, which are numbers there. Results are returned as in
//! [`crate::client`].
use std::sync::Arc;

use arkws_netstack::{
    BusinessError, ClientId, CloseOptions, ConnectedClient, Connection, HttpBody, HttpResponse,
    ListenAddress, Payload, PendingHttpRequest, PendingRequest, Recipient, RefusalStatus,
    ServerEvent, ServerListener, WebSocketServer,
};
use bytes::Bytes;
use napi::Result;
use napi::bindgen_prelude::{JsObjectValue, Object};

use crate::answer::{answer, not_data, number, too_long};
use crate::call::Call;
use crate::event::Event;
use crate::failure::failure;
use crate::header_fields::pairs;
use crate::napi::{Content, Env, Value};
use crate::object_id::ObjectId;
use crate::options::{server_certificate, server_options, stop_options};
use crate::program;
use crate::queue::Queue;
use crate::queue::batch::{Origin, SHARED_FROM};

/// Takes the events of one server object on the network thread.
struct ServerInbox {
    object: ObjectId,
    queue: Arc<Queue>,
}

impl ServerListener for ServerInbox {
    fn on_event(&self, event: ServerEvent<'_>) {
        let (queue, object) = (&self.queue, self.object);
        let event = match event {
            ServerEvent::Text(from, text) => {
                return queue.text(object, Origin::Connection(from.id), text);
            }
            ServerEvent::Binary(from, payload) => {
                return queue.binary(object, Origin::Connection(from.id), payload);
            }
            ServerEvent::Connect {
                client, protocol, ..
            } => Event::Connected {
                client: client.id,
                protocol: protocol.map(str::to_owned),
            },
            ServerEvent::Close(client, result) => Event::Disconnected {
                client: client.id,
                result,
            },
            ServerEvent::NeverConnected(client) => Event::NeverConnected(client.id),
            ServerEvent::Started(result) => Event::Started(result.map(drop)),
            ServerEvent::Request(request) => Event::Request(request),
            ServerEvent::HttpRequest(request) => Event::HttpRequest(request),
            ServerEvent::RequestOver(id) => Event::RequestOver(id),
            ServerEvent::Error {
                client: Some(client),
                error,
            } => Event::ClientError {
                client: client.clone(),
                error,
            },
            ServerEvent::Error {
                client: None,
                error,
            } => Event::Error(error),
            ServerEvent::Sent { client, through } => {
                return queue.sent(object, Some(client.id), through);
            }
            ServerEvent::SendFailed {
                client,
                from,
                through,
                error,
            } => Event::SendFailed {
                client: Some(client.id),
                from,
                through,
                error,
            },
            ServerEvent::HandedOverEnded => Event::HandedOverEnded,
            ServerEvent::Stopped(id) => Event::Stopped(id),
            ServerEvent::Idle => Event::Idle,
        };
        queue.event(object, event);
    }

    fn shared_from(&self) -> usize {
        SHARED_FROM
    }

    fn on_shared(&self, from: &ConnectedClient, data: Bytes) {
        self.queue
            .shared(self.object, Origin::Connection(from.id), data);
    }

    fn flush(&self) {
        self.queue.flush();
    }
}

/// `createServer(importer, import)`: the object's number.
pub(crate) fn create(call: Call<'_>) -> Result<Value<'_>> {
    let context = program::context(&call)?;
    let object = call.environment.next_object();
    let inbox = ServerInbox {
        object,
        queue: Arc::clone(&call.environment.queue),
    };
    let server = WebSocketServer::new(context, Arc::new(inbox));
    call.environment.add_server(object, server);
    call.env.number(object)
}

/// `startServer(object, options)`.
pub(crate) fn start(call: Call<'_>) -> Result<Value<'_>> {
    let options = server_options(call.arguments.object(1)?)?;
    let result = call.environment.server(call.object()?)?.start(options);
    answer(call.env, result)
}

/// `stopServer(object)`.
pub(crate) fn stop(call: Call<'_>) -> Result<Value<'_>> {
    let result = call.environment.server(call.object()?)?.stop();
    answer(call.env, result)
}

/// `stopServerWith(object, options)`: the number that an event answers it by, or a failure.
pub(crate) fn stop_with(call: Call<'_>) -> Result<Value<'_>> {
    let options = stop_options(call.arguments.object(1)?)?;
    let result = call.environment.server(call.object()?)?.stop_with(&options);
    number(call.env, result)
}

/// `setCertificate(object, certificate)`.
pub(crate) fn set_certificate(call: Call<'_>) -> Result<Value<'_>> {
    let certificate = server_certificate(call.arguments.object(1)?)?;
    let server = call.environment.server(call.object()?)?;
    let result = server.set_certificate(&certificate);
    drop(server);
    answer(call.env, result)
}

/// `listConnections(object)`: an array of the clients' ids, or a failure.
pub(crate) fn list_connections(call: Call<'_>) -> Result<Value<'_>> {
    let result = call
        .environment
        .server(call.object()?)?
        .list_all_connections();
    match result {
        Ok(clients) => {
            let ids = clients.iter().map(|client| u64::from(client.id));
            call.env.array(ids)
        }
        Err(error) => failure(call.env, &error),
    }
}

/// `listAddress(object)`: `{address, port}`, or null.
pub(crate) fn list_address(call: Call<'_>) -> Result<Value<'_>> {
    let address = call.environment.server(call.object()?)?.list_address();
    listen_address(call.env, address)
}

/// `sendTextTo(object, string, id | ip, port)`: the id of that client, of whose sends a later event
/// tells, or a failure.
pub(crate) fn send_text(call: Call<'_>) -> Result<Value<'_>> {
    let to = Client::of(&call, 2)?;
    let server = call.environment.server(call.object()?)?;
    let result = call.text(1, |text| server.send_text(text, &to))?;
    drop(server);
    let result = match result {
        Some(result) => result,
        None => Err(too_long(&call, 1)?),
    };
    number(call.env, result.map(|(client, _)| client))
}

/// `sendBinaryTo(object, buffer, ip, port)`: as `sendTextTo`.
pub(crate) fn send_binary(call: Call<'_>) -> Result<Value<'_>> {
    let to = Client::of(&call, 2)?;
    let server = call.environment.server(call.object()?)?;
    let result = call.array_buffer(1, |data| server.send_binary(data, &to))?;
    drop(server);
    let result = result.unwrap_or_else(|| Err(not_data()));
    number(call.env, result.map(|(client, _)| client))
}

/// `broadcast(object, string | buffer, except, room | undefined)`: to how many clients, or a
/// failure. `except` is an array of connections.
pub(crate) fn broadcast(call: Call<'_>) -> Result<Value<'_>> {
    let list = call.arguments.object(2)?;
    let mut except = Vec::new();
    for index in 0..list.get_array_length()? {
        let client: Object<'_> = list.get_element(index)?;
        let (ip, port) = (client.get("clientIP")?, client.get("clientPort")?);
        except.push(connection(ip.unwrap_or_default(), port.unwrap_or_default()));
    }
    let (mut data, text) = match call.array_buffer(1, <[u8]>::to_vec)? {
        Some(data) => (data, false),
        None => match call.string(1) {
            Ok(Some(text)) => (text.into_bytes(), true),
            Ok(None) => return failure(call.env, &too_long(&call, 1)?),
            Err(_) => return failure(call.env, &not_data()),
        },
    };
    let room: Option<String> = call.get(3)?;
    let server = call.environment.server(call.object()?)?;
    let data = Payload::Borrowed(&mut data);
    let result = match &room {
        Some(room) => server.broadcast_to(room, data, text, &except),
        None => server.broadcast(data, text, &except),
    };
    drop(server);
    match result {
        Ok(count) => call.env.number(count as u64),
        Err(error) => failure(call.env, &error),
    }
}

/// `joinRoom(object, room, id | ip, port)`; a failure if there is no such client.
pub(crate) fn join_room(call: Call<'_>) -> Result<Value<'_>> {
    let room: String = call.get(1)?;
    let who = Client::of(&call, 2)?;
    let result = call.environment.server(call.object()?)?.join(&who, &room);
    answer(call.env, result)
}

/// `leaveRoom(object, room | undefined, id | ip, port)`; likewise.
pub(crate) fn leave_room(call: Call<'_>) -> Result<Value<'_>> {
    let room: Option<String> = call.get(1)?;
    let who = Client::of(&call, 2)?;
    let result = call
        .environment
        .server(call.object()?)?
        .leave(&who, room.as_deref());
    answer(call.env, result)
}

/// `closeConnection(object, id | ip, port, code | undefined, reason | undefined)`: the id of that
/// client, or a failure.
pub(crate) fn close(call: Call<'_>) -> Result<Value<'_>> {
    let which = Client::of(&call, 1)?;
    let options = CloseOptions::new(call.get(3)?, call.get(4)?);
    let result = call
        .environment
        .server(call.object()?)?
        .close(&which, options);
    number(call.env, result)
}

/// `acceptRequest(object, client, protocol | undefined, headers | undefined)` lets a client in; a
/// failure if it cannot be let in so. Of the answers to a request only the first counts.
pub(crate) fn accept_request(call: Call<'_>) -> Result<Value<'_>> {
    let (object, client) = (call.object()?, ClientId::from(call.number(1)?));
    let protocol: Option<String> = call.get(2)?;
    let headers = pairs(call.get::<Option<_>>(3)?.unwrap_or_default());
    let acceptance = call.environment.request(object, client, |request| {
        request.acceptance(protocol, &headers)
    });
    let acceptance = match acceptance {
        Some(Ok(acceptance)) => acceptance,
        Some(Err(error)) => return answer::<()>(call.env, Err(error)),
        None => return call.env.undefined(),
    };
    if let Some(request) = request(&call)? {
        request.accept_with(acceptance);
    }
    call.env.undefined()
}

/// `refuseRequest(object, client, status, body | undefined, headers | undefined)`; a failure if
/// that is no answer.
pub(crate) fn refuse_request(call: Call<'_>) -> Result<Value<'_>> {
    let headers = pairs(call.get::<Option<_>>(4)?.unwrap_or_default());
    let response = RefusalStatus::new(call.get(2)?)
        .and_then(|status| HttpResponse::refusal(status, &headers, body(&call, 3)?));
    match response {
        Ok(response) => {
            if let Some(request) = request(&call)? {
                request.refuse_with(response);
            }
            call.env.undefined()
        }
        Err(error) => answer::<()>(call.env, Err(error)),
    }
}

/// `respondHttp(object, client, status, body | undefined, headers | undefined)`; a failure if that
/// is no answer.
pub(crate) fn respond_http(call: Call<'_>) -> Result<Value<'_>> {
    let headers = pairs(call.get::<Option<_>>(4)?.unwrap_or_default());
    let status = call.get(2)?;
    let response = body(&call, 3).and_then(|body| HttpResponse::new(status, &headers, body));
    match response {
        Ok(response) => {
            if let Some(request) = http_request(&call)? {
                request.respond(response);
            }
            call.env.undefined()
        }
        Err(error) => answer::<()>(call.env, Err(error)),
    }
}

/// `rejectHttp(object, client)`: the program does not answer such requests.
pub(crate) fn reject_http(call: Call<'_>) -> Result<Value<'_>> {
    if let Some(request) = http_request(&call)? {
        request.reject();
    }
    call.env.undefined()
}

/// Argument `index`, the body of an answer.
///
/// # Errors
/// 401: it is neither a string nor bytes, or longer than a message may be.
fn body(call: &Call<'_>, index: usize) -> std::result::Result<HttpBody, BusinessError> {
    let buffer = call.array_buffer(index, <[u8]>::to_vec);
    let view = || call.view(index, <[u8]>::to_vec);
    if let Ok(Some(bytes)) =
        buffer.and_then(|bytes| bytes.map_or_else(view, |bytes| Ok(Some(bytes))))
    {
        return Ok(HttpBody::Binary(bytes));
    }
    match call.string(index) {
        Ok(Some(text)) => Ok(HttpBody::Text(text)),
        Ok(None) => Err(BusinessError::parameter(
            "the body of the answer is too long",
        )),
        Err(_) => Err(BusinessError::parameter(
            "the body of the answer is neither a string nor an ArrayBuffer or a view",
        )),
    }
}

/// `failRequest(object, client)`: a listener has thrown.
pub(crate) fn fail_request(call: Call<'_>) -> Result<Value<'_>> {
    if let Some(request) = request(&call)? {
        request.fail();
    }
    call.env.undefined()
}

/// The request that a call is to answer; `None`: it has been answered, or its client is gone.
fn request(call: &Call<'_>) -> Result<Option<PendingRequest>> {
    let (object, client) = (call.object()?, call.number(1)?);
    Ok(call
        .environment
        .take_request(object, ClientId::from(client)))
}

/// The client that a call is for.
enum Client {
    Id(ClientId),
    Address(Connection),
}

impl Client {
    /// Argument `index` is its id, or it and the next one are its address and port.
    fn of(call: &Call<'_>, index: usize) -> Result<Client> {
        if let Ok(id) = call.number(index) {
            return Ok(Client::Id(id.into()));
        }
        let ip = call.string(index)?.unwrap_or_default();
        Ok(Client::Address(connection(ip, call.get(index + 1)?)))
    }
}

impl<'a> From<&'a Client> for Recipient<'a> {
    fn from(client: &'a Client) -> Recipient<'a> {
        match client {
            Client::Id(id) => Recipient::Client(*id),
            Client::Address(connection) => Recipient::Address(connection),
        }
    }
}

fn http_request(call: &Call<'_>) -> Result<Option<PendingHttpRequest>> {
    let (object, client) = (call.object()?, call.number(1)?);
    let client = ClientId::from(client);
    Ok(call.environment.take_http_request(object, client))
}

/// A connection as the program names it; a port that cannot be one becomes 0, which is nobody's.
fn connection(client_ip: String, port: f64) -> Connection {
    let client_port = if port.fract() == 0.0 && (0.0..=65535.0).contains(&port) {
        port as u16
    } else {
        0
    };
    Connection {
        client_ip,
        client_port,
    }
}

/// `{address, port}`, or null: nowhere.
fn listen_address(env: &Env, address: Option<ListenAddress>) -> Result<Value<'_>> {
    let (address, port) = match address {
        Some(ListenAddress::Port(address)) => (address.ip().to_string(), address.port()),
        Some(ListenAddress::Path(path)) => (path.to_string_lossy().into_owned(), 0),
        _ => return env.convert(Content::Null),
    };
    env.record(&[
        (c"address", (&address).into()),
        (c"port", u32::from(port).into()),
    ])
}
