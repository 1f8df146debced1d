// Which files hold Hypium's suites.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** Names of folders that hold nobody's tests, or other people's. */
const FOREIGN = /^(\..*|build|node_modules|oh_modules)$/;
const TEST = /\.test\.e?ts$/;
/** The file of a module's tests that DevEco makes: it calls the suites of the others. */
const LIST = /^List\.test\.e?ts$/;
const IMPORTS_HYPIUM = /['"]@ohos\/hypium['"]/;

/**
 * The files in `folder` that begin tests, in the order of their names: each `List.test.ets`, and
 * the suites that no such list is for, which are those beside it and below.
 */
export function suitesIn(folder) {
  const entries = readdirSync(folder, { withFileTypes: true }).sort((a, b) =>
    a.name < b.name ? -1 : 1,
  );
  const list = entries.find((entry) => entry.isFile() && LIST.test(entry.name));
  if (list !== undefined) return [join(folder, list.name)];
  return entries.flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return FOREIGN.test(entry.name) ? [] : suitesIn(path);
    return entry.isFile() && TEST.test(path) && isSuite(path) ? [path] : [];
  });
}

/** Tests of other runners have such names too. */
function isSuite(file) {
  return IMPORTS_HYPIUM.test(readFileSync(file, 'utf8'));
}
