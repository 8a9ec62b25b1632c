import { spawnSync } from 'node:child_process';
import { onTestFinished, type TestContext } from 'vitest';
import { writeConfig } from './test-gateway.ts';

/** A disk of so many bytes, in a folder; ends with the test. Only root on Linux can have one: else the test is skipped. */
export async function mountDisk(context: TestContext, bytes: number): Promise<string> {
  const folder = await writeConfig({});
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${bytes}`, 'tmpfs', folder]);
  if (mounted.status !== 0) {
    const why = mounted.error?.message ?? mounted.stderr.toString().trim();
    console.warn(`NOT TESTED: a full disk, since none can be mounted here: ${why}`);
    context.skip(why);
  }
  onTestFinished(() => {
    const unmounted = spawnSync('umount', [folder]);
    if (unmounted.status !== 0) spawnSync('umount', ['-l', folder]);
  });
  return folder;
}
