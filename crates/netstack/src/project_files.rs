//! What the environment, and the files of the project that a file belongs to, say of a program: API
//! level and permission.
use std::path::{Path, PathBuf};
use std::{env, fs, io};

use serde::Deserialize;
use tracing::warn;

use crate::ApiLevel;
use crate::error::printable;

/// The environment variable that asks for an API level.
const VARIABLE: &str = "OHOS_API_VERSION";

const BUILD_PROFILE: &str = "build-profile.json5";
const INTERNET: &str = "ohos.permission.INTERNET";

impl ApiLevel {
    /// The level that [the environment](Self::from_environment) asks for, else the
    /// `compatibleSdkVersion` of the nearest `build-profile.json5` that has one, next to the file
    /// `importer` or above: the file that imports the module, or the program's main module.
    pub fn discover(importer: Option<&Path>) -> Option<ApiLevel> {
        environment_level().or_else(|| Some(project_level(importer?)?.0))
    }

    /// The level that the environment variable `OHOS_API_VERSION` asks for, as
    /// [`parse`](Self::parse) reads it. `None`: there is no such variable, or it is empty.
    ///
    /// # Errors
    /// The variable is no level and is ignored: the words of a warning.
    pub fn from_environment() -> Result<Option<ApiLevel>, String> {
        let Some(value) = env::var_os(VARIABLE).filter(|value| !value.is_empty()) else {
            return Ok(None);
        };
        let text = value.to_string_lossy();
        match ApiLevel::parse(&text) {
            Some(level) => Ok(Some(level)),
            None => Err(printable(format!(
                "{VARIABLE}={text} is ignored: API levels are {} to {}",
                ApiLevel::OLDEST.get(),
                ApiLevel::NEWEST.get()
            ))),
        }
    }
}

/// The level that the environment asks for. One that is none is warned of.
pub(crate) fn environment_level() -> Option<ApiLevel> {
    ApiLevel::from_environment().unwrap_or_else(|why| {
        warn!("{why}");
        None
    })
}

/// The level that the project says which `importer` belongs to, and the file that says it.
pub(crate) fn project_level(importer: &Path) -> Option<(ApiLevel, PathBuf)> {
    folders(importer).find_map(|folder| {
        let (profile, path) = read_profile(&folder)?;
        Some((profile.level()?, path))
    })
}

/// The permission of the app that `importer` belongs to: the file that requests it, or why it is
/// not held. `None`: there is no `module.json5`.
///
/// An app is all modules that its project lists; where no project lists any, it is the nearest
/// module.
pub(crate) fn permission(importer: &Path) -> Option<Result<PathBuf, String>> {
    let mut refusing = Vec::new();
    let mut unread = None;
    for path in module_files(importer) {
        match read::<ModuleFile>(&path) {
            None => {}
            Some(Ok(file)) if file.module.requests(INTERNET) => return Some(Ok(path)),
            Some(Ok(_)) => refusing.push(path.display().to_string()),
            Some(Err(why)) => unread = Some(why),
        }
    }
    if let Some(why) = unread {
        return Some(Err(why));
    }
    if refusing.is_empty() {
        return None;
    }
    Some(Err(format!(
        "{INTERNET} is not among the requestPermissions of {}",
        refusing.join(", ")
    )))
}

/// Where the `module.json5` files of an app may be: see [`permission`].
fn module_files(importer: &Path) -> Vec<PathBuf> {
    let listed = folders(importer).find_map(|root| {
        let modules = read_profile(&root)?.0.modules;
        let folders = modules
            .iter()
            .map(|module| root.join(&module.src_path).components().collect());
        let files: Vec<_> = folders.flat_map(files_of_module).collect();
        (!files.is_empty()).then_some(files)
    });
    listed.unwrap_or_else(|| {
        let mut files = folders(importer).flat_map(files_of_module);
        files.find(|file| file.exists()).into_iter().collect()
    })
}

fn files_of_module(folder: PathBuf) -> [PathBuf; 2] {
    [
        folder.join("module.json5"),
        folder.join("src/main/module.json5"),
    ]
}

/// The folder of `file` and all above it, innermost first.
fn folders(file: &Path) -> impl Iterator<Item = PathBuf> {
    // An absolute path has all ancestors; links are left alone, as a program's author thinks in the
    // paths she sees.
    let file = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
    let folders: Vec<PathBuf> = file.ancestors().skip(1).map(Path::to_owned).collect();
    folders.into_iter()
}

/// The `build-profile.json5` in `folder`, and its path. `None`: there is none that can be read.
fn read_profile(folder: &Path) -> Option<(BuildProfile, PathBuf)> {
    let path = folder.join(BUILD_PROFILE);
    let profile = read(&path)?
        .inspect_err(|error| warn!("{error}; the file is ignored"))
        .ok()?;
    Some((profile, path))
}

/// Reads a JSON5 file. `None`: there is none.
fn read<T: for<'de> Deserialize<'de>>(path: &Path) -> Option<Result<T, String>> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
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

impl Module {
    fn requests(&self, permission: &str) -> bool {
        let mut requested = self.request_permissions.iter();
        requested.any(|entry| entry.name == permission)
    }
}

/// The parts of a `build-profile.json5` that matter here. A project's has an `app` and `modules`, a
/// module's has not.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct BuildProfile {
    compatible_sdk_version: Option<SdkVersion>,
    app: Option<App>,
    #[serde(default)]
    modules: Vec<ListedModule>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ListedModule {
    /// Relative to the project.
    src_path: PathBuf,
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
