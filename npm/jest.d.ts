/**
 * `arkws/jest`: `preset: 'arkws'` in jest's configuration, or its parts.
 *
 * As a transform it compiles `.ets` and `.ts` files to CommonJS, with calls of `jest.mock` and its
 * like before the imports.
 */

/** All that jest needs for ArkTS: `{ ...require('arkws/jest').preset }`, or `preset: 'arkws'`. */
export declare const preset: {
  /** With `ets`. */
  moduleFileExtensions: string[];
  /**
   * Finds files as ArkTS names them, and OpenHarmony's modules, each with the API level and the
   * permission of the project that imports it. `jest.mock('@kit.NetworkKit', …)` replaces it for
   * all files of that project; a test outside the project gets, and mocks, the modules of the only
   * project below `rootDir`. Files for them are kept in `node_modules/.cache/arkws` there.
   */
  resolver: string;
  /** jest's own, and `*.test.ets`, `*.spec.ets`. */
  testMatch: string[];
  /** Packages, and the suites of Hypium: ArkTS in `src/ohosTest` and `src/test`. */
  testPathIgnorePatterns: string[];
  /** `.ets` and `.ts` by `arkws/jest`, JavaScript by `babel-jest`. */
  transform: Record<string, string>;
  transformIgnorePatterns: string[];
};

/** For jest: the JavaScript of a file, and its source map. Throws `ARKWS_SYNTAX`. */
export declare function process(source: string, file: string): { code: string; map: object };

/** For jest: what the result of `process` depends on. */
export declare function getCacheKey(
  source: string,
  file: string,
  options: { configString: string; instrument: boolean },
): string;
