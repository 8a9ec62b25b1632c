import { describe, expect, test } from 'vitest';
import { startFakeBackend } from '../../../test/fake-backend/fake-backend.ts';
import { backendYaml, startTestGateway } from '../../../test/harness/test-gateway.ts';

/** A gateway with one backend, whose settings are given as JSON, which YAML is. */
async function start(settings: object) {
  const backend = await startFakeBackend(() => ({ content: 'Fine.' }));
  const files = {
    'backends/u/backend.yaml': backendYaml(backend.baseUrl),
    'headrace.yaml': JSON.stringify(settings),
  };
  const rig = await startTestGateway({ files });
  const ask = async (fields: object, content = 'Hello') => {
    const response = await rig.post('/v1/chat/completions', { messages: [{ role: 'user', content }], ...fields });
    // biome-ignore lint/suspicious/noExplicitAny: it is read as a client reads it
    const body = (await response.json()) as any;
    return { status: response.status, headers: response.headers, body };
  };
  return { ...rig, ask, backend };
}

const tools = [{ type: 'function', function: { name: 'f', parameters: { type: 'object' } } }];
const when = { matches: '.' };

describe('a route with a router', () => {
  const rules = [{ when: { matches: 'prove' }, approach: 're2' }];
  const routes = { clever: { model: 'u:m', approach: 'router', parameters: { rules } } };

  test('answers by what its rules choose', async () => {
    const { ask, backend } = await start({ routes });
    const { body } = await ask({ model: 'clever' }, 'Prove it.');
    expect(body.headrace).toMatchObject({ approach: 'router', routed: { approach: 're2', by: 'rule 1' } });
    expect(backend.posts().at(-1)?.json).not.toMatchObject({ messages: [{ content: 'Prove it.' }] });
  });

  test('answers a request with tools by a plain call, and says so', async () => {
    const { ask, backend } = await start({ routes });
    const { headers } = await ask({ model: 'clever', tools }, 'Prove it.');
    expect(headers.get('x-headrace-approach')).toBe('none; skipped=tools');
    expect(backend.posts().at(-1)?.json).toMatchObject({ messages: [{ content: 'Prove it.' }], tools });
  });

  test('that may hide personal data never sends it as a plain call', async () => {
    const parameters = { rules: [{ when, approach: 'privacy&re2' }] };
    const { ask, backend } = await start({ routes: { safe: { model: 'u:m', approach: 'router', parameters } } });
    expect((await ask({ model: 'safe', tools })).status).toBe(400);
    expect(backend.posts()).toEqual([]);
  });

  test.each([
    [{ rules: [{ when, approach: 'moaa' }] }, 'routes.clever.parameters.rules.0.approach'],
    [{ rules: [{ when, approach: 'bon', parameters: { candidate: 1 } }] }, 'rules.0.parameters.candidate'],
    [{ rules: [{ when: { matches: '(a+)+' }, approach: 'bon' }] }, 'rules.0.when.matches'],
    [{ rules: [{ when, approach: 'z3' }] }, 'z3'],
  ])('%j is a problem of the configuration', async (parameters, place) => {
    const wrong = { routes: { clever: { model: 'u:m', approach: 'router', parameters } } };
    const error = await start(wrong).catch((thrown: Error) => thrown);
    expect(String((error as Error).message).replaceAll(/\[(\d+)\]/g, '.$1')).toContain(place);
  });
});

describe('a request that chooses a router', () => {
  const asking = (parameters: object) => ({ model: 'u:m', headrace_approach: { name: 'router', parameters } });

  test('may let it choose what it may choose itself, and nothing else', async () => {
    const { ask } = await start({ approaches: { from_request: ['router', 're2'] } });
    expect((await ask(asking({ default: 're2' }))).status).toBe(200);
    const { status, body } = await ask(asking({ rules: [{ when, approach: 'moa' }] }));
    expect([status, body.error.code]).toEqual([403, 'permission_denied']);
    expect(body.error.message).toContain('"moa"');
  });

  test('over a route may choose what the operator wrote there, and nothing else', async () => {
    const routes = { clever: { model: 'u:m', approach: 'router', parameters: { default: 're2' } } };
    const { ask } = await start({ routes, approaches: { from_request: false } });
    const over = (parameters: object) => ask({ ...asking(parameters), model: 'clever' });
    expect((await over({ rules: [{ when, approach: 're2' }] })).status).toBe(200);
    expect((await over({ default: 'moa' })).status).toBe(403);
  });

  test('gets the faults of its parameters', async () => {
    const { ask } = await start({});
    const { status, body } = await ask(asking({ rules: [{ when, approach: 'moaa' }] }));
    expect([status, body.error.code]).toEqual([400, 'invalid_request']);
    expect(body.error.message).toContain('rules.0.approach');
  });
});
