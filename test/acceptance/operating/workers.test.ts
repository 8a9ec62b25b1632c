import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { chat, chatPath } from '../local-servers/chat.ts';
import { ask, connectorsFile, deletePackage, patient, put, refusesConnections } from './rig.ts';
import { fromAll, type Rig, start, startIn, tryAll } from './workers-rig.ts';

/** The process ids of the workers. */
async function workersOf({ command }: Rig): Promise<number[]> {
  const { pid } = command.child;
  return (await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')).split(' ').filter(Boolean).map(Number);
}

describe('with --workers 2', () => {
  test('a DELETE holds in every worker when the 204 is there, and a pending connector swaps in each', async () => {
    const rig = await start();
    expect(await tryAll(rig, 'm')).toEqual(Array(4).fill('200 b'));
    for (let i = 0; i < 2; i++) {
      const name = ['con', 'n'][i] as string;
      expect((await deletePackage(rig.url, name)).status).toBe(204);
      expect(await tryAll(rig, name)).toEqual(Array(4).fill('404'));
      expect((await deletePackage(rig.url, name)).code).toBe('unknown_checkpoint');
    }
    expect((await deletePackage(rig.url, 'm')).status).toBe(204);
    expect(await tryAll(rig, 'm')).toEqual(Array(4).fill('200 p'));
    const pages = await fromAll(async () => JSON.parse((await ask(rig.url, 'GET', '/admin/connectors')).text));
    for (const page of pages) {
      expect(page.connectors.map(({ status }: { status: string }) => status)).toEqual(['deleted', 'active']);
      expect(page.deleted.toSorted()).toEqual(['b:m', 'b:n']);
    }
    const page = (await ask(rig.url, 'GET', '/metrics')).text;
    expect(page).toMatch(/^headrace_connectors\{status="deleted"\} 1$/m);
    expect(page).toMatch(/^headrace_config_last_reload_successful 1$/m);
  });

  test('POST /admin/reload, SIGHUP and a changed file reach all', async () => {
    const rig = await start();
    await deletePackage(rig.url, 'con');
    expect((await ask(rig.url, 'POST', '/admin/reload')).status).toBe(200);
    expect(await tryAll(rig, 'con')).toEqual(Array(4).fill('200 p'));
    await deletePackage(rig.url, 'con');
    rig.command.child.kill('SIGHUP');
    const served = async () => (await tryAll(rig, 'con')).join();
    await expect.poll(served, patient).toBe(Array(4).fill('200 p').join());
    await put(rig.folder, 'external-api-connectors.toml', '[broken');
    const metric = async () => (await ask(rig.url, 'GET', '/metrics')).text.includes('last_reload_successful 0');
    await expect.poll(metric, patient).toBe(true);
    expect((await ask(rig.url, 'POST', '/admin/reload')).status).toBe(422);
    await put(rig.folder, 'external-api-connectors.toml', connectorsFile(rig.provider.baseUrl, { other: 'x' }));
    expect((await ask(rig.url, 'POST', '/admin/reload')).status).toBe(200);
    expect(await tryAll(rig, 'other')).toEqual(Array(4).fill('200 p'));
    expect(await tryAll(rig, 'con')).toEqual(Array(4).fill('404'));
  });

  test('one that takes a dead one’s place knows what was deleted', async () => {
    const rig = await start();
    for (const name of ['con', 'n']) expect((await deletePackage(rig.url, name)).status).toBe(204);
    const before = await workersOf(rig);
    const replaced = async () => (await workersOf(rig)).filter((pid) => !before.includes(pid)).length;
    process.kill(before[0] as number, 'SIGKILL');
    await expect.poll(replaced, patient).toBe(1);
    expect((await deletePackage(rig.url, 'b:m')).status).toBe(204); // waits for the one that is about to serve
    process.kill(before[1] as number, 'SIGKILL');
    await expect.poll(replaced, patient).toBe(2);
    expect((await deletePackage(rig.url, 'm')).status).toBe(204); // the connector, which is active by now
    for (const name of ['con', 'n', 'b:m', 'm']) expect(await tryAll(rig, name)).toEqual(Array(4).fill('404'));
  });

  test('what is deleted stays so over a restart, where they share a storage', async () => {
    const rig = await start('storage: {folder: ../state}\n');
    expect((await deletePackage(rig.url, 'n')).status).toBe(204);
    rig.command.child.kill('SIGTERM');
    expect((await rig.command.exit).code).toBe(0);
    const again = { ...rig, ...(await startIn(dirname(rig.folder))) };
    expect(await tryAll(again, 'n')).toEqual(Array(4).fill('404'));
    expect(await tryAll(again, 'm')).toEqual(Array(4).fill('200 b'));
  });

  test('a worker that dies while a file is wrong ends nothing, and is replaced when the file is right', async () => {
    const rig = await start();
    const path = join(rig.folder, 'headrace.yaml');
    await writeFile(path, 'nonsense: 1\n');
    const [first] = await workersOf(rig);
    process.kill(first as number, 'SIGKILL');
    await expect.poll(() => rig.command.stderr().match(/a worker died/g)?.length ?? 0, patient).toBeGreaterThan(2);
    expect(await tryAll(rig, 'm')).toEqual(Array(4).fill('200 b'));
    expect((await ask(rig.url, 'GET', '/metrics')).status).toBe(200);
    await writeFile(path, '');
    const settled = async () => (await ask(rig.url, 'POST', '/admin/reload')).status;
    await expect.poll(settled, patient).toBe(200);
    await expect.poll(async () => (await workersOf(rig)).length, patient).toBe(2);
  });
});

describe('the end of several workers', () => {
  test('signals to all processes at once, as a terminal sends them, let streams end', async () => {
    const rig = await start();
    rig.provider.use({ replies: [{ content: 'one two three four five six', chunk_delay_ms: 100 }] });
    const answer = await fetch(rig.url + chatPath, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(chat({ model: 'm', stream: true })),
    });
    const { pid } = rig.command.child;
    for (const one of [...(await workersOf(rig)), pid as number]) process.kill(one, 'SIGINT');
    expect(await answer.text()).toMatch(/six[\s\S]*data: \[DONE\]\n\n$/);
    expect((await rig.command.exit).code).toBe(0);
  });

  test('a second signal ends at once', async () => {
    const rig = await start();
    rig.provider.use({ replies: [{ hang_after_chunks: 1 }] });
    const answer = await fetch(rig.url + chatPath, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(chat({ model: 'm', stream: true })),
    });
    rig.command.child.kill('SIGTERM');
    await refusesConnections(rig.url);
    expect(rig.command.child.exitCode).toBeNull();
    rig.command.child.kill('SIGTERM');
    expect((await rig.command.exit).code).toBe(1);
    await expect(answer.text()).rejects.toThrow();
  });
});
