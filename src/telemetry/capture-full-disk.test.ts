import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished, type TestContext } from 'vitest';
import { startFakeBackend } from '../../test/fake-backend/fake-backend.ts';
import { backendYaml, startTestGateway, writeConfig } from '../../test/harness/test-gateway.ts';

const diskBytes = 1024 * 1024;

/** A disk of a megabyte, in a folder; ends with the test. Only root on Linux can have one. */
async function mountDisk(context: TestContext): Promise<string> {
  const folder = await writeConfig({});
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${diskBytes}`, 'tmpfs', folder]);
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

/** Leaves room for nothing but `left` bytes. */
function fill(disk: string, left: number): void {
  const filler = join(disk, 'filler');
  const { bavail, bsize } = statfsSync(disk);
  writeFileSync(filler, Buffer.alloc(bavail * bsize - left));
  onTestFinished(() => rmSync(filler, { force: true }));
}

function readLines(folder: string): { readonly request: { readonly body: string } }[] {
  return readdirSync(folder).flatMap((name) =>
    readFileSync(join(folder, name), 'utf8')
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line)),
  );
}

it('a full disk costs lines and no request, is said once, and lines come again when there is room', {
  timeout: 60_000,
}, async (context) => {
  const disk = await mountDisk(context);
  const folder = join(disk, 'capture');
  const backend = await startFakeBackend([{}]);
  const gateway = await startTestGateway({
    files: {
      'backends/a/backend.yaml': backendYaml(backend.baseUrl),
      'headrace.yaml': `telemetry: {capture: {folder: "${folder}", max_files: 3}}`,
    },
  });
  let asked = 0;
  const ask = async (count: number) => {
    for (let i = 0; i < count; i++) {
      const body = { model: 'a:m', messages: [{ role: 'user', content: 'x'.repeat(4000) }], seed: asked++ };
      const answer = await gateway.post('/v1/chat/completions', body);
      expect(answer.status).toBe(200);
      await answer.text();
    }
  };
  const said = (message: string) => gateway.log().filter(({ msg }) => msg === message);
  const pause = () => new Promise((resolve) => setTimeout(resolve, 400));

  await ask(3);
  await expect.poll(() => readLines(folder).length, { timeout: 20_000 }).toBe(3);
  fill(disk, 32 * 1024); // so that a batch fits in part, and breaks off within a line
  for (let round = 0; round < 4; round++) {
    await ask(20);
    await pause();
  }
  expect(said('exchanges cannot be captured')).toMatchObject([{ why: expect.stringContaining('ENOSPC') }]);
  const kept = readLines(folder); // whole lines only
  expect(kept.length).toBeGreaterThanOrEqual(3);
  expect(readdirSync(folder).length).toBeLessThanOrEqual(2);

  rmSync(join(disk, 'filler'));
  await expect
    .poll(
      async () => {
        await ask(1);
        return said('exchanges are captured again').length;
      },
      { timeout: 20_000, interval: 500 },
    )
    .toBe(1);
  await gateway.gateway.close();
  const [{ lost } = {}] = said('exchanges are captured again');
  const lines = readLines(folder);
  expect(lines.length + Number(lost)).toBe(asked);
  expect(JSON.parse(lines.at(-1)?.request.body ?? '{}').seed).toBe(asked - 1);
  expect(said('exchanges cannot be captured')).toHaveLength(1);
});
