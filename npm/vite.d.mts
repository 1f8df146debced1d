/**
 * `arkws/vite`: a plugin for Vite and vitest.
 */

/** What Vite takes as a plugin, as far as its types say something to the program. */
export interface ArkwsPlugin {
  name: string;
  enforce: 'pre';
}

/**
 * `plugins: [arkws()]` compiles `.ets` files, finds files as ArkTS names them, and has
 * OpenHarmony's modules: `@ohos.net.webSocket`, `@kit.NetworkKit`…, each with the API level and
 * the permission of the project that imports it. `vi.mock('@kit.NetworkKit', …)` replaces it for
 * all files of that project. A test outside the project gets, and mocks, the modules of the only
 * project below Vite's `root`.
 *
 * What stands for the platform runs in Node.js: this is for tests, not for web pages.
 */
export default function arkws(): ArkwsPlugin;
