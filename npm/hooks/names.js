// Which names are the platform's, and which of its modules arkws has.
'use strict';

const fs = require('node:fs');
const path = require('node:path');

/**
 * The names that only the platform uses: `@ohos.hilog`, `@kit.ArkUI`, `@arkts.collections`,
 * `@system.app`, `@hms.core.account`, which no npm package can have; and `libentry.so`, an app's
 * own native library.
 */
const PLATFORM = /^(@(ohos|kit|arkts|system|hms)\.[\w.]+|lib[\w.-]+\.so)$/;

const SHIMS = path.join(__dirname, '..', 'platform');

/** The file of our module for a platform's, `platform/<name without @>.js`; undefined: none. */
function shimOf(name) {
  const file = path.join(SHIMS, `${name.slice(1)}.js`);
  return fs.existsSync(file) ? file : undefined;
}

module.exports = { PLATFORM, shimOf };
