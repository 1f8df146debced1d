//! Changes of the machine's network, of which clients want to hear that wait to reconnect.
use std::sync::Arc;
#[cfg(target_os = "linux")]
use std::sync::{Mutex, PoisonError, Weak};

use tokio::sync::watch;
#[cfg(target_os = "linux")]
use tracing::debug;

#[cfg(target_os = "linux")]
use crate::rtnetlink::Rtnetlink;

/// All changes that one network thread hears of.
#[derive(Debug, Default)]
pub(crate) struct NetworkChanges {
    /// Changed with each.
    told: watch::Sender<()>,
    /// Open while somebody waits.
    #[cfg(target_os = "linux")]
    system: Mutex<Weak<Rtnetlink>>,
}

/// Somebody who waits.
#[derive(Debug)]
pub(crate) struct NetworkWatch {
    changes: Arc<NetworkChanges>,
    told: watch::Receiver<()>,
    /// What the system tells by itself, if it does.
    #[cfg(target_os = "linux")]
    system: Option<Arc<Rtnetlink>>,
}

impl NetworkChanges {
    /// There is a change.
    pub(crate) fn tell(&self) {
        self.told.send_replace(());
    }

    /// To be called on the network thread.
    pub(crate) fn watch(self: &Arc<Self>) -> NetworkWatch {
        NetworkWatch {
            changes: Arc::clone(self),
            told: self.told.subscribe(),
            #[cfg(target_os = "linux")]
            system: self.system(),
        }
    }

    /// `None`: the system does not let us listen, as some sandboxes do not.
    #[cfg(target_os = "linux")]
    fn system(&self) -> Option<Arc<Rtnetlink>> {
        let mut system = self.system.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(open) = system.upgrade() {
            return Some(open);
        }
        match Rtnetlink::open() {
            Ok(opened) => {
                let opened = Arc::new(opened);
                *system = Arc::downgrade(&opened);
                Some(opened)
            }
            Err(error) => {
                debug!(target: "arkws", %error, "changes of the network are not heard of");
                None
            }
        }
    }
}

impl NetworkWatch {
    /// What has changed until now is no news any more.
    pub(crate) fn forget(&mut self) {
        #[cfg(target_os = "linux")]
        if let Some(system) = &self.system
            && system.take()
        {
            // News for others.
            self.changes.tell();
        }
        self.told.mark_unchanged();
    }

    /// The first change since [`forget`](Self::forget).
    pub(crate) async fn changed(&mut self) {
        #[cfg(target_os = "linux")]
        let system = async {
            match &self.system {
                Some(system) => system.changed().await,
                None => std::future::pending().await,
            }
        };
        #[cfg(not(target_os = "linux"))]
        let system = std::future::pending::<()>();
        tokio::select! {
            // An error would say that there is nobody to tell: it lives as long as this.
            _ = self.told.changed() => {}
            () = system => self.changes.tell(),
        }
    }
}
