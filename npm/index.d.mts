// The same types for `import`: see index.d.ts.
export { webSocket as default } from './index.js';
export * from './index.js';
