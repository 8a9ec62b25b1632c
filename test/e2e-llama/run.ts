/**
 * Headrace in front of a true llama.cpp server: `npm run e2e:llama`.
 *
 * Compiles `llama-server` once (see install-server.ts), writes a tiny random model, and runs chat, streams, embeddings,
 * doctor, aborts and keys through `headrace start --base-url URL`, with no configuration and nothing but loopback
 * traffic. Prints a line per step; exit code 0 if all passed, else 1. Not for Windows.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { abortSteps } from './abort-steps.ts';
import { addressSteps } from './address-steps.ts';
import { embeddingSteps } from './embedding-steps.ts';
import { installServer } from './install-server.ts';
import { keySteps } from './key-steps.ts';
import { keylessSteps } from './keyless-steps.ts';
import { Report } from './report.ts';
import { Rig } from './rig.ts';
import { writeTinyGguf } from './tiny-gguf.ts';

async function run(report: Report, signal: AbortSignal): Promise<void> {
  const binary = await installServer({ say: (text) => report.say(text), signal });
  report.say(`llama-server: ${binary}`);
  const folder = await mkdtemp(join(tmpdir(), 'headrace-e2e-llama-'));
  try {
    const model = join(folder, 'tiny.gguf');
    await writeTinyGguf(model);
    const rig = new Rig({ report, binary, model, folder, signal });
    for (const steps of [keylessSteps, embeddingSteps, abortSteps, keySteps, addressSteps]) await steps(rig);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const interrupt = new AbortController();
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(name, () => interrupt.abort());
process.once('disconnect', () => interrupt.abort()); // the launcher was killed
process.channel?.unref();
const report = new Report();
try {
  await run(report, interrupt.signal);
  interrupt.signal.throwIfAborted();
} catch (error) {
  await report.step('the run comes to its end', () => Promise.reject(error));
}
report.close();
process.exitCode = report.failed > 0 ? 1 : 0;
