import { describe, expect, it } from 'vitest';
import { type MockReply, startFakeBackend } from '../../test/fake-backend/fake-backend.ts';
import { runCommand } from '../../test/harness/command-line.ts';
import { startOtlpReceiver } from '../../test/harness/otlp-receiver.ts';
import { backendYaml, startTestGateway, writeConfig } from '../../test/harness/test-gateway.ts';
import type { Log } from './log.ts';
import { openTracer } from './trace.ts';

const key = 'key-of-the-backend-4711';
const chat = (more: object = {}) => ({ model: 'a:m', messages: [{ role: 'user', content: 'a prompt' }], ...more });
const quick = { OTEL_BSP_SCHEDULE_DELAY: '20' };

async function startRig(replies: readonly MockReply[], env: Record<string, string> = {}) {
  const receiver = await startOtlpReceiver();
  const backend = await startFakeBackend(replies);
  const gateway = await startTestGateway({
    files: { 'backends/a/backend.yaml': backendYaml(backend.baseUrl, 'api_key_env_var: KEY\nretry_delay: 0.01') },
    env: { KEY: key, OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, ...quick, ...env },
  });
  const ask = (body: object, headers: Record<string, string> = {}) =>
    gateway.post('/v1/chat/completions', body, headers).then(async (answer) => ({ answer, text: await answer.text() }));
  return { receiver, backend, gateway, ask };
}

/** The lines of a log that is only listened to. */
function listen(): { log: Log; lines: string[] } {
  const lines: string[] = [];
  const say = (_fields: object, message: string) => void lines.push(message);
  return { log: { debug: say, info: say, warn: say, error: say, flush: async () => {} } as Log, lines };
}

describe('traces', () => {
  it('have a span of the call and one of each try, by the conventions', async () => {
    const { receiver, backend, gateway, ask } = await startRig([{ status: 503 }, { content: 'said' }]);
    const { answer } = await ask(chat());
    const spans = await receiver.spans(3);
    const [first, second, call] = spans;
    expect(call).toMatchObject({ name: 'POST /v1/chat/completions', kind: 2, status: { code: 0 } });
    expect(call?.attributes).toMatchObject({
      'http.request.method': 'POST',
      'http.route': '/v1/chat/completions',
      'http.response.status_code': 200,
      'gen_ai.operation.name': 'chat',
      'gen_ai.request.model': 'a:m',
      'headrace.caller': 'anonymous',
      'headrace.request_id': answer.headers.get('x-request-id'),
    });
    expect(second?.attributes['gen_ai.response.model']).toBe('m');
    expect(second?.attributes['gen_ai.usage.input_tokens']).toBeGreaterThan(0);
    expect(second?.attributes['gen_ai.usage.output_tokens']).toBeGreaterThan(0);
    expect(first).toMatchObject({ name: 'chat m', kind: 3, status: { code: 2 } });
    expect(first?.attributes).toMatchObject({
      'http.response.status_code': 503,
      'error.type': 'upstream_error',
      'server.address': '127.0.0.1',
      'server.port': backend.port,
      'gen_ai.provider.name': 'a',
    });
    expect(second).toMatchObject({ kind: 3, status: { code: 0 } });
    expect(second?.attributes).toMatchObject({ 'http.request.resend_count': 1, 'http.response.status_code': 200 });
    for (const span of [first, second]) {
      expect(span?.traceId).toBe(call?.traceId);
      expect(span?.parentSpanId).toBe(call?.spanId);
      expect(BigInt(span?.startTimeUnixNano ?? 0)).toBeGreaterThanOrEqual(BigInt(call?.startTimeUnixNano ?? 0));
      expect(BigInt(span?.endTimeUnixNano ?? 0)).toBeLessThanOrEqual(BigInt(call?.endTimeUnixNano ?? 0));
    }
    expect(call?.resource).toMatchObject({ 'service.name': 'headrace' });
    expect(Math.abs(Number(BigInt(call?.endTimeUnixNano ?? 0) / 1_000_000n) - Date.now())).toBeLessThan(60_000);
    expect(receiver.posts[0]).toMatchObject({ path: '/v1/traces', headers: { 'content-type': 'application/json' } });
    expect(gateway.log().some(({ msg }) => msg === 'traces are sent')).toBe(true);
  });

  it("go on from the client's, and go on to the backend with the span of the try", async () => {
    const { receiver, backend, ask } = await startRig([{ status: 500 }, {}]);
    const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
    await ask(chat(), { traceparent: `00-${traceId}-00f067aa0ba902b7-01`, tracestate: 'vendor=1' });
    const [first, second, call] = await receiver.spans(3);
    expect(call).toMatchObject({ traceId, parentSpanId: '00f067aa0ba902b7', traceState: 'vendor=1' });
    const sent = backend.posts().map(({ headers }) => [headers.traceparent, headers.tracestate]);
    expect(sent).toEqual([
      [`00-${traceId}-${first?.spanId}-01`, 'vendor=1'],
      [`00-${traceId}-${second?.spanId}-01`, 'vendor=1'],
    ]);
  });

  it.each([
    'nonsense',
    '00-00000000000000000000000000000000-00f067aa0ba902b7-01',
    'ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
  ])('begin anew where the client says %s', async (traceparent) => {
    const { receiver, backend, ask } = await startRig([{}]);
    await ask(chat(), { traceparent, tracestate: 'vendor=1' });
    const [attempt, call] = await receiver.spans(2);
    expect(call?.traceId).toMatch(/^[0-9a-f]{32}$/);
    expect(call?.parentSpanId).toBeUndefined();
    expect(backend.posts()[0]?.headers.traceparent).toBe(`00-${call?.traceId}-${attempt?.spanId}-01`);
    expect(backend.posts()[0]?.headers.tracestate).toBeUndefined();
  });

  it('obey a client that does not sample, and pass its headers on as they are', async () => {
    const { receiver, backend, ask, gateway } = await startRig([{}]);
    const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00';
    await ask(chat(), { traceparent });
    await gateway.gateway.close();
    expect(receiver.posts).toEqual([]);
    expect(backend.posts()[0]?.headers.traceparent).toBe(traceparent);
  });

  it('say how calls fail, and hold neither prompts nor answers nor keys', async () => {
    const { receiver, ask } = await startRig([
      { status: 400, json: { error: { message: `an answer about a prompt, ${key}` } } },
      { content: 'an answer in words', cut_after_chunks: 2 },
    ]);
    await ask(chat());
    await ask(chat({ stream: true }));
    await ask({ model: 'nope:m', messages: [] });
    const spans = await receiver.spans(5);
    const servers = spans.filter(({ kind }) => kind === 2);
    expect(servers.map(({ attributes, status }) => [attributes['error.type'], status.code])).toEqual([
      ['invalid_request', 0],
      ['upstream_error', 2],
      ['unknown_backend', 0],
    ]);
    const tries = spans.filter(({ kind }) => kind === 3);
    expect(tries.map(({ attributes, status }) => [attributes['error.type'], status.code])).toEqual([
      ['invalid_request', 2],
      ['upstream_error', 2],
    ]);
    const all = receiver.posts.map(({ text }) => text).join();
    for (const text of ['prompt', 'answer', key]) expect(all).not.toContain(text);
  });

  it('are all there when the gateway has ended', async () => {
    const { receiver, ask, gateway } = await startRig([{}], { OTEL_BSP_SCHEDULE_DELAY: '60000' });
    for (let i = 0; i < 5; i++) await ask(chat());
    expect(receiver.posts).toEqual([]);
    await gateway.gateway.close();
    expect(await receiver.spans(10)).toHaveLength(10);
  });

  it('take the standard variables', async () => {
    const env = {
      OTEL_SERVICE_NAME: 'my gateway',
      OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=test,service.name=another',
      OTEL_EXPORTER_OTLP_HEADERS: 'x-tenant=ours%20alone',
      OTEL_TRACES_SAMPLER: 'traceidratio',
      OTEL_TRACES_SAMPLER_ARG: '0.5',
    };
    const { receiver, ask, gateway } = await startRig([{}], env);
    await ask(chat(), { traceparent: `00-${'0'.repeat(31)}1-00f067aa0ba902b7-00` });
    await ask(chat(), { traceparent: `00-${'f'.repeat(32)}-00f067aa0ba902b7-01` });
    await gateway.gateway.close();
    const spans = await receiver.spans(2);
    expect(new Set(spans.map(({ traceId }) => traceId))).toEqual(new Set([`${'0'.repeat(31)}1`]));
    expect(spans[0]?.resource).toMatchObject({
      'service.name': 'my gateway',
      'deployment.environment.name': 'test',
    });
    expect(receiver.posts[0]?.headers).toMatchObject({ 'x-tenant': 'ours alone' });
  });

  it('that nobody receives hurt no call, and are said once', async () => {
    const { receiver, ask, gateway } = await startRig([{}]);
    receiver.answerWith(400);
    for (let i = 0; i < 3; i++) {
      expect((await ask(chat())).answer.status).toBe(200);
      await expect.poll(() => receiver.posts.length, { timeout: 20_000 }).toBe(i + 1);
    }
    const said = () => gateway.log().filter(({ msg }) => msg === 'spans are lost');
    await expect.poll(said, { timeout: 20_000 }).toHaveLength(1);
    receiver.answerWith(200);
    await ask(chat());
    const again = () => gateway.log().filter(({ msg }) => msg === 'spans arrive again');
    await expect.poll(again, { timeout: 20_000 }).toMatchObject([{ lost: 6 }]);
  });
});

describe('the variables of traces', () => {
  const asked = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' };

  it.each<[string, Record<string, string>]>([
    ['nothing is set', {}],
    ['they are switched off', { ...asked, OTEL_SDK_DISABLED: 'TRUE' }],
    ['the exporter is none', { ...asked, OTEL_TRACES_EXPORTER: 'none' }],
    ['only something else is set', { OTEL_SERVICE_NAME: 'x' }],
  ])('load nothing where %s', async (_what, env) => {
    const { log, lines } = listen();
    let loads = 0;
    const tracer = await openTracer(env, log, async () => {
      loads++;
      return {};
    });
    expect([tracer, loads, lines]).toEqual([undefined, 0, []]);
  });

  it('name the package that is missing', async () => {
    const { log, lines } = listen();
    const missing = () => import('a-package-that-nobody-has' as string);
    expect(await openTracer(asked, log, missing)).toBeUndefined();
    expect(lines[0]).toContain('run "npm install @opentelemetry/exporter-trace-otlp-http"');
  });

  it.each<[string, Record<string, string>, boolean]>([
    ['OTEL_TRACES_EXPORTER must be otlp or none', { OTEL_TRACES_EXPORTER: 'zipkin' }, false],
    ['OTEL_EXPORTER_OTLP_PROTOCOL must be http/json', { OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' }, false],
    ['sent as http/json', { OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf' }, true],
    ['OTEL_TRACES_SAMPLER must be one of', { OTEL_TRACES_SAMPLER: 'sometimes' }, true],
    [
      'OTEL_TRACES_SAMPLER_ARG must be a number from 0 to 1',
      { OTEL_TRACES_SAMPLER: 'parentbased_traceidratio', OTEL_TRACES_SAMPLER_ARG: '2' },
      true,
    ],
    ['OTEL_BSP_SCHEDULE_DELAY must be a whole number', { OTEL_BSP_SCHEDULE_DELAY: 'soon' }, true],
  ])('say "%s"', async (said, env, goesOn) => {
    const { log, lines } = listen();
    const tracer = await openTracer({ ...asked, ...env }, log);
    expect(lines.join('\n')).toContain(said);
    expect(tracer !== undefined).toBe(goesOn);
    await tracer?.close();
  });

  /** Every module of OpenTelemetry's SDK that the process loads becomes a line on standard error. */
  const spy = `import { registerHooks } from 'node:module';
registerHooks({ resolve(name, context, next) {
  if (/opentelemetry.(exporter|sdk)/.test(name)) console.error('LOADED ' + name);
  return next(name, context);
} });`;

  it.each([
    [{}, false],
    [asked, true],
  ])('with %o the whole program loads the exporter: %s', async (env, loaded) => {
    const cwd = await writeConfig({});
    const options = `--import=data:text/javascript,${encodeURIComponent(spy)}`;
    const command = runCommand(['--port', '0', '--base-url', 'http://127.0.0.1:9'], {
      cwd,
      env: { ...env, NODE_OPTIONS: options },
    });
    await command.waitFor(/curl/);
    command.child.kill('SIGTERM');
    await command.exit;
    expect(command.stderr().includes('LOADED @opentelemetry/exporter-trace-otlp-http')).toBe(loaded);
  });
});
