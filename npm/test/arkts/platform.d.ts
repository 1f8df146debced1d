// What the examples use of their surroundings: the platform has globals `console` and `Observed`,
// Node.js a global `process`.
declare const console: {
  log(message: string): void;
  info(message: string): void;
  error(message: string): void;
};
declare const Observed: ClassDecorator;
declare const process: { argv: string[] };
