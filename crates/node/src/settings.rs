//! What holds for the whole process: the API level and the policy that the program has set, or that
//! its files say.
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arkws_netstack::{
    AllowList, ApiLevel, BusinessError, Context, MAX_SEND, OpenPolicy, Permission, Policy,
};
use napi::Result;

use crate::call::Call;
use crate::failure::Failure;
use crate::napi::Value;

/// What a `send` that has not been answered costs in JavaScript: a promise, its functions and its
/// place in a queue. Bytes.
const SEND_COST: usize = 512;

struct Settings {
    /// The level that `setApiVersion` was called with.
    level: Option<ApiLevel>,
    surroundings: Option<Surroundings>,
}

/// What was found out about the program.
struct Surroundings {
    context: Context,
    /// The policy without `setPolicy`.
    policy: Arc<dyn Policy>,
}

static SETTINGS: Mutex<Settings> = Mutex::new(Settings {
    level: None,
    surroundings: None,
});

fn settings() -> MutexGuard<'static, Settings> {
    SETTINGS.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Settings {
    fn surroundings(&mut self, main: Option<&Path>) -> &Surroundings {
        self.surroundings.get_or_insert_with(|| {
            let context = Context::discover(main, None, ApiLevel::CONTRACT);
            let policy = context.policy();
            Surroundings { context, policy }
        })
    }
}

/// The surroundings of a new object of the program whose main module is the file `main`; at level
/// `default` if nothing says otherwise.
pub(crate) fn context(main: Option<PathBuf>, default: u32) -> Context {
    let main = main.as_deref();
    let mut settings = settings();
    let level = settings
        .level
        .or_else(|| ApiLevel::discover(main))
        .or_else(|| ApiLevel::new(default))
        .unwrap_or(ApiLevel::NEWEST);
    let context = settings.surroundings(main).context.with_level(level);
    context.with_message_cost(SEND_COST)
}

/// Why a text of so many UTF-16 units cannot be sent: each takes a byte at least. What a call
/// without a permission says comes first, as for every other.
pub(crate) fn too_long(units: usize) -> BusinessError {
    let policy = settings().surroundings(None).context.policy();
    if let Err(why) = policy.internet() {
        return BusinessError::new(BusinessError::PERMISSION, why);
    }
    let why =
        format!("a text of {units} UTF-16 units is longer than a message may be: {MAX_SEND} bytes");
    BusinessError::new(BusinessError::PARAMETER, why)
}

/// `refuseText(units)`: the failure of a `send` of so long a text, which need not be looked at.
pub(crate) fn refuse_text(call: &Call<'_>) -> Result<Value> {
    let units: f64 = call.get(0)?;
    call.env.convert(Failure::from(too_long(units as usize)))
}

/// `setApiVersion(level | undefined)`: a failure, or null.
pub(crate) fn set_api_version(call: &Call<'_>) -> Result<Value> {
    let number: Option<f64> = call.get(0)?;
    let level = number.map(|number| {
        let whole = number as u32;
        ApiLevel::new(whole)
            .filter(|_| f64::from(whole) == number)
            .ok_or_else(|| {
                BusinessError::new(
                    BusinessError::PARAMETER,
                    format!(
                        "{number} is not an API level ({} to {})",
                        ApiLevel::OLDEST.get(),
                        ApiLevel::NEWEST.get()
                    ),
                )
            })
    });
    let failure = match level.transpose() {
        Ok(level) => {
            settings().level = level;
            None
        }
        Err(error) => Some(Failure::from(error)),
    };
    call.env.convert(failure)
}

/// `setPolicy(main, internet | undefined, allowedHosts | undefined)`: a failure, or null.
pub(crate) fn set_policy(call: &Call<'_>) -> Result<Value> {
    let main: Option<String> = call.get(0)?;
    let internet: Option<bool> = call.get(1)?;
    let hosts: Option<Vec<String>> = call.get(2)?;

    // Not borrowed while the failure is made, which may run JavaScript.
    let failure = {
        let mut settings = settings();
        let surroundings = settings.surroundings(main.as_deref().map(Path::new));
        let policy = policy(internet, hosts, &surroundings.policy);
        policy
            .map(|policy| surroundings.context.set_policy(policy))
            .err()
            .map(Failure::from)
    };
    call.env.convert(failure)
}

fn policy(
    internet: Option<bool>,
    hosts: Option<Vec<String>>,
    found: &Arc<dyn Policy>,
) -> std::result::Result<Arc<dyn Policy>, BusinessError> {
    let permission: Arc<dyn Policy> = match internet {
        None => Arc::clone(found),
        Some(true) => Arc::new(OpenPolicy),
        Some(false) => Arc::new(Permission::new(
            Err("setPolicy says that there is none".to_owned()),
            Arc::new(OpenPolicy),
        )),
    };
    Ok(match hosts {
        None => permission,
        Some(hosts) => Arc::new(AllowList::new(hosts, permission)?),
    })
}
