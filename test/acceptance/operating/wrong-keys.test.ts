import { describe, expect, test } from 'vitest';
import { startTestGateway, type TestGateway } from '../../harness/test-gateway.ts';
import { admin, adminEnv, ask } from './rig.ts';

const wrong = { authorization: 'Bearer wrong-key-0123' };

function start(): Promise<TestGateway> {
  return startTestGateway({ env: adminEnv });
}

/** The statuses of so many requests, one after the other. */
async function statuses(gateway: TestGateway, times: number, headers: Record<string, string>, from = '127.0.0.1') {
  const found: number[] = [];
  for (let i = 0; i < times; i++) found.push((await ask(gateway.url, 'GET', '/v1/models', headers, from)).status);
  return found;
}

describe('wrong keys from one address', () => {
  test('are 401 ten times, and then 429 with retry-after', async () => {
    const gateway = await start();
    expect(await statuses(gateway, 12, wrong)).toEqual([...Array(10).fill(401), 429, 429]);
    const answer = await ask(gateway.url, 'POST', '/v1/chat/completions', wrong);
    expect([answer.status, answer.code]).toEqual([429, 'rate_limit_exceeded']);
    const wait = Number(answer.headers['retry-after']);
    expect(wait).toBeGreaterThan(0);
    expect(wait).toBeLessThanOrEqual(60);
    expect(answer.headers['www-authenticate']).toBeUndefined();
  });

  test('a right key always passes', async () => {
    const gateway = await start();
    await statuses(gateway, 15, wrong);
    expect(await statuses(gateway, 3, admin)).toEqual([200, 200, 200]);
    expect(await statuses(gateway, 1, wrong)).toEqual([429]);
  });

  test('hold off no other address, and no route that needs no key', async () => {
    const gateway = await start();
    await statuses(gateway, 15, wrong);
    expect(await statuses(gateway, 2, wrong, '127.0.0.2')).toEqual([401, 401]);
    expect((await ask(gateway.url, 'GET', '/health/ready', wrong)).status).toBe(200);
  });

  test('are counted on all routes together, and the guess at an admin route is one of them', async () => {
    const gateway = await start();
    for (const path of ['/v1/models', '/metrics', '/admin/config', '/admin/connectors', '/v1/models/x']) {
      for (let i = 0; i < 2; i++) expect((await ask(gateway.url, 'GET', path, wrong)).status).toBe(401);
    }
    expect((await ask(gateway.url, 'DELETE', '/model-packages/x', wrong)).status).toBe(429);
  });

  test('are counted over reloads', async () => {
    const gateway = await start();
    await statuses(gateway, 10, wrong);
    await gateway.gateway.reload('a test');
    expect(await statuses(gateway, 1, wrong)).toEqual([429]);
  });

  test('of many at once no more than ten are tried', async () => {
    const gateway = await start();
    const answers = await Promise.all(Array.from({ length: 40 }, () => ask(gateway.url, 'GET', '/v1/models', wrong)));
    expect(answers.filter(({ status }) => status === 401)).toHaveLength(10);
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(30);
  });
});
