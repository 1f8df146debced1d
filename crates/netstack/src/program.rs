//! What one program has set for all of its objects.
use std::path::Path;
use std::sync::Arc;

use crate::{
    AllowList, ApiLevel, BusinessError, Context, MAX_SEND, OpenPolicy, Permission, Policy,
};

/// The settings of one program: the API level and the policy of its objects, as the program has
/// set them, else as its environment and the files of its project say.
///
/// Made where nothing is known of the program yet; what its files say of the policy is read once,
/// by the first call that needs it. A binding keeps one of these and asks it for the
/// [`Context`] of each object.
#[derive(Debug, Default)]
pub struct Program {
    /// As set by [`set_api_version`](Self::set_api_version).
    level: Option<ApiLevel>,
    surroundings: Option<Surroundings>,
}

/// What was found out about the program.
#[derive(Debug)]
struct Surroundings {
    /// Its policy is that of all objects; its level is nobody's.
    context: Context,
    /// The policy where the program has set none.
    policy: Arc<dyn Policy>,
}

impl Program {
    /// A program that has set nothing.
    pub const fn new() -> Program {
        Program {
            level: None,
            surroundings: None,
        }
    }

    /// What a new object shares with the others, where `main` is the file of the program's main
    /// module, if it has one.
    ///
    /// Its level is the one set by [`set_api_version`](Self::set_api_version), else what
    /// [`ApiLevel::discover`] finds, else `default`, that of the module that the object is made
    /// by: see [`ApiLevel::of_import`].
    pub fn context(&mut self, main: Option<&Path>, default: ApiLevel) -> Context {
        let level = self
            .level
            .or_else(|| ApiLevel::discover(main))
            .unwrap_or(default);
        self.surroundings(main).context.with_level(level)
    }

    /// `setApiVersion`: sets the level of the objects made from now on; `None`: as it is found.
    ///
    /// # Errors
    /// 401: the number is no level: not a whole number, or less than [`ApiLevel::OLDEST`].
    pub fn set_api_version(&mut self, number: Option<f64>) -> Result<(), BusinessError> {
        self.level = number.map(level).transpose()?;
        Ok(())
    }

    /// `setPolicy`: sets what the program may do, for objects that exist, too. `main`: as for
    /// [`context`](Self::context).
    ///
    /// `internet`: whether it has the permission; `None`: as its module's file says.
    /// `allowed_hosts`: the entries of an [`AllowList`]; `None`: every host.
    ///
    /// # Errors
    /// 401: an entry is none; the policy is then what it was.
    pub fn set_policy(
        &mut self,
        main: Option<&Path>,
        internet: Option<bool>,
        allowed_hosts: Option<Vec<String>>,
    ) -> Result<(), BusinessError> {
        let surroundings = self.surroundings(main);
        let permission: Arc<dyn Policy> = match internet {
            None => Arc::clone(&surroundings.policy),
            Some(true) => Arc::new(OpenPolicy),
            Some(false) => Arc::new(Permission::new(
                Err("setPolicy says that there is none".to_owned()),
                Arc::new(OpenPolicy),
            )),
        };
        surroundings.context.set_policy(match allowed_hosts {
            None => permission,
            Some(hosts) => Arc::new(AllowList::new(hosts, permission)?),
        });
        Ok(())
    }

    /// Why a text of so many units of UTF-16 cannot be sent, of which a binding need not know more
    /// than that: each takes a byte at least. More than [`MAX_SEND`] is too much.
    ///
    /// 401; or 201 without the permission, which every call is told first.
    pub fn refuse_long_text(&mut self, units: usize) -> BusinessError {
        match self.surroundings(None).context.check_permission() {
            Err(denied) => denied,
            Ok(()) => BusinessError::parameter(format!(
                "a text of {units} UTF-16 units is longer than a message may be: {MAX_SEND} bytes"
            )),
        }
    }

    fn surroundings(&mut self, main: Option<&Path>) -> &Surroundings {
        self.surroundings.get_or_insert_with(|| {
            let context = Context::discover(main, None, ApiLevel::CONTRACT);
            let policy = context.policy();
            Surroundings { context, policy }
        })
    }
}

fn level(number: f64) -> Result<ApiLevel, BusinessError> {
    let whole = number as u32;
    ApiLevel::new(whole)
        .filter(|_| f64::from(whole) == number)
        .ok_or_else(|| {
            BusinessError::parameter(format!(
                "{number} is not an API level ({} to {})",
                ApiLevel::OLDEST.get(),
                ApiLevel::NEWEST.get()
            ))
        })
}
