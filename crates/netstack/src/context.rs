//! What all objects of one program share: API level and policy.
use std::path::Path;
use std::sync::Arc;

use crate::{ApiLevel, Policy};

/// The surroundings of an object. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Context {
    /// The level the object was created at.
    pub level: ApiLevel,
    /// Permission and domains.
    pub policy: Arc<dyn Policy>,
}

impl Context {
    /// Finds level and policy for a program: `main` is its main module's path (behaviour.md A1 and A5): `explicit` level,
    /// then `OHOS_API_VERSION`, then the nearest `build-profile.json5`, then `default`; `module.json5` for the permission.
    pub fn discover(main: Option<&Path>, explicit: Option<ApiLevel>, default: ApiLevel) -> Context {
        let _ = (main, explicit, default);
        todo!()
    }
}
