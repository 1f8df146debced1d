//! The check of JavaScript and TypeScript: formatted and linted by Biome, as `biome.json` says.
use anyhow::{Context, Result};

use crate::counts::Counts;
use crate::peers;
use crate::process::{command, run};

/// In npm's packages, at the version that `npm/package.json` pins.
const BIOME: &str = "npm/node_modules/@biomejs/biome/bin/biome";

/// The check. `npm/node_modules/.bin/biome format --write` formats.
pub(crate) fn check(_: &mut Counts) -> Result<()> {
    peers::install_npm("npm", false)?;
    run(command("node").args([BIOME, "ci", "--error-on-warnings"])).context(
        "`npm/node_modules/.bin/biome check --write` formats JavaScript, and mends what it can",
    )
}
