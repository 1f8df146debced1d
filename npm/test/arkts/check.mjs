// OpenHarmony's compiler, with the strict rules of ArkTS.
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

/**
 * What the compiler says against files, by their names: lines and texts. `paths` says where
 * packages are, from `baseUrl`.
 */
export function checkArkTS(rootNames, baseUrl, paths) {
  const ts = require('ohos-typescript');
  const options = {
    strict: true,
    noEmit: true,
    target: ts.ScriptTarget.ES2021,
    lib: ['lib.es2021.d.ts'],
    module: ts.ModuleKind.ES2020,
    moduleResolution: ts.ModuleResolutionKind.NodeJs,
    baseUrl,
    paths,
    types: [],
    compatibleSdkVersion: 12,
    experimentalDecorators: true,
    // Makes `.ets` files ArkTS; the rest is about components, which there are none of.
    ets: {
      syntaxComponents: { paramsUICallback: [], attrUICallback: [] },
      libs: [],
      components: [],
      extend: { components: [], decorator: [] },
      styles: { component: {}, property: '' },
      render: { method: [] },
      concurrent: { decorator: '' },
      propertyDecorators: [],
      emitDecorators: [],
    },
  };
  const builder = ts.createIncrementalProgramForArkTs({ rootNames, options });
  const diagnostics = new Map();
  for (const { file, start, messageText } of [
    ...ts.getPreEmitDiagnostics(builder.getProgram()),
    ...ts.ArkTSLinter_1_1.runArkTSLinter(builder),
  ]) {
    const line = 1 + ts.getLineAndCharacterOfPosition(file, start).line;
    const text = ts.flattenDiagnosticMessageText(messageText, '\n');
    diagnostics.set(file.fileName, [...(diagnostics.get(file.fileName) ?? []), { line, text }]);
  }
  return diagnostics;
}

/** The lines of a file that must be refused, each with what the message has: `// refused: ...`. */
export async function refusedLines(file) {
  const refused = new Map();
  for (const [index, text] of (await readFile(file, 'utf8')).split('\n').entries()) {
    if (text.includes('// refused: ')) refused.set(index + 1, text.split('// refused: ')[1]);
  }
  return refused;
}

/** What of `found` is not refused on its line with that text; and the lines that are. */
export function compareRefused(found, refused) {
  return {
    others: found.filter(
      ({ line, text }) => !(refused.has(line) && text.includes(refused.get(line))),
    ),
    lines: new Set(found.map(({ line }) => line)),
  };
}
