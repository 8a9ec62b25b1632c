import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';

/** Sends a signal and waits for the end; one that has ended already is left alone. */
export async function endProcess(child: ChildProcess | undefined, signal: NodeJS.Signals): Promise<void> {
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill(signal);
  await ended;
}
