import { setFlagsFromString } from 'node:v8';
import { runCommandLine } from './cli/program.ts';

// Left to itself V8 may decide, by what it saw under the first load, to put one object of every request straight into
// its old generation, where it keeps the rest of the request from being collected: docs/decisions/0018-pretenuring.md
setFlagsFromString('--no-allocation-site-pretenuring');

await runCommandLine(process.argv);
