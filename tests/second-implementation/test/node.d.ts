/** As much of Node as the tests use. */

declare module "node:test" {
  export function test(name: string, run: () => void | Promise<void>): Promise<void>;
}

declare module "node:assert/strict" {
  interface Assert {
    equal(actual: unknown, expected: unknown, message?: string): void;
    deepEqual(actual: unknown, expected: unknown, message?: string): void;
    throws(run: () => unknown, matches: (error: unknown) => boolean, message?: string): void;
    ok(value: unknown, message?: string): asserts value;
    rejects(run: Promise<unknown>, matches: (error: unknown) => boolean, message?: string): Promise<void>;
  }
  const assert: Assert;
  export default assert;
}

declare module "node:fs" {
  export function readFileSync(path: URL, encoding: "utf8"): string;
}
