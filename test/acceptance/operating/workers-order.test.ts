import { expect, test } from 'vitest';
import { ask, connectorsFile, deletePackage, patient, put } from './rig.ts';
import { type Rig, start, tryAll } from './workers-rig.ts';

const connectorsName = 'external-api-connectors.toml';

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Every worker says the same of a model. */
async function expectAgreement(rig: Rig, model: string, round: number): Promise<string> {
  const answers = await tryAll(rig, model);
  expect(new Set(answers), `round ${round}`).toHaveLength(1);
  return answers[0] as string;
}

async function expectServed(rig: Rig, model: string): Promise<void> {
  const served = async () => (await tryAll(rig, model)).join();
  await expect.poll(served, patient).toBe(Array(4).fill('200 p').join());
}

test('a DELETE beside a changed file comes before it in all workers, or after it in all', {
  timeout: 120_000,
}, async () => {
  const rig = await start();
  // A changed file is read after 200 ms of quiet at the earliest, so these stand before, in and after the reload.
  const pauses = [0, 150, 195, 200, 205, 210, 215, 220, 225, 230, 235, 240, 250, 260, 280, 300];
  for (const [round, pause] of pauses.entries()) {
    const names = { con: 'x', m: 'y', [`round-${round}`]: 'z' };
    await put(rig.folder, connectorsName, connectorsFile(rig.provider.baseUrl, names));
    await sleep(pause);
    expect((await deletePackage(rig.url, 'con')).status).toBe(204);
    await expectServed(rig, `round-${round}`);
    await expectAgreement(rig, 'con', round);
    expect((await ask(rig.url, 'POST', '/admin/reload')).status).toBe(200);
    expect(await expectAgreement(rig, 'con', round)).toBe('200 p');
  }
});

test('DELETEs between reloads that are asked for at the same time leave all workers alike', {
  timeout: 120_000,
}, async () => {
  const rig = await start();
  for (let round = 0; round < 15; round++) {
    const reload = () => ask(rig.url, 'POST', '/admin/reload');
    const running = [reload(), reload()];
    await sleep(round % 5);
    const deleting = deletePackage(rig.url, 'con');
    await sleep(round % 4);
    running.push(reload());
    expect([204, 404]).toContain((await deleting).status);
    expect((await Promise.all(running)).map(({ status }) => status)).toEqual([200, 200, 200]);
    await expectAgreement(rig, 'con', round);
    expect((await reload()).status).toBe(200);
    expect(await expectAgreement(rig, 'con', round)).toBe('200 p');
  }
});

test('a DELETE that follows a reload by hand is not undone by the look at the same change', async () => {
  const rig = await start();
  for (let round = 0; round < 3; round++) {
    const names = { con: 'x', [`round-${round}`]: 'z' };
    await put(rig.folder, connectorsName, connectorsFile(rig.provider.baseUrl, names));
    expect((await ask(rig.url, 'POST', '/admin/reload')).status).toBe(200);
    expect((await deletePackage(rig.url, 'con')).status).toBe(204);
    await sleep(500); // the look comes meanwhile, and finds what was read already
    expect(await tryAll(rig, 'con')).toEqual(Array(4).fill('404'));
    expect((await ask(rig.url, 'POST', '/admin/reload')).status).toBe(200);
  }
});
