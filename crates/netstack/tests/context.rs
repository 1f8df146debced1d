//! A program's API level and permission: as it has set them, else as the files of its project and
//! the environment say.
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use arkws_netstack::{
    ApiLevel, Context, Event, Listener, MAX_SEND, OpenPolicy, Program, RequestOptions, WebSocket,
};
use tempfile::TempDir;

/// A folder with files; paths are relative to it.
struct Project(TempDir);

impl Project {
    fn new(files: &[(&str, &str)]) -> Project {
        let project = Project(tempfile::tempdir().unwrap());
        for (path, text) in files {
            let path = project.path(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        project
    }

    fn path(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    fn level(&self, main: &str) -> Option<u8> {
        ApiLevel::discover(Some(&self.path(main))).map(ApiLevel::get)
    }

    fn context(&self, main: &str) -> Context {
        Context::discover(Some(&self.path(main)), None, ApiLevel::CONTRACT)
    }

    /// Whether a call is allowed, or why not.
    fn permission(&self, main: &str) -> Result<(), String> {
        self.context(main).policy().internet()
    }
}

/// As DevEco Studio lays projects out.
const MAIN: &str = "entry/src/main/ets/pages/Index.ets";

/// A module's profile has no version: the project's, above it, does.
const MODULE_PROFILE: &str =
    "{ apiType: 'stageMode', buildOption: {}, targets: [{ name: 'default' }] }";

const PROJECT_PROFILE: &str = r#"{
  // DevEco writes comments and trailing commas.
  "app": {
    "signingConfigs": [],
    "products": [
      {
        "name": "default",
        "signingConfig": "default",
        "compatibleSdkVersion": "5.0.0(12)",
        "runtimeOS": "HarmonyOS",
      },
    ],
  },
  "modules": [{ "name": "entry", "srcPath": "./entry" }],
}"#;

const MODULE: &str = r#"{
  module: {
    name: 'entry', type: 'entry', mainElement: 'EntryAbility', deviceTypes: ['phone'],
    requestPermissions: [
      { name: 'ohos.permission.GET_NETWORK_INFO' },
      { name: 'ohos.permission.INTERNET', reason: '$string:internet' }, // needed
    ],
  },
}"#;

const MODULE_WITHOUT: &str = "{ module: { name: 'entry', type: 'entry' } }";

#[test]
fn the_level_comes_from_the_nearest_build_profile_that_has_one() {
    let project = Project::new(&[
        ("build-profile.json5", PROJECT_PROFILE),
        ("entry/build-profile.json5", MODULE_PROFILE),
    ]);
    assert_eq!(project.level(MAIN), Some(12));
    assert_eq!(project.context(MAIN).level.get(), 12);
}

#[test]
fn versions_stand_where_real_projects_have_them_and_are_written_as_there() {
    for (profile, level) in [
        (
            "{ app: { products: [{ compatibleSdkVersion: 11 }] } }",
            Some(11),
        ),
        (
            "{ app: { compileSdkVersion: 9, compatibleSdkVersion: 9, products: [{ name: 'default' }] } }",
            Some(9),
        ),
        (
            "{ app: { products: [{}, { compatibleSdkVersion: '4.1.0(11)' }] } }",
            Some(11),
        ),
        ("{ compatibleSdkVersion: '6.1.0(23)' }", Some(23)),
        ("{ app: { products: [] } }", None),
        (
            "{ app: { products: [{ compatibleSdkVersion: true }] } }",
            None,
        ),
        ("this is no JSON5", None),
        ("", None),
    ] {
        let project = Project::new(&[("build-profile.json5", profile)]);
        assert_eq!(project.level("main.mjs"), level, "{profile}");
    }
}

#[test]
fn an_explicit_level_wins_and_without_any_the_default_holds() {
    let project = Project::new(&[("build-profile.json5", PROJECT_PROFILE)]);
    let main = project.path("main.mjs");
    let explicit = ApiLevel::new(9);
    let context = Context::discover(Some(&main), explicit, ApiLevel::NEWEST);
    assert_eq!(context.level.get(), 9);

    let empty = Project::new(&[]);
    let context = Context::discover(Some(&empty.path("main.mjs")), None, ApiLevel::NEWEST);
    assert_eq!(context.level, ApiLevel::NEWEST);
    assert_eq!(
        Context::discover(None, None, ApiLevel::CONTRACT).level,
        ApiLevel::CONTRACT
    );
}

#[test]
fn the_environment_comes_before_the_project() {
    let project = Project::new(&[("build-profile.json5", PROJECT_PROFILE)]);
    for (value, level) in [
        ("9", "9"),
        ("6.0.0(20)", "20"),
        ("nonsense", "12"),
        ("", "12"),
    ] {
        // A process of its own: the environment belongs to all tests of this one.
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["--ignored", "--exact", "prints_the_level", "--nocapture"])
            .env("OHOS_API_VERSION", value)
            .env("TEST_MAIN", project.path("main.mjs"))
            .output()
            .unwrap();
        let output = String::from_utf8(child.stdout).unwrap();
        assert!(
            output.contains(&format!("level={level};")),
            "{value}: {output}"
        );
    }
}

#[test]
#[ignore = "run by the_environment_comes_before_the_project"]
fn prints_the_level() {
    let main = std::env::var_os("TEST_MAIN").unwrap();
    let level = ApiLevel::discover(Some(Path::new(&main))).unwrap();
    println!("level={};", level.get());
}

#[test]
fn a_module_that_requests_the_permission_has_it() {
    let project = Project::new(&[("entry/src/main/module.json5", MODULE)]);
    assert_eq!(project.permission(MAIN), Ok(()));
    // Also for a script beside the sources.
    assert_eq!(project.permission("entry/main.mjs"), Ok(()));
}

#[test]
fn a_module_that_does_not_request_it_has_not_and_the_reason_names_the_file() {
    for file in [
        "entry/src/main/module.json5",
        "entry/src/main/ets/module.json5",
    ] {
        let project = Project::new(&[(file, MODULE_WITHOUT)]);
        let why = project.permission(MAIN).unwrap_err();
        assert!(why.contains("ohos.permission.INTERNET"), "{why}");
        assert!(
            why.contains(&project.path(file).display().to_string()),
            "{why}"
        );
    }
}

#[test]
fn the_nearest_module_governs_where_no_project_lists_any_and_none_allows_everything() {
    let project = Project::new(&[
        ("module.json5", MODULE_WITHOUT),
        ("entry/src/main/module.json5", MODULE),
    ]);
    assert_eq!(project.permission(MAIN), Ok(()));
    assert!(project.permission("other/main.mjs").is_err());

    let empty = Project::new(&[("build-profile.json5", PROJECT_PROFILE)]);
    assert_eq!(empty.permission(MAIN), Ok(()));
}

/// A project of three modules; the last one is not listed.
fn three_modules(entry: &str, library: &str, unlisted: &str) -> Project {
    let profile = "{ app: {}, modules: [{ srcPath: './entry' }, { srcPath: 'common/net' }] }";
    Project::new(&[
        ("build-profile.json5", profile),
        ("entry/build-profile.json5", MODULE_PROFILE),
        ("entry/src/main/module.json5", entry),
        ("common/net/build-profile.json5", MODULE_PROFILE),
        ("common/net/src/main/module.json5", library),
        ("other/src/main/module.json5", unlisted),
    ])
}

#[test]
fn the_permission_is_the_apps_whichever_of_its_modules_requests_it() {
    let files = [
        MAIN,
        "common/net/src/main/ets/Client.ets",
        "common/net/src/test/Client.test.ets",
        "main.mjs",
    ];
    let granted = [
        three_modules(MODULE, MODULE_WITHOUT, MODULE_WITHOUT),
        three_modules(MODULE_WITHOUT, MODULE, MODULE_WITHOUT),
    ];
    for project in granted {
        for file in files {
            assert_eq!(project.permission(file), Ok(()), "{file}");
        }
    }
    let denied = three_modules(MODULE_WITHOUT, MODULE_WITHOUT, MODULE);
    for file in files {
        let why = denied.permission(file).unwrap_err();
        for module in [
            "entry/src/main/module.json5",
            "common/net/src/main/module.json5",
        ] {
            assert!(why.contains(module), "{why}");
        }
        assert!(!why.contains("other"), "{why}");
    }
}

#[test]
fn a_module_file_that_cannot_be_understood_denies_and_says_so() {
    let project = Project::new(&[("module.json5", "{ module: ")]);
    let why = project.permission("main.mjs").unwrap_err();
    assert!(why.contains("module.json5"), "{why}");
}

/// Ignores all events.
struct Ignore;

impl Listener for Ignore {
    fn on_event(&self, _: Event<'_>) {}
}

#[test]
fn a_project_without_the_permission_gives_201_until_a_policy_allows_it() {
    let project = Project::new(&[("entry/src/main/module.json5", MODULE_WITHOUT)]);
    let context = project.context(MAIN);
    let socket = WebSocket::new(context.clone(), Arc::new(Ignore));

    let error = socket
        .connect("hello", RequestOptions::default())
        .unwrap_err();
    assert_eq!(error.code, 201);
    assert!(
        error
            .message
            .starts_with("Permission denied: ohos.permission.INTERNET"),
        "{error}"
    );

    // Another level of the same program shares the policy.
    context
        .with_level(ApiLevel::NEWEST)
        .set_policy(Arc::new(OpenPolicy));
    let error = socket
        .connect("hello", RequestOptions::default())
        .unwrap_err();
    assert_eq!(error.code, 401);
}

#[test]
fn a_program_has_the_level_it_has_set_else_its_projects_else_its_imports() {
    let project = Project::new(&[("build-profile.json5", PROJECT_PROFILE)]);
    let empty = Project::new(&[]);
    let (main, no_project) = (project.path("main.mjs"), empty.path("main.mjs"));
    let mut program = Program::new();
    let mut level = |main: &Path, default| program.context(Some(main), default).level.get();
    assert_eq!(level(&main, ApiLevel::NEWEST), 12);
    assert_eq!(level(&no_project, ApiLevel::CONTRACT), 10);

    for number in [5.0, 10.5, f64::NAN, f64::INFINITY, -1.0] {
        let error = program.set_api_version(Some(number)).unwrap_err();
        assert_eq!(error.code, 401, "{number}");
    }
    program.set_api_version(Some(9.0)).unwrap();
    assert_eq!(
        program.context(Some(&main), ApiLevel::NEWEST).level.get(),
        9
    );
    program.set_api_version(None).unwrap();
    assert_eq!(
        program.context(Some(&main), ApiLevel::NEWEST).level.get(),
        12
    );
}

#[test]
fn a_programs_policy_holds_for_objects_that_exist_and_can_be_taken_back() {
    let project = Project::new(&[("entry/src/main/module.json5", MODULE_WITHOUT)]);
    let main = project.path(MAIN);
    let mut program = Program::new();
    let context = program.context(Some(&main), ApiLevel::CONTRACT);
    let policy = || context.policy();
    assert!(policy().internet().is_err());
    let socket = WebSocket::new(context.clone(), Arc::new(Ignore));
    assert_eq!(socket.refuse_long_text(MAX_SEND + 1).code, 201);

    let hosts = vec!["example.com".to_owned()];
    program.set_policy(Some(true), Some(hosts)).unwrap();
    assert_eq!(policy().internet(), Ok(()));
    assert!(policy().allows("ws://example.com").is_ok());
    assert!(policy().allows("ws://example.org").is_err());
    let error = socket.refuse_long_text(MAX_SEND + 1);
    assert_eq!(error.code, 401);
    assert!(error.message.contains("5242865 UTF-16 units"), "{error}");

    // What is refused changes nothing.
    let hosts = vec!["http://a".to_owned()];
    let error = program.set_policy(None, Some(hosts)).unwrap_err();
    assert_eq!(error.code, 401);
    assert!(policy().allows("ws://example.com").is_ok());

    program.set_policy(None, None).unwrap();
    assert!(policy().internet().is_err());
    assert!(policy().allows("ws://example.org").is_ok());
}

#[test]
fn a_program_asks_each_importing_files_project_and_its_own_policy_is_over_all() {
    let old = Project::new(&[
        (
            "build-profile.json5",
            "{ app: { compatibleSdkVersion: 9 } }",
        ),
        ("entry/src/main/module.json5", MODULE),
    ]);
    let new = Project::new(&[
        ("build-profile.json5", PROJECT_PROFILE),
        ("entry/src/main/module.json5", MODULE_WITHOUT),
    ]);
    let mut program = Program::new();
    let mut context = |project: &Project| {
        let importer = project.path(MAIN);
        program.context(Some(&importer), ApiLevel::NEWEST)
    };
    let (one, other) = (context(&old), context(&new));
    assert_eq!((one.level.get(), other.level.get()), (9, 12));
    assert_eq!(one.policy().internet(), Ok(()));
    assert!(other.policy().internet().is_err());
    let unknown = program.context(None, ApiLevel::NEWEST);
    assert_eq!(unknown.level, ApiLevel::NEWEST);
    assert_eq!(unknown.policy().internet(), Ok(()));

    program.set_policy(Some(false), None).unwrap();
    let later = Project::new(&[("module.json5", MODULE)]);
    let later = program.context(Some(&later.path("main.ets")), ApiLevel::NEWEST);
    for context in [&one, &other, &unknown, &later] {
        assert!(context.policy().internet().is_err());
    }
    program.set_policy(None, None).unwrap();
    for (context, held) in [(one, true), (other, false), (unknown, true), (later, true)] {
        assert_eq!(context.policy().internet().is_ok(), held);
    }
}
