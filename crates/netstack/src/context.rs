//! What all objects of one program share: API level, policy, network.
use std::fmt;
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};

use arkws::UnfinishedBudget;

use crate::connection::batch::HEADER;
use crate::extra_roots::ExtraRoots;
use crate::language_limits::LanguageLimits;
use crate::{
    ApiLevel, BusinessError, MAX_SEND, Network, OpenPolicy, Permission, Policy, internet_sockets,
    project_files,
};

/// The surroundings of an object. Cheap to clone.
///
/// Clones share the policy: [`set_policy`](Self::set_policy) on one reaches the objects that any of
/// them has made. The level is each clone's own, and an object keeps the level that it was made
/// with.
#[derive(Clone)]
pub struct Context {
    /// The level the object is created at.
    pub level: ApiLevel,
    policy: Arc<RwLock<Arc<dyn Policy>>>,
    network: Network,
    message_cost: usize,
    /// Bytes of the longest message that a client may send.
    max_send: usize,
    limits: LanguageLimits,
    unfinished: UnfinishedBudget,
    extra_roots: Option<ExtraRoots>,
}

impl Context {
    /// At `level`, with everything allowed, on the process's network thread.
    pub fn new(level: ApiLevel) -> Context {
        Context {
            level,
            policy: Arc::new(RwLock::new(Arc::new(OpenPolicy))),
            network: Network::process(),
            message_cost: HEADER,
            max_send: MAX_SEND,
            limits: LanguageLimits::default(),
            unfinished: UnfinishedBudget::default(),
            extra_roots: None,
        }
    }

    /// Finds level and policy for objects that the file `importer` makes: the one that imports the
    /// module, or the program's main module.
    ///
    /// The level is `explicit`, else what [`ApiLevel::discover`] finds, else `default`. The
    /// permission is that of the app: it is held if the `module.json5` of any module requests it
    /// that the `build-profile.json5` above `importer` lists (where none lists any: the nearest
    /// `module.json5`, next to `importer` or above, or at `src/main/module.json5` there), and if
    /// there is no such file.
    pub fn discover(
        importer: Option<&Path>,
        explicit: Option<ApiLevel>,
        default: ApiLevel,
    ) -> Context {
        let level = explicit
            .or_else(|| ApiLevel::discover(importer))
            .unwrap_or(default);
        let context = Context::new(level);
        if let Some(held) = importer.and_then(project_files::permission) {
            let held = held.map(drop);
            context.set_policy(Arc::new(Permission::new(held, Arc::new(OpenPolicy))));
        }
        context
    }

    /// The same surroundings at another level.
    pub fn with_level(&self, level: ApiLevel) -> Context {
        Context {
            level,
            ..self.clone()
        }
    }

    /// The same surroundings for clients that may send messages of any length.
    pub(crate) fn without_send_limit(&self) -> Context {
        Context {
            max_send: usize::MAX,
            ..self.clone()
        }
    }

    #[inline]
    pub(crate) fn max_send(&self) -> usize {
        self.max_send
    }

    /// The same surroundings with a policy that the other clones do not share.
    pub(crate) fn with_own_policy(&self, policy: Arc<dyn Policy>) -> Context {
        Context {
            policy: Arc::new(RwLock::new(policy)),
            ..self.clone()
        }
    }

    /// The same surroundings on another network.
    pub fn with_network(&self, network: Network) -> Context {
        Context {
            network,
            ..self.clone()
        }
    }

    /// The same surroundings, where a message that waits to be sent counts for `bytes` at least in
    /// the limit of what may wait: a binding keeps that much for the answer to a `send`, however
    /// short the message. Default: 14, the header of a frame.
    pub fn with_message_cost(&self, bytes: usize) -> Context {
        Context {
            message_cost: bytes,
            ..self.clone()
        }
    }

    /// The same surroundings in a language whose values are no larger than `limits`.
    pub fn with_language_limits(&self, limits: LanguageLimits) -> Context {
        Context {
            limits,
            ..self.clone()
        }
    }

    /// The same surroundings, where the incomplete messages of all connections together take
    /// `budget` at most: beyond that, the connection with the most bytes beyond its fair share is
    /// closed with 1009. Default: [`UnfinishedBudget::DEFAULT_LIMIT`] bytes for the objects that a
    /// context and its clones make.
    pub fn with_unfinished_budget(&self, budget: UnfinishedBudget) -> Context {
        Context {
            unfinished: budget,
            ..self.clone()
        }
    }

    /// The same surroundings, where `wss` trusts these authorities besides the system's, unless the
    /// options of `connect` name others. Default: none.
    pub fn with_extra_roots(&self, roots: ExtraRoots) -> Context {
        Context {
            extra_roots: Some(roots),
            ..self.clone()
        }
    }

    pub(crate) fn extra_roots(&self) -> Option<&ExtraRoots> {
        self.extra_roots.as_ref()
    }

    pub(crate) fn unfinished_budget(&self) -> &UnfinishedBudget {
        &self.unfinished
    }

    pub(crate) fn language_limits(&self) -> LanguageLimits {
        self.limits
    }

    pub(crate) fn message_cost(&self) -> usize {
        self.message_cost
    }

    /// Replaces the policy, for objects that exist as well.
    pub fn set_policy(&self, policy: Arc<dyn Policy>) {
        *self.policy.write().unwrap_or_else(PoisonError::into_inner) = policy;
    }

    /// The policy in force.
    pub fn policy(&self) -> Arc<dyn Policy> {
        Arc::clone(&self.policy.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The first check of a call that opens internet sockets.
    pub(crate) fn ask_permission(&self) -> Result<(), BusinessError> {
        internet_sockets::ask().map_err(denied)?;
        self.check_policy()
    }

    /// The first check of every other call: what the system has allowed once it allows until
    /// [`ask_permission`](Self::ask_permission) hears otherwise.
    pub(crate) fn check_permission(&self) -> Result<(), BusinessError> {
        internet_sockets::ask_unless_allowed().map_err(denied)?;
        self.check_policy()
    }

    /// The first check of a call that is served without internet sockets of this process's making.
    pub(crate) fn check_policy(&self) -> Result<(), BusinessError> {
        self.policy().internet().map_err(denied)
    }

    pub(crate) fn network(&self) -> &Network {
        &self.network
    }
}

fn denied(why: String) -> BusinessError {
    BusinessError::new(BusinessError::PERMISSION, why)
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context")
            .field("level", &self.level)
            .field("policy", &self.policy())
            .finish_non_exhaustive()
    }
}
