// What the examples use of their surroundings: the platform has a global `console`, Node.js a
// global `process`.
declare const console: {
  log(message: string): void;
  info(message: string): void;
  error(message: string): void;
};
declare const process: { argv: string[] };
