import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';

const folder = dirname(createRequire(import.meta.url).resolve('yaml/package.json'));

/**
 * The library for YAML, in the build that it has for all but Node. That for Node looks for a variable of the environment
 * at every token, which takes half of all the time that reading a file does; otherwise both are the same code.
 */
export const yaml: typeof import('yaml') = await import(pathToFileURL(join(folder, 'browser', 'index.js')).href);
