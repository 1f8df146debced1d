//! What a program's environment and the files of its project say of it: API level and permission.
use std::path::{Path, PathBuf};
use std::{env, fs, io};

use serde::Deserialize;
use tracing::warn;

use crate::ApiLevel;
use crate::error::printable;

/// The environment variable that asks for an API level.
const VARIABLE: &str = "OHOS_API_VERSION";

impl ApiLevel {
    /// The level that [the environment](Self::from_environment) asks for, else the
    /// `compatibleSdkVersion` of the nearest `build-profile.json5` that has one, next to the file
    /// `main` or above.
    pub fn discover(main: Option<&Path>) -> Option<ApiLevel> {
        match ApiLevel::from_environment() {
            Ok(None) => {}
            Ok(level) => return level,
            Err(why) => warn!("{why}"),
        }
        folders(main?).find_map(|folder| {
            let path = folder.join("build-profile.json5");
            let profile: BuildProfile = read(&path)?
                .inspect_err(|error| warn!("{error}; the file is ignored"))
                .ok()?;
            profile.level()
        })
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

/// Whether the module that `main` belongs to requests the permission; `None`: no module governs it.
pub(crate) fn permission(main: &Path) -> Option<Result<(), String>> {
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
    // An absolute path has all ancestors; links are left alone, as a program's author thinks in the
    // paths she sees.
    let main = std::path::absolute(main).unwrap_or_else(|_| main.to_owned());
    let folders: Vec<PathBuf> = main.ancestors().skip(1).map(Path::to_owned).collect();
    folders.into_iter()
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

/// The parts of a `build-profile.json5` that matter here. A project's has an `app`, a module's has
/// not.
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
