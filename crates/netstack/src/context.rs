//! What all objects of one program share: API level, policy, network.
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use arkws::UnfinishedBudget;
use serde::Deserialize;
use tracing::warn;

use crate::connection::batch::HEADER;
use crate::policy::Permission;
use crate::{ApiLevel, BusinessError, Network, OpenPolicy, Policy};

/// The surroundings of an object. Cheap to clone.
///
/// Clones share the policy: [`set_policy`](Self::set_policy) on one reaches the objects that any of them
/// has made. The level is each clone's own, and an object keeps the one it was made with.
#[derive(Clone)]
pub struct Context {
    /// The level the object is created at.
    pub level: ApiLevel,
    policy: Arc<RwLock<Arc<dyn Policy>>>,
    network: Network,
    message_cost: usize,
    limits: RuntimeLimits,
    unfinished: UnfinishedBudget,
}

/// The largest values of the language that messages are handed to. A message that would be larger
/// ends its connection with 1009, on the network thread: the language is never asked for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RuntimeLimits {
    /// Units of UTF-16 in a string. Default: as many as there may be.
    pub max_text_units: usize,
    /// Bytes in a buffer; no message may be longer, whatever
    /// [`max_message_size`](crate::RequestOptions::max_message_size) says. Default: as many as there
    /// may be.
    pub max_binary_bytes: usize,
}

impl Default for RuntimeLimits {
    fn default() -> Self {
        RuntimeLimits {
            max_text_units: usize::MAX,
            max_binary_bytes: usize::MAX,
        }
    }
}

impl RuntimeLimits {
    /// Why the language has no string for this text; `None`: it has one.
    #[inline]
    pub(crate) fn refuse_text(self, text: &str) -> Option<String> {
        // A unit takes a byte of UTF-8 at least.
        if text.len() <= self.max_text_units {
            return None;
        }
        self.refuse_long_text(text)
    }

    #[cold]
    fn refuse_long_text(self, text: &str) -> Option<String> {
        // A character is one unit, or two if it takes four bytes.
        let begins = |byte: u8| usize::from(byte & 0xC0 != 0x80) + usize::from(byte >= 0xF0);
        let units: usize = text.bytes().map(begins).sum();
        let limit = self.max_text_units;
        (units > limit).then(|| {
            format!(
                "a text message of {units} UTF-16 units is longer than a string can be here: \
                 {limit}, which no option changes"
            )
        })
    }

    /// The limit for messages, of which the program has asked for `wanted`.
    pub(crate) fn cap(self, wanted: usize) -> usize {
        wanted.min(self.max_binary_bytes)
    }
}

impl Context {
    /// At `level`, with everything allowed, on the process's network thread.
    pub fn new(level: ApiLevel) -> Context {
        Context {
            level,
            policy: Arc::new(RwLock::new(Arc::new(OpenPolicy))),
            network: Network::process(),
            message_cost: HEADER,
            limits: RuntimeLimits::default(),
            unfinished: UnfinishedBudget::default(),
        }
    }

    /// Finds level and policy for a program whose main module is the file `main`.
    ///
    /// The level is `explicit`, else what [`ApiLevel::discover`] finds, else `default`. The permission is looked up
    /// in the nearest `module.json5` next to `main` or above (or at `src/main/module.json5` there); where there is none,
    /// it is held.
    pub fn discover(main: Option<&Path>, explicit: Option<ApiLevel>, default: ApiLevel) -> Context {
        let level = explicit
            .or_else(|| ApiLevel::discover(main))
            .unwrap_or(default);
        let context = Context::new(level);
        if let Some(held) = main.and_then(permission_of_module) {
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

    /// The same surroundings on another network.
    pub fn with_network(&self, network: Network) -> Context {
        Context {
            network,
            ..self.clone()
        }
    }

    /// The same surroundings, where a message that waits to be sent counts for `bytes` at least: what a
    /// binding keeps for the answer to a `send`, which would be free without. Default: 14, a frame's header.
    pub fn with_message_cost(&self, bytes: usize) -> Context {
        Context {
            message_cost: bytes,
            ..self.clone()
        }
    }

    /// The same surroundings in a language whose values are no larger than `limits`.
    pub fn with_runtime_limits(&self, limits: RuntimeLimits) -> Context {
        Context {
            limits,
            ..self.clone()
        }
    }

    /// The same surroundings, where the messages that are not whole take `budget` at most, in all connections together:
    /// the one with the most bytes beyond its fair share is closed with 1009. Default: 256 MiB for the objects that a
    /// context and its clones make.
    pub fn with_unfinished_budget(&self, budget: UnfinishedBudget) -> Context {
        Context {
            unfinished: budget,
            ..self.clone()
        }
    }

    pub(crate) fn unfinished_budget(&self) -> &UnfinishedBudget {
        &self.unfinished
    }

    pub(crate) fn runtime_limits(&self) -> RuntimeLimits {
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

    /// The first check of every call.
    pub(crate) fn check_permission(&self) -> Result<(), BusinessError> {
        self.policy()
            .internet()
            .map_err(|why| BusinessError::new(BusinessError::PERMISSION, why))
    }

    pub(crate) fn network(&self) -> &Network {
        &self.network
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context")
            .field("level", &self.level)
            .field("policy", &self.policy())
            .finish_non_exhaustive()
    }
}

impl ApiLevel {
    /// The level that the surroundings of a program ask for: the environment's `OHOS_API_VERSION`, else the
    /// `compatibleSdkVersion` of the nearest `build-profile.json5` that has one, next to the file `main` or above.
    pub fn discover(main: Option<&Path>) -> Option<ApiLevel> {
        if let Some(value) = std::env::var_os("OHOS_API_VERSION") {
            let level = value.to_str().and_then(ApiLevel::parse);
            if level.is_some() {
                return level;
            }
            warn!("OHOS_API_VERSION={value:?} is not an API level and is ignored");
        }
        folders(main?).find_map(|folder| {
            let path = folder.join("build-profile.json5");
            let profile: BuildProfile = read(&path)?
                .inspect_err(|error| warn!("{error}; the file is ignored"))
                .ok()?;
            profile.level()
        })
    }
}

/// Whether the module that `main` belongs to requests the permission; `None`: no module governs it.
fn permission_of_module(main: &Path) -> Option<Result<(), String>> {
    const INTERNET: &str = "ohos.permission.INTERNET";
    folders(main)
        .flat_map(|folder| {
            [
                folder.join("module.json5"),
                folder.join("src/main/module.json5"),
            ]
        })
        .find_map(|path| {
            Some(read::<ModuleFile>(&path)?.and_then(|file| {
                let requested = file.module.request_permissions;
                if requested.iter().any(|entry| entry.name == INTERNET) {
                    Ok(())
                } else {
                    Err(format!(
                        "{INTERNET} is not among the requestPermissions of {}",
                        path.display()
                    ))
                }
            }))
        })
}

/// The folder of `main` and all above it, innermost first.
fn folders(main: &Path) -> impl Iterator<Item = PathBuf> {
    // An absolute path has all ancestors; links are left alone, as a program's author thinks in the paths she sees.
    let main = std::path::absolute(main).unwrap_or_else(|_| main.to_owned());
    let folders: Vec<PathBuf> = main.ancestors().skip(1).map(Path::to_owned).collect();
    folders.into_iter()
}

/// Reads a JSON5 file. `None`: there is none.
fn read<T: for<'de> Deserialize<'de>>(path: &Path) -> Option<Result<T, String>> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error)
            if matches!(
                error.kind(),
                std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory
            ) =>
        {
            return None;
        }
        Err(error) => return Some(Err(format!("{} cannot be read: {error}", path.display()))),
    };
    Some(
        json5::from_str(&text)
            .map_err(|error| format!("{} is not what it should be: {error}", path.display())),
    )
}

/// The parts of a `module.json5` that matter here.
#[derive(Deserialize)]
struct ModuleFile {
    module: Module,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Module {
    #[serde(default)]
    request_permissions: Vec<RequestPermission>,
}

#[derive(Deserialize)]
struct RequestPermission {
    name: String,
}

/// The parts of a `build-profile.json5` that matter here. A project's has an `app`, a module's has not.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct BuildProfile {
    compatible_sdk_version: Option<SdkVersion>,
    app: Option<App>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct App {
    compatible_sdk_version: Option<SdkVersion>,
    #[serde(default)]
    products: Vec<Product>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Product {
    compatible_sdk_version: Option<SdkVersion>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum SdkVersion {
    Number(u32),
    Text(String),
}

impl BuildProfile {
    /// The first product's version counts: without a build there is no telling which product runs.
    fn level(self) -> Option<ApiLevel> {
        let app = self.app.into_iter().flat_map(|app| {
            let products = app.products.into_iter();
            products
                .filter_map(|product| product.compatible_sdk_version)
                .chain(app.compatible_sdk_version)
        });
        app.chain(self.compatible_sdk_version)
            .find_map(|version| match version {
                SdkVersion::Number(level) => ApiLevel::new(level),
                SdkVersion::Text(text) => ApiLevel::parse(&text),
            })
    }
}
