//! What the module keeps per JavaScript environment: the main thread has one, each worker thread
//! has one.
use std::cell::{Cell, Ref, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;

use arkws_netstack::{
    ClientId, LanguageLimits, PendingHttpRequest, PendingRequest, UnfinishedBudget, WebSocket,
    WebSocketServer,
};
use napi::{Error, Result, Status};
use rustc_hash::{FxHashMap, FxHashSet};
use tokio::sync::oneshot;

use crate::napi::{Env, Function, Value, Wakeup};
use crate::object_id::{ObjectCount, ObjectId};
use crate::options::BinaryType;
use crate::question::Answer;
use crate::queue::Queue;
use crate::queue::batch::Batch;
use crate::report::Interrupted;
use crate::script_stream::{ScriptLink, ScriptStream};
use crate::text::TextBuffer;

/// The state of one environment. Lives on its thread; only the [`Queue`] is shared with the network
/// thread.
///
/// Nothing here stays borrowed while JavaScript runs: a listener may call any function of the
/// module.
pub(crate) struct Environment {
    pub(crate) queue: Arc<Queue>,
    /// The JavaScript function that drains the queue, and how it is called while anything is open.
    wake: Function,
    wakeup: RefCell<Option<Wakeup>>,
    /// The JavaScript environment has ended.
    ended: Cell<bool>,
    /// The JavaScript loop that hands events to objects.
    pub(crate) deliver: Function,
    /// Makes the buffers of large messages: where memory is short, it says so instead of ending the
    /// process.
    pub(crate) make_buffer: Function,
    /// The largest strings and buffers of the runtime.
    pub(crate) limits: LanguageLimits,
    /// The memory of incomplete messages: a peer of another thread takes none of it.
    pub(crate) unfinished: UnfinishedBudget,
    /// What [`Queue::take`] has taken and JavaScript has not got yet. It is empty unless a delivery
    /// was paused, or has stopped.
    pub(crate) batches: RefCell<VecDeque<Batch>>,
    /// JavaScript has stopped in the middle of a delivery.
    pub(crate) interrupted: RefCell<Option<Interrupted>>,
    /// Where the text of a call is read into.
    pub(crate) text: RefCell<TextBuffer>,
    clients: RefCell<FxHashMap<ObjectId, WebSocket>>,
    servers: RefCell<FxHashMap<ObjectId, WebSocketServer>>,
    /// The client objects whose binary type is `Uint8Array`.
    uint8arrays: RefCell<FxHashSet<ObjectId>>,
    /// The client objects whose `send` takes typed arrays.
    views: RefCell<FxHashSet<ObjectId>>,
    /// By the object that they came to.
    requests: RefCell<FxHashMap<(ObjectId, ClientId), PendingRequest>>,
    http_requests: RefCell<FxHashMap<(ObjectId, ClientId), PendingHttpRequest>>,
    /// Who waits for an answer of the program, and for which object.
    questions: RefCell<FxHashMap<u32, (ObjectId, oneshot::Sender<Answer>)>>,
    last_question: Cell<u32>,
    /// Connections, by their object and, of a server, their client, that are being closed because a
    /// message of theirs could not be given to JavaScript: what came behind it is not, either.
    refused: RefCell<FxHashSet<(ObjectId, Option<ClientId>)>>,
    /// The streams that JavaScript carries, by their numbers, and the last number.
    streams: RefCell<FxHashMap<u64, Arc<ScriptLink>>>,
    last_stream: Cell<u64>,
    objects: RefCell<ObjectCount>,
}

impl Environment {
    pub(crate) fn new(
        wake: Function,
        deliver: Function,
        make_buffer: Function,
        limits: LanguageLimits,
    ) -> Environment {
        Environment {
            queue: Arc::new(Queue::default()),
            wake,
            wakeup: RefCell::default(),
            ended: Cell::new(false),
            deliver,
            make_buffer,
            limits,
            unfinished: UnfinishedBudget::default(),
            refused: RefCell::default(),
            batches: RefCell::default(),
            interrupted: RefCell::default(),
            text: RefCell::default(),
            clients: RefCell::default(),
            servers: RefCell::default(),
            uint8arrays: RefCell::default(),
            views: RefCell::default(),
            questions: RefCell::default(),
            last_question: Cell::new(0),
            requests: RefCell::default(),
            http_requests: RefCell::default(),
            streams: RefCell::default(),
            last_stream: Cell::default(),
            objects: RefCell::default(),
        }
    }

    /// The id of a new object.
    pub(crate) fn next_object(&self) -> ObjectId {
        self.objects.borrow_mut().next()
    }

    pub(crate) fn add_client(&self, object: ObjectId, client: WebSocket) {
        self.clients.borrow_mut().insert(object, client);
    }

    pub(crate) fn add_server(&self, object: ObjectId, server: WebSocketServer) {
        self.servers.borrow_mut().insert(object, server);
    }

    /// A client object. No method of such an object calls back, so nothing can borrow it a second
    /// time; it is let go before JavaScript runs.
    ///
    /// # Errors
    /// JavaScript asks for an object that it has freed.
    pub(crate) fn client(&self, object: ObjectId) -> Result<Ref<'_, WebSocket>> {
        Ref::filter_map(self.clients.borrow(), |clients| clients.get(&object))
            .map_err(|_| unknown(object))
    }

    /// A server object; see [`client`](Self::client).
    ///
    /// # Errors
    /// As there.
    pub(crate) fn server(&self, object: ObjectId) -> Result<Ref<'_, WebSocketServer>> {
        Ref::filter_map(self.servers.borrow(), |servers| servers.get(&object))
            .map_err(|_| unknown(object))
    }

    /// Calls one or the other with an object, whichever it is.
    ///
    /// # Errors
    /// As [`client`](Self::client).
    pub(crate) fn client_or_server<T>(
        &self,
        object: ObjectId,
        with_client: impl FnOnce(&WebSocket) -> T,
        with_server: impl FnOnce(&WebSocketServer) -> T,
    ) -> Result<T> {
        if self.servers.borrow().contains_key(&object) {
            return self.server(object).map(|server| with_server(&server));
        }
        self.client(object).map(|client| with_client(&client))
    }

    /// Drops an object, which closes what it has open.
    pub(crate) fn drop_object(&self, object: ObjectId) {
        let client = self.clients.borrow_mut().remove(&object);
        let server = self.servers.borrow_mut().remove(&object);
        self.uint8arrays.borrow_mut().remove(&object);
        self.views.borrow_mut().remove(&object);
        self.questions
            .borrow_mut()
            .retain(|_, (other, _)| *other != object);
        self.refused
            .borrow_mut()
            .retain(|(other, _)| *other != object);
        self.requests
            .borrow_mut()
            .retain(|(other, _), _| *other != object);
        self.http_requests
            .borrow_mut()
            .retain(|(other, _), _| *other != object);
        drop((client, server));
    }

    /// In what form a client object gets binary messages.
    pub(crate) fn set_binary_type(&self, object: ObjectId, binary_type: BinaryType) {
        let mut uint8arrays = self.uint8arrays.borrow_mut();
        match binary_type {
            BinaryType::Uint8Array => uint8arrays.insert(object),
            BinaryType::ArrayBuffer => uint8arrays.remove(&object),
        };
    }

    /// What [`set_binary_type`](Self::set_binary_type) was told last; at first `ArrayBuffer`.
    pub(crate) fn binary_type(&self, object: ObjectId) -> BinaryType {
        match self.uint8arrays.borrow().contains(&object) {
            true => BinaryType::Uint8Array,
            false => BinaryType::ArrayBuffer,
        }
    }

    /// Whether `send` of a client object takes typed arrays.
    pub(crate) fn set_accepts_views(&self, object: ObjectId, accepts: bool) {
        let mut views = self.views.borrow_mut();
        match accepts {
            true => views.insert(object),
            false => views.remove(&object),
        };
    }

    /// What [`set_accepts_views`](Self::set_accepts_views) was told last; at first no.
    pub(crate) fn accepts_views(&self, object: ObjectId) -> bool {
        self.views.borrow().contains(&object)
    }

    /// A message of the connection could not be given to JavaScript.
    pub(crate) fn refuse(&self, object: ObjectId, connection: Option<ClientId>) {
        self.refused.borrow_mut().insert((object, connection));
    }

    /// Whether [`refuse`](Self::refuse) was called for the connection.
    pub(crate) fn is_refused(&self, object: ObjectId, connection: Option<ClientId>) -> bool {
        let refused = self.refused.borrow();
        !refused.is_empty() && refused.contains(&(object, connection))
    }

    /// The connection has ended: another one of the object may follow.
    pub(crate) fn forget_refusal(&self, object: ObjectId, connection: Option<ClientId>) {
        self.refused.borrow_mut().remove(&(object, connection));
    }

    /// Keeps who waits for an answer of the program; the question's id.
    pub(crate) fn keep_question(&self, object: ObjectId, waits: oneshot::Sender<Answer>) -> u32 {
        let id = self.last_question.get().wrapping_add(1);
        self.last_question.set(id);
        self.questions.borrow_mut().insert(id, (object, waits));
        id
    }

    /// Answers a question, if anybody still waits.
    pub(crate) fn answer_question(&self, id: u32, answer: Answer) {
        let waits = self.questions.borrow_mut().remove(&id);
        if let Some((_, waits)) = waits {
            let _ = waits.send(answer);
        }
    }

    /// Keeps a request until JavaScript answers it.
    pub(crate) fn keep_request(&self, object: ObjectId, request: PendingRequest) {
        let key = (object, request.client());
        self.requests.borrow_mut().insert(key, request);
    }

    /// Calls `with` with a request that JavaScript has not answered; `None`: there is none.
    pub(crate) fn request<T>(
        &self,
        object: ObjectId,
        client: ClientId,
        with: impl FnOnce(&PendingRequest) -> T,
    ) -> Option<T> {
        self.requests.borrow().get(&(object, client)).map(with)
    }

    /// As [`keep_request`](Self::keep_request), of one that does not ask for a WebSocket.
    pub(crate) fn keep_http_request(&self, object: ObjectId, request: PendingHttpRequest) {
        let key = (object, request.client());
        self.http_requests.borrow_mut().insert(key, request);
    }

    /// As [`take_request`](Self::take_request).
    pub(crate) fn take_http_request(
        &self,
        object: ObjectId,
        client: ClientId,
    ) -> Option<PendingHttpRequest> {
        self.http_requests.borrow_mut().remove(&(object, client))
    }

    /// A request, to be answered or forgotten; `None`: it has been.
    pub(crate) fn take_request(
        &self,
        object: ObjectId,
        client: ClientId,
    ) -> Option<PendingRequest> {
        self.requests.borrow_mut().remove(&(object, client))
    }

    /// A new stream that `make` makes with its number.
    pub(crate) fn add_stream(
        &self,
        make: impl FnOnce(u64) -> (ScriptStream, Arc<ScriptLink>),
    ) -> (u64, ScriptStream) {
        let number = self.last_stream.get() + 1;
        self.last_stream.set(number);
        let (stream, link) = make(number);
        self.streams.borrow_mut().insert(number, link);
        (number, stream)
    }

    /// `None`: the connection over it is over.
    pub(crate) fn stream(&self, number: u64) -> Option<Arc<ScriptLink>> {
        self.streams.borrow().get(&number).cloned()
    }

    /// All of them, with their numbers.
    pub(crate) fn streams(&self) -> Vec<(u64, Arc<ScriptLink>)> {
        let streams = self.streams.borrow();
        let streams = streams.iter();
        streams
            .map(|(number, link)| (*number, Arc::clone(link)))
            .collect()
    }

    pub(crate) fn remove_stream(&self, number: u64) {
        self.streams.borrow_mut().remove(&number);
    }

    /// Something is open: the functions that take events are kept, and, if `is_ref`, the process,
    /// or the worker thread, waits for events. Tools know that by `resource`. JavaScript runs.
    pub(crate) fn wait_for_events(
        self: &Rc<Self>,
        env: &Env,
        is_ref: bool,
        resource: Value<'_>,
    ) -> Result<()> {
        if self.ended.get() {
            return Err(Error::new(
                Status::Closing,
                "arkws: the environment has ended",
            ));
        }
        if self.wakeup.borrow().is_none() {
            let ending = Rc::downgrade(self);
            let cleanup = move || {
                if let Some(environment) = ending.upgrade() {
                    environment.close();
                }
            };
            let wakeup = Wakeup::new(env, &self.wake, resource, Rc::new(cleanup))?;
            let mut current = self.wakeup.borrow_mut();
            // JavaScript has run, and may have called this.
            if current.is_none() {
                let waker = wakeup.waker();
                *current = Some(wakeup);
                self.queue.open(Box::new(move || waker.wake()));
            }
        }
        match &*self.wakeup.borrow() {
            Some(wakeup) => wakeup.set_ref(env, is_ref),
            None => Ok(()),
        }
    }

    /// Calls `wake` once more, if anything is open. What is left else is told when something is.
    pub(crate) fn wake_again(&self) {
        if let Some(wakeup) = &*self.wakeup.borrow() {
            wakeup.waker().wake();
        }
    }

    /// Nothing is open.
    pub(crate) fn rest(&self) {
        self.queue.silence();
        drop(self.wakeup.take());
    }

    /// The environment ends: nobody is called any more, and what is open is closed.
    pub(crate) fn close(&self) {
        self.ended.set(true);
        self.queue.close();
        self.clients.take();
        self.servers.take();
        self.requests.take();
        self.http_requests.take();
        self.questions.take();
        self.rest();
    }
}

impl Drop for Environment {
    fn drop(&mut self) {
        self.close();
    }
}

#[cold]
fn unknown(object: ObjectId) -> Error {
    Error::new(
        Status::InvalidArg,
        format!("arkws: no object {}", u64::from(object)),
    )
}
