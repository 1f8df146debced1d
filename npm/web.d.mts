// The same types for `import`: see web.d.ts.
export * from './web.js';
