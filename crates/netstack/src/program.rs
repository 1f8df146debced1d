//! What one program has set for all of its objects, and what is known of its projects.
use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tracing::debug;

use crate::{
    AllowList, ApiLevel, BusinessError, Context, OpenPolicy, Permission, Policy, project_files,
};

/// The settings of one program: the API level and the policy of its objects, as the program has
/// set them, else as its environment and the files of its projects say.
///
/// A file belongs to the project around it, and a program may have files of several. What the
/// files of a project say is read once for each folder that imports. A binding keeps one of these
/// and asks it for the [`Context`] of each object.
#[derive(Debug, Default)]
pub struct Program {
    /// As set by [`set_api_version`](Self::set_api_version).
    level: Option<ApiLevel>,
    /// As set by [`set_policy`](Self::set_policy).
    internet: Option<bool>,
    hosts: Option<AllowList>,
    /// What all contexts share but their policies.
    shared: Option<Context>,
    /// By the folder of the file that imports; `None`: of no known file.
    projects: BTreeMap<Option<PathBuf>, Project>,
}

/// What the files around a folder say.
#[derive(Debug)]
struct Project {
    /// Its policy is that of all objects of the project; its level is nobody's.
    context: Context,
    /// The policy where the program has set none.
    policy: Arc<dyn Policy>,
    level: Option<(ApiLevel, PathBuf)>,
    /// The level that the log has told last.
    logged: Option<ApiLevel>,
}

/// Where a level comes from, in the words of the log.
#[derive(Debug)]
enum LevelSource<'a> {
    Program,
    Environment,
    File(&'a Path),
    Import,
}

impl fmt::Display for LevelSource<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LevelSource::Program => f.write_str("setApiVersion"),
            LevelSource::Environment => f.write_str("OHOS_API_VERSION"),
            LevelSource::File(path) => path.display().fmt(f),
            LevelSource::Import => f.write_str("the name of the imported module"),
        }
    }
}

impl Program {
    /// A program that has set nothing.
    pub const fn new() -> Program {
        Program {
            level: None,
            internet: None,
            hosts: None,
            shared: None,
            projects: BTreeMap::new(),
        }
    }

    /// What a new object shares with the others, where `importer` is the file that imports the
    /// module by which the object is made, or the program's main module where that is not known.
    ///
    /// Its level is the one set by [`set_api_version`](Self::set_api_version), else what
    /// [`ApiLevel::discover`] finds, else `default`, that of the imported module: see
    /// [`ApiLevel::of_import`]. Its permission is that of the app that `importer` belongs to: see
    /// [`Context::discover`]. The log tells at level debug where both come from.
    pub fn context(&mut self, importer: Option<&Path>, default: ApiLevel) -> Context {
        let set = self.level;
        let project = self.project(importer);
        let (level, source) = if let Some(level) = set {
            (level, LevelSource::Program)
        } else if let Some(level) = project_files::environment_level() {
            (level, LevelSource::Environment)
        } else if let Some((level, path)) = &project.level {
            (*level, LevelSource::File(path))
        } else {
            (default, LevelSource::Import)
        };
        if project.logged != Some(level) {
            let importer = importer.unwrap_or(Path::new("-")).display();
            debug!(target: "arkws", level = level.get(), from = %source, %importer, "API level");
            project.logged = Some(level);
        }
        project.context.with_level(level)
    }

    /// The same for an object of the web's own API, which knows no levels: it is served as at the
    /// newest, and sends messages of any length.
    pub fn web_context(&mut self, importer: Option<&Path>) -> Context {
        let project = self.project(importer);
        let context = project.context.with_level(ApiLevel::NEWEST);
        context.without_send_limit()
    }

    /// `setApiVersion`: sets the level of the objects made from now on; `None`: as it is found.
    ///
    /// # Errors
    /// 401: the number is no level: not a whole number, or less than [`ApiLevel::OLDEST`].
    pub fn set_api_version(&mut self, number: Option<f64>) -> Result<(), BusinessError> {
        self.level = number.map(level).transpose()?;
        Ok(())
    }

    /// `setPolicy`: sets what the program may do, in all of its projects, for objects that exist,
    /// too.
    ///
    /// `internet`: whether it has the permission; `None`: as the files of each project say.
    /// `allowed_hosts`: the entries of an [`AllowList`]; `None`: every host.
    ///
    /// # Errors
    /// 401: an entry is none; the policy is then what it was.
    pub fn set_policy(
        &mut self,
        internet: Option<bool>,
        allowed_hosts: Option<Vec<String>>,
    ) -> Result<(), BusinessError> {
        self.hosts = allowed_hosts
            .map(|hosts| AllowList::new(hosts, Arc::new(OpenPolicy)))
            .transpose()?;
        self.internet = internet;
        for project in self.projects.values() {
            let policy = in_force(internet, self.hosts.as_ref(), &project.policy);
            project.context.set_policy(policy);
        }
        Ok(())
    }

    fn project(&mut self, importer: Option<&Path>) -> &mut Project {
        let folder = importer.map(|file| file.parent().unwrap_or(file).to_owned());
        self.projects.entry(folder).or_insert_with(|| {
            let policy = found_policy(importer);
            let in_force = in_force(self.internet, self.hosts.as_ref(), &policy);
            let shared = self
                .shared
                .get_or_insert_with(|| Context::new(ApiLevel::CONTRACT));
            Project {
                context: shared.with_own_policy(in_force),
                policy,
                level: importer.and_then(project_files::project_level),
                logged: None,
            }
        })
    }
}

/// What the files around `importer` say of the permission.
fn found_policy(importer: Option<&Path>) -> Arc<dyn Policy> {
    let Some(found) = importer.and_then(project_files::permission) else {
        return Arc::new(OpenPolicy);
    };
    match &found {
        Ok(file) => debug!(target: "arkws", by = %file.display(), "INTERNET permission requested"),
        Err(why) => debug!(target: "arkws", %why, "INTERNET permission missing"),
    }
    Arc::new(Permission::new(found.map(drop), Arc::new(OpenPolicy)))
}

/// The policy of a project whose files say `found`.
fn in_force(
    internet: Option<bool>,
    hosts: Option<&AllowList>,
    found: &Arc<dyn Policy>,
) -> Arc<dyn Policy> {
    let permission: Arc<dyn Policy> = match internet {
        None => Arc::clone(found),
        Some(true) => Arc::new(OpenPolicy),
        Some(false) => Arc::new(Permission::new(
            Err("setPolicy says that there is none".to_owned()),
            Arc::new(OpenPolicy),
        )),
    };
    match hosts {
        None => permission,
        Some(hosts) => Arc::new(hosts.with_permission(permission)),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_objects_of_a_program_share_the_memory_of_incomplete_messages() {
        let mut program = Program::new();
        let [one, other] = ["/one/a.ts", "/other/b.ts"].map(Path::new);
        let contexts = [
            program.context(None, ApiLevel::CONTRACT),
            program.context(Some(one), ApiLevel::NEWEST),
            program.context(Some(other), ApiLevel::CONTRACT),
            program.web_context(None),
        ];
        let [first, ..] = &contexts;
        for context in &contexts {
            assert_eq!(context.unfinished_budget(), first.unfinished_budget());
        }
        let another = Program::new().context(None, ApiLevel::CONTRACT);
        assert_ne!(another.unfinished_budget(), first.unfinished_budget());
    }
}
