//! Who asks the program, on the network thread.
use std::future::Future;
use std::io;
use std::sync::Arc;

use arkws_netstack::{Lookup, Renewal, Renewed};
use tokio::sync::oneshot;

use crate::event::Event;
use crate::header_fields::pairs;
use crate::object_id::ObjectId;
use crate::question::{Answer, Answered, Question, Subject};
use crate::queue::Queue;

/// Asks the program, for one of its objects.
#[derive(Clone)]
pub(crate) struct Asker {
    pub(crate) object: ObjectId,
    pub(crate) queue: Arc<Queue>,
}

impl Asker {
    /// Resolves names by the program.
    pub(crate) fn lookup(&self) -> Lookup {
        let asker = self.clone();
        Lookup::new(move |name| {
            let answer = asker.ask(Subject::Addresses(name.to_owned()));
            Box::pin(async move {
                let answered = answer.await.map_err(io::Error::other)?;
                let addresses = answered.list.unwrap_or_default();
                let addresses = addresses.iter().map(|address| {
                    let no_address = || format!("the program's lookup has given {address:?}");
                    let parsed = address.parse();
                    parsed.map_err(|_| io::Error::other(no_address()))
                });
                addresses.collect()
            })
        })
    }

    /// Asks the program before attempts to reconnect.
    pub(crate) fn renewal(&self) -> Renewal {
        let asker = self.clone();
        Renewal::new(move |attempt| {
            let answer = asker.ask(Subject::Renewal(attempt));
            Box::pin(async move {
                let Answered { url, list } = answer.await?;
                let headers = list.map(pairs);
                Ok(Renewed { url, headers })
            })
        })
    }

    fn ask(&self, subject: Subject) -> impl Future<Output = Answer> + Send + use<> {
        let (answer, answered) = oneshot::channel();
        let question = Question { subject, answer };
        self.queue.event(self.object, Event::Question(question));
        self.queue.flush();
        async move {
            let gone = |_| Err("its JavaScript environment has ended".to_owned());
            answered.await.unwrap_or_else(gone)
        }
    }
}
