import { readdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { startFakeBackend } from '../../test/fake-backend/fake-backend.ts';
import { readCapture } from '../../test/harness/capture-rig.ts';
import { mountDisk } from '../../test/harness/mount-disk.ts';
import { backendYaml, startTestGateway } from '../../test/harness/test-gateway.ts';

const diskBytes = 1024 * 1024;

/** Leaves room for nothing but `left` bytes. */
function fill(disk: string, left: number): void {
  const filler = join(disk, 'filler');
  const { bavail, bsize } = statfsSync(disk);
  writeFileSync(filler, Buffer.alloc(bavail * bsize - left));
  onTestFinished(() => rmSync(filler, { force: true }));
}

it('a full disk costs lines and no request, is said once, and lines come again when there is room', {
  timeout: 60_000,
}, async (context) => {
  const disk = await mountDisk(context, diskBytes);
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
  await expect.poll(() => readCapture(folder).length, { timeout: 20_000 }).toBe(3);
  fill(disk, 32 * 1024); // so that a batch fits in part, and breaks off within a line
  for (let round = 0; round < 4; round++) {
    await ask(20);
    await pause();
  }
  expect(said('exchanges cannot be captured')).toMatchObject([{ why: expect.stringContaining('ENOSPC') }]);
  const kept = readCapture(folder); // whole lines only
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
  const lines = readCapture(folder);
  expect(lines.length + Number(lost)).toBe(asked);
  expect(lines.at(-1).request.json.seed).toBe(asked - 1);
  expect(said('exchanges cannot be captured')).toHaveLength(1);
});
