import assert from 'node:assert/strict';
import { networkInterfaces } from 'node:os';
import { type ChatAnswer, chat, json, refused } from './chat.ts';
import { freePort, waitUntil } from './loopback.ts';
import type { Rig } from './rig.ts';

function hasIpv6Loopback(): boolean {
  return Object.values(networkInterfaces()).some((list) => list?.some(({ address }) => address === '::1'));
}

async function urlSteps(rig: Rig): Promise<void> {
  await rig.group("the forms of a server's URL", async () => {
    const server = await rig.server({ flags: ['--ctx-size', '2048'] });
    for (const path of ['/', '/v1', '/v1/', '/v1/chat/completions']) {
      await rig.report.step(`--base-url ending in ${path}`, async () => {
        const headrace = await rig.headrace({ baseUrl: server.url + path });
        await json<ChatAnswer>(await headrace.request('/v1/chat/completions', chat()));
      });
    }
    await rig.report.step('doctor of a wrong path exits 1 and prints the URL that answers', async () => {
      const { code, output } = await rig.doctor({ baseUrl: `${server.url}/wrong` });
      assert.equal(code, 1, output);
      assert.ok(new RegExp(`${server.url}/v1(?![\\w/-])`).test(output), output);
    });
  });
  if (!hasIpv6Loopback()) {
    rig.report.say('\nskipped: localhost on ::1 (this machine has no ::1)');
    return;
  }
  await rig.group('a server on ::1 alone', async () => {
    const server = await rig.server({ host: '::1', flags: ['--ctx-size', '2048'] });
    for (const host of ['localhost', '[::1]']) {
      await rig.report.step(`--base-url http://${host}:PORT`, async () => {
        const headrace = await rig.headrace({ baseUrl: `http://${host}:${server.port}` });
        await json<ChatAnswer>(await headrace.request('/v1/chat/completions', chat()));
      });
    }
  });
}

/** Where the server is: the forms of its URL, and a server that comes late and goes again. */
export async function addressSteps(rig: Rig): Promise<void> {
  await urlSteps(rig);
  await rig.group('a server that is started after Headrace, and ends before it', async () => {
    const port = await freePort();
    const baseUrl = `http://127.0.0.1:${port}`;
    const headrace = await rig.headrace({ baseUrl });
    const ask = () => headrace.request('/v1/chat/completions', chat());
    const isUnreachable = async () => {
      assert.ok((await refused(await ask(), 502, 'upstream_unreachable')).includes(`127.0.0.1:${port}`));
    };
    await rig.report.step('nothing listens: the start line and the 502 say so', async () => {
      await waitUntil('"unreachable (connection refused)" in what start prints', 10_000, () =>
        headrace.output.includes('unreachable (connection refused)'),
      );
      await isUnreachable();
    });
    await rig.report.step('doctor exits 1 and names the URL', async () => {
      const { code, output } = await rig.doctor({ baseUrl });
      assert.equal(code, 1, output);
      assert.ok(output.includes(`127.0.0.1:${port}`), output);
    });
    const server = await rig.server({ port, flags: ['--ctx-size', '2048'] });
    await rig.report.step('once it listens it is used, without a restart', () =>
      waitUntil('a chat that succeeds', 10_000, async () => (await ask()).ok),
    );
    await server.stop();
    await rig.report.step('once it is gone, 502 again', isUnreachable);
  });
}
