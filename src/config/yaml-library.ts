import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const require = createRequire(import.meta.url);
let library: typeof import('yaml') | undefined;

/**
 * The library for the whole of YAML, in the build that it has for all but Node. That for Node looks for a variable of the
 * environment at every token, which takes half of all the time that reading a file does; otherwise both are the same
 * code. It is loaded when it is needed first, which for most configurations is never.
 */
export function yamlLibrary(): typeof import('yaml') {
  library ??= require(
    join(dirname(require.resolve('yaml/package.json')), 'browser', 'index.js'),
  ) as typeof import('yaml');
  return library;
}
